"""The data that travels between the modules, and its JSON: completions, rollouts and problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from evolvemcts4rl.reasons import Reason, Status, read_reason

Message = dict[str, str]  # one turn of a chat: {"role": "user" | "assistant" | "system", "content": text}
Prefix = tuple[str, ...]  # the steps of a solution up to some step; () is the problem itself


@dataclass(frozen=True)
class Completion:
    """One choice of one reply: the text after the prefix, and the thought before it."""

    text: str
    finish_reason: str  # "stop", or why there is no verdict: "length", "content_filter", "refusal", "empty", …
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought: str = ""

    @property
    def whole(self) -> bool:
        """Return whether the model came to an end of its own, so that the text can be judged."""
        return self.finish_reason == "stop" and bool(self.text.strip())


@dataclass(frozen=True)
class Rollout:
    """One completion from a prefix to the end; `steps` has the steps of the prefix too."""

    steps: Prefix
    verdict: bool | None  # correct, wrong, or none: such a rollout counts nowhere
    answer: str | None = None
    tokens: int = 0  # completion tokens


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
    voted_answer: str | None = None  # the majority answer, recorded beside the one that a seed states
    vote_agrees: bool | None = None  # whether the two are equal: where they are not, it is often the seed that is wrong

    @property
    def has_tree(self) -> bool:
        """Return whether a problem at its end has a tree: it was searched, or solved always."""
        return self.status == Status.SEARCHED or (self.status == Status.NOT_SEARCHED and self.solve_rate == 1.0)

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


# (prefix, how many, index of the first among all ever asked for from there) → rollouts in the order
# asked for
RolloutSampler = Callable[[Prefix, int, int], Awaitable[list[Rollout]]]
