"""The rounds of evolve.py, in a toy world whose writer and voter follow a script; and each rule of
acceptance."""

import asyncio
import random
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from evolve import Evolution
from evolvemcts4rl.errors import BudgetSpent, EndpointError, UserError
from evolvemcts4rl.flag_groups.evolution import MUTATION_GROUPS, MUTATIONS
from evolvemcts4rl.problems.acceptance_rules import (
    read_problem,
    reason_if_leaking_prompt,
    reason_to_refuse,
)
from evolvemcts4rl.problems.novelty import Novelty
from evolvemcts4rl.problems.ordered_map import OrderedMap
from evolvemcts4rl.reasons import Reason, ReasonCode, Status
from evolvemcts4rl.records import Completion, Problem
from evolvemcts4rl.settings import FLAGS, Settings


def invented(question_id: str) -> str:
    """A problem that is like that of no other id: its words are made of the id alone."""
    rng = random.Random(question_id)
    words = ["".join(rng.choices("abcdefghij", k=6)) for _ in range(12)]
    return f"{' '.join(words)} has {rng.randrange(90)}. How many {words[0]}?"


async def nothing(question_id: str) -> None:
    """Do nothing before a problem is written or voted on."""


class ToyWriter:
    """Writes a problem of its own; what it says instead for a question id stands in `script`.

    `before` is awaited with the question id before each.
    """

    def __init__(
        self,
        script: Mapping[str, str | Completion | Exception] | None = None,
        delay: Callable[[], float] = lambda: 0.0,
        before: Callable[[str], Awaitable[None]] = nothing,
    ) -> None:
        self.script, self.delay, self.before = script or {}, delay, before
        self.asked: list[tuple[str, list[dict[str, str]]]] = []
        self.running = self.most = 0

    async def complete(
        self, messages: list[dict[str, str]], n: int, *, affinity_key: str = ""
    ) -> list[Completion]:
        assert n == 1
        self.asked.append((affinity_key, messages))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.before(affinity_key)
            await asyncio.sleep(self.delay())
        finally:
            self.running -= 1
        said = self.script.get(affinity_key, invented(affinity_key))
        if isinstance(said, Exception):
            raise said
        return [
            said
            if isinstance(said, Completion)
            else Completion(f"<problem>{said}</problem>", "stop")
        ]


class ToyVoter:
    """Answers 7 to everything.

    `dropped` has the ids of thin majorities, `failing` those whose endpoint fails; `before` is
    awaited with the question id before each vote.
    """

    def __init__(
        self,
        dropped: Collection[str] = (),
        failing: Collection[str] = (),
        delay: Callable[[], float] = lambda: 0.0,
        before: Callable[[str], Awaitable[None]] = nothing,
    ) -> None:
        self.dropped, self.failing, self.delay, self.before = dropped, failing, delay, before
        self.asked: list[str] = []

    async def vote(self, problem: Problem) -> Problem:
        self.asked.append(problem.question_id)
        await self.before(problem.question_id)
        await asyncio.sleep(self.delay())
        if problem.question_id in self.failing:
            raise EndpointError("no answer from the endpoint")
        if problem.question_id in self.dropped:
            return replace(
                problem,
                status=Status.DROPPED,
                agreement=0.2,
                reason=Reason(ReasonCode.THIN_MAJORITY, "it is thin"),
            )
        return replace(problem, final_answer="7", agreement=0.9, solve_rate=0.9)


def seed(number: int, answer: str | None = "5") -> Problem:
    return Problem(f"{number:06d}", invented(f"{number:06d}"), answer)


def run(
    seeds: Iterable[Problem] | AsyncIterable[Problem],
    writer: ToyWriter | None = None,
    voter: ToyVoter | None = None,
    done: dict[str, Problem] | None = None,
    reopened: dict[str, Problem] | None = None,
    test_texts: Sequence[str] = (),
    **flags: Any,
) -> list[Problem]:
    """The problems in order of their rounds and ids, whenever they were given."""

    async def collect() -> list[Problem]:
        settings = Settings.of(seed_file="seeds.jsonl", **{"concurrency": 4, **flags})
        evolution = Evolution(
            settings,
            writer or ToyWriter(),
            voter or ToyVoter(),
            Novelty(test_texts),
            done or {},
            reopened or {},
        )
        async with aclosing(evolution.problems(seeds)) as problems:
            return [problem async for problem in problems]

    return sorted(
        asyncio.run(asyncio.wait_for(collect(), 10)),
        key=lambda problem: (problem.round, problem.question_id),
    )


