"""Measure how much of an endpoint's capacity a run uses, and at what cost.

    python benchmarks/throughput.py [--quick]

For each number of slots: generate.py as a process, all stages, against an endpoint whose slots are
known (slot_server.py); then a bare asyncio.gather of the same requests (bare_client.py). The ideal
is the sum of all service times / slots.

    share       ideal / the time from the first request to the last reply
    ms          CPU (user and system) of the client per completion, with start, files and workers
    less fixed  the same without what a run of a single problem costs: the imports, mostly
    grading     that of the grading workers alone
    start, end  seconds from the command to the first request, and from the last reply to the end
    server ms   CPU of the server per completion, which competes for the same cores

With --refused SHARE the endpoint answers so many requests with 429, whatever the load; the bare
client is left out, since it does not try again.

A request holds --num_branches slots or more, so half as many requests in flight as slots keep a
short queue before them.

With --stream N: a file of N problems that are all solved always, each in one tiny request, beside
one of 1,000: how far memory and the time to the first request grow with the file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.process_cost import Cost, cost_of
from benchmarks.slot_server import answer_of, question_of, right_total

ROOT = Path(__file__).resolve().parents[1]
# Milliseconds per token: larger batches are slower, as on a real server, so that all rows take
# about as long.
MS_PER_TOKEN = {16: 0.25, 64: 1.0, 256: 4.0}


@dataclass(frozen=True)
class Case:
    """A seed file's size and how a run treats it."""

    seeds: int
    rounds: int = 1
    solutions: int = 16
    days: int | None = None  # of every problem; 1 is one that is solved always and at once


def write_seeds(path: Path, case: Case) -> None:
    """Write the seed file of a case. Problems of one day are all of the kind always solved."""
    with path.open("w") as file:
        for i in range(case.seeds):
            number = i if case.days is None else 30 * i + 1
            question = question_of(number, case.days)
            days = int(question.rpartition(" days")[0].split()[-1])
            row = {
                "problem": question,
                "final_answer": answer_of(number, right_total(number, days)),
            }
            file.write(json.dumps(row) + "\n")


