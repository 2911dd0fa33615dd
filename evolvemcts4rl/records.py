"""The data that travels between the modules, and its JSON: completions, rollouts and problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evolvemcts4rl.reasons import Reason, Status, read_reason

# One turn of a chat: {"role": "user" | "assistant" | "system", "content": text}.
Message = dict[str, str]
# The steps of a solution up to some step; () is the problem itself.
Prefix = tuple[str, ...]
# What stands around a thought, where it is part of a text.
THINK, THOUGHT_ENDS = "<think>", "</think>"


def is_open_thought(text: str) -> bool:
    """Return whether a text ends inside the thought that it begins with."""
    return text.startswith(THINK) and THOUGHT_ENDS not in text


@dataclass(frozen=True)
class Completion:
    """One choice of one reply: the text after the prefix, and the thought before it."""

    text: str
    # "stop", or why there is no verdict: "length", "content_filter", "refusal", "empty", …
    finish_reason: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought: str = ""

    @property
    def whole(self) -> bool:
        """Return whether the model ended by itself, so that the text can be judged."""
        return self.finish_reason == "stop" and bool(self.text.strip())


@dataclass(frozen=True)
class Rollout:
    """One completion from a prefix to the end; `steps` has the steps of the prefix too."""

    steps: Prefix
    verdict: bool | None  # right or wrong; None where there is no verdict: it counts nowhere
    answer: str | None = None
    tokens: int = 0  # completion tokens
    whole: bool = True  # whether the model ended by itself
    solution_id: str | None = None  # of a solution that was given, not written by the model


@dataclass(frozen=True)
class Problem:
    """A row of problems.jsonl: a seed, or a problem evolved from one."""

    question_id: str
    question: str
    final_answer: str | None
    parent_id: str | None = None
    mutation: str = "identity"
    round: int = 0
    agreement: float | None = None  # the majority answer's share among the first solutions
    solve_rate: float | None = None  # correct / judged among the first solutions
    status: Status = Status.OPEN
    reason: Reason | None = None
    voted_answer: str | None = None  # the majority answer, beside the one that a seed states
    # Whether the two are equal. Where they are not, it is often the seed that is wrong.
    vote_agrees: bool | None = None
    # The chance that final_answer is right, or the answer that was voted where it is dropped: 1
    # for one that a seed states.
    p_answer: float | None = None
    false_equations: float | None = None  # share of the majority's solutions that hold one
    # Log-odds by which the answers of other models speak for a voted answer.
    second_opinion: float | None = None
    seed: Mapping[str, Any] | None = None  # all columns of a seed's own row; None where evolved

    @property
    def is_voted(self) -> bool:
        """Return whether its answer was voted, so that it may be wrong."""
        if self.p_answer is None:  # in a row of earlier versions
            return self.round > 0 and self.final_answer is not None
        return self.p_answer < 1

    @property
    def has_tree(self) -> bool:
        """Return whether the finished problem has a tree: it was searched, or was solved always."""
        return self.status == Status.SEARCHED or (
            self.status == Status.NOT_SEARCHED and self.solve_rate == 1.0
        )

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in problems.jsonl."""
        reason = {
            "reason": None if self.reason is None else str(self.reason),
            "reason_code": None if self.reason is None else str(self.reason.code),
        }
        return vars(self) | {"status": str(self.status)} | reason

    @staticmethod
    def from_json(row: dict[str, Any]) -> Problem:
        """Return the problem of a row, also of an older one that has no reason_code."""
        fields = {name: value for name, value in row.items() if name != "reason_code"}
        reason = read_reason(row.get("reason"), row.get("reason_code"), row["status"])
        return Problem(**fields | {"status": Status(row["status"]), "reason": reason})


# Takes a prefix, how many rollouts to sample there, and the index of the first of them among all
# that were ever asked for from this prefix. Gives the rollouts in the order of their indices.
RolloutSampler = Callable[[Prefix, int, int], Awaitable[list[Rollout]]]