def why(problem: Problem) -> str | None:
    """Return the sentence that says why it ended so."""
    return None if problem.reason is None else str(problem.reason)


def statuses(problems: list[Problem]) -> dict[str, Status]:
    return {problem.question_id: problem.status for problem in problems}


def test_three_rounds_carry_their_lineage() -> None:
    problems = run([seed(0), seed(1)], evolve_rounds=3)
    assert [(p.question_id, p.parent_id, p.round, p.status) for p in problems] == [
        ("000000", None, 0, "accepted"),
        ("000001", None, 0, "accepted"),
        ("000000-r1", "000000", 1, "accepted"),
        ("000001-r1", "000001", 1, "accepted"),
        ("000000-r2", "000000-r1", 2, "accepted"),
        ("000001-r2", "000001-r1", 2, "accepted"),
        ("000000-r3", "000000-r2", 3, "accepted"),
        ("000001-r3", "000001-r2", 3, "accepted"),
    ]
    assert all(p.mutation in MUTATIONS for p in problems[2:])
    assert {p.mutation for p in problems[:2]} == {"identity"}


def test_evolved_problem_never_inherits_its_parents_answer() -> None:
    problems = run([seed(0, answer="5")])
    assert [(p.question_id, p.final_answer) for p in problems] == [
        ("000000", "5"),
        ("000000-r1", "7"),
    ]


def test_seed_without_answer_is_voted_and_dropped_when_thin_before_it_is_evolved() -> None:
    voter = ToyVoter(dropped={"000001"})
    problems = run([seed(0, None), seed(1, None), seed(2)], voter=voter)
    assert statuses(problems) == {
        "000000": "accepted",
        "000001": "dropped",
        "000002": "accepted",
        "000000-r1": "accepted",
        "000002-r1": "accepted",
    }
    assert problems[0].final_answer == "7"
    assert "000002" not in voter.asked


def test_no_rounds_gives_the_seeds_alone() -> None:
    assert statuses(run([seed(0)], evolve_rounds=0)) == {"000000": "accepted"}


def test_refused_and_failed_children_are_given_once_and_have_no_children() -> None:
    writer = ToyWriter(
        {
            "000000-r1": "I'm sorry, I can't help with that.",
            "000001-r1": EndpointError("no answer from the endpoint"),
            "000002-r1": Completion("<problem>How many", "length"),
        }
    )
    problems = run(
        [seed(n) for n in range(5)],
        writer,
        ToyVoter(dropped={"000003-r1"}, failing={"000004-r1"}),
        evolve_rounds=2,
    )
    children = [p for p in problems if p.round]
    assert [(p.question_id, p.status, why(p)) for p in children] == [
        ("000000-r1", "refused", "the model refused to write one"),
        ("000001-r1", "failed", "no answer from the endpoint"),
        ("000002-r1", "refused", "the reply is not whole (length)"),
        ("000003-r1", "dropped", "it is thin"),
        ("000004-r1", "failed", "no answer from the endpoint"),
    ]


def test_refused_problem_is_not_voted_on() -> None:
    voter = ToyVoter()
    run([seed(0)], ToyWriter({"000000-r1": "I'm sorry, I can't."}), voter)
    assert voter.asked == []


def test_near_duplicates_are_refused_against_seeds_and_evolved_of_all_rounds() -> None:
    text = "A red kite costs 12 dollars and a blue one costs 9. How much do both kites cost?"
    script = {
        "000000-r1": text,
        "000001-r1": text.replace("12", "14"),
        "000002-r1": seed(4).question,
        "000003-r2": text.upper(),
    }
    problems = run([seed(n) for n in range(5)], ToyWriter(script), evolve_rounds=2)
    refused = {p.question_id: why(p) for p in problems if p.status == "refused"}
    assert refused == {
        "000001-r1": "it is equal or nearly equal to problem 000000-r1",
        "000002-r1": "it is equal or nearly equal to problem 000004",
        "000003-r2": "it is equal or nearly equal to problem 000000-r1",
    }


