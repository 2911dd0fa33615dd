"""Print one tree of a run for reading: `python generate.py show runs/debug [question_id]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from evolvemcts4rl.labels.labelling import labelled_solutions, up_to_first_error
from evolvemcts4rl.output.jsonl import read_rows
from evolvemcts4rl.terminal import printable
from evolvemcts4rl.tree import Node, Tree

MOST_LINES = 60
MOST_OF_STEP = 3000  # characters
SIGNS = {True: "✓", False: "✗", None: "·"}


def lines_of(tree: Tree) -> Iterator[str]:
    """Yield a line for each prefix: label, belief, correct / judged rollouts, and step."""
    yield f"{printable(tree.question_id)}: {printable(tree.question, MOST_OF_STEP)}"
    right, judged = tree.root.num_correct, tree.root.num_rollouts
    answer = printable(tree.final_answer or "none")
    yield f"answer: {answer}; first solutions {right}/{judged} right"
    yield "   p_correct  rollouts  step (✓ right so far, ✗ wrong here or earlier, · unknown)"
    stack = [(child, 0) for child in reversed(tree.root.children)]
    while stack:
        node, depth = stack.pop()
        step = f"{'  ' * depth}{printable(node.text, MOST_OF_STEP)}{_ending(node)}"
        yield f" {SIGNS[node.label]} {_shares(node)}  {step}"
        stack.extend((child, depth + 1) for child in reversed(node.children))


def _shares(node: Node) -> str:
    belief = "" if node.p_correct is None else f"{node.p_correct:.2f}"
    rollouts = f"{node.num_correct}/{node.num_rollouts}" if node.num_rollouts else ""
    return f"{belief:>9}  {rollouts:>8}"


def _ending(node: Node) -> str:
    if not node.is_end:
        return ""
    verdict = {True: "right", False: "wrong", None: "no"}[node.correct]
    remarks = [f"written {node.times} times"] if node.times > 1 else []
    remarks += [f"given as {printable(each)}" for each in node.solution_ids]
    return f"  → {verdict} answer" + (f" ({', '.join(remarks)})" if remarks else "")


def instructiveness(tree: Tree) -> tuple[int, int]:
    """Return a key by which the most instructive tree is the largest.

    First comes how many of right and wrong there are among its solutions, then how many solutions
    have their first error after a right step.
    """
    inside, kinds = 0, set()
    for path in labelled_solutions(tree):
        _, labels = up_to_first_error(path)
        kinds.add(labels[-1])
        inside += len(labels) > 1 and not labels[-1]
    return len(kinds), inside


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tree that was asked for, or the most instructive one; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="show", description="Print one tree of a run for reading."
    )
    parser.add_argument("folder", type=Path, help="a run's folder")
    parser.add_argument(
        "question_id", nargs="?", help="which problem; by default the most instructive one"
    )
    flags = parser.parse_args(argv)
    try:
        code = _show(flags.folder, flags.question_id)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        print(f"The tree cannot be shown: {printable(str(error))}.", file=sys.stderr)
        return 2
    return code


def _discard_output() -> None:
    """Let Python's own last flush of standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(folder: Path, question_id: str | None) -> int:
    path = folder / "tree.jsonl"
    if not path.is_file():
        print(f"{path} is not there: name the folder of a run.", file=sys.stderr)
        return 2
    trees = map(Tree.from_json, read_rows(path))
    wanted = (tree for tree in trees if question_id in (None, tree.question_id))
    tree = max(wanted, key=instructiveness, default=None)
    if tree is None:
        which = f"tree of {question_id}" if question_id else "tree"
        print(
            f"{path} has no {which}: problems.jsonl says what became of each problem, and why.",
            file=sys.stderr,
        )
        return 2
    lines = list(lines_of(tree))
    shown = lines if question_id else lines[:MOST_LINES]
    print("\n".join(shown))
    if len(lines) > len(shown):
        rest = f"the same command with {printable(tree.question_id)} at its end shows all"
        print(f" … and {len(lines) - len(shown)} more lines: {rest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
