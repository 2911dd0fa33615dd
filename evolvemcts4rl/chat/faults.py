"""Read from status, body and headers what a request without a usable reply means."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import re2

LONGEST_WAIT = 120.0  # the most seconds of a Retry-After that are obeyed
LONGEST_MESSAGE = 300  # characters of what a server says
LONGEST_QUOTE = 160  # characters of it that are quoted in the sentence that ends a run
NO_REASON = "no reason given"
HIDDEN_ELEMENTS = ("script", "style")  # HTML elements whose content is no text

# The patterns are matched against text of servers: RE2 takes linear time whatever it holds.
UNKNOWN_MODEL = re2.compile(
    r"(?is)\bmodel\b.{0,120}(not found|not exist|not available|not a valid)"
    r"|(unknown|invalid|no such|unsupported) model|not a valid model"
)
NO_CREDIT = re2.compile(
    r"(?i)insufficient[_ ](quota|credits?|balance|funds)|exceeded your current quota"
)
TOO_LONG = re2.compile(
    r"(?is)context[_ -]?(length|window|size|limit)|available context|maximum model length"
    r"|max_(completion_)?tokens\W.{0,80}too large|must be at least 1, got -"
    r"|max_new_tokens\W.{0,20}<=|(prompt|input) is too long|too many tokens"
)
FILTERED = re2.compile(
    r"(?i)content_filter|content_policy|content management policy|flagged|moderation"
)


@dataclass(eq=False)
class Fault(Exception):
    """A request without a usable reply.

    `status` is None where no HTTP status came, or a good one with an unusable body. Each text
    is one line of printable characters.
    """

    message: str
    status: int | None = None
    code: str = ""
    param: str = ""
    retry_after: float | None = None  # seconds
    unreachable: bool = False  # no connection could be made
    timed_out: bool = False
    oversized: bool = False  # the reply was dropped for its length

    @property
    def is_transient(self) -> bool:
        """Return whether the same request may well succeed later."""
        if self.oversized:  # the next reply would be as long, and billed again
            return False
        return self.status is None or self.status in (408, 409, 425, 429) or self.status >= 500

    @property
    def is_overload(self) -> bool:
        """Return whether the endpoint asks for fewer requests at a time."""
        return self.status in (429, 503, 529)

    @property
    def filtered(self) -> bool:
        """Return whether a moderation filter refused the prompt.

        That is a completion without a verdict, not an error.
        """
        return self.status in (400, 403, 422) and bool(
            FILTERED.search(f"{self.code} {self.message}")
        )

    @property
    def is_cut_off(self) -> bool:
        """Return whether a reasoning model spent all its tokens before it wrote a word.

        OpenAI answers that with an error.
        """
        return self.status == 400 and "output limit was reached" in self.message

    @property
    def too_long(self) -> bool:
        """Return whether prompt and answer are longer than the model's context."""
        return self.status in (400, 422) and bool(TOO_LONG.search(f"{self.code} {self.message}"))

    def __str__(self) -> str:
        return f"status {self.status}: {self.message}" if self.status else self.message


@dataclass(frozen=True)
class Origin:
    """Where the user named a server, its model and its key: what to change in a sentence."""

    model: str = "--model_name"
    url: str = "--base_url"
    key: str = "OPENAI_API_KEY"


GIVEN_BY_FLAGS = Origin()


def fatal_reason(
    fault: Fault, host: str, model: str, models: list[str], origin: Origin = GIVEN_BY_FLAGS
) -> str | None:
    """Return the sentence that ends the run; None where a further request could succeed.

    It quotes what the server said. `models` are those that the endpoint lists.
    """
    sentence = _fatal_sentence(fault, host, model, models, origin)
    if sentence is None or fault.message == NO_REASON:
        return sentence
    more = len(fault.message) > LONGEST_QUOTE
    return f'{sentence}; it said: "{fault.message[:LONGEST_QUOTE]}{"…" if more else ""}"'


def _fatal_sentence(
    fault: Fault, host: str, model: str, models: list[str], origin: Origin
) -> str | None:
    said = f"{fault.code} {fault.message}"
    if fault.status is not None and 300 <= fault.status < 400:
        return f"{host} redirects requests ({fault.status}): give the new address as {origin.url}"
    if fault.status == 401:
        return f"{host} refuses the key (401): set {origin.key} to one that it accepts"
    if fault.status == 402 or (fault.status in (403, 429) and NO_CREDIT.search(said)):
        return f"{host} says that the account has no credit left ({fault.status}): top it up"
    if fault.status == 403:
        return f"{host} forbids this key the model {model} (403): use another key or {origin.model}"
    if fault.code == "model_not_found" or (
        fault.status in (400, 404, 422) and UNKNOWN_MODEL.search(said)
    ):
        there = f" (it has {', '.join(models[:5])})" if models else ""
        return f"{host} has no model {model}: name one that it has with {origin.model}{there}"
    if fault.status in (404, 405):
        return (
            f"{host} has no chat completions at this address ({fault.status}): "
            f"check {origin.url} (it mostly ends in /v1) and {origin.model}"
        )
    return None


def fault_of_reply(status: int, text: str, headers: Mapping[str, str]) -> Fault:
    """Return the fault of a reply with an error status, whatever its body holds."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Fault(plain_text(text) or NO_REASON, status, retry_after=retry_after(headers))
    return fault_of_error(
        body.get("error", body) if isinstance(body, dict) else body, status, headers
    )


def fault_of_error(error: Any, status: int | None, headers: Mapping[str, str]) -> Fault:
    """Return the fault of an `error` object in OpenAI's form, or in any other."""
    wait = retry_after(headers)
    if not isinstance(error, dict):
        return Fault(plain_text(str(error)) or NO_REASON, status, retry_after=wait)
    message = error.get("message") or error.get("detail") or json.dumps(error)
    code = plain_text(str(error.get("code") or error.get("type") or ""))
    param = plain_text(str(error.get("param") or "")).rpartition(".")[2]
    return Fault(plain_text(str(message)) or NO_REASON, status, code, param, wait)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait by Retry-After-Ms or Retry-After; None where neither is valid.

    Retry-After is a number of seconds or a date. At most LONGEST_WAIT.
    """
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
    """Return the seconds until a date in HTTP's form; nan where the text is no date."""
    try:
        until = parsedate_to_datetime(date)
        # A date without a zone (or with -0000) is one of UTC (RFC 5322).
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return (until - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return math.nan


def plain_text(text: str) -> str:
    """Return one line of at most LONGEST_MESSAGE printable characters, without markup."""
    words = []
    for word in _without_markup(text).split():
        if not word.isprintable():
            word = " ".join("".join(sign if sign.isprintable() else " " for sign in word).split())
        if word:
            words.append(word)
    return " ".join(words)[:LONGEST_MESSAGE]


def _without_markup(text: str) -> str:
    """Return the text without tags, scripts and styles. Takes linear time."""
    first, *pieces = text.split("<")
    kept, hidden = [first], ""
    for piece in pieces:
        tag, closed, rest = piece.partition(">")
        name = (tag[:8].lower().split() or [""])[0]
        if hidden:
            if closed and name == f"/{hidden}":
                hidden = ""
                kept.append(rest)
        elif not closed or not (name[:1].isalpha() or name.startswith(("/", "!", "?"))):
            kept.append(f"<{piece}")  # less than, not a tag
        else:
            hidden = next((element for element in HIDDEN_ELEMENTS if name == element), "")
            kept.append("" if hidden else rest)
    return " ".join(kept)
