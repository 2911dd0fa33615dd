"""The kinds of values that speak of roles: MODEL@URL, ROLE:JSON, ROLE:NAME=VALUE, ROLE:IN,OUT.

The roles are the policy, the writer of new problems and the judges: "judge" is all of them,
"judge1" the first.
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evolvemcts4rl.flag_groups.kinds import Several, Text, Texts, Urls
from evolvemcts4rl.flag_groups.number_kinds import Number

POLICY, WRITER, JUDGE = "policy", "writer", "judge"
ROLES_IN_WORDS = f"{POLICY}, {WRITER}, {JUDGE}, or {JUDGE}1 and so on for one of several judges"
# Fields of a request that the program itself must set, with what to do instead.
OWN_FIELDS = {
    "messages": "the prompts make it",
    "model": "--model_name, --evolve_model and --judge_model give it",
    "n": "the number of completions is the search's own",
    "max_completion_tokens": "give max_tokens: it is renamed where a server wants that",
    "stream": "replies are read whole",
}
SAMPLING_FIELDS = {
    "temperature": Number(),
    "top_p": Number(0, 1, over=True),
    "max_tokens": Number(1),
}
# Headers that belong to the connection or to a single request.
OWN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "transfer-encoding",
    }
)
HEADER_SIGNS = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")

# The prices per million tokens in and out of one role, "" for every role without its own.
Price = tuple[str, float, float]


def split_model(text: str) -> tuple[str, tuple[str, ...]]:
    """Return model and addresses of MODEL or MODEL@URL; an "@" may be part of the model's name.

    Raises ValueError where one of the two is missing.
    """
    lowered = text.lower()
    at = max(lowered.rfind("@http://"), lowered.rfind("@https://"))
    if at < 0:
        return text, ()
    if not text[:at]:
        raise ValueError("it must be MODEL or MODEL@URL, with a model before the @")
    return text[:at], Urls().parse(text[at + 1 :])


def is_role(name: str) -> bool:
    """Return whether this is the name of a role."""
    number = name.removeprefix(JUDGE) if name.startswith(JUDGE) else ""
    return name in (POLICY, WRITER, JUDGE) or (number.isascii() and number.isdecimal())


def is_played(named: str, judges: int) -> bool:
    """Return whether a role, "" for none, is there in a run with so many judges."""
    if not named.startswith(JUDGE):
        return True
    roles = [f"{JUDGE}{number}" for number in range(1, judges + 1)]
    return named in roles or (named == JUDGE and judges > 0)


def split_role(text: str, end: str) -> tuple[str, str]:
    """Return the role that a text names before a colon, "" for none, and what comes after it.

    The colon must stand before the first `end`. Raises ValueError for a role that is not there.
    """
    head = text.partition(end)[0]
    role, colon, _ = head.partition(":")
    if not colon:
        return "", text
    if not is_role(role.strip()):
        raise ValueError(f"there is no role {role.strip()!r}; there are {ROLES_IN_WORDS}")
    return role.strip(), text[len(role) + 1 :]


@dataclass(frozen=True)
class ModelAt(Text):
    """A model's name, with the address of its server behind an "@" where it has one of its own."""

    def check(self, value: Any) -> None:
        """Refuse what has no model or an address that is none."""
        super().check(value)
        split_model(value)