def without_code(problem: Problem) -> Problem:
    """Return the problem as a run reads it that an older version began."""
    row = problem.to_json()
    del row["reason_code"]
    return Problem.from_json(row)


@pytest.mark.parametrize(
    "read_again", [lambda problem: problem, without_code], ids=["with codes", "without codes"]
)
def test_near_duplicates_of_an_earlier_life_are_found_again_as_in_one_life(
    read_again: Callable[[Problem], Problem],
) -> None:
    def changed(question: str, *places: int) -> str:
        words = question.split()
        for place in places:
            words[place] += "x"
        return " ".join(words)

    known = " ".join(f"{first}{second}" for first in "abcdef" for second in "ghijk") + " ?"
    near = changed(known, 3, 11, 19, 27)
    seeds = [*(seed(n) for n in range(3)), Problem("000003", known, "5")]
    script = {
        "000000-r1": near + " 5",
        "000001-r1": changed(near, 4, 12, 21),
        "000002-r1": near + " 7",
    }
    whole = run(seeds, ToyWriter(script))
    reasons = {p.question_id: why(p) for p in whole if p.question_id in script}
    assert reasons == {
        "000000-r1": "it is equal or nearly equal to problem 000003",
        "000001-r1": None,
        "000002-r1": "it is equal or nearly equal to problem 000003",
    }
    earlier = whole[: [p.question_id for p in whole].index("000001-r1")]
    done = {p.question_id: read_again(p) for p in earlier}
    assert run(seeds, ToyWriter(script), done=done) == [
        p for p in whole if p.question_id not in done
    ]


def test_child_that_changes_only_its_parents_numbers_is_refused() -> None:
    problems = run([seed(3)], ToyWriter({"000003-r1": re.sub(r"\d+", "91", seed(3).question)}))
    assert why(problems[1]) == "it is equal or nearly equal to its parent"


def test_seed_and_child_that_overlap_a_test_set_are_refused() -> None:
    leak = "Nora walks 3 km to the lake and 4 km back by another way. How far does she walk?"
    bad_seed = Problem("000009", "Find out: " + leak, "7")
    problems = run([seed(0), bad_seed], ToyWriter({"000000-r1": leak}), test_texts=[leak])
    reason = "it overlaps a text of the --decontaminate files"
    assert [(p.question_id, why(p)) for p in problems] == [
        ("000000", None),
        ("000009", reason),
        ("000000-r1", reason),
    ]


@pytest.mark.parametrize("shuffle", range(6))
def test_result_is_the_same_whatever_order_the_replies_come_in(shuffle: int) -> None:
    same = "A long rope is cut into 4 equal pieces of 3 meters. How long was the rope?"
    script = {f"{n:06d}-r{r}": same for n, r in ((2, 1), (5, 1), (1, 2), (7, 2))} | {
        "000003-r1": "No."
    }
    seeds = [seed(n, None if n % 3 else "5") for n in range(9)]

    def once(delay: Callable[[], float]) -> list[Problem]:
        voter = ToyVoter(dropped={"000004", "000006-r1"}, failing={"000008-r1"}, delay=delay)
        return run(seeds, ToyWriter(script, delay), voter, evolve_rounds=3)

    rng = random.Random(shuffle)
    assert once(lambda: rng.random() * 0.02) == once(lambda: 0.0)


@pytest.mark.slow
def test_run_goes_on_from_what_was_done_without_asking_again() -> None:
    seeds = [seed(n, None if n == 1 else "5") for n in range(6)]
    text = "A long rope is cut into 4 equal pieces of 3 meters. How long was the rope?"
    script = {"000001-r1": text, "000004-r1": text, "000005-r2": text}
    whole = run(seeds, ToyWriter(script), evolve_rounds=2)
    rng = random.Random(0)
    for _ in range(30):
        finished = [p for p in whole if rng.random() < 0.5]
        done = {
            p.question_id: replace(p, status=Status.SEARCHED) if p.status == "accepted" else p
            for p in finished
        }
        writer, voter = ToyWriter(script), ToyVoter()
        assert run(seeds, writer, voter, done=done, evolve_rounds=2) == [
            p for p in whole if p not in finished
        ]
        assert not {affinity_key for affinity_key, _ in writer.asked} & set(done)
        assert not set(voter.asked) & set(done)


