"""Read from the settings which model plays which part, and what its requests carry. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.journal import question_key
from evolvemcts4rl.flag_groups.model import ModelSettings
from evolvemcts4rl.flag_groups.role_kinds import (
    JUDGE,
    POLICY,
    WRITER,
    BodyFields,
    Header,
    speaks_of,
    split_model,
)
from evolvemcts4rl.records import Message
from evolvemcts4rl.settings import Settings


@dataclass(frozen=True)
class Role:
    """A part in the run, and the model that plays it. Its repr shows no address and no header."""

    name: str  # "policy", "writer", "judge1", …
    model: str
    flag: str  # that names the model
    urls: tuple[str, ...] = field(default=(), repr=False)  # of its server; () that of the policy
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Tells servers apart that call different models by one name: 0 for the first of them.
    namesake: int = 0

    @property
    def title(self) -> str:
        """Return its model's name, made to differ from that of a namesake elsewhere."""
        return f"{self.model} ({self.name})" if self.namesake else self.model

    def request(
        self,
        settings: ModelSettings,
        messages: list[Message],
        affinity_key: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> ChatRequest:
        """Return the request of these messages, with the key of its completions in the journal."""
        sampling: dict[str, float | int] = {
            "temperature": settings.temperature if temperature is None else temperature,
            "top_p": settings.top_p,
            "max_tokens": settings.max_tokens if max_tokens is None else max_tokens,
        }
        own = self.extra_body
        sampling |= {name: own[name] for name in sampling if name in own}
        context: dict[str, Any] = {"extra_body": dict(own)} if own else {}
        context |= {"namesake": self.namesake} if self.namesake else {}
        key = question_key(self.model, messages, sampling, context)
        return ChatRequest(self.model, messages, sampling, key, affinity_key, self.name, own)


def roles_of(settings: Settings) -> list[Role]:
    """Return all roles of a run: the policy, the writer, and the judges in their order."""
    parts = [(POLICY, settings.model.model_name, "--model_name")]
    writer = settings.evolution.evolve_model
    parts.append(
        (WRITER, writer, "--evolve_model")
        if writer
        else (WRITER, settings.model.model_name, "--model_name")
    )
    for number, judge in enumerate(settings.search.judge_model, 1):
        parts.append((f"{JUDGE}{number}", judge, "--judge_model"))
    roles: list[Role] = []
    for name, text, flag in parts:
        # A model's name may hold an "@", also one that --model_name gives.
        model, urls = (text, ()) if flag == "--model_name" else split_model(text)
        as_policy = flag == "--model_name"
        namesakes = list(dict.fromkeys(role.urls for role in roles if role.model == model))
        roles.append(
            Role(
                name,
                model,
                flag,
                urls,
                _fields_for(settings, name, as_policy),
                _headers_for(settings, name, as_policy),
                namesakes.index(urls) if urls in namesakes else len(namesakes),
            )
        )
    return roles


def without_servers(settings: Settings) -> ModelSettings:
    """Return the model's settings without addresses and headers, which may hold passwords."""
    return replace(settings.model, base_url=(), header=())


def _fields_for(settings: Settings, role: str, as_policy: bool) -> dict[str, Any]:
    """Return the further fields of a role's requests; the closer name wins."""
    read = [BodyFields.read(text) for text in settings.model.extra_body]
    fields: dict[str, Any] = {}
    for closeness in (1, 2, 3):
        for named, more in read:
            if _closeness(named, role, as_policy) == closeness:
                fields |= more
    return fields


def _headers_for(settings: Settings, role: str, as_policy: bool) -> dict[str, str]:
    """Return the further headers of a role's requests, by name in lower case."""
    read = [Header.read(text) for text in settings.model.header]
    headers: dict[str, str] = {}
    for closeness in (1, 2, 3):
        for named, name, value in read:
            if _closeness(named, role, as_policy) == closeness:
                headers[name.lower()] = value
    return headers


def _closeness(named: str, role: str, as_policy: bool) -> int:
    """Return how closely a name, "" for none, is that of a role; 0 where it is of others.

    Without a role, and with that of the policy, whoever is asked by the policy's model is meant.
    """
    if (named or POLICY) == POLICY:
        return int(as_policy)
    closeness = speaks_of(named, role)
    return closeness + 1 if closeness else 0