@contextlib.contextmanager
def slot_server(slots: int, ms_per_token: float, *flags: str) -> Iterator[str]:
    """Yield the base URL of a server in its own process."""
    where = [sys.executable, str(ROOT / "benchmarks/slot_server.py")]
    command = [*where, "--slots", str(slots), "--ms_per_token", str(ms_per_token), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        server.kill()


def report_of(url: str) -> dict[str, float]:
    """Return what the server has served since the last report."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/report") as reply:
        stats: dict[str, float] = json.loads(reply.read())
    return stats


def run_generate(url: str, folder: Path, case: Case, *flags: str) -> Cost:
    """Run generate.py once, all stages, and return its cost."""
    write_seeds(folder / "seeds.jsonl", case)
    where = [
        "--seed_file",
        str(folder / "seeds.jsonl"),
        "--output_dir",
        str(folder / "out"),
        "--base_url",
        url,
    ]
    how = [
        "--evolve_rounds",
        str(case.rounds),
        "--num_solutions",
        str(case.solutions),
        "--model_name",
        "m",
    ]
    return cost_of([sys.executable, str(ROOT / "generate.py"), *where, *how, "--overwrite", *flags])


def run_bare(url: str, concurrency: int) -> Cost:
    """Run the bare client over the same requests, and return its cost."""
    return cost_of([sys.executable, str(ROOT / "benchmarks/bare_client.py"), url, str(concurrency)])


def fixed_cpu() -> float:
    """Return the CPU seconds of a run of one problem: what start and end of any run cost."""
    with slot_server(1, 1.0) as url, tempfile.TemporaryDirectory() as folder:
        return run_generate(url, Path(folder), Case(1, 0, 1, days=1)).cpu


def measure(
    slots: int, case: Case, concurrency: int, fixed: float, refused: float
) -> list[dict[str, Any]]:
    """Return the rows of one number of slots: generate.py, then the bare client."""
    pace = MS_PER_TOKEN.get(slots, slots / 64)
    rows, served = [], 0.0
    with (
        slot_server(slots, pace, "--refused", str(refused)) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        for name in ("generate.py",) if refused else ("generate.py", "bare gather"):
            if name == "generate.py":
                cost = run_generate(url, Path(folder), case, "--concurrency", str(concurrency))
            else:
                cost = run_bare(url, concurrency)
            stats = report_of(url)
            given = {"slots": slots, "in flight": concurrency, "ms/token": pace, "": name}
            ideal, server_cpu = stats["tokens"] * pace / 1000 / slots, stats["cpu"] - served
            own = fixed if name == "generate.py" else None
            rows.append(given | figures(cost, stats, ideal, server_cpu, own))
            served = stats["cpu"]
    return rows


def figures(
    cost: Cost, stats: dict[str, float], ideal: float, server_cpu: float, fixed: float | None
) -> dict[str, str]:
    """Return what a process cost against the ideal seconds; `fixed` is None for the bare client."""
    wall, each = stats["last_at"] - stats["first_at"], 1000 / stats["completions"]
    cpu = cost.cpu + cost.workers_cpu
    return {
        "completions": f"{stats['completions']:.0f}",
        "a second": f"{stats['completions'] / wall:.0f}",
        "ideal s": f"{ideal:.1f}",
        "share": f"{ideal / wall:.1%}",
        "ms": f"{cpu * each:.2f}",
        "less fixed": "" if fixed is None else f"{(cpu - fixed) * each:.2f}",
        "grading": "" if fixed is None else f"{cost.workers_cpu * each:.2f}",
        "MB": f"{cost.peak_mb:.0f}",
        "start s": f"{stats['first_at'] - cost.began:.1f}",
        "end s": f"{cost.ended - stats['last_at']:.1f}",
        "server ms": f"{server_cpu * each:.2f}",
    }


def measure_stream(problems: int, rounds: int) -> dict[str, Any]:
    """Return the row of one file size: peak memory, and the time to the first request."""
    case = Case(problems, rounds, 1, days=1)
    with slot_server(256, 0.05, "--forget") as url, tempfile.TemporaryDirectory() as folder:
        cost = run_generate(url, Path(folder), case, "--concurrency", "64", "--num_branches", "4")
        stats = report_of(url)
    return {
        "problems": problems,
        "rounds": rounds,
        "completions": f"{stats['completions']:.0f}",
        "peak MB": f"{cost.peak_mb:.0f}",
        "start s": f"{stats['first_at'] - cost.began:.2f}",
        "s": f"{stats['last_at'] - stats['first_at']:.0f}",
        "ms": f"{(cost.cpu + cost.workers_cpu) * 1000 / stats['completions']:.2f}",
        "end s": f"{cost.ended - stats['last_at']:.1f}",
    }


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) + 2 for name in rows[0]}
    print("".join(f"{name:>{width}}" for name, width in widths.items()))
    for row in rows:
        print("".join(f"{row[name]!s:>{width}}" for name, width in widths.items()), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description="Share of the ideal wall clock, CPU and memory of generate.py."
    )
    parser.add_argument("--quick", action="store_true", help="a sixth of the problems")
    parser.add_argument("--slots", nargs="+", type=int, default=list(MS_PER_TOKEN))
    parser.add_argument(
        "--concurrency", type=int, help="requests in flight (half as many as slots)"
    )
    parser.add_argument(
        "--refused",
        type=float,
        default=0.0,
        help="share of the requests that are answered with 429",
    )
    parser.add_argument(
        "--seeds", type=int, default=200, help="seeds of a file, each with one evolved problem"
    )
    parser.add_argument(
        "--stream", type=int, metavar="N", help="instead: memory over a file of N problems"
    )
    parser.add_argument("--rounds", type=int, default=0, help="rounds of evolution with --stream")
    args = parser.parse_args()
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    if args.stream:
        show([measure_stream(count, args.rounds) for count in (1000, args.stream)])
        return
    case = Case(args.seeds // 6 if args.quick else args.seeds)
    fixed = fixed_cpu()
    show(
        [
            row
            for slots in args.slots
            for row in measure(slots, case, args.concurrency or slots // 2, fixed, args.refused)
        ]
    )


if __name__ == "__main__":
    main()
