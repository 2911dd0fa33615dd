"""The second opinion: what the judge is shown, how its reply is read, and where its verdict is
kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.errors import EndpointError, Refused
from evolvemcts4rl.labels.judge import (
    MAX_REASONING,
    first_wrong_step,
    judge,
    solutions_to_judge,
)
from evolvemcts4rl.labels.labelling import keep_supported_reasoning
from evolvemcts4rl.records import Completion, Rollout
from evolvemcts4rl.solutions.judges import Judge
from evolvemcts4rl.tree import Node, Tree

Asked = tuple[list[dict[str, str]], int, str, str, float | None]
Reply = str | Completion | Exception


@dataclass
class Scripted:
    """A chat that answers every judge alike, or by its name, or fails."""

    reply: Reply | dict[str, str]
    judge: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def complete(
        self,
        messages: list[dict[str, str]],
        n: int,
        *,
        affinity_key: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> list[Completion]:
        self.asked.append((messages, n, affinity_key, self.judge, temperature))
        reply = self.reply[self.judge] if isinstance(self.reply, dict) else self.reply
        if isinstance(reply, Exception):
            raise reply
        return [reply if isinstance(reply, Completion) else Completion(reply, "stop", 100, 20)]


def grown() -> Tree:
    """A tree with a searched wrong solution, one without labels, and a right one."""
    tree = Tree("000000", "What is $2 + \\frac{4}{2}$?", "4")
    for steps, verdict in [
        (("Halve.\n\n", "It is 5."), False),
        (("Guess.",), False),
        (("It is 4.",), True),
    ]:
        path = tree.add(Rollout(steps, verdict), 0)
        path[-1].searched = len(steps) == 2
        for node, chance in zip(path, (0.9, 0.2), strict=False):
            node.p_correct = None if len(steps) == 1 and not verdict else chance
    return tree


def judged(
    reply: Reply | dict[str, str], most: int = 8, names: Sequence[str] = ("reader",)
) -> tuple[Tree, list[Asked]]:
    tree, asked = grown(), list[Asked]()
    judges = [Judge(name, Scripted(reply, name, asked), name) for name in names]
    asyncio.run(judge(tree, judges, most))
    return tree, asked


def verdicts(tree: Tree) -> list[dict[str, int] | None]:
    """Return the verdicts at the end of each solution."""
    return [path[-1].judgements for path in tree.solutions()]


def test_searched_and_labelled_solutions_are_judged_with_their_steps_numbered() -> None:
    _, asked = judged("\\boxed{0}")
    ((message,), n, affinity_key, model, temperature) = asked[0]
    assert (n, affinity_key, model, temperature) == (1, "000000", "reader", 0.0)
    assert "<step_0>\nHalve.\n</step_0>\n\n<step_1>\nIt is 5.\n</step_1>" in message["content"]
    assert "What is $2 + \\frac{4}{2}$?" in message["content"]
    assert "{{" not in message["content"]
    ((right,), *_) = asked[1]
    assert "<step_0>\nIt is 4.\n</step_0>" in right["content"]
    assert len(asked) == 2


def test_no_more_solutions_are_judged_than_asked_for_and_the_least_sure_come_first() -> None:
    tree, asked = judged("\\boxed{0}", most=1)
    assert len(asked) == 1
    assert verdicts(tree) == [{"reader": 0}, None, None]


def test_wrong_solutions_that_are_one_row_of_training_data_are_judged_once() -> None:
    tree = grown()
    path = tree.add(Rollout(("Halve.\n\n", "It is 5.", "Or 6."), False), 0)
    path[-2].correct, path[-1].p_correct = None, 0.1
    other = tree.add(Rollout(("Halve.\n\n", "It is 5.", "Or 7."), False), 0)
    other[-1].p_correct = 0.1
    assert [len(path) for path in solutions_to_judge(tree, 8)] == [3, 1]


def test_right_answers_are_judged_also_where_nothing_is_sure_of_them() -> None:
    tree = grown()
    tree.add(Rollout(("Hm.", "It is 4."), True), 0)
    assert [path[0].text for path in solutions_to_judge(tree, 8)] == [
        "Hm.",
        "Halve.\n\n",
        "It is 4.",
    ]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("Step 0 is right.\n\n\\boxed{1}", {"reader": 1}),
        ("\\boxed{-1}", {"reader": -1}),
        ("\\boxed{2}", None),
        ("I like it.", None),
        (Completion("\\boxed{1}", "length"), None),
        (Completion("", "content_filter"), None),
    ],
)
def test_verdict_is_kept_at_the_solutions_end_or_none_where_there_is_none(
    reply: Reply, verdict: dict[str, int] | None
) -> None:
    assert verdicts(judged(reply)[0])[0] == verdict


def test_every_judge_is_asked_and_its_words_and_tokens_are_kept_by_its_name() -> None:
    replies = {"one": "I see it. \\boxed{0}", "two": "No. \\boxed{-1}"}
    tree, asked = judged(replies, names=("two", "one"))
    assert len(asked) == 4
    assert verdicts(tree) == [{"one": 0, "two": -1}, None, {"one": 0, "two": -1}]
    first = next(tree.solutions())[-1]
    assert first.judge_reasoning == replies
    assert tree.judge_tokens == {"one": [200, 40], "two": [200, 40]}


def test_words_without_end_are_not_kept() -> None:
    tree, _ = judged("no " * MAX_REASONING + "\\boxed{0}")
    end = next(tree.solutions())[-1]
    assert (end.judgements, end.judge_reasoning) == ({"reader": 0}, None)


def test_words_are_kept_in_the_end_only_for_verdicts_that_the_labels_support() -> None:
    def kept(chances: list[float], verdict: int) -> dict[str, str] | None:
        nodes = [Node(f"s{i}", p_correct=chance) for i, chance in enumerate(chances)]
        for node, child in pairwise(nodes):
            node.children.append(child)
        nodes[-1].correct, nodes[-1].judgements = False, {"j": verdict}
        nodes[-1].judge_reasoning = {"j": "words"}
        tree = Tree("0", "q", "1", Node(children=nodes[:1]))
        keep_supported_reasoning(tree)
        return nodes[-1].judge_reasoning

    assert kept([0.95, 0.05], 1) == {"j": "words"}
    assert kept([0.95, 0.05], 0) is None
    assert kept([0.7, 0.05], 1) is None  # not sure enough
    assert kept([0.99, 0.9], -1) == {"j": "words"}


def test_endpoint_that_fails_is_not_taken_for_a_verdict() -> None:
    with pytest.raises(EndpointError, match="no reply"):
        judged(EndpointError("no reply"))


def test_a_request_that_is_refused_for_good_costs_the_opinion_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert verdicts(judged(Refused("no system messages"))[0])[0] is None
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
    asyncio.run(judge(tree, [Judge("reader", Scripted("\\boxed{0}"), "reader")], 8))
    assert tree.root.children[0].judgements == {"reader": 0}
