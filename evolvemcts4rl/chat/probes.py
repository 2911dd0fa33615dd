"""Find out, with one tiny completion of each model, whether a run can begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evolvemcts4rl.chat.budget import Budget
from evolvemcts4rl.chat.dialect import ChatRequest
from evolvemcts4rl.chat.endpoint import Endpoint
from evolvemcts4rl.chat.roles import Role
from evolvemcts4rl.errors import EndpointError, UserError
from evolvemcts4rl.flag_groups.prompts import PromptSettings
from evolvemcts4rl.prompts import after_system_prompt
from evolvemcts4rl.records import THINK, Message

THOUGHT: Message = {"role": "assistant", "content": f"{THINK}\nI shall say OK.\n\n"}


def probe_messages(told: PromptSettings) -> list[Message]:
    """Return the messages that every model answers, with the system message of all requests."""
    return after_system_prompt([{"role": "user", "content": "Say OK."}], told)


@dataclass(frozen=True)
class Probes:
    """The probes of a run: of every model, and with `thoughts` of going on inside a thought."""

    roles: Sequence[Role]  # the policy first
    endpoints: Mapping[str, Endpoint]  # by role
    thoughts: bool

    def price(self, budget: Budget) -> int:
        """Return the most tokens that the probes can cost."""
        probes = [
            self.endpoints[role.name].probe_request(role.name) for role in self._distinct_roles
        ]
        if self.thoughts:
            probes.append(self._of_thought)
        return sum(budget.price(probe, 1) for probe in probes)

    async def buy(self, prefill: bool) -> None:
        """Buy the probes; raise UserError where one brings no completion.

        Only where the policy's endpoint shall `prefill`, a thought is gone on with inside.
        """
        for role in self._distinct_roles:
            endpoint = self.endpoints[role.name]
            try:
                await endpoint.request(endpoint.probe_request(role.name), 0, 1)
            except EndpointError as error:
                raise UserError(
                    f"the endpoint gives no completion, so nothing was begun: {error}"
                ) from None
        if self.thoughts and prefill:
            try:
                await self.endpoints[self.roles[0].name].request(self._of_thought, 0, 1)
            except EndpointError as error:
                told = "the server goes on inside no thought, as --label_thoughts needs it"
                way_out = "take a newer server, or --continuation chat"
                raise UserError(f"{told}: {way_out} ({error})") from None

    @property
    def _of_thought(self) -> ChatRequest:
        policy = self.roles[0].name
        return self.endpoints[policy].probe_request(policy, THOUGHT)

    @property
    def _distinct_roles(self) -> list[Role]:
        """Return one role for each way in which the models are asked."""
        ways: dict[Any, Role] = {}
        for role in self.roles:
            way = (self.endpoints[role.name], role.model, str(role.extra_body))
            ways.setdefault(way, role)
        return list(ways.values())
