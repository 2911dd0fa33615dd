"""Functions in processes that are forked from one which has loaded all that a run needs.

Each is a process like any other, to signal and to kill; but what takes seconds of every start, the
imports, is done once.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import evolvemcts4rl
import generate

ROOT = Path(__file__).parents[2]
LOADED = ("openai", "httpx2", "datasets", "numpy", "orjson", "tqdm")


class Forked:
    """A process that runs a command line."""

    def __init__(self, starter: Starter, pid: int) -> None:
        self._starter, self.pid = starter, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while the process runs."""
        if self.returncode is None:
            self.returncode = self._starter.ask(["poll", self.pid])
        return self.returncode

    def send_signal(self, sent: signal.Signals) -> None:
        """Send the process a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, sent)

    def wait(self, seconds: float) -> int:
        """Return the exit code; raise TimeoutError where the process does not end in time."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} has not ended in {seconds:g} seconds")
            time.sleep(0.01)
        return code

    def kill(self) -> None:
        """Kill the process and wait for its end."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.returncode = self._starter.ask(["wait", self.pid])


class Starter:
    """Starts the processes, as a context manager."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __enter__(self) -> Starter:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, what: object) -> int | None:
        """Return what the process from which the others are forked answers."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(what), file=self._process.stdin, flush=True)
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer

    def start(self, args: list[str], errors: Path | None = None) -> Forked:
        """Start a command line, as tests.support.run_process.command gives it.

        What it says on standard error is in the file `errors`.
        """
        return self.call(generate.main, args[2:], errors=errors)

    def call(
        self,
        function: Callable[..., int | None],
        *args: object,
        out: Path | None = None,
        errors: Path | None = None,
    ) -> Forked:
        """Call a module's function in a process of its own, which ends with what that returns.

        The arguments must be such as JSON has. What it prints is in the files.
        """
        files = [str(path or os.devnull) for path in (out, errors)]
        pid = self.ask(["start", [function.__module__, function.__name__, args, *files]])
        assert pid
        return Forked(self, pid)


def _run(module: str, name: str, args: list[Any], out: str, errors: str) -> int:
    """Call a function in a new process, and return the number of that process.

    The process ends as a Python program does, not at once: with the threads that it has begun.
    """
    pid = os.fork()
    if not pid:
        for descriptor, path in enumerate((os.devnull, out, errors)):
            opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, descriptor)
        sys.exit(getattr(importlib.import_module(module), name)(*args))
    return pid


def _ended(pid: int, options: int) -> int | None:
    ended, status = os.waitpid(pid, options)
    return os.waitstatus_to_exitcode(status) if ended else None


def main() -> None:
    """Answer what is asked, a line each, until nothing more is asked; leave no process behind."""
    running: set[int] = set()
    rooms = pkgutil.walk_packages(evolvemcts4rl.__path__, "evolvemcts4rl.")
    for name in (*LOADED, *(module.name for module in rooms)):
        __import__(name)
    for line in sys.stdin:
        what, of = json.loads(line)
        if what == "start":
            running.add(pid := _run(*of))
            answer: int | None = pid
        else:
            answer = _ended(of, os.WNOHANG if what == "poll" else 0)
            running -= set() if answer is None else {of}
        print(json.dumps(answer), flush=True)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
