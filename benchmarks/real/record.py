"""Record a model: python benchmarks/real/record.py --base_url URL --model_name NAME OUT.jsonl.gz.

First solutions of every problem of problems.jsonl, then rollouts at every proper prefix of a
choice of the solutions: four at each prefix, then the twelve others. What is bought is kept in
a journal beside OUT: the same command goes on where it was stopped, and OUT is written anew every
few minutes. Where the journal is gone, what OUT holds is not bought again. Prompts, continuation,
steps and verdicts are the tool's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from evolvemcts4rl.answers.grader import Grader
from evolvemcts4rl.chat.client import ChatClient
from evolvemcts4rl.chat.journal import Journal
from evolvemcts4rl.output.jsonl import encode_rows
from evolvemcts4rl.output.recording import Recorder, read_recording, written_whole
from evolvemcts4rl.records import Prefix, Problem, Rollout
from evolvemcts4rl.settings import Settings
from evolvemcts4rl.solutions.solver import Solver

SOLUTIONS, ROLLOUTS = 16, 16
CHOICES = 4  # completions of a first request: a server reads the prefix once for all of them
AT_ONCE = 20  # requests: a few more than a server has slots for, so that none stays empty
WRITE_EVERY = 25  # solutions


def read_problems(path: Path = HERE / "problems.jsonl") -> list[Problem]:
    """Return the problems that are recorded."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Problem(row["question_id"], row["question"], row["final_answer"]) for row in rows]


def recording_settings(base_url: str, model_name: str) -> Settings:
    """Return the settings of a recording."""
    return Settings.of(
        seed_file="problems.jsonl",
        base_url=tuple(base_url.split(",")),
        model_name=model_name,
        temperature=0.7,
        top_p=0.95,
        max_tokens=320,
        num_solutions=SOLUTIONS,
        num_branches=CHOICES,
        concurrency=AT_ONCE,
        timeout=3600.0,
    )


def journal_of(out: Path) -> Path:
    """Return the path of a recording's journal."""
    return out.with_name(out.name.partition(".")[0] + ".sqlite")


def choose(solutions: dict[str, list[Rollout]]) -> Iterator[tuple[str, Prefix]]:
    """Yield solutions of the problems that are solved neither always nor never, each once.

    Right and wrong ones take turns, and so do the problems, so that any beginning of the order is
    a fair choice. A solution of a single step has no prefix and is left out.
    """
    turns: list[tuple[float, str, list[list[Prefix]]]] = []
    for question_id, rollouts in sorted(solutions.items()):
        rng = random.Random(question_id)
        judged = {one.steps: one.verdict for one in rollouts if one.verdict is not None}
        kinds = [[steps for steps in judged if judged[steps] is kind] for kind in (False, True)]
        if all(kinds):
            kinds = [[steps for steps in kind if len(steps) > 1] for kind in kinds]
            for kind in kinds:
                rng.shuffle(kind)
            turns.append((rng.random(), question_id, kinds))
    turns.sort()
    for turn in range(2 * max((len(each) for _, _, kinds in turns for each in kinds), default=0)):
        for place, (_, question_id, kinds) in enumerate(turns):
            kind = kinds[(turn + place) % 2]
            if turn // 2 < len(kind):
                yield question_id, kind[turn // 2]


def proper_prefixes(steps: Prefix) -> list[Prefix]:
    """Return every prefix of a solution but the problem itself and the whole."""
    return [steps[:depth] for depth in range(1, len(steps))]


async def record(out: Path, settings: Settings, most: int, problems: Sequence[Problem]) -> None:
    """Buy what is missing and write the recording; `most` solutions get rollouts."""
    is_new = not journal_of(out).exists()
    journal, grader = Journal(journal_of(out)), Grader()
    chat = ChatClient(settings, journal)
    try:
        await chat.open(probe=False)
        solver = Solver(chat, grader, settings)
        recorder = Recorder(journal, grader, settings, chat.prefill)
        if is_new and out.exists():
            recorder.take_up(problems, read_recording(out))
        print(f"prefixes are continued by {chat.continuation}", flush=True)
        found = await asyncio.gather(*(_first_solutions(solver, one) for one in problems))
        solutions = {
            one.question_id: rollouts for one, rollouts in zip(problems, found, strict=True)
        }
        chosen = list(choose(solutions))[:most]
        print(
            f"{len(chosen)} solutions of {len({name for name, _ in chosen})} problems", flush=True
        )
        await _write(out, recorder, problems, [])
        by_id = {problem.question_id: problem for problem in problems}
        slots = asyncio.Semaphore(AT_ONCE)
        in_work: defaultdict[tuple[str, Prefix], asyncio.Lock] = defaultdict(asyncio.Lock)
        done: set[tuple[str, Prefix]] = set()
        writing = asyncio.Lock()

        async def roll_out(name: str, steps: Prefix, start: int, count: int) -> None:
            sample = solver.rollout_sampler(by_id[name])
            async with slots:
                for prefix in proper_prefixes(steps):
                    async with in_work[name, prefix]:  # two solutions that share it ask once
                        await sample(prefix, count, start)
            done.add((name, steps))
            if len(done) % WRITE_EVERY == 0 or len(done) == len(chosen):
                recorded = chosen if start else [each for each in chosen if each in done]
                async with writing:  # what the journal holds already ends in one go
                    await _write(out, recorder, problems, recorded)
                print(f"{len(done)} of {len(chosen)}, {chat.tokens_spent} tokens", flush=True)

        for start, count in ((0, CHOICES), (CHOICES, ROLLOUTS - CHOICES)):
            done.clear()
            await asyncio.gather(*(roll_out(name, steps, start, count) for name, steps in chosen))
    finally:
        await chat.close()
        grader.close()
        journal.close()


async def _first_solutions(solver: Solver, problem: Problem) -> list[Rollout]:
    """Buy a problem's first solutions, a few a request, and return them graded."""
    messages = solver.first_messages(problem)
    asks = [
        solver.chat.complete(messages, CHOICES, start=start, affinity_key=problem.question_id)
        for start in range(0, SOLUTIONS, CHOICES)
    ]
    await asyncio.gather(*asks)
    solved, rollouts = await solver.first_solutions(problem)
    print(f"{problem.question_id}: solve rate {solved.solve_rate}", flush=True)
    return rollouts


async def _write(
    out: Path, recorder: Recorder, problems: Sequence[Problem], done: Sequence[tuple[str, Prefix]]
) -> None:
    """Write the first solutions and the rollouts of the solutions that are done."""
    with written_whole(out) as file:
        for problem in problems:
            prefixes = {
                prefix: None
                for name, steps in done
                if name == problem.question_id
                for prefix in proper_prefixes(steps)
            }
            for prefix in [(), *prefixes]:
                file.write(encode_rows(map(vars, await recorder.completions(problem, prefix))))


def main() -> None:
    """Record, or go on recording."""
    parser = argparse.ArgumentParser(description="Record first solutions and rollouts of a model.")
    parser.add_argument("--base_url", required=True)
    parser.add_argument("--model_name", required=True)
    parser.add_argument("--solutions", type=int, default=160, help="solutions that get rollouts")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    settings = recording_settings(args.base_url, args.model_name)
    asyncio.run(record(args.out, settings, args.solutions, read_problems()))


if __name__ == "__main__":
    main()
