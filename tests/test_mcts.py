"""The search of one problem, with rollouts that are scripted or written by the toy world."""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metrics import auc, calibration_error
from benchmarks.named_worlds import WORLDS
from benchmarks.toy_world import Model, continue_solution, first_error, make_problem
from evolvemcts4rl.flag_groups.search import SearchSettings
from evolvemcts4rl.labels.labelling import (
    labelled_solutions,
    learn_rates,
    relabel,
    up_to_first_error,
)
from evolvemcts4rl.labels.search_state import Search
from evolvemcts4rl.records import Problem, Rollout
from evolvemcts4rl.tree import Node, Tree
from mcts import score, search, select
from tests.support.fast import examples, slow_but

ESTIMATORS = ["belief", "omega", "shepherd"]


def rollout(steps: str, verdict: bool) -> Rollout:
    return Rollout(tuple(steps.split()), verdict)


class Toy:
    """A toy problem whose completions depend on the prefix and the index alone; keeps what was
    asked."""

    def __init__(self, seed: int, model: Model | None = None, silent_share: float = 0.0) -> None:
        self.seed, self.model, self.silent_share = seed, model or Model(), silent_share
        self.problem = make_problem(random.Random(seed))
        self.asked: list[tuple[tuple[str, ...], int, int]] = []
        self.sampled = 0

    def write(self, prefix: tuple[str, ...], index: int) -> Rollout:
        rng = random.Random(f"{self.seed}:{prefix}:{index}")
        written = continue_solution(self.problem, prefix, self.model, rng)
        cut_off = rng.random() < self.silent_share
        return Rollout(
            written.steps, None if cut_off else written.verdict, written.answer, written.tokens
        )

    async def __call__(self, prefix: tuple[str, ...], count: int, start: int) -> list[Rollout]:
        self.asked.append((prefix, count, start))
        self.sampled += count
        await asyncio.sleep(0)
        return [self.write(prefix, index) for index in range(start, start + count)]

    async def search(self, first: int = 16, **flags: Any) -> Tree:
        asked = Problem("000000", "q", str(self.problem.totals[-1]))
        solutions = [self.write((), index) for index in range(first)]
        return await search(asked, solutions, self, SearchSettings(**flags))


def searched(*rollouts: tuple[str, bool, int]) -> Search:
    state = Search(Tree("t", "q", "1"), SearchSettings(), Toy(0))
    for steps, verdict, start in rollouts:
        state.enter(rollout(steps, verdict), start)
    return state


def test_score_by_hand() -> None:
    state = searched(
        ("a b c", False, 0), ("a b d", True, 0), ("a b e", True, 0), ("a b f", True, 0)
    )
    candidate = state.candidates[0]
    # MC of the root 3/4, three words of 512, nothing searched yet
    assert score(state, candidate, 0) == pytest.approx(0.5**0.25 * 0.9 ** (3 / 512))
    # four searches so far, one of them from this start
    state.visits[()] = 1
    assert score(state, candidate, 4) == pytest.approx(0.5**0.25 * 0.9 ** (3 / 512) + 0.125 * 2 / 2)


def test_a_start_is_judged_by_the_rollouts_that_were_started_there() -> None:
    """OmegaPRM's MC(s): those that passed through s from the problem are another start's."""
    state = searched(
        *(("a b", True, 0),) * 6, ("a c", False, 0), ("a d", False, 1), ("a e", True, 1)
    )
    candidate = next(each for each in state.candidates if each.path[-1].text == "d")
    assert state.start_of(candidate).mc_value == 7 / 9
    assert score(state, candidate, 0) == pytest.approx(0.5**0.5 * 0.9 ** (1 / 512))


def test_a_start_from_which_nothing_succeeds_is_not_searched_whatever_passed_through_it() -> None:
    state = searched(("a b", True, 0), ("a c", False, 0), ("a d", False, 1))
    state.candidates[1].path[-1].searched = True
    assert select(state) is None


def test_halving_asks_at_a_prefix_through_which_rollouts_have_only_passed() -> None:
    asked: list[tuple[str, ...]] = []
    solutions = [rollout("a b c d", False), rollout("a b e", True)]

    async def sample(prefix: tuple[str, ...], count: int, start: int) -> list[Rollout]:
        asked.append(prefix)
        return [Rollout((*prefix, "on"), True)] * count

    asyncio.run(
        search(Problem("0", "q", "1"), solutions, sample, SearchSettings(estimator="omega"))
    )
    assert asked == [("a", "b"), ("a", "b", "c")]