def test_a_slow_vote_holds_up_no_other_problem() -> None:
    async def main() -> list[str]:
        slow = asyncio.Event()

        async def wait(question_id: str) -> None:
            if question_id == "000001":
                await slow.wait()

        evolution = Evolution(
            Settings.of(seed_file="s", concurrency=4, evolve_rounds=0),
            ToyWriter(),
            ToyVoter(before=wait),
            Novelty(),
        )
        async with aclosing(evolution.problems([seed(n, None) for n in range(30)])) as problems:
            got = [(await asyncio.wait_for(anext(problems), 5)).question_id for _ in range(29)]
            slow.set()
            return [*got, (await anext(problems)).question_id]

    got = asyncio.run(main())
    assert got[-1] == "000001"
    assert sorted(got) == [f"{n:06d}" for n in range(30)]


def test_a_child_that_is_tried_again_has_to_be_different_from_those_accepted_without_it() -> None:
    seeds = [seed(n) for n in range(2)]
    text = "A long rope is cut into 4 equal pieces of 3 meters. How long was the rope?"
    first = run(seeds, ToyWriter({"000000-r1": EndpointError("down"), "000001-r1": text}))
    assert [problem.status for problem in first] == ["accepted", "accepted", "failed", "accepted"]
    done = {problem.question_id: problem for problem in first if problem.status != "failed"}
    (again,) = run(seeds, ToyWriter({"000000-r1": text}), done=done)
    assert (again.question_id, again.status) == ("000000-r1", "refused")
    assert str(again.reason).endswith("problem 000001-r1")


ROPE = "A long rope is cut into 4 equal pieces of 3 meters. How long was the rope?"


def test_a_child_stays_accepted_where_a_seed_that_is_nearly_equal_is_appended() -> None:
    first = run([seed(0)], ToyWriter({"000000-r1": ROPE}))
    seeds = [seed(0), Problem("000001", ROPE.replace("3", "5"), "20")]
    done = {problem.question_id: problem for problem in first}
    grown = run(seeds, done=done)
    assert statuses(grown) == {"000001": "accepted", "000001-r1": "accepted"}
    child = replace(first[1], status=Status.OPEN, final_answer=None)
    writer, voter = ToyWriter(), ToyVoter()
    again = run(seeds, writer, voter, reopened={child.question_id: child})
    assert statuses(again)["000000-r1"] == "accepted"
    assert voter.asked == ["000000-r1", "000001-r1"]
    assert [asked for asked, _ in writer.asked] == ["000001-r1"]


@pytest.mark.parametrize("kept", ["done", "reopened"])
def test_children_of_appended_seeds_differ_from_those_of_all_rounds_that_are_there(
    kept: str,
) -> None:
    first = run([seed(0)], ToyWriter({"000000-r2": ROPE}), evolve_rounds=2)
    there = {p.question_id: p for p in first}
    if kept == "reopened":
        there = {i: replace(p, status=Status.OPEN) for i, p in there.items() if p.round}
    script = {"000001-r1": ROPE.replace("3", "5")}
    done, reopened = (there, None) if kept == "done" else (None, there)
    grown = run(
        [seed(0), seed(1)], ToyWriter(script), done=done, reopened=reopened, evolve_rounds=2
    )
    (child,) = (p for p in grown if p.question_id == "000001-r1")
    assert str(child.reason) == "it is equal or nearly equal to problem 000000-r2"


def test_next_round_starts_while_the_last_one_is_still_voting() -> None:
    async def first_children() -> set[str]:
        writer = ToyWriter()
        evolution = Evolution(
            Settings.of(seed_file="s", concurrency=4, evolve_rounds=2),
            writer,
            ToyVoter(),
            Novelty(),
        )
        async with aclosing(evolution.problems(seed(n) for n in range(13))) as problems:
            async for problem in problems:
                if problem.question_id == "000005-r1":
                    await asyncio.sleep(0.01)
                    return {affinity_key for affinity_key, _ in writer.asked}
        return set()

    assert "000000-r2" in asyncio.run(first_children())


