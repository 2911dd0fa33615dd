"""Solutions for the training of a policy or of an outcome reward model: alone, and in pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evolvemcts4rl.exports.chats import asked, replied, text_of
from evolvemcts4rl.exports.choice import Example, ExportOptions, Row, Why, with_id
from evolvemcts4rl.labels.labelling import LabelledTree
from evolvemcts4rl.tree import Node, Tree


@dataclass(frozen=True)
class Solution:
    """A whole solution with the chance that it is what it is shown as."""

    text: str
    sure: float
    solution_id: str | None = None  # where it was given


def sft_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example | Why]:
    """Yield each right solution in which no error is believed to be, as a chat."""
    tree = labelled_tree.tree
    for path in labelled_tree.solutions:
        if not path[-1].correct:
            continue
        if path[-1].label is False:
            yield Why.UNSURE
            continue
        for each in _right(tree, path):
            turns = [*asked(tree.question), *replied(each.text)]
            row = {"question_id": tree.question_id, "messages": turns}
            yield Example(with_id(row, each.solution_id, options), each.sure, None, each.text)


def dpo_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example]:
    """Yield pairs of a right and a wrong solution as chats: TRL's conversational preferences."""
    tree = labelled_tree.tree
    for right, wrong in pairs(labelled_tree):
        row: Row = {
            "prompt": asked(tree.question),
            "chosen": replied(right.text),
            "rejected": replied(wrong.text),
        }
        if options.with_ids:
            row |= {"chosen_id": right.solution_id, "rejected_id": wrong.solution_id}
        yield _pair(tree, right, wrong, row)


def dpo_text_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example]:
    """Yield the same pairs as plain texts."""
    tree = labelled_tree.tree
    for right, wrong in pairs(labelled_tree):
        row = {"prompt": tree.question, "chosen": right.text, "rejected": wrong.text}
        yield _pair(tree, right, wrong, row)


def openai_dpo_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example]:
    """Yield the same pairs in the form that OpenAI made for preferences."""
    tree = labelled_tree.tree
    for right, wrong in pairs(labelled_tree):
        row = {
            "input": {
                "messages": asked(tree.question),
                "tools": [],
                "parallel_tool_calls": True,
            },
            "preferred_output": replied(right.text),
            "non_preferred_output": replied(wrong.text),
        }
        yield _pair(tree, right, wrong, row)


def orm_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example]:
    """Yield every solution with a verdict, and whether its answer is right (TRL's KTO form)."""
    tree = labelled_tree.tree
    for path in labelled_tree.solutions:
        if path[-1].correct is None:
            continue
        text = text_of(path)
        row = {
            "question_id": tree.question_id,
            "prompt": asked(tree.question),
            "completion": replied(text),
            "label": path[-1].correct,
        }
        yield Example(row, tree.p_answer, path[-1].correct, text)


def step_dpo_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example]:
    """Yield pairs of a right and a wrong step after the same right prefix (Step-DPO's columns).

    Each step has a solution that goes on from it and ends as it should.
    """
    tree = labelled_tree.tree
    endings = {verdict: _endings(labelled_tree, verdict) for verdict in (True, False)}
    stack: list[tuple[Node, str]] = [(tree.root, "")]
    while stack:
        node, prefix = stack.pop()
        below = [child for child in node.children if child.label]
        rights = [child for child in below if child in endings[True]]
        wrongs = [
            child for child in node.children if child.label is False and child in endings[False]
        ]
        rights.sort(key=lambda child: -_belief(child))
        for right, wrong in zip(rights, sorted(wrongs, key=_belief), strict=False):
            row = {
                "question_id": tree.question_id,
                "dataset": "evolvemcts4rl",
                "prompt": tree.question,
                "initial_reason_steps": prefix,
                "chosen": right.text.strip(),
                "rejected": wrong.text.strip(),
                "full_chosen": endings[True][right],
                "full_rejected": endings[False][wrong],
                "answer": tree.final_answer,
            }
            sure = min(_belief(right), 1 - _belief(wrong))
            yield Example(row, sure, None, f"{prefix} {right.text} {wrong.text}")
        stack.extend((child, prefix + child.text) for child in reversed(below))


def pairs(labelled_tree: LabelledTree) -> Iterator[tuple[Solution, Solution]]:
    """Yield right and wrong solutions in pairs, the surest first, as many as of the rarer kind."""
    tree = labelled_tree.tree
    ends = [(path, path[-1]) for path in labelled_tree.solutions]
    rights = [
        each
        for path, end in ends
        if end.correct and end.label is not False
        for each in _right(tree, path)
    ]
    wrongs = [each for path, end in ends if end.correct is False for each in _wrong(tree, path)]
    yield from zip(_surest(rights), _surest(wrongs), strict=False)


def _pair(tree: Tree, right: Solution, wrong: Solution, row: Row) -> Example:
    sure = min(right.sure, wrong.sure)
    return Example(
        {"question_id": tree.question_id, **row}, sure, None, f"{right.text} {wrong.text}"
    )


def _right(tree: Tree, path: Sequence[Node]) -> list[Solution]:
    """Return a solution to be shown as right; where nothing was found out its answer counts."""
    belief = path[-1].p_correct
    return _each_id(path, tree.p_answer if belief is None else belief)


def _wrong(tree: Tree, path: Sequence[Node]) -> list[Solution]:
    belief = path[-1].p_correct
    return _each_id(path, tree.p_answer if belief is None else 1 - belief)


def _each_id(path: Sequence[Node], sure: float) -> list[Solution]:
    """Return the solution once, or once for each id that it was given with."""
    text = text_of(path)
    return [Solution(text, sure, name) for name in path[-1].ids_or_none]


def _surest(solutions: list[Solution]) -> list[Solution]:
    return sorted(solutions, key=lambda each: -each.sure)


def _endings(labelled_tree: LabelledTree, verdict: bool) -> dict[Node, str]:
    """Return, for each node, its text and how the surest solution with this verdict goes on."""
    best: dict[Node, tuple[float, str]] = {}
    for path in labelled_tree.solutions:
        if path[-1].correct is not verdict:
            continue
        belief = path[-1].p_correct
        sure = 0.5 if belief is None else belief if verdict else 1 - belief
        for depth, node in enumerate(path):
            if node not in best or sure > best[node][0]:
                best[node] = (sure, text_of(path[depth:]))
    return {node: text for node, (_, text) in best.items()}


def _belief(node: Node) -> float:
    return node.p_correct or 0.0