def test_words_of_the_start_cost_a_candidate_nothing() -> None:
    state = searched(
        ("a b c", False, 0), ("a x", True, 0), ("a b y z", False, 2), ("a b w", True, 2)
    )
    later = next(
        candidate for candidate in state.candidates if candidate.start == 2 and candidate.flawed
    )
    assert score(state, later, 0) == pytest.approx(0.5**0.5 * 0.9 ** (2 / 512))


def test_a_wrong_rollout_from_a_start_that_mostly_succeeds_is_selected_first() -> None:
    state = searched(
        ("a b", False, 0),
        ("c d", False, 0),
        ("e f", True, 0),
        ("a g", False, 1),
        *(("a h", True, 1),) * 5,
    )
    chosen = select(state)
    assert chosen
    assert [node.text for node in chosen.path] == ["a", "g"]
    assert chosen.prefix == ("a",)


def test_no_candidate_where_all_starts_succeed_always_or_never() -> None:
    assert select(searched(("a b", False, 0), ("a c", False, 0))) is None
    assert select(searched(("a b", True, 0), ("a c", True, 0))) is None


def test_a_right_solution_is_searched_only_where_it_announces_a_correction() -> None:
    state = searched(("a b", True, 0), ("c d", False, 0))
    state.candidates[1].path[-1].searched = True
    assert select(state) is None
    state.enter(Rollout(("a", "Wait, I made a mistake above, so I correct it: 3."), True), 0)
    assert select(state) is state.candidates[2]


def test_the_same_solution_is_a_candidate_once() -> None:
    state = searched(("a b", False, 0), ("a b", False, 0), ("c", True, 0))
    assert len(state.candidates) == 2
    assert state.tree.root.num_rollouts == 3


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("num_branches", "max_branches"), [(4, 40), (7, 40), (3, 10), (8, 5), (1, 1), (16, 100)]
)
def test_never_more_than_max_branches_rollouts(
    estimator: str, num_branches: int, max_branches: int
) -> None:
    for seed in range(4):
        toy = Toy(seed, Model(slip=0.15), silent_share=0.3)
        budgets = {"num_branches": num_branches, "max_branches": max_branches, "max_search": 10}
        asyncio.run(toy.search(estimator=estimator, **budgets))
        assert toy.sampled <= max_branches
        assert all(0 < count <= num_branches for _, count, _ in toy.asked)
        # Each completion from a prefix is asked for once.
        indices = [(prefix, start + i) for prefix, count, start in toy.asked for i in range(count)]
        assert len(indices) == len(set(indices))


def test_a_budget_that_num_branches_does_not_divide_is_used_up() -> None:
    toys = [Toy(seed, Model(slip=0.2)) for seed in range(10)]
    for toy in toys:
        asyncio.run(toy.search(num_branches=3, max_branches=10, confidence=0.9999, max_search=50))
    assert 10 in {toy.sampled for toy in toys}
    assert all(toy.sampled <= 10 for toy in toys)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_max_search_limits_the_searches_that_sample(estimator: str) -> None:
    for seed in range(5):
        toy = Toy(seed, Model(slip=0.2))
        asyncio.run(toy.search(estimator=estimator, max_search=0))
        assert toy.sampled == 0


def came_with(name: str, steps: str, verdict: bool | None) -> Rollout:
    return Rollout(tuple(steps.split()), verdict, solution_id=name)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_each_given_solution_is_searched_with_a_budget_of_its_own(estimator: str) -> None:
    asked: list[tuple[tuple[str, ...], int]] = []

    async def sample(prefix: tuple[str, ...], count: int, start: int) -> list[Rollout]:
        asked.append((prefix, count))
        right = "".join(prefix) in ("a", "ab", "e", "ef", "efg", "u")
        return [Rollout((*prefix, f"on{start + each}"), right) for each in range(count)]

    solutions = [
        came_with("w", "a b c d", False),
        came_with("r", "e f g h", True),
        came_with("n", "u v", None),
    ]
    flags = SearchSettings(estimator=estimator, max_branches=12, max_search=0)
    tree = asyncio.run(search(Problem("0", "q", "1"), solutions, sample, flags))
    assert all(prefix for prefix, _ in asked)
    assert 0 < sum(count for _, count in asked) <= 3 * 12
    labels = {
        path[-1].solution_ids[0]: [n.label for n in path]
        for path in tree.solutions()
        if path[-1].solution_ids
    }
    assert labels["w"] == [True, True, False, False]
    assert labels["r"] == [True] * 4
    assert labels["n"][0] is True
    assert labels["n"][1] is not None


