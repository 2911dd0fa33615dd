"""The data that travels between the modules, and its JSON. Words as in the README: seed, problem, solution, step, prefix, rollout."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

Message = dict[str, str]  # one turn of a chat: {"role": "user" | "assistant" | "system", "content": text}
Prefix = tuple[str, ...]  # the steps of a solution up to some step; () is the problem itself


@dataclass(frozen=True)
class Completion:
    """One choice of one reply. `text` is what the model wrote after the prefix; `thought` is what it thought aloud before."""

    text: str
    finish_reason: str  # "stop", or why there is no verdict: "length", "content_filter", "refusal", "empty", …
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thought: str = ""

    @property
    def whole(self) -> bool:
        """Whether the model came to an end of its own, so that the text can be judged."""
        return self.finish_reason == "stop" and bool(self.text.strip())


@dataclass(frozen=True)
class Rollout:
    """One completion from a prefix to the end. `steps` are all steps of the whole solution, the prefix included."""

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
    status: str = "open"  # searched, not_searched, refused, dropped, failed, accepted (--evolve_only)
    reason: str | None = None
    voted_answer: str | None = None  # the majority answer, recorded beside the one that a seed states
    vote_agrees: bool | None = None  # whether the two are equal: where they are not, it is often the seed that is wrong

    @property
    def has_tree(self) -> bool:
        """Whether a problem at its end has a tree: it was searched, or solved always."""
        return self.status == "searched" or (self.status == "not_searched" and self.solve_rate == 1.0)

    def to_json(self) -> dict[str, Any]:
        """The row as it stands in problems.jsonl."""
        return asdict(self)

    @staticmethod
    def from_json(row: dict[str, Any]) -> Problem:
        """The problem of a row of problems.jsonl."""
        return Problem(**row)


# (prefix, how many, index of the first among all ever asked for from there) → rollouts in the order asked for
RolloutSampler = Callable[[Prefix, int, int], Awaitable[list[Rollout]]]