@dataclass(frozen=True)
class Models(Several):
    """Some models, each MODEL or MODEL@URL, separated by commas or with the flag repeated.

    A server's further replicas follow its address after commas, as in --base_url.
    """

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the models, each with all of its addresses."""
        found: list[str] = []
        for part in super().parse(text):
            if found and part.lower().startswith(("http://", "https://")):
                found[-1] += f",{part}"
            else:
                found.append(part)
        self.check(found)
        return tuple(found)

    def check(self, value: Any) -> None:
        """Refuse one without a model or with an address that is none, and one named twice."""
        super().check(value)
        for item in value:
            ModelAt().check(item)


@dataclass(frozen=True)
class BodyFields(Text):
    """A JSON object of further fields for the requests of one role: ROLE:JSON, or JSON alone."""

    def parse(self, text: str) -> str:
        """Return the text with the JSON in one form, so that blanks make no other run."""
        role, fields = self.read(text)
        return (f"{role}:" if role else "") + json.dumps(
            fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    def check(self, value: Any) -> None:
        """Refuse what is no JSON object, and fields that the program itself sets."""
        super().check(value)
        self.read(value)

    @staticmethod
    def read(text: str) -> tuple[str, dict[str, Any]]:
        """Return the role, "" for none, and the fields. Raises ValueError."""
        role, rest = split_role(text, "{")
        try:
            fields = json.loads(rest, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            raise ValueError(
                'it must be a JSON object such as {"top_k": 20}, or ROLE: and one, not '
                f"{text if len(text) < 100 else text[:100] + '…'}"
            )
        for name in fields:
            if name in OWN_FIELDS:
                raise ValueError(f"it must not set {name!r}: {OWN_FIELDS[name]}")
        for name, kind in SAMPLING_FIELDS.items():
            if name in fields:
                _check_sampling(name, kind, fields[name])
        return role, fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _check_sampling(name: str, kind: Number, value: Any) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or (name == "max_tokens" and not isinstance(value, int)):
        raise ValueError(f"its {name} must be a number, not {value!r}")
    try:
        kind.check(value)
    except ValueError as error:
        raise ValueError(f"its {name}: {error}") from None


@dataclass(frozen=True)
class Header(Text):
    """A header for the requests of one role: ROLE:NAME=VALUE, or NAME=VALUE.

    No error quotes it, since its value may be a secret.
    """

    def check(self, value: Any) -> None:
        """Refuse what is no header, and headers that the program itself sets."""
        if not isinstance(value, str):
            raise ValueError("it must be a text of the form NAME=VALUE")
        self.read(value)

    @staticmethod
    def read(text: str) -> tuple[str, str, str]:
        """Return the role, "" for none, the header's name and its value. Raises ValueError."""
        if "=" not in text:
            raise ValueError("it must be NAME=VALUE, or ROLE:NAME=VALUE")
        role, rest = split_role(text, "=")
        name, _, value = rest.partition("=")
        if not name or not HEADER_SIGNS.issuperset(name):
            raise ValueError("it must be NAME=VALUE, and its NAME has a character that none has")
        if not value.strip() or not value.isascii() or not value.isprintable():
            raise ValueError(f"the value of {name} is empty or has a character that none has")
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"it must not set {name}, which the request itself sets")
        return role, name, value.strip()


@dataclass(frozen=True)
class Prices(Texts):
    """The price of a million tokens in and of a million tokens out: IN,OUT or ROLE:IN,OUT.

    Several words, one for each role that has its own.
    """

    def parse(self, text: str) -> Price:
        """Return the role, "" where none is named, and the two prices."""
        role, rest = split_role(text, ",")
        parts = rest.split(",")
        if len(parts) != 2:
            raise ValueError(f"it must be two numbers, in,out, per million tokens, not {text}")
        return role, Number().parse(parts[0]), Number().parse(parts[1])

    def check(self, value: Any) -> None:
        """Refuse all but two numbers from 0 up, or several such pairs each with its role."""
        if not isinstance(value, (list, tuple)) or not _entries(value):
            raise ValueError(f"it must be two numbers, in,out, per million tokens, not {value}")
        for role, *prices in _entries(value):
            if role and not is_role(role):
                raise ValueError(f"there is no role {role!r}; there are {ROLES_IN_WORDS}")
            for price in prices:
                Number().check(price)


def _entries(value: Sequence[Any]) -> list[Price]:
    """Return the prices of each role; a bare pair is that of every role. Empty if it is neither."""
    if len(value) == 2 and not any(isinstance(part, (list, tuple)) for part in value):
        return [("", *value)]
    if all(
        isinstance(part, (list, tuple)) and len(part) == 3 and isinstance(part[0], str)
        for part in value
    ):
        return [(part[0], part[1], part[2]) for part in value]
    return []


def speaks_of(named: str, role: str) -> int:
    """Return how closely a name is that of a role: 0 not at all, 1 by "judge", 2 exactly."""
    if named == role:
        return 2
    return int(named == JUDGE and role.startswith(JUDGE))


def price_of(prices: Sequence[Any] | None, role: str) -> tuple[float, float] | None:
    """Return the prices of a role: its own, or those that are given for every role."""
    fitting = [
        entry for entry in _entries(prices or ()) if not entry[0] or speaks_of(entry[0], role)
    ]
    if not fitting:
        return None
    _, tokens_in, tokens_out = max(fitting, key=lambda entry: speaks_of(entry[0], role))
    return tokens_in, tokens_out