def test_rollouts_from_given_solutions_are_not_searched_in_their_turn() -> None:
    asked: list[tuple[str, ...]] = []

    async def sample(prefix: tuple[str, ...], count: int, start: int) -> list[Rollout]:
        asked.append(prefix)
        return [Rollout((*prefix, "x", f"y{each}"), each % 2 == 0) for each in range(count)]

    asyncio.run(
        search(Problem("0", "q", "1"), [came_with("w", "a b", False)], sample, SearchSettings())
    )
    assert set(asked) == {("a",)}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_rollouts_without_verdict_enter_no_count(estimator: str) -> None:
    toy = Toy(3, Model(slip=0.2), silent_share=0.5)
    tree = asyncio.run(toy.search(estimator=estimator))
    told = [toy.write((), index) for index in range(16)]
    told += [
        toy.write(prefix, start + i) for prefix, count, start in toy.asked for i in range(count)
    ]
    judged = [one for one in told if one.verdict is not None]
    assert 0 < len(judged) < len(told)
    assert total(tree.root, "num_started") == len(judged)
    assert total(tree.root, "num_started_correct") == sum(one.verdict is True for one in judged)
    assert total(tree.root, "times") == len(judged)


def total(node: Node, name: str) -> int:
    return int(getattr(node, name)) + sum(total(child, name) for child in node.children)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_nothing_is_believed_where_no_continuation_has_a_verdict(estimator: str) -> None:
    solutions = [rollout("a b c d", False), rollout("e f", True)]

    async def cut_off(prefix: tuple[str, ...], count: int, start: int) -> list[Rollout]:
        return [Rollout((*prefix, "on"), None)] * count

    flags = SearchSettings(estimator=estimator)
    tree = asyncio.run(search(Problem("0", "q", "1"), solutions, cut_off, flags))
    assert total(tree.root, "num_started") == 2
    if estimator != "belief":
        assert [node.p_correct for node in tree.root.children[0].children] == [None]


@pytest.mark.parametrize("estimator", slow_but(set(ESTIMATORS) - {"belief"}, ESTIMATORS))
def test_the_same_completions_make_the_same_tree_however_the_awaits_interleave(
    estimator: str,
) -> None:
    async def together(seeds: Sequence[int]) -> dict[int, str]:
        trees = await asyncio.gather(*(Toy(seed).search(estimator=estimator) for seed in seeds))
        return {seed: json.dumps(tree.to_json()) for seed, tree in zip(seeds, trees, strict=True)}

    alone = {
        seed: json.dumps(asyncio.run(Toy(seed).search(estimator=estimator)).to_json())
        for seed in range(6)
    }
    assert asyncio.run(together(range(6))) == alone
    assert asyncio.run(together([5, 3, 1, 0, 2, 4])) == alone


@pytest.mark.slow
@given(st.integers(0, 10**6), st.floats(0.02, 0.4), st.floats(0, 0.3), st.integers(1, 30))
@settings(max_examples=examples(30), deadline=None)
def test_p_correct_never_rises_along_a_path(
    seed: int, slip: float, silent: float, budget: int
) -> None:
    toy = Toy(seed, Model(slip=slip, silent=silent))
    tree = asyncio.run(toy.search(max_branches=budget))
    for path in tree.solutions():
        values = [1.0, *(node.p_correct for node in path if node.p_correct is not None)]
        assert all(after <= before + 1e-12 for before, after in pairwise(values))


def test_what_is_known_is_written_when_the_budget_ends() -> None:
    toys = [Toy(seed, Model(slip=0.2)) for seed in range(8)]
    for toy in toys:
        tree = asyncio.run(toy.search(num_branches=1, max_branches=1))
        looked_at = [path for path in tree.solutions() if path[-1].searched]
        assert toy.sampled == 0 or looked_at
        assert toy.sampled == 0 or any(node.p_correct is not None for node in tree.nodes())


def test_solutions_are_labelled_where_their_first_error_is_sure_and_there_alone() -> None:
    for seed in range(8):
        tree = asyncio.run(Toy(seed, Model(slip=0.2)).search())
        for path in tree.solutions():
            known = [node.p_correct for node in path if node.p_correct is not None]
            if len(known) == len(path):
                steps = [1.0, *known, 0.0]
                falls = [before - after for before, after in pairwise(steps)]
                between = [p for p in known if 0.06 < p < 0.94]
                assert max(falls) > 0.79 or not between


@pytest.mark.slow
def test_nothing_is_bought_that_is_not_worth_its_price() -> None:
    def spent(effort: str | float) -> int:
        toys = [Toy(seed, Model(slip=0.2)) for seed in range(4)]
        for toy in toys:
            asyncio.run(toy.search(effort=effort, max_branches=400, max_search=40))
        return sum(toy.sampled for toy in toys)

    amounts = [spent(effort) for effort in (1, "low", "medium", "high", 1e9)]
    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[1] < amounts[3] < amounts[4]


