"""What an endpoint accepts: the body of a request in its dialect, what a refusal teaches, and what a fault means."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evolvemcts4rl.chat.faults import Fault
from evolvemcts4rl.records import Message

log = logging.getLogger(__name__)

PREFILLING_OWNERS = ("vllm", "sglang", "llamacpp")

# The order decides which goes first where a message names several ("temperature and top_p cannot both be specified").
OPTIONAL_FIELDS = (
    "top_k",
    "min_p",
    "cache_prompt",
    "continue_final_message",
    "add_generation_prompt",
    "top_p",
    "temperature",
)
REFUSED_FIELD = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra (inputs|fields)|not permitted|not allowed|deprecated"
    r"|only the default|cannot (both )?be|max_completion_tokens",
    re.IGNORECASE,
)
REFUSED_CHOICES = re.compile(
    r"['\"`]n['\"`]|\bparameter:? n\b|\bn (must|should|is|value|[<>=])|number of (choices|completions)|only one completion",
    re.IGNORECASE,
)
MOST_CHOICES = re.compile(
    r"(?:<=|at most|less than or equal to|maximum(?: value)?(?: of| is)?|max|must be|only one|n ?=)\D{0,3}(\d+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ChatRequest:
    """What is asked: everything that the completions depend on, and the problem that asks."""

    model: str
    messages: list[Message]
    sampling: Mapping[str, float | int]
    key: bytes
    affinity_key: str = ""

    @property
    def prefix(self) -> str:
        """The unfinished assistant message that is to be continued, or nothing."""
        last = self.messages[-1]
        return last["content"] if last["role"] == "assistant" else ""


@dataclass
class Dialect:
    """What is known of how one model at the endpoint wants to be asked; found out once, remembered for the run."""

    owner: str = ""
    most_choices: int | None = None  # the highest `n` that is honoured
    renamed: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    outgrown: bool = False  # whether a request was longer than the model's context

    def body(self, question: ChatRequest, count: int, bounded: bool = True) -> dict[str, Any]:
        """The request for `count` completions, of at most max_tokens each where they are to be bounded."""
        body: dict[str, Any] = {"model": question.model, "messages": question.messages, **question.sampling}
        if not bounded:
            del body["max_tokens"]
        if count > 1:
            body["n"] = count
        if self.owner == "llamacpp":
            # Its defaults (top_k 40, min_p 0.05) would cut the distribution that temperature and top_p describe.
            body |= {"top_k": 0, "min_p": 0.0, "cache_prompt": True}
        elif question.prefix:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        return {self.renamed.get(name, name): value for name, value in body.items() if name not in self.dropped}

    def learn(self, fault: Fault, sent: Mapping[str, Any]) -> bool:
        """Take a lesson from a refusal of the body that was sent; gives whether to ask again, put otherwise."""
        if fault.status not in (400, 422):
            return False
        count = sent.get("n", 1)
        if count > 1 and (fault.param == "n" or REFUSED_CHOICES.search(fault.message)):
            named, unknown = MOST_CHOICES.search(fault.message), REFUSED_FIELD.search(f"{fault.code} {fault.message}")
            limit = int(named[1]) if named else 1 if unknown else count // 2
            self.most_choices = max(1, min(limit, count - 1, self.most_choices or count))
            return True
        if not REFUSED_FIELD.search(f"{fault.code} {fault.message}"):
            return False
        if "max_tokens" in sent and "max_completion_tokens" in fault.message:
            self.renamed["max_tokens"] = "max_completion_tokens"
            return True
        return self._drop(fault, sent)

    def _drop(self, fault: Fault, sent: Mapping[str, Any]) -> bool:
        for name in OPTIONAL_FIELDS:
            if name in sent and (fault.param == name or re.search(rf"\b{name}\b", fault.message)):
                if name not in self.dropped:
                    log.warning("%s takes no %s: asking without it", sent["model"], name)
                self.dropped.add(name)
                return True
        return False
