"""What an endpoint accepts: the body of a request in its dialect, what a refusal teaches, and what a fault means."""

from __future__ import annotations

import email.utils
import json
import logging
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evolvemcts4rl.records import Message

log = logging.getLogger(__name__)

PREFILLING_OWNERS = ("vllm", "sglang", "llamacpp")
LONGEST_WAIT = 120.0  # seconds of a Retry-After that are obeyed; a longer one is asked again by then

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
UNKNOWN_MODEL = re.compile(
    r"\bmodel\b.{0,120}(not found|not exist|not available|not a valid)|(unknown|invalid|no such|unsupported) model|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
NO_CREDIT = re.compile(r"insufficient[_ ](quota|credits?|balance|funds)|exceeded your current quota", re.IGNORECASE)
TOO_LONG = re.compile(
    r"context[_ -]?(length|window|size|limit)|available context|maximum model length|max_(completion_)?tokens\W.{0,80}too large"
    r"|(prompt|input) is too long|must be at least 1, got -|max_new_tokens\W.{0,20}<=|too many tokens",
    re.IGNORECASE | re.DOTALL,
)
FILTERED = re.compile(r"content_filter|content_policy|content management policy|flagged|moderation", re.IGNORECASE)


@dataclass(eq=False)
class Fault(Exception):
    """A request without a usable reply. `status` is None where there was no HTTP status, or an OK one with nonsense in it."""

    message: str
    status: int | None = None
    code: str = ""
    param: str = ""
    retry_after: float | None = None  # seconds
    unreachable: bool = False  # there was no connection at all
    timed_out: bool = False

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed later."""
        return self.status is None or self.status in (408, 409, 425, 429) or self.status >= 500

    @property
    def overload(self) -> bool:
        """Whether the endpoint asks for less at a time."""
        return self.status in (429, 503, 529)

    @property
    def filtered(self) -> bool:
        """Whether a moderation filter refused the prompt: a result without a verdict, not an error."""
        return self.status in (400, 403, 422) and bool(FILTERED.search(f"{self.code} {self.message}"))

    @property
    def cut_off(self) -> bool:
        """Whether a reasoning model spent all its tokens before it wrote a word, which OpenAI calls an error."""
        return self.status == 400 and "output limit was reached" in self.message

    @property
    def too_long(self) -> bool:
        """Whether the prompt and the tokens that it may be answered with are more than the model's context holds."""
        return self.status in (400, 422) and bool(TOO_LONG.search(f"{self.code} {self.message}"))

    def __str__(self) -> str:
        return f"status {self.status}: {self.message}" if self.status else self.message


@dataclass(frozen=True)
class Question:
    """What is asked: everything that the completions depend on, and the problem that asks."""

    model: str
    messages: list[Message]
    sampling: Mapping[str, float | int]
    key: bytes
    sticky: str = ""

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

    def body(self, question: Question, count: int, bounded: bool = True) -> dict[str, Any]:
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


def fatal_reason(fault: Fault, host: str, model: str, models: list[str], flag: str = "--model_name") -> str | None:
    """The sentence with which the run ends, where no further request could succeed; None for every other fault.

    `models` are those that the endpoint has, `flag` is the one that names the model which was asked.
    """
    said = f"{fault.code} {fault.message}"
    if fault.status is not None and 300 <= fault.status < 400:
        return f"{host} sends requests elsewhere ({fault.status}): give the address where they end as --base_url"
    if fault.status == 401:
        return f"{host} refuses the key (401): set OPENAI_API_KEY to one that it accepts"
    if fault.status == 402 or (fault.status in (403, 429) and NO_CREDIT.search(said)):
        return f"{host} says that the account has no credit left ({fault.status}): top it up, then run the same command again"
    if fault.status == 403:
        return f"{host} forbids this key the model {model} (403): use another key or {flag}"
    if fault.code == "model_not_found" or (fault.status in (400, 404, 422) and UNKNOWN_MODEL.search(said)):
        there = f" (it has {', '.join(models[:5])})" if models else ""
        return f"{host} has no model {model}: name one that it has with {flag}{there}"
    if fault.status in (404, 405):
        return f"{host} has no chat completions at this address ({fault.status}): check --base_url (it mostly ends in /v1) and {flag}"
    return None


def fault_of_reply(status: int, text: str, headers: Mapping[str, str]) -> Fault:
    """The fault that a reply with an error status stands for, whatever form its body has."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Fault(_plain(text) or "no reason given", status, retry_after=retry_after(headers))
    return fault_of_error(body.get("error", body) if isinstance(body, dict) else body, status, headers)


def fault_of_error(error: Any, status: int | None, headers: Mapping[str, str]) -> Fault:
    """The fault of an `error` object in OpenAI's form, or in any other."""
    wait = retry_after(headers)
    if not isinstance(error, dict):
        return Fault(_plain(str(error)), status, retry_after=wait)
    message = error.get("message") or error.get("detail") or json.dumps(error)
    code, param = str(error.get("code") or error.get("type") or ""), str(error.get("param") or "")
    return Fault(_plain(str(message)), status, code, param.rpartition(".")[2], wait)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a reply asks to wait, from Retry-After-Ms or Retry-After (a number or a date); at most LONGEST_WAIT."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _seconds_until(value)
        if not math.isnan(seconds):
            return min(max(seconds, 0.0), LONGEST_WAIT)
    return None


def _seconds_until(date: str) -> float:
    """The seconds until a date as headers have it; nan where it is none."""
    try:
        parsed = email.utils.parsedate_tz(date)
        return email.utils.mktime_tz(parsed) - time.time() if parsed else math.nan
    except (ValueError, OverflowError):
        return math.nan


def _plain(text: str) -> str:
    """One line of at most 300 characters, without markup: fit for a sentence."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE).split())[
        :300
    ]
