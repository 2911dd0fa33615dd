"""Labels of steps, for process reward models and for those who measure them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from evolvemcts4rl.exports.chats import turn
from evolvemcts4rl.exports.choice import Example, ExportOptions, Row, Why, shown_by, with_id
from evolvemcts4rl.labels.labelling import Labelled, LabelledTree, up_to_first_error
from evolvemcts4rl.tree import Node


@dataclass
class Beginning:
    """The steps of solutions up to and including the first error, which they share."""

    nodes: Sequence[Node]
    steps: list[str]
    labels: list[bool]
    solution_id: str | None  # where it was given
    verdicts: set[bool | None] = field(default_factory=set)  # on the answers of those solutions

    @property
    def sure(self) -> float:
        """Return the chance of the least sure of the labels."""
        return shown_by(self.nodes, self.labels)

    @property
    def final_answer_correct(self) -> bool | None:
        """Return whether the answers that they come to are right; None where they differ."""
        return next(iter(self.verdicts)) if len(self.verdicts) == 1 else None

    def example(self, row: Row) -> Example:
        """Return a row that shows these labels."""
        given = self.solution_id is not None
        return Example(row, self.sure, self.labels[-1], " ".join(self.steps), given)


def beginnings(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Beginning | Why]:
    """Yield the labelled solutions up to their first error, each once, as solutions may share it.

    Left out are those that --keep does not take. A given solution stands there for each id that it
    was given with.
    """
    found: dict[tuple[str | None, ...], Beginning] = {}
    for each in labelled_tree.labelled:
        if options.keep is not None and not options.keep(each.path):
            yield Why.NOT_AGREED
            continue
        end = each.path[-1]
        for name in end.ids_or_none:
            known = found.setdefault((name, *each.steps), _beginning(each, name))
            known.verdicts.add(end.correct)
    yield from found.values()


def prm_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example | Why]:
    """Yield stepwise supervision as TRL reads it: labels up to and including the first error."""
    tree = labelled_tree.tree
    for each in beginnings(labelled_tree, options):
        if isinstance(each, Why):
            yield each
            continue
        nodes = each.nodes
        row = {
            "question_id": tree.question_id,
            "prompt": tree.question,
            "completions": each.steps,
            "labels": each.labels,
            "p_correct": [node.p_correct for node in nodes],
            "mc_value": [node.mc_value for node in nodes],
            "num_rollouts": [node.num_rollouts for node in nodes],
            "num_correct": [node.num_correct for node in nodes],
            "final_answer_correct": each.final_answer_correct,
        }
        yield each.example(with_id(row, each.solution_id, options))


def math_shepherd_rows(
    labelled_tree: LabelledTree, options: ExportOptions
) -> Iterator[Example | Why]:
    """Yield Math-Shepherd's format: a tag after each step in `input`, + or − for it in `label`.

    `value` has the signs alone, as OpenRLHF's PRM training reads them.
    What holds the tag itself is left out, since readers could not tell it from a mark.
    """
    tree, tag = labelled_tree.tree, options.step_tag
    for each in beginnings(labelled_tree, options):
        if isinstance(each, Why):
            yield each
        elif any(tag in text for text in (tree.question, *each.steps)):
            yield Why.HOLDS_TAG
        else:
            marked = [f"{step} {tag}" for step in each.steps]
            judged = [
                f"{step} {_sign(label)}"
                for step, label in zip(each.steps, each.labels, strict=True)
            ]
            row = {
                "question_id": tree.question_id,
                "input": "\n".join([tree.question, *marked]),
                "label": "\n".join([tree.question, *judged]),
                "value": [_sign(label) for label in each.labels],
                "task": tree.question_id,
            }
            yield each.example(with_id(row, each.solution_id, options))


def prm_chat_rows(labelled_tree: LabelledTree, options: ExportOptions) -> Iterator[Example | Why]:
    """Yield RLHFlow's conversation: a step by the user, + or − by the assistant, and so on."""
    tree = labelled_tree.tree
    for each in beginnings(labelled_tree, options):
        if isinstance(each, Why):
            yield each
            continue
        asked = [f"{tree.question}\n\n{each.steps[0]}", *each.steps[1:]]
        turns = [
            part
            for step, label in zip(asked, each.labels, strict=True)
            for part in (turn("user", step), turn("assistant", _sign(label)))
        ]
        row = {"question_id": tree.question_id, "messages": turns}
        yield each.example(with_id(row, each.solution_id, options))


def processbench_rows(
    labelled_tree: LabelledTree, options: ExportOptions
) -> Iterator[Example | Why]:
    """Yield whole solutions with the index of their first error, −1 for none (ProcessBench)."""
    tree = labelled_tree.tree
    for number, each in enumerate(labelled_tree.labelled):
        if options.keep is not None and not options.keep(each.path):
            yield Why.NOT_AGREED
            continue
        steps = [node.text.strip() for node in each.path]
        row = {
            "question_id": tree.question_id,
            "id": f"{tree.question_id}-{number}",
            "generator": options.model_name,
            "problem": tree.question,
            "steps": steps,
            "final_answer_correct": each.path[-1].correct,
            "label": first_error_of(each.path),
        }
        sure = shown_by(each.path, each.labels)
        for name in each.path[-1].ids_or_none:
            named = with_id(row, name, options)
            yield Example(named, sure, each.labels[-1], " ".join(steps), name is not None)


def first_error_of(path: Sequence[Node]) -> int:
    """Return the index of a labelled solution's first wrong step, −1 where there is none."""
    _, labels = up_to_first_error(path)
    return -1 if labels[-1] else len(labels) - 1


def _beginning(each: Labelled, solution_id: str | None) -> Beginning:
    return Beginning(each.path[: len(each.steps)], each.steps, each.labels, solution_id)


def _sign(label: bool) -> str:
    return "+" if label else "-"
