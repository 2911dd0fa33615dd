"""Grade code: run the code block of a completion against the unit tests of its seed's row.

    python generate.py --seed_file samples/code.jsonl --grader examples/grade_code.py:grade \
        --prompts examples/code_prompts --domain programming --evolve_rounds 0

The code runs in a process of its own, in a temporary folder, with an empty environment, and with
limits of CPU time, memory and file size; on Linux without a network, where the system lets a user
make a network namespace (`unshare`). That guards against accidents, not against an attacker: for a
model that you do not trust, run the whole of it in a container.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECONDS = 5  # for the code and its tests; less than --grader_timeout
MEMORY = 512 << 20  # bytes
FILE_SIZE = 1 << 20  # bytes that each file may have, the output too


def grade(row: Mapping[str, Any], completion: Any) -> bool | None:
    """Return whether the last code block passes row["tests"]; None where there is no code."""
    code = last_code_block(completion.text)
    if code is None:
        return None
    # A program that ends early, by sys.exit for instance, never comes to print this.
    passed = secrets.token_hex(16)
    return passed in run(f"{code}\n\n{row['tests']}\n\nprint({passed!r})\n")


def last_code_block(text: str) -> str | None:
    """Return what stands in the last closed block between ``` and ```."""
    parts = text.split("```")
    if len(parts) < 3:
        return None
    block = parts[-2] if len(parts) % 2 else parts[-3]
    language, _, code = block.partition("\n")
    return code if language.strip().lower() in ("", "python", "py", "python3") else None


def run(program: str) -> str:
    """Return what a program prints; nothing where it outlasts its limits."""
    with tempfile.TemporaryDirectory(prefix="grade-code-") as folder:
        path, output = Path(folder, "program.py"), Path(folder, "output")
        path.write_text(program, encoding="utf-8", errors="replace")
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*without_network(), sys.executable, "-I", str(path)],
                cwd=folder,
                env={"PATH": os.defpath, "HOME": folder},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=set_limits,
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS)
            end_group(process)
        return output.read_text(encoding="utf-8", errors="replace")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def set_limits() -> None:
    """Bound the process that is about to run the program."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@functools.cache
def without_network() -> tuple[str, ...]:
    """Return the command that runs another one without a network; () where none works here."""
    command = ("unshare", "--user", "--map-root-user", "--net", "--kill-child")
    if shutil.which(command[0]) is None:
        return ()
    works = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    return command if works else ()
