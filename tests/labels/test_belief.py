"""The belief against brute force: all hidden states of small trees, enumerated."""

import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise, product
from math import exp, log, log2, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.labels.belief import NO_OPINIONS, Belief
from evolvemcts4rl.labels.rates import (
    BEFOREHAND,
    CARRIED,
    FALSE_ALARM,
    FALSE_ANNOUNCEMENT,
    FLEETING_RECOVERY,
    FLEETING_SHARE,
    GOOD,
    GRID,
    HARD_SHARE,
    HARD_SLIP,
    LEVELS,
    NOT_SEEN,
    RECOVERY,
    SHARED_AGREEMENT,
    SLIP,
    SLIPPED,
    STATES,
    Rates,
    StepKey,
)
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Node, Tree
from tests.support.fast import examples

R, M, L, F = "right", "mended", "lasting", "fleeting"
CORRECTIONS = {"wait", "wait1", "wait2"}
INDEPENDENT = Rates(likeness=0.0)  # every rollout counts in full


def grown(
    *rollouts: tuple[str, bool, int],
    rates: Rates = INDEPENDENT,
    without: frozenset[str] | set[str] = frozenset({"repeats"}),
) -> tuple[Tree, Belief]:
    """A tree and its belief, from (steps, verdict, how many of the steps it was started with)."""
    tree = Tree("t", "q", "1")
    believed = Belief(tree, CORRECTIONS, rates, without)
    for steps, verdict, start in rollouts:
        believed.add(tree.add(Rollout(tuple(steps.split()), verdict), start))
    return tree, believed


def prefixes(tree: Tree) -> list[tuple[Node, Node]]:
    """Every node with the node before it, parents before children."""
    stack = [(tree.root, child) for child in tree.root.children]
    for _, node in stack:
        stack += [(node, child) for child in node.children]
    return stack


def chance(before: str, after: str, key: StepKey, cell: int, rates: Rates, hard: bool) -> float:
    """The chance of one step and of what is seen of it."""
    hazard = LEVELS[key.level]
    slip = 1 - (1 - (HARD_SLIP if hard else SLIP[cell])) ** hazard
    back = {
        L: 1 - (1 - RECOVERY[cell]) ** min(hazard, 1),
        F: 1 - (1 - FLEETING_RECOVERY) ** min(hazard, 1),
    }
    if key.corrects:
        back = {L: rates.announced_well, F: rates.announced_well}
    share = {L: 1 - FLEETING_SHARE[cell], F: FLEETING_SHARE[cell]}
    was_good, is_good = before in (R, M), after in (R, M)
    if was_good:
        move = 1 - slip if is_good else slip * share[after]
        if is_good and before != after:
            return 0.0
    else:
        move = back[before] if after == M else (1 - back[before] if after == before else 0.0)
    seen = FALSE_ANNOUNCEMENT if was_good else rates.announced
    weight = move * (seen if key.corrects else 1 - seen)
    if key.equations is not None:
        false = FALSE_ALARM if is_good else rates.false_slip if was_good else rates.false_carried
        weight *= 1 - false if key.equations else false
    if key.agreement != NOT_SEEN:
        table = rates.agreement[int(key.few), key.agreement_before, :, key.agreement - 1]
        alone, by_others = float(table[SLIPPED]), SHARED_AGREEMENT[key.agreement - 1]
        weight *= float(table[GOOD]) if is_good else 1.0 if was_good else float(table[CARRIED])
    else:
        alone, by_others = 1.0, 1.0
    if was_good and not is_good:
        weight *= (1 - rates.shared) * alone + rates.shared * by_others
    return float(weight)


