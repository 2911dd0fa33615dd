"""Labels of a real model's solutions against annotations: benchmarks/real_labels.py [RECORDING].

Every estimator searches the recorded first solutions and asks for rollouts as in a run; it gets
those that the model wrote when it was recorded (real/README.md), in their order, and no others.
So only solutions with rollouts at all of their prefixes are searched, and a search ends where a
prefix has no rollout left. The solutions that are annotated are compared, whether searched or not;
of what rollouts wrote nothing is known. No model, no HTTP, no clock: the tables depend on the two
files alone.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np

import mcts
from benchmarks.metrics import (
    Result,
    figure,
    hard_value,
    in_both,
    processbench_f1,
    read_labels,
    reliability,
    soft_value,
    table_head,
    table_row,
)
from benchmarks.replay import Recording, read_recordings, replay, stripped
from benchmarks.simulated_judges import PANELS, judge_trees
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import learn_panel, learn_rates, relabel
from evolvemcts4rl.labels.witnesses import WITNESSES
from evolvemcts4rl.records import Prefix
from evolvemcts4rl.tree import Node, Tree

REAL = ROOT / "benchmarks" / "real"
BRANCHES = 4
ROLLOUTS_A_SEARCH = 10  # as in a run by default: 40 rollouts, 4 searches
FOLDS = 5
THRESHOLDS = np.linspace(0.05, 0.95, 19).tolist()
Truth = Mapping[Prefix, int | None]  # the first wrong step of each annotated solution


def read_annotations(path: Path) -> dict[str, Truth]:
    """Return the first wrong step of each annotated solution, by problem."""
    truths: defaultdict[str, dict[Prefix, int | None]] = defaultdict(dict)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        error = None if row["first_error"] == -1 else row["first_error"]
        truths[row["question_id"]][stripped(row["steps"])] = error
    return dict(truths)


@dataclass(frozen=True)
class Replay:
    """The searches of every problem with one estimator and budget, and the truth beside them."""

    truths: Sequence[Truth]
    trees: Sequence[Tree]
    tokens: Sequence[int]

    def results(
        self, value: Callable[[Node], float | None] = hard_value, threshold: float = 0.5
    ) -> list[Result]:
        """Return the labels of the annotated solutions of each problem."""
        results = []
        for truth, tree, tokens in zip(self.truths, self.trees, self.tokens, strict=True):
            paths = [path for path in tree.solutions() if stripped(_texts(path)) in truth]
            result = read_labels(paths, truth.__getitem__, value, threshold)
            result.tokens = tokens
            results.append(result)
        return results


def _texts(path: Sequence[Node]) -> list[str]:
    return [node.text for node in path]


def replay_all(
    recordings: Sequence[Recording],
    truths: Mapping[str, Truth],
    estimator: str,
    budget: int,
    branches: int = BRANCHES,
) -> Replay:
    """Replay the search of every problem that has a tree in a run."""
    settings = SearchSettings(
        estimator=estimator,
        num_branches=branches,
        max_branches=budget,
        max_search=max(1, budget // ROLLOUTS_A_SEARCH),
    )
    with_tree = [one for one in recordings if one.solve_rate]
    searched = [asyncio.run(replay(one, settings)) for one in with_tree]
    return Replay(
        [truths.get(one.problem.question_id, {}) for one in with_tree],
        [tree for tree, _ in searched],
        [tokens for _, tokens in searched],
    )


def relabelled(replay: Replay, without: Set[str] = frozenset()) -> list[Result]:
    """Return the belief's labels with the rates that all trees teach, as a run's end makes them."""
    trees = copy.deepcopy(replay.trees)
    rates = learn_rates(trees, without)
    for tree in trees:
        relabel(tree, rates, SearchSettings().confidence, without)
    return replace(replay, trees=trees).results()


def judged(replay: Replay, panel_name: str) -> list[Result]:
    """Return the belief's labels where simulated judges speak of the annotated solutions beside."""
    trees, confidence = copy.deepcopy(replay.trees), SearchSettings().confidence
    truths = {tree.question_id: truth for tree, truth in zip(trees, replay.truths, strict=True)}
    rates = learn_rates(trees)
    for tree in trees:
        relabel(tree, rates, confidence)
    known = judge_trees(
        trees,
        PANELS[panel_name],
        lambda name, steps: truths[name][steps],
        lambda name, steps: steps in truths[name],
    )
    panel = learn_panel(trees, rates, known)
    for tree in trees:
        relabel(tree, rates, confidence, panel=panel)
    return replace(replay, trees=trees).results()


