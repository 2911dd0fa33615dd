"""What trainers make of our files: benchmarks/trainers/compare.py FOLDER [FRAMEWORK …].

FOLDER is where setup.sh has put the frameworks. Each reads the files of two runs with its own code,
in its own process: the sample run, written anew with all formats, and a run of the toy model, whose
solutions are longer. The table says how many rows each one read, and of how many the labels (or, of
files without labels, the texts that are learned) are what we meant, of both runs together. No
framework asks the network.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

import generate
from benchmarks.toy_world import Model, make_problem
from benchmarks.trainers.outcome import Outcome
from evolvemcts4rl.flag_groups.files import FORMATS
from tests.support.loopback import Loopback
from tests.support.toy_chat import question_of, toy_handler

READERS = {
    "trl": "read_trl.py",
    "trl_prm": "read_trl_prm.py",
    "openrlhf": "read_openrlhf.py",
    "openrlhf_prm": "read_openrlhf_prm.py",
    "verl": "read_verl.py",
    "llamafactory": "read_llamafactory.py",
    "ms_swift": "read_ms_swift.py",
    "axolotl": "read_axolotl.py",
}
SECONDS = 1800  # for one framework and one run
PROBLEMS, STEPS = 12, (8, 60)
ALL_FORMATS = ("--formats", ",".join(FORMATS), "--min_p_correct", "0.5")
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "2",
}


def main() -> None:
    """Make the runs and the tiny model, let every framework read, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where setup.sh has put the frameworks")
    parser.add_argument("frameworks", nargs="*", default=[*READERS], help=", ".join(READERS))
    args = parser.parse_args()
    folder = args.folder.resolve()
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    runs = {"sample": sample_run(work / "sample"), "toy": toy_run(work / "toy")}
    for name, run in runs.items():
        command = [_python(folder), str(HERE / "tiny.py"), str(run), str(work / f"{name}-model")]
        subprocess.run(command, check=True, env=os.environ | OFFLINE)
    print("| framework | file | told | rows read | labels equal | |")
    print("|---|---|---|---|---|---|")
    for framework in args.frameworks:
        each_run = [
            outcomes(framework, folder, run, work / f"{name}-model") for name, run in runs.items()
        ]
        for both in zip(*each_run, strict=False):
            print(table_row(both), flush=True)


def sample_run(folder: Path) -> Path:
    """Copy the sample run and write its files anew in all formats, as a user would."""
    shutil.copytree(ROOT / "samples" / "arithmetic_run", folder)
    _generate("--export", str(folder), *ALL_FORMATS)
    return folder


def toy_run(folder: Path) -> Path:
    """Make a run of the toy model, with a judge, in all formats."""
    folder.mkdir(parents=True)
    seeds = folder.with_suffix(".jsonl")
    problems = [make_problem(random.Random(number), STEPS) for number in range(PROBLEMS)]
    rows = [
        {"problem": question_of(problem), "final_answer": str(problem.totals[-1])}
        for problem in problems
    ]
    seeds.write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.environ["OPENAI_API_KEY"] = "none"
    with Loopback(toy_handler(Model(slip=0.03, silent=0.02, announced=0.05))) as server:
        where = ("--base_url", server.url, "--seed_file", str(seeds), "--output_dir", str(folder))
        small = ("--model_name", "toy", "--num_solutions", "8", "--max_branches", "24")
        asked = ("--judge_model", "toy", "--continuation", "prefill", "--evolve_rounds", "0")
        _generate(*where, *small, *asked, *ALL_FORMATS)
    return folder


def outcomes(framework: str, folder: Path, run: Path, model: Path) -> Iterator[Outcome]:
    """Let a framework read a run; where it cannot even start, yield the one line that says why."""
    results, log = folder / "work" / "results.jsonl", folder / "work" / f"{framework}.log"
    results.unlink(missing_ok=True)
    command = [_python(folder), str(HERE / READERS[framework])]
    where = {"run": run, "model": model, "work": folder / "work" / "trained", "results": results}
    for name, path in where.items():
        command += [f"--{name}", str(path)]
    caches = {"HF_HOME": str(folder / "cache"), "MODELSCOPE_CACHE": str(folder / "cache")}
    packages = {"PYTHONPATH": os.pathsep.join([str(folder / framework), str(ROOT)])}
    with log.open("w") as output:
        subprocess.run(
            command, stdout=output, stderr=output, env=os.environ | OFFLINE | packages | caches,
            cwd=folder / "work", timeout=SECONDS, check=False,
        )  # fmt: skip
    if results.exists():
        yield from (Outcome.of_json(json.loads(line)) for line in results.open())
    else:
        said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        yield Outcome(framework, "", "", error=f"not tried: {said[-1] if said else 'no word'}")


def table_row(both: Sequence[Outcome]) -> str:
    """Return what a framework made of a file in all runs, added up, as a line of the table."""
    first = both[0]
    cells = [first.framework, first.file, first.how]
    found = [outcome.found for outcome in both if outcome.found]
    if len(found) == len(both):
        rows = sum(each.rows for each in found)
        equal = [each.equal for each in found if each.equal is not None]
        cells.append(f"{sum(each.read for each in found)} of {rows}")
        cells.append(f"{sum(equal)} of {rows}" if equal else "–")
        cells.append("; ".join(dict.fromkeys(each.note for each in found if each.note)))
    else:
        cells += ["no", "–", next(outcome.error for outcome in both if outcome.error)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _python(folder: Path) -> str:
    return str(folder / "venv" / "bin" / "python")


def _generate(*flags: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):  # the table alone goes to standard output
        code = generate.main(list(flags))
    if code != 0:
        sys.exit(f"`generate.py {' '.join(flags)}` failed")


if __name__ == "__main__":
    main()