def enumerated(
    tree: Tree, believed: Belief, cell: int, said: Mapping[Node, float] = NO_OPINIONS
) -> tuple[float, dict[Node, float]]:
    """The likelihood of all that was seen, and that times the chance of each node to be right."""
    believed.evidence()  # compares the results
    pairs = prefixes(tree)
    keys = {node: believed.key(node) for _, node in pairs}

    @functools.cache
    def of_node(parent: Node, before: str, after: tuple[str, ...]) -> float:
        """The chance of what follows a node, by its state and those of its children."""
        state = {parent: before, **dict(zip(parent.children, after, strict=True))}
        weight = of_children(parent, state, keys, cell, believed.rates, said)
        if parent.correct is not None:
            good = before in (R, M)
            success = 1 - believed.rates.misgraded if good else believed.rates.lucky
            weight *= success if parent.correct else 1 - success
        return weight

    total, right = 0.0, {node: 0.0 for _, node in pairs}
    for states in product((R, M, L, F), repeat=len(pairs)):
        state = {tree.root: R, **{node: one for (_, node), one in zip(pairs, states, strict=True)}}
        weight = 1.0
        for parent in state:
            after = tuple(state[child] for child in parent.children)
            weight *= of_node(parent, state[parent], after)
            if not weight:
                break
        total += weight
        for _, node in pairs:
            right[node] += weight * (state[node] == R)
    return total, right


def of_children(
    parent: Node,
    state: dict[Node, str],
    keys: dict[Node, StepKey],
    cell: int,
    rates: Rates,
    said: Mapping[Node, float],
) -> float:
    """The chance of all next steps: after a good prefix they are hard together, or not."""
    if not parent.children:
        return 1.0
    weight, shares = 0.0, {True: HARD_SHARE[cell], False: 1 - HARD_SHARE[cell]}
    for hard, share in shares.items() if state[parent] in (R, M) else ((False, 1.0),):
        weight += float(share) * prod(
            chance(state[parent], state[node], keys[node], cell, rates, hard)
            * (exp(said.get(node, 0.0)) if (state[parent] == R and state[node] != R) else 1.0)
            for node in parent.children
        )
    return weight


