"""Comparisons in worker processes: right, cached, limited in time and memory, and gone when the
run is."""

import asyncio
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.answers.workers import MEMORY_LIMIT

pytestmark = pytest.mark.slow
HOSTILE = [
    ("1", "9^{9^{9^{9}}}"),
    ("1", "(10^{10})!"),
    ("1", "((9!)!)!"),
    ("1", r"\frac{1}{" * 100 + "x" + "}" * 100),
    ("1", "{" * 50_000 + "1" + "}" * 50_000),
    ("1", "9" * 100_000),
    ("9" * 100_000, "9" * 99_999),
    (r"\sqrt{" * 50_000, "1"),
    ("x", "(" * 500 + "x" + ")" * 499),
]
# these go past the guards in front of the workers
MONSTROUS = [
    ("7x", r"7^{7^n\cdot 7} + 2^{3^{4}\cdot 99999} + x"),
    ("x+1", r"\int \frac{\sin(x^3+\sqrt{x^5+1})}{x^2+\ln(x^7+3)} dx"),
    ("x", r"(x+1)^{9999} (y+2)^{9999} (x+y+z)^{9999}"),
]


def processes() -> Iterator[tuple[int, int, int]]:
    """Yield the id, the parent and the session of each process that has not ended."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent, _group, session = stat.read_text().rpartition(")")[2].split()[:4]
            if state != "Z":
                yield int(stat.parent.name), int(parent), int(session)


def workers() -> list[int]:
    """Return the grader's processes: children of the server that this process has started."""
    found = list(processes())
    servers = {pid for pid, parent, _ in found if parent == os.getpid()}
    return [pid for pid, parent, _ in found if parent in servers]


