"""Put a request the way that its endpoint accepts, and learn that way from refusals."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from evolvemcts4rl.chat.faults import Fault
from evolvemcts4rl.records import THINK, Message, is_open_thought

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerKind:
    """What is known of a kind of server before the first request."""

    continues_prefix: bool = False  # whether it continues an unfinished assistant message
    echoes_prefix: bool = True  # whether its replies may repeat that message before the new text
    # Further fields of every request, and of those that continue a prefix.
    fields: Mapping[str, Any] = field(default_factory=dict)
    fields_with_prefix: Mapping[str, Any] = field(default_factory=dict)
    # The same where the prefix ends inside a thought, and the message's field that takes it; None
    # where a thought stands in the text.
    fields_with_thought: Mapping[str, Any] = field(default_factory=dict)
    thought_field: str | None = None


_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
_VLLM = ServerKind(continues_prefix=True, echoes_prefix=False, fields_with_prefix=_CONTINUE)
# Its defaults (top_k 40, min_p 0.05) would narrow the distribution that the flags describe.
# A thought it takes apart from the text, since May 2026 (its pull request 23089).
_LLAMACPP = ServerKind(
    continues_prefix=True,
    fields={"top_k": 0, "min_p": 0.0, "cache_prompt": True},
    fields_with_thought={
        "continue_final_message": "reasoning_content",
        "add_generation_prompt": False,
    },
    thought_field="reasoning_content",
)
_OTHER = ServerKind(fields_with_prefix=_CONTINUE)
SERVER_KINDS = {"vllm": _VLLM, "sglang": _VLLM, "llamacpp": _LLAMACPP}  # by the owner of the model


def server_kind(owner: str) -> ServerKind:
    """Return the kind of a server by the owner that its /v1/models names, in lower case."""
    return SERVER_KINDS.get(owner, _OTHER)


# Fields that a request can do without. Where a refusal names several ("temperature and top_p
# cannot both be specified"), the first of this list is left out.
OPTIONAL_FIELDS = (
    "top_k",
    "min_p",
    "cache_prompt",
    "continue_final_message",
    "add_generation_prompt",
    "top_p",
    "temperature",
)
# The patterns are matched against text of servers: RE2 takes linear time whatever it holds.
NAMED_FIELD = {name: re2.compile(rf"\b{name}\b") for name in OPTIONAL_FIELDS}
REFUSED_FIELD = re2.compile(
    r"(?i)unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra (inputs|fields)"
    r"|not (permitted|allowed)|deprecated|only the default|cannot (both )?be|max_completion_tokens"
)
REFUSED_CHOICES = re2.compile(
    r"(?i)['\"`]n['\"`]|\bparameter:? n\b|\bn (must|should|is|value|[<>=])"
    r"|number of (choices|completions)|only one completion"
)
MOST_CHOICES = re2.compile(
    r"(?i)(?:<=|at most|less than or equal to|maximum(?: value)?(?: of| is)?|max|must be|only one"
    r"|n ?=)\D{0,3}(\d+)"
)


@dataclass(frozen=True)
class ChatRequest:
    """All that completions depend on, with their key in the journal and the problem that asks."""

    model: str
    messages: list[Message]
    sampling: Mapping[str, float | int]
    key: bytes
    affinity_key: str = ""
    role: str = "policy"
    extra_body: Mapping[str, Any] = field(default_factory=dict)  # the user's own further fields

    @property
    def prefix(self) -> str:
        """Return the unfinished assistant message to continue; "" where there is none."""
        last = self.messages[-1]
        return last["content"] if last["role"] == "assistant" else ""


@dataclass
class Dialect:
    """How one model wants to be asked, as far as its refusals have told; kept for the run."""

    owner: str = ""
    most_choices: int | None = None  # the highest `n` that it honours
    renamed: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    outgrown: bool = False  # whether a request was longer than the model's context

    def body(
        self, question: ChatRequest, start: int, count: int, bounded: bool = True
    ) -> dict[str, Any]:
        """Return the body that asks for `count` completions from index `start` on.

        It has max_tokens if `bounded`.
        """
        body: dict[str, Any] = {
            "model": question.model,
            "messages": question.messages,
            **question.sampling,
        }
        if not bounded:
            del body["max_tokens"]
        if count > 1:
            body["n"] = count
        kind = server_kind(self.owner)
        body |= kind.fields
        if question.prefix:
            body |= kind.fields_with_prefix
            if is_open_thought(question.prefix):
                body |= kind.fields_with_thought
                body["messages"] = _with_thought(question.messages, kind)
        body = {
            self.renamed.get(name, name): value
            for name, value in body.items()
            if name not in self.dropped
        }
        return body | _further_fields(question, start)

    def learn(self, fault: Fault, sent: Mapping[str, Any], question: ChatRequest) -> bool:
        """Learn from a refusal of the body `sent`; return whether to ask again in another way.

        What the user asked for is never left out.
        """
        if fault.status not in (400, 422):
            return False
        count = sent.get("n", 1)
        if count > 1 and (fault.param == "n" or REFUSED_CHOICES.search(fault.message)):
            named = MOST_CHOICES.search(fault.message)
            unknown = REFUSED_FIELD.search(f"{fault.code} {fault.message}")
            limit = int(named[1]) if named else 1 if unknown else count // 2
            self.most_choices = max(1, min(limit, count - 1, self.most_choices or count))
            return True
        if not REFUSED_FIELD.search(f"{fault.code} {fault.message}"):
            return False
        if "max_tokens" in sent and "max_completion_tokens" in fault.message:
            self.renamed["max_tokens"] = "max_completion_tokens"
            return True
        own = set(_further_fields(question, 0))
        if is_open_thought(question.prefix):  # without its fields, another thought would begin
            own |= server_kind(self.owner).fields_with_thought.keys()
        return self._drop(fault, {name: sent[name] for name in sent if name not in own})

    def _drop(self, fault: Fault, sent: Mapping[str, Any]) -> bool:
        for name in OPTIONAL_FIELDS:
            if name in sent and (fault.param == name or NAMED_FIELD[name].search(fault.message)):
                if name not in self.dropped:
                    log.warning("%s accepts no %s: asking without it", sent["model"], name)
                self.dropped.add(name)
                return True
        return False


def _with_thought(messages: list[Message], kind: ServerKind) -> list[Message]:
    """Return the messages with an unfinished thought at their end where this server takes it."""
    if kind.thought_field is None:
        return messages
    thought = messages[-1]["content"].removeprefix(THINK).removeprefix("\n")
    return [*messages[:-1], {"role": "assistant", "content": "", kind.thought_field: thought}]


def _further_fields(question: ChatRequest, start: int) -> dict[str, Any]:
    """Return the user's own fields of a request, those that sampling holds already aside.

    A seed is that of the first completion: with one seed for all, later requests would bring the
    same completions again. Servers count on from it within a request.
    """
    fields = {
        name: value for name, value in question.extra_body.items() if name not in question.sampling
    }
    if isinstance(seed := fields.get("seed"), int):
        fields["seed"] = seed + start
    return fields
