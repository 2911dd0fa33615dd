"""The second opinion: what the judge is shown, how its reply is read, and where its verdict is
kept."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.errors import EndpointError, Refused
from evolvemcts4rl.labels.judge import first_wrong_step, judge
from evolvemcts4rl.records import Completion, Rollout
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.tree import Node, Tree

Asked = tuple[list[dict[str, str]], int, str, str | None, float | None]
SETTINGS = Settings.of(seed_file="seeds.jsonl", judge_model=("reader",), temperature=0.7)


@dataclass
class Scripted:
    """A chat that answers by the wrong step that the prompt holds, or fails."""

    reply: str | Completion | Exception
    asked: list[Asked] = field(default_factory=list)

    async def complete(
        self,
        messages: list[dict[str, str]],
        n: int,
        *,
        affinity_key: str = "",
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        self.asked.append((messages, n, affinity_key, model, temperature))
        if isinstance(self.reply, Exception):
            raise self.reply
        return [
            self.reply if isinstance(self.reply, Completion) else Completion(self.reply, "stop")
        ]


def grown() -> Tree:
    """A tree with a searched wrong solution, one that was not searched, and a right one."""
    tree = Tree("000000", "What is $2 + \\frac{4}{2}$?", "4")
    for steps, verdict in [
        (("Halve.\n\n", "It is 5."), False),
        (("Guess.",), False),
        (("It is 4.",), True),
    ]:
        path = tree.add(Rollout(steps, verdict), 0)
        path[-1].searched = len(steps) == 2
    return tree


def judged(reply: str | Completion | Exception) -> tuple[list[int | None], list[Asked]]:
    tree, chat = grown(), Scripted(reply)
    asyncio.run(judge(tree, chat, "reader"))
    return [path[-1].judged_error for path in tree.solutions()], chat.asked


def test_only_searched_solutions_are_judged_with_their_steps_numbered() -> None:
    _, asked = judged("\\boxed{1}")
    (((message,), n, affinity_key, model, temperature),) = asked
    assert (n, affinity_key, model, temperature) == (1, "000000", "reader", 0.0)
    assert "<step_0>\nHalve.\n</step_0>\n\n<step_1>\nIt is 5.\n</step_1>" in message["content"]
    assert "What is $2 + \\frac{4}{2}$?" in message["content"]
    assert "{{" not in message["content"]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Step 0 is right.\n\n\\boxed{1}", 1),
        ("\\boxed{-1}", -1),
        ("\\boxed{2}", None),
        ("I like it.", None),
        (Completion("\\boxed{1}", "length"), None),
        (Completion("", "content_filter"), None),
    ],
)
def test_verdict_is_kept_at_the_solutions_end_or_none_where_there_is_none(
    reply: Completion | str, verdict: int | None
) -> None:
    assert judged(reply)[0] == [verdict, None, None]


def test_endpoint_that_fails_is_not_taken_for_a_verdict() -> None:
    with pytest.raises(EndpointError, match="no reply"):
        judged(EndpointError("no reply"))


def test_a_request_that_is_refused_for_good_costs_the_opinion_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert judged(Refused("no system messages"))[0] == [None, None, None]
    assert "no system messages" in caplog.text


REPLIES = {
    "\\boxed{0}": 0,
    "First \\boxed{0}, but no: \\boxed{2}": 2,
    "\\boxed{ -1 }": -1,
    "\\boxed{−1}": -1,
    "\\boxed{\\text{2}}": 2,
    "\\boxed{paragraph 2}": 2,
    "\\boxed{step_1}": 1,
    "**First wrong step: 1**": 1,
    "All is well.\n-1": -1,
    "\\boxed{3}": None,
    "\\boxed{-2}": None,
    "\\boxed{0, 1}": None,
    "\\boxed{}": None,
    "\\boxed{none}": None,
    "\\boxed{1": 1,
    "2 + 2 = 5 is wrong": None,
    "\\boxed{step-1}": 1,
    "The first wrong step is 1.": 1,
    "So it is\n**step 2**": 2,
    "Every step is right, and the answer is 2.": None,
    "All steps are correct, so the total of 2 apples is right.": None,
    "All of 2": None,
    "": None,
    "\n\n": None,
    "\\boxed{" + "9" * 5000 + "}": None,
}


@pytest.mark.parametrize(("reply", "index"), REPLIES.items(), ids=[reply[:20] for reply in REPLIES])
def test_replies_on_and_off_the_format(reply: str, index: int | None) -> None:
    assert first_wrong_step(reply, 3) == index


@given(st.text("\\boxed{}- −0123.\n٣²", max_size=30) | st.text(), st.integers(1, 12))
def test_any_reply_gives_a_step_that_there_is_or_none(reply: str, num_steps: int) -> None:
    assert first_wrong_step(reply, num_steps) in {None, *range(-1, num_steps)}


@given(st.text(), st.integers(1, 50), st.data())
def test_what_is_boxed_last_is_read(before: str, num_steps: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(-1, num_steps - 1))
    assert first_wrong_step(f"{before} so \\boxed{{{index}}}", num_steps) == index


def test_solution_of_one_node_is_judged_too() -> None:
    tree = Tree("000000", "q", "1", Node(children=[Node("2", correct=False, searched=True)]))
    asyncio.run(judge(tree, Scripted("\\boxed{0}"), "reader"))
    assert tree.root.children[0].judged_error == 0