def work_of(processes: list[int]) -> int:
    """Return the processor time that processes have taken, in ticks of a hundredth of a second."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in processes]
    return sum(int(user) + int(system) for *_, user, system in (stat[:13] for stat in stats))


@pytest.fixture
def grader() -> Iterator[Grader]:
    grader = Grader(num_workers=1, limit_seconds=1.0)
    yield grader
    grader.close()


def test_answers_are_compared_by_workers_as_in_the_same_process(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.same(r"2\sqrt{3}", r"\sqrt{12}")
        assert not await grader.same(r"2\sqrt{3}", r"\sqrt{6}")
        assert grader.timeouts == 0

    asyncio.run(check())


def test_plain_answers_need_no_worker(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.same("1/2", "0.5")
        assert not await grader.same("13", "3")
        assert await grader.vote(["½", "0.5", r"\frac{1}{2}", "3"]) == ("½", 0.75)
        assert not workers()

    asyncio.run(check())


def test_pair_is_compared_once_however_many_ask_and_its_verdict_is_kept(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.same("x+1", "1+x")
        before = work_of(workers())
        assert all(await asyncio.gather(*(grader.same("x+2", "2+x") for _ in range(5000))))
        assert work_of(workers()) - before < 50  # once takes less than one, 5000 times 300
        grader.close()
        assert await grader.same("2+x", "x+2")
        assert not workers()

    asyncio.run(check())


def test_caller_that_gives_up_takes_nothing_from_the_others(grader: Grader) -> None:
    async def check() -> None:
        first = asyncio.create_task(grader.same("x+2", "2+x"))
        second = asyncio.create_task(grader.same("x+2", "2+x"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second

    asyncio.run(check())


def test_vote_by_workers_counts_equal_forms_together(grader: Grader) -> None:
    answers = [r"\sqrt{12}", r"2\sqrt{3}", r"\sqrt{6}", r"2\sqrt3", "7"]
    assert asyncio.run(grader.vote(answers)) == (r"2\sqrt3", 0.6)
    assert asyncio.run(grader.vote([*answers[:3], r"\sqrt6"])) == (None, 0.5)


@pytest.mark.parametrize(
    ("answers", "winner"),
    [
        (["½", "0.5", r"\frac{1}{2}", "3", "3", "0.5"], ("0.5", 4 / 6)),
        (["1", "2", "1.0", "2", "3"], (None, 2 / 5)),
        ([], (None, 0.0)),
    ],
)
def test_vote_goes_to_the_largest_group_of_equal_forms_unless_tied(
    grader: Grader, answers: list[str], winner: tuple[str | None, float]
) -> None:
    assert asyncio.run(grader.vote(answers)) == winner


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["½", "0.5", "1/2", "3", "3.0", "x", "50%", "50"]), max_size=12),
    st.randoms(),
)
def test_vote_does_not_depend_on_the_order(answers: list[str], rng: random.Random) -> None:
    grader = Grader()  # these answers need no worker
    shuffled = rng.sample(answers, len(answers))
    assert asyncio.run(grader.vote(answers)) == asyncio.run(grader.vote(shuffled))


def test_hostile_answers_cost_neither_the_run_nor_its_memory(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.same("x+1", "1+x")  # the workers are there
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert not any(await asyncio.gather(*(grader.same(*pair) for pair in HOSTILE)))
        verdicts = await asyncio.gather(*(grader.same(*pair) for pair in MONSTROUS))
        assert not any(verdicts)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # kB
        assert 1 <= grader.timeouts <= len(MONSTROUS)  # each ends at its limit, of a second
        assert await grader.same("x+3", "3+x")

    asyncio.run(check())


def test_comparison_that_timed_out_is_never_tried_again(grader: Grader) -> None:
    async def check() -> None:
        hopeless, bomb = "x+1", MONSTROUS[1][1]
        assert not await grader.same(hopeless, bomb)
        assert grader.timeouts == 1
        assert not await grader.same(bomb, hopeless)
        assert (await grader.vote([bomb, bomb, "x+1", "1+x", "1"]))[1] == 0.4
        assert grader.timeouts == 1
        assert await grader.same("x+1", "1+x")  # what met the bomb is none itself
        assert await grader.same("x", "2x-x")

    asyncio.run(check())


def test_worker_has_a_limit_of_memory(grader: Grader) -> None:
    assert asyncio.run(grader.same("x+1", "1+x"))
    assert workers()
    for pid in workers():
        assert resource.prlimit(pid, resource.RLIMIT_AS)[0] == MEMORY_LIMIT


def test_worker_that_is_killed_is_replaced(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.same("x+1", "1+x")
        for pid in workers():
            os.kill(pid, signal.SIGKILL)
        assert all(await asyncio.gather(*(grader.same(f"x+{n}", f"{n}+x") for n in range(2, 400))))

    asyncio.run(check())


def test_closing_lets_nobody_wait(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.same("x+1", "1+x")
        waiting = [
            asyncio.create_task(
                grader.same(
                    "x+1", rf"\int \frac{{\sin(x^3+\sqrt{{x^5+1}})}}{{x^2+\ln(x^7+{n})}} dx"
                )
            )
            for n in range(1000)
        ]
        await asyncio.sleep(0.3)
        grader.close()
        outcomes = await asyncio.wait_for(
            asyncio.gather(*waiting, return_exceptions=True), timeout=5
        )
        assert all(
            outcome is False or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes
        )

    asyncio.run(check())


def test_closed_grader_leaves_no_process_and_can_start_again(grader: Grader) -> None:
    assert asyncio.run(grader.same("x+1", "1+x"))
    left = workers()
    grader.close()
    assert left
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)
    assert asyncio.run(grader.same("x+4", "4+x"))


BUSY_RUN = """
import asyncio, contextlib
from evolvemcts4rl.answers.grader import Grader

async def main():
    grader = Grader(num_workers=2, limit_seconds=60)
    assert await grader.same("x+1", "1+x")
    integral = r"\\int \\frac{\\sin(x^3+\\sqrt{x^5+1})}{x^2+\\ln(x^7+3)} dx"
    slow = asyncio.create_task(grader.same("x+1", integral))
    await asyncio.sleep(0.5)
    print("busy", flush=True)
    try:
        await slow
    finally:
        grader.close()

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
"""


def processes_of_session(session: int) -> list[int]:
    return [pid for pid, _, its_session in processes() if its_session == session]


def start_busy_run(tmp_path: Path) -> Popen[bytes]:
    script = tmp_path / "busy_run.py"
    script.write_text(BUSY_RUN)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=env,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"busy\n"
    assert len(processes_of_session(run.pid)) >= 3
    return run


def wait_for_end_of_session(session: int) -> list[int]:
    """The processes that are still there after a while; those are killed."""
    deadline = time.monotonic() + 10
    while (left := processes_of_session(session)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_worker_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    run = start_busy_run(tmp_path)
    run.kill()
    run.communicate()
    assert wait_for_end_of_session(run.pid) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_say_nothing_on_ctrl_c(tmp_path: Path) -> None:
    run = start_busy_run(tmp_path)
    os.killpg(run.pid, signal.SIGINT)
    _, messages = run.communicate(timeout=20)
    assert messages == b""
    assert wait_for_end_of_session(run.pid) == []