CELLS = range(0, len(SLIP), 7)
SCENES = {
    "one wrong solution": [("a b c", False, 0)],
    "one right solution": [("a b c", True, 0)],
    "a right and a wrong branch": [("a b c", True, 0), ("a d e", False, 0)],
    "rollouts from a prefix": [("a b c", False, 0), ("a b d", True, 2), ("a e f", True, 1)],
    "the same text often": [("a b c", False, 0), ("a b c", False, 0), ("a b d", True, 0)],
    "an announced correction": [("a wait c", True, 0), ("a b c", False, 0), ("a wait d", False, 1)],
    "solutions of one step": [("a", True, 0), ("b", False, 0), ("c d", False, 0)],
    "a solution that is a prefix of another": [("a b", False, 0), ("a b c", True, 0)],
    "equations": [("1+1=3 b", False, 0), ("1+1=2 1*3=3", True, 0)],
    "results that agree": [("7 8 9", True, 0), ("5 8 9", True, 0), ("7 6", False, 0)],
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_each_cell_is_the_sum_over_all_hidden_states(scene: list[tuple[str, bool, int]]) -> None:
    tree, believed = grown(*scene)
    evidence = believed.evidence()
    by_path = [(path, believed.states_by_cell(path)[0]) for path in tree.solutions()]
    for cell in CELLS:
        total, expected = enumerated(tree, believed, cell)
        assert evidence[cell] == pytest.approx(log(total))
        for path, right in by_path:
            for depth, node in enumerate(path):
                assert right[depth, cell] == pytest.approx(expected[node] / total)


def test_opinions_weigh_the_first_errors() -> None:
    tree, _ = grown(*SCENES["an announced correction"])
    said = {node: float(place % 3 - 1) for place, node in enumerate(tree.nodes())}
    believed = Belief(tree, CORRECTIONS, INDEPENDENT, {"repeats"}, said)
    evidence = believed.evidence()
    for cell in CELLS:
        total, expected = enumerated(tree, believed, cell, said)
        assert evidence[cell] == pytest.approx(log(total))
        for path in tree.solutions():
            right = believed.states_by_cell(path)[0]
            for depth, node in enumerate(path):
                assert right[depth, cell] == pytest.approx(expected[node] / total)


@pytest.mark.parametrize("name", ["a right and a wrong branch", "equations"])
def test_the_cells_are_weighed_by_what_they_say_of_the_whole(name: str) -> None:
    tree, believed = grown(*SCENES[name])
    by_cell = [enumerated(tree, believed, cell) for cell in range(len(SLIP))]
    evidence = sum(prior * total for prior, (total, _) in zip(BEFOREHAND, by_cell, strict=True))
    everywhere = believed.p_right_everywhere()
    for _, node in prefixes(tree):
        right = sum(
            prior * right[node] for prior, (_, right) in zip(BEFOREHAND, by_cell, strict=True)
        )
        assert everywhere[node] == pytest.approx(right / evidence)


def test_along_agrees_with_everywhere() -> None:
    tree, believed = grown(*SCENES["an announced correction"])
    everywhere = believed.p_right_everywhere()
    for path in tree.solutions():
        assert believed.p_right_along(path) == pytest.approx([everywhere[node] for node in path])


def entropy(*chances: float) -> float:
    return -sum(chance * log2(chance) for chance in chances if chance > 0)


def test_what_rollouts_would_tell_is_the_expected_fall_in_entropy() -> None:
    tree, believed = grown(*SCENES["rollouts from a prefix"])
    path = next(path for path in tree.solutions() if not path[-1].correct)
    right, states = believed.states_by_cell(path)
    weights, rates = believed.weights(), believed.rates
    for depth, told in enumerate(believed.information_gain(path, 2)):
        joint: dict[tuple[bool, int], float] = {}  # (right or not, successes) → chance
        for cell, weight in enumerate(weights):
            success = np.array([1 - rates.misgraded] * 2 + [rates.lucky] * 2)
            for node in reversed(path[depth + 1 :]):
                level = believed.witnesses.facts(node).level
                success = rates.move(level)[:, :, cell] @ success
            shares = [(True, right[depth, cell], success[0])]
            wrong = states[depth, 1:, cell]
            shares += [(False, share, s) for share, s in zip(wrong, success[1:], strict=True)]
            for verdicts in product((True, False), repeat=2):
                for is_right, share, s in shares:
                    seen = prod(s if verdict else 1 - s for verdict in verdicts)
                    key = (is_right, sum(verdicts))
                    joint[key] = joint.get(key, 0.0) + weight * share * seen
        after = entropy(*joint.values()) - entropy(
            *(joint[True, k] + joint[False, k] for k in range(3))
        )
        before = entropy(*(sum(joint[state, k] for k in range(3)) for state in (True, False)))
        assert told == pytest.approx(before - after, abs=1e-9)


@st.composite
def growth(draw: st.DrawFn) -> list[tuple[str, bool, int]]:
    """Rollouts, each from the start or from a prefix of an earlier one; equal texts, equal
    verdicts."""
    rollouts: list[tuple[str, bool, int]] = []
    verdicts: dict[str, bool] = {}
    for _ in range(draw(st.integers(1, 8))):
        start, prefix = 0, list[str]()
        if bool(rollouts) and draw(st.booleans()):
            earlier = draw(st.sampled_from(rollouts))[0].split()
            start = draw(st.integers(0, len(earlier) - 1))
            prefix = earlier[:start]
        words = st.lists(st.sampled_from(["a", "5", "7", "1+1=3", "wait"]), min_size=1, max_size=4)
        steps = " ".join([*prefix, *draw(words)])
        verdict: bool = draw(st.booleans())
        rollouts.append((steps, verdicts.setdefault(steps, verdict), start))
    return rollouts


@given(growth())
@settings(max_examples=examples(60), deadline=None)
def test_belief_never_rises_along_a_path_and_is_a_chance(
    rollouts: list[tuple[str, bool, int]],
) -> None:
    tree, believed = grown(*rollouts, rates=Rates(), without=frozenset())
    everywhere = believed.p_right_everywhere()
    for path in tree.solutions():
        values = [1.0, *(everywhere[node] for node in path)]
        assert all(0 <= after <= before + 1e-12 for before, after in pairwise(values))
        told = believed.information_gain(path, 4) if len(path) > 1 else np.zeros(0)
        assert told.shape == (len(path) - 1,)
        assert ((told > -1e-9) & (told < 1 + 1e-9)).all()


@given(growth())
@settings(max_examples=examples(60), deadline=None)
def test_asking_in_between_changes_nothing(rollouts: list[tuple[str, bool, int]]) -> None:
    tree, believed = grown(rates=Rates(), without=frozenset())
    for steps, verdict, start in rollouts:
        believed.add(tree.add(Rollout(tuple(steps.split()), verdict), start))
        believed.p_right_everywhere()
    _, at_once = grown(*rollouts, rates=Rates(), without=frozenset())
    expected = list(at_once.p_right_everywhere().values())
    assert list(believed.p_right_everywhere().values()) == pytest.approx(expected)


@given(growth())
@settings(max_examples=examples(60), deadline=None)
def test_a_tree_of_json_has_the_evidence_and_belief_of_the_one_that_grew(
    rollouts: list[tuple[str, bool, int]],
) -> None:
    tree, believed = grown(*rollouts, rates=Rates(), without=frozenset())
    for path in tree.solutions():
        believed.p_right_along(path)
    read = Tree.from_json(json.loads(json.dumps(tree.to_json())))
    anew = Belief(read, CORRECTIONS)
    assert anew.evidence() == pytest.approx(believed.evidence())
    expected = list(believed.p_right_everywhere().values())
    assert list(anew.p_right_everywhere().values()) == pytest.approx(expected)


def test_many_rollouts_do_not_underflow() -> None:
    rollouts = [(f"a{i % 300} b{i} c", i % 2 == 0, 0) for i in range(600)]
    tree, believed = grown(*rollouts)
    assert all(np.isfinite(value) for value in believed.p_right_everywhere().values())
    path = next(path for path in tree.solutions() if not path[-1].correct)
    told = [believed.information_gain(path, rollouts) for rollouts in (2, 20, 2000)]
    assert (np.diff(told, axis=0) > -1e-9).all()


@pytest.mark.slow
def test_a_very_long_solution_is_no_recursion() -> None:
    tree, believed = grown((" ".join(f"s{i}" for i in range(3000)), False, 0))
    (path,) = tree.solutions()
    assert believed.p_right_along(path)[-1] < 0.05


def test_an_empty_tree_tells_nothing() -> None:
    _, believed = grown()
    assert believed.p_right_everywhere() == {}
    assert (believed.evidence() == 0).all()


def test_rollouts_that_fail_from_a_prefix_put_the_error_before_it() -> None:
    scene = [
        ("a b c d", False, 0),
        *((f"a b x{i} y", False, 2) for i in range(6)),
        *((f"a z{i} y w", True, 1) for i in range(6)),
    ]
    tree, believed = grown(*scene)
    wrong = next(path for path in tree.solutions() if path[-1].text == "d")
    a, b = believed.p_right_along(wrong)[:2]
    assert a > 0.9
    assert b < 0.3


def test_an_announced_correction_vouches_for_nothing_before_it() -> None:
    _, plain = grown(("a b c", False, 0), ("a d c", True, 1), ("a e c", True, 1))
    tree, corrected = grown(("a b c", False, 0), ("a wait1 c", True, 1), ("a wait2 c", True, 1))
    (a,) = tree.root.children
    assert corrected.p_right_everywhere()[a] < next(iter(plain.p_right_everywhere().values())) - 0.3


def test_a_hard_problem_does_not_blame_its_opening() -> None:
    opening = "Let us see."
    tree = Tree("t", "23 get on, 8 leave and 5 get on.", "20")
    believed = Belief(tree, frozenset())
    for i in range(16):
        steps = (
            opening,
            f"There are 23 - 8 + 5 = {30 + i} passengers after that.",
            f"So {30 + i}.",
        )
        believed.add(tree.add(Rollout(steps, i == 15), 0))
    first, second = believed.p_right_along(next(tree.solutions()))[:2]
    assert first > 0.9
    assert second < 0.1


def test_a_false_equation_is_a_witness_against_its_step() -> None:
    def p_of(equation: str) -> float:
        tree = Tree("t", "12 and 4 apples", "16")
        believed = Belief(tree, frozenset())
        steps = (f"We add the apples of both of them, which is {equation} apples.", "So 16.")
        return float(believed.p_right_along(tree_path(tree, believed, steps))[0])

    assert p_of("12 + 4 = 15") < 0.5 < 0.8 < p_of("12 + 4 = 16")


def tree_path(tree: Tree, believed: Belief, steps: tuple[str, str]) -> list[Node]:
    path = tree.add(Rollout(steps, True), 0)
    believed.add(path)
    return path


def p_of_the_first_step(*rollouts: tuple[str, bool, int], lucky: float = 0.02) -> float:
    rates = replace(Rates(), lucky=lucky)
    tree, believed = grown(*rollouts, rates=rates, without=frozenset())
    return believed.p_right_everywhere()[tree.root.children[0]]


def test_a_wrong_next_step_that_many_write_hardly_speaks_more_than_many_that_differ() -> None:
    """A right first step with 9 of 12 right had a chance of 0.1 in a real tree, by one wrong step
    written 4 times."""
    start = ("a z z9", False, 0)
    goods = [(f"a x{i} y{i}", True, 1) for i in range(9)]
    the_same = p_of_the_first_step(start, *goods, *((f"a b c{i}", False, 1) for i in range(4)))
    different = p_of_the_first_step(start, *goods, *((f"a b{i} c", False, 1) for i in range(4)))
    assert the_same == pytest.approx(different, abs=0.2)
    assert the_same > 0.5


def test_a_right_next_step_that_many_write_speaks_as_many_that_differ_do() -> None:
    start = ("a z z9", False, 0)
    the_same = p_of_the_first_step(start, *((f"a b c{i}", True, 1) for i in range(8)))
    different = p_of_the_first_step(start, *((f"a b{i} c", True, 1) for i in range(8)))
    assert the_same == pytest.approx(different, abs=0.1)


def test_more_rollouts_of_a_right_prefix_before_a_hard_step_do_not_turn_against_it() -> None:
    """One right text among many different wrong ones: the wrong ones alone would grow in number."""
    long = "computing-" * 18  # a step that does so much goes wrong often

    def p_after(times: int) -> float:
        right = [(f"a {long}b c", True, 1)] * (3 * times)
        wrong = [(f"a {long}d{i} e", False, 1) for i in range(2 * times)]
        start = (f"a {long}b c", True, 0)
        return p_of_the_first_step(start, *right, *wrong, lucky=0.002)

    assert p_after(32) > p_after(8) > 0.98


def test_the_chances_of_a_step_are_chances() -> None:
    rates = Rates()
    for level in range(len(LEVELS)):
        assert rates.move(level).sum(axis=1) == pytest.approx(np.ones((STATES, len(SLIP))))
    assert len(SLIP) == prod(GRID) == len(BEFOREHAND)
    assert BEFOREHAND.sum() == pytest.approx(1)


def test_alike_rollouts_count_for_less() -> None:
    scene = [(f"a b{i} c", False, 0) for i in range(40)]
    few = believed_right(scene, INDEPENDENT)
    assert few < believed_right(scene, replace(INDEPENDENT, likeness=0.2))


def believed_right(scene: list[tuple[str, bool, int]], rates: Rates) -> float:
    tree, believed = grown(*scene, rates=rates)
    return believed.p_right_everywhere()[tree.root.children[0]]
