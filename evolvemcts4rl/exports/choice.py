"""Which rows of a training file are kept, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.labels.labelling import judges_agree, witnesses_agree
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.tree import Node

Row = dict[str, Any]
Keep = Callable[[Sequence[Node]], bool]  # whether a labelled solution is kept


class Why(StrEnum):
    """Why a row is left out, as summary.json counts it."""

    UNSURE = "unsure"  # --min_p_correct
    NOT_AGREED = "not_agreed"  # --keep agreed
    HOLDS_TAG = "holds_tag"  # --step_tag
    NOT_LEARNABLE = "not_learnable"  # --learnable
    BALANCE = "balance"  # --balance
    PER_PROBLEM = "per_problem"  # --per_problem


@dataclass(frozen=True)
class Example:
    """A row of a training file, with what the choice among rows needs to know.

    `sure` is the chance of the least sure thing that the row shows. `right` says whether it shows
    something right or something wrong, None where both or neither. `words` tell it from others. An
    `asked_for` row, the labels of a given solution, stays however unsure it is.
    """

    row: Row
    sure: float = 1.0
    right: bool | None = None
    words: str = ""
    asked_for: bool = False


@dataclass(frozen=True)
class ExportOptions:
    """How training files are made from the trees."""

    min_p_correct: float = 0.9
    per_problem: int | None = None
    balance: bool = False
    learnable: tuple[float, float] | None = None
    step_tag: str = "ки"  # Math-Shepherd's mark after each step
    test_share: float = 0.0
    keep: Keep | None = None
    model_name: str = ""
    with_ids: bool = False  # whether rows tell which given solution they are made of
    prompts: PromptSettings = field(default_factory=PromptSettings)
    grader: str = "math"

    @staticmethod
    def of(settings: Settings) -> ExportOptions:
        """Return the options that the flags of a run give."""
        chosen = settings.exports
        return ExportOptions(
            chosen.min_p_correct,
            chosen.per_problem,
            chosen.balance,
            chosen.learnable,
            chosen.step_tag,
            chosen.test_share,
            _keep(settings),
            settings.model.model_name,
            settings.files.solutions_column is not None,
            settings.prompts,
            settings.answers.grader,
        )


@dataclass
class Chosen:
    """The rows of one problem in one file, and how many were left out, by the reason."""

    rows: list[Row] = field(default_factory=list)
    left_out: Counter[Why] = field(default_factory=Counter)


def choose(examples: Iterable[Example | Why], options: ExportOptions) -> Chosen:
    """Return the rows of a problem that are kept, in the order in which they come."""
    left_out: Counter[Why] = Counter()
    kept: list[Example] = []
    for each in examples:
        if isinstance(each, Why):
            left_out[each] += 1
        elif each.sure < options.min_p_correct and not each.asked_for:
            left_out[Why.UNSURE] += 1
        else:
            kept.append(each)
    if options.balance:
        kept = _counting(Why.BALANCE, kept, _balanced(kept), left_out)
    if options.per_problem is not None:
        fewer = _in_order(kept, _most_different(kept, options.per_problem, options.balance))
        kept = _counting(Why.PER_PROBLEM, kept, fewer, left_out)
    return Chosen([each.row for each in kept], left_out)


def with_id(row: Row, name: str | None, options: ExportOptions) -> Row:
    """Return the row with the id of the given solution that it is made of, where any are given."""
    return row | {"solution_id": name} if options.with_ids else row


def shown_by(path: Sequence[Node], labels: Sequence[bool]) -> float:
    """Return the chance of the least sure of the labels that are shown of a solution's steps."""
    chances = [
        node.p_correct if label else 1 - node.p_correct
        for node, label in zip(path, labels, strict=False)
        if node.p_correct is not None
    ]
    return min(chances, default=0.0)


def _counting(
    why: Why, before: Sequence[Example], kept: list[Example], left_out: Counter[Why]
) -> list[Example]:
    left_out.update({why: len(before) - len(kept)} if len(kept) < len(before) else {})
    return kept


def _balanced(examples: list[Example]) -> list[Example]:
    """Return as many right rows as wrong ones, the surest; rows that are neither all stay."""
    right = [each for each in examples if each.right is True]
    wrong = [each for each in examples if each.right is False]
    most = min(len(right), len(wrong))
    chosen = [*_surest(right)[:most], *_surest(wrong)[:most]]
    return _in_order(examples, [*chosen, *(each for each in examples if each.right is None)])


def _most_different(examples: list[Example], most: int, balance: bool) -> list[Example]:
    """Return so many rows at most: the surest, then each time the surest that is most different.

    How different two rows are is one minus the share of words that they have in common. Right and
    wrong rows take turns where they are to be balanced.
    """
    rest = _surest(examples)
    words = {id(each): frozenset(each.words.split()) for each in rest}
    nearest = dict.fromkeys(words, 0.0)  # the largest share in common with one that was taken
    taken: list[Example] = []
    while rest and len(taken) < most:
        wanted = not taken[-1].right if balance and taken and taken[-1].right is not None else None
        turn = [each for each in rest if wanted is None or each.right is wanted] or rest
        best = max(turn, key=lambda each: each.sure * (1 - nearest[id(each)]))
        rest.remove(best)
        taken.append(best)
        for each in rest:
            shared = _in_common(words[id(each)], words[id(best)])
            nearest[id(each)] = max(nearest[id(each)], shared)
    if balance and taken and taken[-1].right is not None and len(taken) % 2:
        taken.pop()
    return taken


def _in_common(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / max(1, len(some | others))


def _surest(examples: Iterable[Example]) -> list[Example]:
    return sorted(examples, key=lambda each: -each.sure)


def _in_order(examples: Iterable[Example], chosen: Iterable[Example]) -> list[Example]:
    """Return the chosen ones in the order in which they came."""
    places = {id(each) for each in chosen}
    return [each for each in examples if id(each) in places]


def _keep(settings: Settings) -> Keep | None:
    if settings.files.keep == "all":
        return None
    # The published estimators give no chances that verdicts could move.
    return witnesses_agree if settings.search.estimator == "belief" else judges_agree
