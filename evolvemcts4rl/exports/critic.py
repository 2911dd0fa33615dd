"""A critic's chat: a problem and the steps of a solution in, the first wrong step out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evolvemcts4rl.exports.chats import turn
from evolvemcts4rl.exports.choice import Example, ExportOptions, Why, shown_by
from evolvemcts4rl.exports.prm import first_error_of
from evolvemcts4rl.labels.judge import judge_messages
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.tree import Node


def critic_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example | Why]:
    r"""Yield what a judge is asked about a solution, and what it should say.

    That is the words of each judge that named the label's first error, where they were kept;
    otherwise its index alone in \boxed{}.
    """
    tree = labelled_tree.tree
    for each in labelled_tree.labelled:
        if options.keep is not None and not options.keep(each.path):
            yield Why.NOT_AGREED
            continue
        steps = [node.text.strip() for node in each.path]
        asked = judge_messages("", options.prompts, tree.question, steps)
        error = first_error_of(each.path)
        sure = shown_by(each.path, each.labels)
        for judge, reply in _replies(each.path, error):
            row = {
                "question_id": tree.question_id,
                "messages": [*asked, turn("assistant", reply)],
                "first_error": error,
                "judge": judge,
            }
            yield Example(row, sure, each.labels[-1], f"{' '.join(steps)} {reply}")


def _replies(path: Sequence[Node], error: int) -> Iterator[tuple[str, str]]:
    """Yield each agreeing judge's name and words; without one, the bare index."""
    index = f"\\boxed{{{error}}}"
    end = path[-1]
    agreeing = [
        (judge, text.strip())
        for judge, text in (end.judge_reasoning or {}).items()
        if (end.judgements or {}).get(judge) == error
    ]
    for judge, text in agreeing:
        yield judge, text if "\\boxed{" in text else f"{text}\n\n{index}"
    if not agreeing:
        yield "", index