def test_a_hundred_thousand_seeds_are_read_no_faster_than_taken() -> None:
    taken = []

    def seeds() -> Iterator[Problem]:
        for number in range(100_000):
            taken.append(number)
            yield seed(number)

    async def first_ten() -> tuple[list[str], int]:
        writer = ToyWriter()
        evolution = Evolution(
            Settings.of(seed_file="s", concurrency=8), writer, ToyVoter(), Novelty()
        )
        async with aclosing(evolution.problems(seeds())) as problems:
            got = [(await anext(problems)).question_id for _ in range(10)]
            return got, len(asyncio.all_tasks())

    got, tasks = asyncio.run(first_ten())
    assert got == [f"{n:06d}" for n in range(10)]
    assert len(taken) <= 10 + 8 + 8 + 1  # a window of calls, and as many problems that are ready
    assert tasks < 40


def test_no_more_requests_than_the_window_run_at_once() -> None:
    writer = ToyWriter(delay=lambda: 0.001)
    run([seed(n) for n in range(13)], writer, concurrency=3)
    assert writer.most == 3


@pytest.mark.parametrize(
    "error", [UserError("the key is wrong."), BudgetSpent("spent"), asyncio.CancelledError()]
)
@pytest.mark.parametrize("where", ["writer", "voter"])
def test_error_that_ends_the_run_cancels_all_tasks_and_is_raised(
    error: BaseException, where: str
) -> None:
    async def main() -> int:
        async def fail(question_id: str) -> None:
            await asyncio.sleep(0.02)
            raise error

        writer = ToyWriter(delay=lambda: 0.01, before=fail if where == "writer" else nothing)
        voter = ToyVoter(delay=lambda: 0.01, before=fail if where == "voter" else nothing)
        evolution = Evolution(
            Settings.of(seed_file="s", concurrency=4, evolve_rounds=2), writer, voter, Novelty()
        )
        with pytest.raises(type(error)):
            async for _ in evolution.problems([seed(n) for n in range(13)]):
                pass
        return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("where", ["writer", "voter"])
def test_error_that_ends_the_run_is_raised_whatever_else_is_under_way(where: str) -> None:
    for number in range(20):
        rng = random.Random(number)
        last = f"{rng.randrange(60):06d}-r1"

        async def spend(question_id: str, last: str = last) -> None:
            if question_id == last:
                raise BudgetSpent("spent")

        def delay(rng: random.Random = rng) -> float:
            return rng.choice([0, 0, 0.0005, 0.002])

        script = {last: BudgetSpent("spent")} if where == "writer" else {}
        writer = ToyWriter(script, delay)
        voter = ToyVoter(before=spend if where == "voter" else nothing)
        seeds = [seed(n, None if rng.random() < 0.5 else "5") for n in range(60)]
        with pytest.raises(BudgetSpent):
            run(seeds, writer, voter, concurrency=rng.choice([1, 4, 16]), evolve_rounds=2)


def test_taking_no_more_problems_ends_all_tasks() -> None:
    async def main() -> int:
        evolution = Evolution(
            Settings.of(seed_file="s", concurrency=4),
            ToyWriter(delay=lambda: 5),
            ToyVoter(),
            Novelty(),
        )
        async with aclosing(evolution.problems([seed(n) for n in range(13)])) as problems:
            await anext(problems)
            await asyncio.sleep(0.01)
        return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1


def test_seeds_may_come_from_an_async_iterator() -> None:
    async def seeds() -> AsyncIterator[Problem]:
        for number in range(3):
            await asyncio.sleep(0)
            yield seed(number)

    assert run(seeds()) == run([seed(n) for n in range(3)])


def test_ordered_map_raises_the_sources_own_error() -> None:
    async def source() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("torn")

    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    async def main() -> list[int]:
        return [result async for result in OrderedMap(double, source(), 4)]

    with pytest.raises(ValueError, match="torn"):
        asyncio.run(main())


# The mutations


@pytest.mark.slow
def test_mutations_follow_their_weights_and_the_random_seed() -> None:
    seeds = [seed(n) for n in range(400)]
    flags = {"mutations": FLAGS["mutations"].kind.parse("deepen:3,simplify"), "concurrency": 64}

    def drawn(**more: Any) -> list[str]:
        return [p.mutation for p in run(seeds, **flags, **more) if p.round]

    first = drawn()
    assert first == drawn()
    assert first != drawn(random_seed=1)
    assert set(first) == {"deepen", "simplify"}
    assert 260 < first.count("deepen") < 340