@pytest.mark.slow
def test_a_run_finds_the_truth_of_the_toy_world() -> None:
    toys = [Toy(seed) for seed in range(40)]
    trees = [asyncio.run(toy.search()) for toy in toys]
    rates = learn_rates(trees)
    values: list[tuple[float, bool]] = []
    found = []
    for toy, tree in zip(toys, trees, strict=True):
        relabel(tree, rates, 0.95)
        for path in labelled_solutions(tree):
            wrong = first_error(toy.problem, tuple(node.text for node in path))
            _, labels = up_to_first_error(path)
            seen = None if labels[-1] else len(labels) - 1
            if wrong is None or not path[-1].correct:
                found.append(seen == wrong)
            values += [
                (node.p_correct, wrong is None or depth < wrong)
                for depth, node in enumerate(path)
                if node.p_correct is not None
            ]
    assert sum(found) / len(found) > 0.9
    area, error = auc(values), calibration_error(values)
    assert area is not None
    assert area > 0.92
    assert error is not None
    assert error < 0.1
    assert sum(toy.sampled for toy in toys) <= 40 * 40


@pytest.mark.slow
@pytest.mark.parametrize("num_solutions", [16, 128])
def test_right_steps_that_are_worded_alike_are_right_however_many_solutions_say_so(
    num_solutions: int,
) -> None:
    """A step that counts once for the slip rate stands alone against every distinct wrong one."""
    toys = [Toy(seed, Model(slip=0.15, silent=0, announced=0, wordings=1)) for seed in range(12)]
    for toy in toys:
        toy.problem = make_problem(random.Random(toy.seed), (3, 6))
    trees = [asyncio.run(toy.search(first=num_solutions)) for toy in toys]
    rates, right = learn_rates(trees), []
    for toy, tree in zip(toys, trees, strict=True):
        relabel(tree, rates, 0.95)
        for path in tree.solutions():
            if first_error(toy.problem, tuple(node.text for node in path)) is None:
                right.append(all(node.label for node in path))
    assert len(right) >= 10
    assert sum(right) >= len(right) - 1


def nodes(tree: Tree) -> Iterator[Node]:
    stack = [tree.root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


@pytest.mark.slow
def test_relabelling_without_anything_learned_changes_no_label() -> None:
    for seed in range(6):
        tree = asyncio.run(Toy(seed, Model(slip=0.15)).search())
        read = Tree.from_json(json.loads(json.dumps(tree.to_json())))
        relabel(read, learn_rates([]), 0.95)
        before, after = ([node.p_correct for node in nodes(each)] for each in (tree, read))
        assert [value is None for value in before] == [value is None for value in after]
        assert [v for v in after if v is not None] == pytest.approx(
            [v for v in before if v is not None], abs=1.01e-4
        )


def test_relabelling_takes_back_labels_that_are_no_longer_sure() -> None:
    state = searched(("a b", False, 0), ("c d", True, 0), ("e f", False, 0))
    for node in nodes(state.tree):
        node.p_correct = 0.5
    relabel(state.tree, learn_rates([]), 1.0)
    a, c, e = state.tree.root.children
    assert (state.tree.root.p_correct, a.p_correct, e.p_correct) == (0.5, None, None)
    assert c.p_correct is not None
    assert c.p_correct > 0.5


@pytest.mark.slow
def test_a_run_learns_how_often_its_model_errs_and_recovers() -> None:
    def learned(**model: Any) -> dict[str, float]:
        trees = [asyncio.run(Toy(seed, Model(**model)).search()) for seed in range(15)]
        return learn_rates(Tree.from_json(tree.to_json()) for tree in trees).summary()

    seldom, often = learned(slip=0.04, silent=0.01, announced=0.01), learned(slip=0.2, silent=0.3)
    assert 1.5 * seldom["slip"] < often["slip"]
    assert seldom["silent_recovery"] < often["silent_recovery"]
    assert seldom["announced_correction"] < often["announced_correction"]


def test_benchmark_figures_by_hand() -> None:
    assert auc([(0.9, True), (0.1, False)]) == 1.0
    assert auc([(0.5, True), (0.5, False), (0.1, False)]) == 0.75
    assert auc([(0.5, True)]) is None
    # (0.95 - 1) in the bin of one, (0.25 - 0.5) in the bin of two
    assert calibration_error([(0.95, True), (0.2, False), (0.2999, True)]) == pytest.approx(
        (0.05 + 2 * 0.25005) / 3
    )
    assert "LLM-like" in WORLDS
