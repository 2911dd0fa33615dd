"""The flags of the model and its endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from evolvemcts4rl.flag_groups.declaration import Group, flag
from evolvemcts4rl.flag_groups.kinds import Choice, Text, Texts, Urls
from evolvemcts4rl.flag_groups.number_kinds import Number, WholeNumber
from evolvemcts4rl.flag_groups.role_kinds import BodyFields, Header, Price, Prices

EMBEDDED_MODEL = "smollm2-135m"


@dataclass(frozen=True)
class ModelSettings(Group):
    """The model."""

    model_name: str = flag(
        "gpt-4o",
        Text(),
        f"the chat model; {EMBEDDED_MODEL} is embedded and needs no key and no server",
    )
    base_url: tuple[str, ...] = flag(
        (),
        Urls(),
        "the endpoint's address; several replicas separated by commas",
        shown="OpenAI's",
        free=True,
        metavar="URL",
    )
    temperature: float = flag(0.7, Number(), "sampling temperature")
    top_p: float = flag(0.95, Number(0, 1, over=True), "nucleus sampling")
    max_tokens: int = flag(1024, WholeNumber(1), "tokens of one completion, at most")
    continuation: str = flag(
        "auto",
        Choice(("auto", "chat", "prefill")),
        "how a prefix is continued: as the assistant's own unfinished message, or asked for in "
        "words",
    )
    concurrency: int = flag(64, WholeNumber(1), "requests in flight, at most", free=True)
    timeout: float = flag(600.0, Number(over=True), "seconds that one request may take", free=True)
    max_retries: int = flag(
        5,
        WholeNumber(0),
        "how often a failed request is tried again before its problem is set down as failed",
        free=True,
    )
    token_budget: int | None = flag(
        None,
        WholeNumber(1),
        "tokens to buy over all lives of the run, at most",
        shown="none",
        free=True,
    )
    prices: tuple[Price, ...] | tuple[float, float] | None = flag(
        None,
        Prices(),
        "price of a million tokens in and out, to show the cost in money; where a role has prices "
        "of its own, they follow: 0.15,0.6 judge:2,8",
        shown="none",
        free=True,
        metavar="IN,OUT",
    )
    extra_body: tuple[str, ...] = flag(
        (),
        Texts(BodyFields()),
        'further fields of each request, a JSON object such as {"top_k": 20}: for the model of '
        "--model_name, or for the role before it, as in "
        'judge:{"reasoning_effort": "high"} (policy, writer, judge; judge2 is the second judge)',
        shown="none",
        metavar="JSON",
    )
    header: tuple[str, ...] = flag(
        (),
        Texts(Header()),
        "further headers of each request, NAME=VALUE, with roles as --extra_body has them; they "
        "are written nowhere, so give them again to go on",
        shown="none",
        free=True,
        secret=True,
        metavar="NAME=VALUE",
    )

    def named_roles(self) -> list[tuple[str, str]]:
        """Return each role that --extra_body or --header names, "" for none, after its flag."""
        fields = [("extra_body", BodyFields.read(text)[0]) for text in self.extra_body]
        return fields + [("header", Header.read(text)[0]) for text in self.header]
