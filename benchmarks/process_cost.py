"""Measure what a command costs, all its descendants included.

    python benchmarks/process_cost.py COMMAND …

Grading workers are children of a fork server, which nobody waits for. Only a process that inherits
orphans sees them, as this one does on Linux; elsewhere their CPU is missed. The last line on
standard output is JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass

PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Cost:
    """CPU seconds (user and system), begin and end of a command.

    The peak of resident megabytes is that of the command itself, without its workers.
    """

    cpu: float = 0.0
    workers_cpu: float = 0.0
    peak_mb: float = 0.0
    began: float = 0.0  # by time.monotonic, which all processes share
    ended: float = 0.0
    code: int = 0


def measure(command: list[str]) -> Cost:
    """Run a command, and wait for all that it started. Its errors are shown only if it fails."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    cost = Cost(began=time.monotonic())
    with tempfile.TemporaryFile() as errors, contextlib.suppress(ChildProcessError):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        while True:
            pid, status, used = os.wait4(-1, 0)
            if pid != process.pid:
                cost.workers_cpu += used.ru_utime + used.ru_stime
                continue
            cost.ended, cost.code = time.monotonic(), os.waitstatus_to_exitcode(status)
            cost.cpu, cost.peak_mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
            if cost.code:
                errors.seek(0)
                sys.stderr.write(errors.read().decode())
    return cost


def cost_of(command: list[str]) -> Cost:
    """Measure in a process of its own, which the caller's size and children do not disturb."""
    done = subprocess.run([sys.executable, __file__, *command], stdout=subprocess.PIPE, check=True)
    return Cost(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1:]))))
