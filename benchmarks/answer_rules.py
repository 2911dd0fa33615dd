"""What our comparison of answers adds to math-verify's: both over the pairs that the tests know.

    python benchmarks/answer_rules.py

Prints how many pairs each of them judges right, and which part of ours decides the pairs.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from math_verify import parse, verify
from pebble import ProcessPool

from evolvemcts4rl.answers.compare import compare_quick, same_answer
from evolvemcts4rl.answers.forms import read_form
from evolvemcts4rl.answers.groups import split_group
from tests.support.answer_pairs import DIFFERENT, MATCHING, rows

LIMIT_SECONDS = 30


def math_verify_alone(gold: str, answer: str) -> bool:
    """Return whether math-verify calls two texts equal, given them between dollar signs."""
    logging.disable(logging.ERROR)
    ours, theirs = (parse(f"${text}$", parsing_timeout=None) for text in (gold, answer))
    return bool(verify(ours, theirs, timeout_seconds=None))


def deciding_part(gold: str, answer: str) -> str:
    """Return the part of ours that the verdict on a pair comes from."""
    ours, theirs = read_form(gold), read_form(answer)
    if ours.text == theirs.text:
        return "one spelling"
    if ours.number is not None and theirs.number is not None:
        return "exact numbers"
    if compare_quick(gold, answer) is not None:
        return "words, units, choices and times"
    has_groups = split_group(ours.body).kind or split_group(theirs.body).kind
    return "entries of groups" if has_groups else "values of formulas"


def main() -> None:
    """Print the table of both graders, then that of our parts."""
    pairs = [
        (gold, answer, table is MATCHING)
        for table in (MATCHING, DIFFERENT)
        for _, gold, answer in rows(table)
    ]
    with ProcessPool(max_workers=2) as pool:
        for name, judge in (("math-verify alone", math_verify_alone), ("ours", same_answer)):
            jobs = [pool.schedule(judge, args=[g, a], timeout=LIMIT_SECONDS) for g, a, _ in pairs]
            counts: Counter[str] = Counter()
            for job, (_, _, are_same) in zip(jobs, pairs, strict=True):
                verdict = job.exception() is None and job.result()
                counts[
                    "right"
                    if verdict == are_same
                    else "falsely " + ("same" if verdict else "different")
                ] += 1
            print(
                f"{name:<20} {len(pairs)} pairs, {counts['right']} right, "
                f"{counts['falsely same']} falsely same, "
                f"{counts['falsely different']} falsely different"
            )
    for part, count in Counter(
        deciding_part(gold, answer) for gold, answer, _ in pairs
    ).most_common():
        print(f"{count:>6} decided by {part}")


if __name__ == "__main__":
    main()
