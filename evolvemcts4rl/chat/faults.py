"""What a request without a usable reply means: read from the status, the body and the headers."""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_WAIT = 120.0  # seconds of a Retry-After that are obeyed; a longer one is asked again by then


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
    def is_transient(self) -> bool:
        """Whether the same request may well succeed later."""
        return self.status is None or self.status in (408, 409, 425, 429) or self.status >= 500

    @property
    def is_overload(self) -> bool:
        """Whether the endpoint asks for less at a time."""
        return self.status in (429, 503, 529)

    @property
    def filtered(self) -> bool:
        """Whether a moderation filter refused the prompt: a result without a verdict, not an error."""
        return self.status in (400, 403, 422) and bool(FILTERED.search(f"{self.code} {self.message}"))

    @property
    def is_cut_off(self) -> bool:
        """Whether a reasoning model spent all its tokens before it wrote a word, which OpenAI calls an error."""
        return self.status == 400 and "output limit was reached" in self.message

    @property
    def too_long(self) -> bool:
        """Whether the prompt and the tokens that it may be answered with are more than the model's context holds."""
        return self.status in (400, 422) and bool(TOO_LONG.search(f"{self.code} {self.message}"))

    def __str__(self) -> str:
        return f"status {self.status}: {self.message}" if self.status else self.message


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
        return f"{host} says that the account has no credit left ({fault.status}): top it up"
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
