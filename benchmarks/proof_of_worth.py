"""Is a PRM better for our labels? python benchmarks/proof_of_worth.py [--worlds base,LLM-like].

On simulated worlds a small process reward model is trained from scratch on our labels, on those of
the published methods that the same tokens buy, and on the truth, and is asked about held-out
problems. What is bought and what is measured is kept in --cache, so that a run that is stopped goes
on. It needs torch, in the version of requirements-train.txt.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.named_worlds import WORLDS as NAMED
from benchmarks.proof.measures import FIGURES, without_model, worth
from benchmarks.proof.purchases import RIVALS, Lesson, Row, held_out, our_lessons, rival_lessons
from benchmarks.worlds import World

# The published methods take for granted that no right answer comes after an error.
WORLDS = NAMED | {
    "never mended": World("a wrong total stays wrong to the end", silent=0.0, announced=0.0)
}

DEFAULT_WORLDS = (
    "base,never mended,LLM-like,recovers often,traps,misgraded,one wording,no repeats,weak"
)
DEFAULT_RIVALS = "shepherd,omega,answers alone"
KNOWN_PROBLEMS, HELD_OUT_PROBLEMS = 60, 200


@dataclass(frozen=True)
class Plan:
    """What our method buys, in which world and by which chance; its tokens bind the others."""

    world: str
    seed: int
    problems: int

    def file(self, folder: Path, kind: str, name: str) -> Path:
        """Return where something about it is kept."""
        words = f"{kind}-{self.world}-{self.seed}-{self.problems}-{name}"
        return folder / f"{''.join(c if c.isalnum() else '_' for c in words)}.json.gz"


def buy(plan: Plan, method: str, folder: Path) -> dict[str, Lesson]:
    """Return what a method's labels teach, from the cache where it is there."""
    path = plan.file(folder, "lessons", method)
    if not path.exists():
        world = WORLDS[plan.world]
        if method == "ours":
            bought = our_lessons(world, plan.seed, plan.problems)
        else:
            budget = next(iter(buy(plan, "ours", folder).values())).tokens
            bought = rival_lessons(world, plan.seed, method, budget)
        _write(path, {title: asdict(lesson) for title, lesson in bought})
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {title: _lesson(**fields) for title, fields in json.load(file).items()}


def _lesson(rows: list[dict[str, object]], **fields: float) -> Lesson:
    read = [Row(str(r["question"]), tuple(r["steps"]), tuple(r["targets"])) for r in rows]  # type: ignore[arg-type]
    return Lesson(rows=read, **fields)  # type: ignore[arg-type]


def _write(path: Path, content: object) -> None:
    beside = path.with_suffix(".part")
    with gzip.open(beside, "wt", encoding="utf-8", compresslevel=3) as file:
        json.dump(content, file)
    beside.replace(path)


def measure(plan: Plan, method: str, title: str, steps: int, folder: Path) -> dict[str, float]:
    """Return the figures of the PRM that is trained on one kind of a method's labels."""
    path = plan.file(folder, "figures", f"{title}-{steps}")
    if not path.exists():
        from benchmarks.proof.reward_model import train

        lesson, world = buy(plan, method, folder)[title], WORLDS[plan.world]
        cases = held_out(world, plan.seed, "held out", HELD_OUT_PROBLEMS)
        known = held_out(world, plan.seed, "known", KNOWN_PROBLEMS)
        figures = worth(cases, *train(lesson.rows, cases, known, steps, plan.seed))
        majority, any_right = without_model(cases)
        figures |= {"majority": majority, "pass@8": any_right}
        figures |= {"problems": lesson.problems, "tokens": lesson.tokens, "true": lesson.true}
        figures |= {"solutions": len(lesson.rows), "steps": lesson.steps}
        _write(path, figures)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        read: dict[str, float] = json.load(file)
    return read


def print_world(world: str, by_title: dict[str, list[dict[str, float]]]) -> None:
    """Print one world's table: mean ± standard deviation over the seeds."""
    first = next(iter(by_title.values()))
    print(
        f"\n{world}: {WORLDS[world].about}\n"
        f"majority of 8 {_spread(first, 'majority')}, any of 8 {_spread(first, 'pass@8')}; "
        f"{_mean(first, 'tokens'):,.0f} tokens\n"
    )
    print("| labels | problems | solutions | steps | true | " + " | ".join(FIGURES) + " |")
    print("|---" * (len(FIGURES) + 5) + "|")
    for title, each in by_title.items():
        counts = [f"{_mean(each, name):,.0f}" for name in ("problems", "solutions", "steps")]
        cells = [title, *counts, f"{_mean(each, 'true'):.3f}"]
        print("| " + " | ".join([*cells, *(_spread(each, name) for name in FIGURES)]) + " |")
    sys.stdout.flush()


def _values(each: Sequence[dict[str, float]], name: str) -> list[float]:
    return [figures[name] for figures in each]


def _mean(each: Sequence[dict[str, float]], name: str) -> float:
    return float(np.mean(_values(each, name)))


def _spread(each: Sequence[dict[str, float]], name: str) -> str:
    mean = f"{_mean(each, name):.3f}"
    return f"{mean} ± {np.std(_values(each, name), ddof=1):.3f}" if len(each) > 1 else mean


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="PRMs trained on labels that the same tokens bought."
    )
    parser.add_argument("--worlds", default=DEFAULT_WORLDS, help="names, with commas between them")
    parser.add_argument("--seeds", default="301,302,303")
    parser.add_argument("--problems", type=int, default=150, help="that our method buys")
    parser.add_argument("--rivals", default=DEFAULT_RIVALS, help=f"some of: {', '.join(RIVALS)}")
    parser.add_argument(
        "--labels", default="", help="only titles that begin so, with ; between them"
    )
    parser.add_argument("--steps", type=int, default=1000, help="batches of each training")
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/proof_of_worth"), help="empty it after a change"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--only_buy", action="store_true", help="train nothing yet")
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    args = _parse()
    if not args.only_buy and not importlib.util.find_spec("torch"):
        sys.exit("This benchmark needs torch, in the version that requirements-train.txt has.")
    args.cache.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(args.processes) as pool:
        for world in args.worlds.split(","):
            plans = [Plan(world, int(seed), args.problems) for seed in args.seeds.split(",")]
            waiting = {}
            for method in ("ours", *filter(None, args.rivals.split(","))):
                bought = [pool.submit(buy, plan, method, args.cache) for plan in plans]
                titles = list(bought[0].result())
                for one in bought:
                    one.result()
                if args.only_buy:
                    continue
                for title in titles:
                    waiting[title] = [
                        pool.submit(measure, plan, method, title, args.steps, args.cache)
                        for plan in plans
                        if title.startswith(tuple(args.labels.split(";")))
                    ]
            if not args.only_buy:
                print_world(
                    world,
                    {
                        title: [one.result() for one in each]
                        for title, each in waiting.items()
                        if each
                    },
                )


if __name__ == "__main__":
    main()