def best_threshold(replay: Replay) -> list[Result]:
    """Return soft labels, each problem's with the threshold that is best for the other folds."""
    by_threshold = {at: replay.results(soft_value, at) for at in THRESHOLDS}
    chosen = []
    for index in range(len(replay.trees)):
        others = {
            at: processbench_f1(
                [
                    one
                    for place, result in enumerate(results)
                    if place % FOLDS != index % FOLDS
                    for one in result.solutions
                ]
            )
            for at, results in by_threshold.items()
        }
        # nan, where a fold has no erroneous solution, counts as nothing.
        best = max(others, key=lambda at: np.nan_to_num(others[at]))
        chosen.append(by_threshold[best][index])
    return chosen


def figures(
    recordings: Sequence[Recording],
    truths: Mapping[str, Truth],
    budget: int,
    branches: int,
    panels: Sequence[str] = (),
) -> dict[str, list[Result]]:
    """Return what each method makes of the recorded problems at a budget.

    `panels` are the judges whom the belief hears beside: names of simulated_judges.PANELS.
    """
    replays = {
        name: replay_all(recordings, truths, name, budget, branches) for name in mcts.ESTIMATORS
    }
    shepherd = replays["shepherd"]
    found = {
        "belief": relabelled(replays["belief"]),
        "omega": replays["omega"].results(),
        "shepherd": shepherd.results(),
        "shepherd soft": shepherd.results(soft_value),
        "soft, best cut": best_threshold(shepherd),
    }
    for witness in WITNESSES:
        found[f"no {witness}"] = relabelled(replays["belief"], frozenset({witness}))
    for panel in panels:
        found[f"judges: {panel}"] = judged(replays["belief"], panel)
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Labels of a real model's solutions.")
    parser.add_argument("recording", nargs="?", type=Path, default=REAL / "recording.jsonl.gz")
    parser.add_argument("--annotations", type=Path, default=REAL / "annotations.jsonl")
    parser.add_argument("--budgets", default="10,20,40,80", help="rollouts a problem")
    parser.add_argument("--branches", type=int, default=BRANCHES, help="rollouts asked for at once")
    parser.add_argument("--reliability", action="store_true")
    parser.add_argument(
        "--judges", default="", help=f"panels of simulated judges: {', '.join(PANELS)}"
    )
    args = parser.parse_args()
    recordings, truths = read_recordings(args.recording), read_annotations(args.annotations)
    _print_what_is_there(recordings, truths)
    panels = tuple(filter(None, args.judges.split(",")))
    for budget in map(int, args.budgets.split(",")):
        print(f"\n{budget} rollouts a problem")
        print(table_head(18))
        found = figures(recordings, truths, budget, args.branches, panels)
        for title, results in found.items():
            print(table_row(f"  {title:16}", results), flush=True)
        mine, theirs, count = in_both(found["belief"], found["omega"])
        print(f"  on the {count} that both label: belief {figure(mine)}, omega {figure(theirs)}")
        values = [(value, truth) for one in found["belief"] for value, truth, _ in one.values]
        if args.reliability and values:
            told = (f"{mean:.2f}→{right:.2f}" for mean, right, _ in reliability(values))
            print("  " + "  ".join(told))


def _print_what_is_there(recordings: Sequence[Recording], truths: Mapping[str, Truth]) -> None:
    rollouts = sum(len(each) for one in recordings for each in one.rollouts.values())
    errors = [error for truth in truths.values() for error in truth.values()]
    hidden = sum(
        truths.get(one.problem.question_id, {}).get(stripped(each.steps)) is not None
        for one in recordings
        for each in {stripped(each.steps): each for each in one.solutions}.values()
        if each.verdict
    )
    print(
        f"{len(recordings)} problems, {sum(len(one.solutions) for one in recordings)} first "
        f"solutions, {rollouts} rollouts; {len(errors)} solutions annotated, of which "
        f"{len(errors) - errors.count(None)} hold an error, {hidden} of them with a right answer"
    )


if __name__ == "__main__":
    main()