def test_language_reaches_the_prompt() -> None:
    writer = ToyWriter()
    run([seed(0)], writer, language="French")
    assert "Write the new problem in French." in writer.asked[0][1][-1]["content"]


def test_mutations_are_parsed_with_weights_and_groups() -> None:
    assert FLAGS["mutations"].kind.parse("deepen, simplify:2") == (
        ("deepen", 1.0),
        ("simplify", 2.0),
    )
    assert FLAGS["mutations"].kind.parse("breadth:3,downward") == (
        ("simplify", 1.0),
        ("switch_topic", 1.5),
        ("fresh_start", 1.5),
    )
    assert FLAGS["mutations"].kind.parse("simplify,deepen:0") == (("simplify", 1.0),)
    assert sorted(name for group in MUTATION_GROUPS.values() for name in group) == sorted(MUTATIONS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("deepn", "there is no 'deepn'; there are add_constraints, deepen,"),
        ("", "there is no ''"),
        ("deepen:x", "the weight of deepen must be a number from 0 up, not 'x'"),
        ("deepen:-1", "the weight of deepen"),
        ("deepen:nan", "the weight of deepen"),
        ("deepen:", "the weight of deepen"),
        ("deepen:0", "at least one of the mutations needs a weight"),
    ],
)
def test_impossible_mutations_are_one_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FLAGS["mutations"].kind.parse(text)


# What is read from a reply, and what is refused

PROBLEM = (
    "A tank holds 40 liters and loses 3 liters an hour. After how many hours are 10 liters left?"
)


@pytest.mark.parametrize(
    "reply",
    [
        f"<problem>{PROBLEM}</problem>",
        f"Let me think.\n<problem>\n{PROBLEM}\n</problem>\nThis is harder because…",
        f"<problem>A draft.</problem> Better: <PROBLEM>{PROBLEM}</PROBLEM>",
        f"<problem>\n{PROBLEM}",
        f"{PROBLEM}\n</problem>",
        PROBLEM,
        f"Here is the new problem:\n\n{PROBLEM}",
        f"Sure! Here's a harder version of it: {PROBLEM}",
        f"**New Problem:**\n{PROBLEM}",
        f"**New problem**: {PROBLEM}",
        f"### Problem:\n\n{PROBLEM}",
        f"Certainly! Here is one:\n\n**Problem:** {PROBLEM}",
        f'"{PROBLEM}"',
        f"```\n{PROBLEM}\n```",
    ],
)
def test_problem_is_found_in_the_reply(reply: str) -> None:
    assert read_problem(reply) == PROBLEM


@pytest.mark.parametrize(
    "text",
    [
        "Here is a ratio 3:4 of red to blue. How many?",
        "Problem solving takes Ann 3 h. How long?",
        '"A" is 3. Is "B"?',
    ],
)
def test_reading_leaves_a_plain_problem_as_it_is(text: str) -> None:
    assert read_problem(text) == text


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("", "no problem in it"),
        ("...", "no problem in it"),
        ("I'm sorry, but I can't help with that.", "refused"),
        ("I cannot create such a problem.", "refused"),
        ("As an AI language model, I do not own apples.", "refused"),
        ("#Given Problem# Tom has 3 pens. How many?", "speaks of the rewriting"),
        ("<problem> Tom has 3 pens. How many?", "speaks of the rewriting"),
        ("The rewritten problem is: Tom has 3 pens. How many?", "speaks of the rewriting"),
        ("How many {{question}} are there?", "speaks of the rewriting"),
        ("How many pens are there? " + "Count all of the pens. " * 150, "longer than"),
        ("What is 3 + 4? The result is \\boxed{7}", "carries its own solution"),
        ("How many are left?\n\nSolution: subtract.", "carries its own solution"),
        ("How many are left?\n**Answer:** 7", "carries its own solution"),
        ("How many are left? The answer is 7.", "carries its own solution"),
        ("How many are left?\nStep 1: subtract 3 from 8.", "carries its own solution"),
        ("How many are left? Hint: subtract.", "carries its own solution"),
        ("Tom has 8 - 3 = 5 apples. How many apples are left?", "carries its own solution"),
        ("7 days * 6 pages = 42 pages. How many pages does she read?", "carries its own solution"),
        ("Prove that the sum of two odd integers is even.", "asks for a proof"),
        ("Show that 7 divides n.", "asks for a proof"),
        ("Explain why the number of the pens is odd.", "asks for a proof"),
        ("How many pens are there? How many are red?", "several questions"),
        ("Let n = 12.\n(a) Find its divisors.\n(b) Find their sum.", "several questions"),
        ("For n = 12: (a) Compute its square. (b) Compute its cube.", "several questions"),
        ("1. What is 3 + 4\n2. What is 5 + 6", "several questions"),
        ("Tom has 8 apples and gives 3 of them away.", "asks for nothing"),
        (
            "How does the answer to the previous problem change with 5 pens?",
            "not self-contained ('previous problem')",
        ),
        ("How many pens are in the problem above?", "not self-contained"),
        ("In the figure, AB = 3 and BC = 4. Find AC.", "not self-contained"),
        ("What is the area of the triangle shown below?", "not self-contained"),
    ],
)
def test_rule_refuses(question: str, says: str) -> None:
    assert says in str(
        reason_to_refuse(question, "parent", [{"role": "user", "content": "parent"}])
    )


@pytest.mark.parametrize(
    "question",
    [
        PROBLEM,
        "Compute $3^4 - 2^5$.",
        "Find the number of integers $n$ with $1 \\le n \\le 100$ such that $n^2 + n = 12k$ "
        "for some integer $k$.",
        "Let $f(3) = 7$ and $3 * 4 = 19$ for an operation $*$. Find $f(3 * 4)$.",
        "If x + 4 + 3 = 12, what is x?",
        "The graph of $y = x^2$ is shifted 3 to the right. At which y does it meet the y-axis?",
        "Which is largest? (A) 3/4 (B) 5/7 (C) 0.7",
        "An integer is good if\n1. it is even, and\n2. it is less than 20.\n"
        "How many good integers are there?",
        "A shop sells pens at the same price as before. Sam pays 12 dollars for 4 pens. "
        "How much is a pen?",
        "The original price of a coat is 80 dollars. It falls by 25%. "
        "What is the new price in dollars?",
        "Show that you can count: how many primes are below 20?",
        "Sorry to be late, says Ann, who left at 7:10 and walked 25 minutes. When did she arrive?",
        "Ein Zug fährt 120 km in 2 Stunden. Bestimme seine Geschwindigkeit in km/h.",
        "Un train parcourt 120 km en 2 heures. Quelle est sa vitesse en km/h ?",
        "小明有8个苹果，给了小红3个。小明还剩几个苹果？",
        "The table lists pens by color.\n| red | blue |\n|---|---|\n| 3 | 4 |\n"
        "Using the table above, find the number of pens.",
        "The value of $\\frac{3}{4} + x$ is $2$; give x as a fraction. "
        "Express your answer in lowest terms.",
    ],
)
def test_rules_accept(question: str) -> None:
    assert (
        reason_to_refuse(question, "Some parent.", [{"role": "user", "content": "Some parent."}])
        is None
    )


def test_words_and_examples_of_the_prompt_are_a_leak_and_the_parents_are_not() -> None:
    parent = (
        "Tom has 8 apples and gives 3 of them to his old friend Sam on Monday. How many are left?"
    )
    ask = f"{parent}\n\nIt must be self-contained: everything needed to solve it is stated in it."
    assert reason_if_leaking_prompt(
        "Everything needed to solve it is stated in it. What is 3?",
        parent,
        [{"role": "user", "content": ask}],
    )
    child = "On Friday " + parent
    assert reason_if_leaking_prompt(child, parent, [{"role": "user", "content": ask}]) is None
    example = "A hen lays 3 eggs a day for 5 days. How many eggs does it lay?"
    turns = [
        {"role": "assistant", "content": example},
        {"role": "assistant", "content": parent},
        {"role": "user", "content": "Again."},
    ]
    assert reason_if_leaking_prompt(example.replace("3", "4"), parent, turns) == Reason(
        ReasonCode.PROMPT_EXAMPLE
    )
    assert (
        reason_if_leaking_prompt(
            "A hen eats 90 grams of corn a day. How much corn do six hens eat?", parent, turns
        )
        is None
    )
