"""The belief against brute force: all hidden states of small trees, enumerated."""

import json
from itertools import pairwise, product
from math import exp, lgamma, log, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.labels import belief
from evolvemcts4rl.labels.belief import ANNOUNCED, DIVERSITIES, RECOVERY, SLIP, Belief, learn_rates
from evolvemcts4rl.records import Rollout
from evolvemcts4rl.tree import Node, Tree

R, W, M = "right", "wrong", "mended"


CORRECTIONS = {"wait", "wait1", "wait2"}


def grown(*rollouts):
    """A tree and its belief, from (steps, verdict, how many of the steps it was started with)."""
    tree = Tree("t", "q", "1")
    believed = Belief(tree, CORRECTIONS)
    for steps, verdict, start in rollouts:
        believed.add(tree.add(Rollout(tuple(steps.split()), verdict), start))
    return tree, believed


def drawn(rollouts):
    """How many rollouts wrote each step themselves, by the prefix that ends with it."""
    counts = {}
    for steps, _, start in rollouts:
        texts = tuple(steps.split())
        for depth in range(1, len(texts) + 1):
            counts[texts[:depth]] = counts.get(texts[:depth], 0) + (depth > start)
    return counts


def all_drawn(counts):
    """How many rollouts wrote a step after each prefix."""
    totals = {}
    for prefix, draws in counts.items():
        totals[prefix[:-1]] = totals.get(prefix[:-1], 0) + draws
    return totals


def diversity(counts):
    """The least θ with which as many different steps are expected as there are: of i + 1 draws the last is new with θ / (θ + i)."""
    for theta in DIVERSITIES:
        if sum(
            theta / (theta + i) for total in all_drawn(counts).values() for i in range(total)
        ) >= len(counts):
            return theta
    return DIVERSITIES[-1]


def repeats(theta, draws, others):
    """Chance, in Ewens' formula, that so many draws more are all of one new kind, but for what depends on their number alone."""
    return exp(lgamma(theta + others) - lgamma(theta + others + draws))


def step_weight(before, after, step, rates, last):
    """The weight of one step's states: its samples share a state, and its text counts once for the rates."""
    draws, total, theta, text = step
    slip, recovery, announced = rates
    if last:
        slip, recovery = slip * 0.2, recovery * 0.2
    wait = text in CORRECTIONS
    back = 0.8 if wait else recovery
    moves = {W: {R: 0.0, W: 1 - back, M: back}}
    moves[R] = {R: 1 - slip, W: slip, M: 0.0}
    moves[M] = {R: 0.0, W: slip, M: 1 - slip}
    words = announced if before == W else 0.005
    weights = {
        state: chance**draws * (1 if wait else repeats(theta, draws, chance * (total - draws)))
        for state, chance in moves[before].items()
        if chance
    }
    return (words if wait else 1 - words) * weights.get(after, 0.0) / sum(weights.values())


def enumerated(rollouts, rates):
    """Likelihood of all that was seen, and that times the chance of each prefix to be right, over all hidden states."""
    counts = drawn(rollouts)
    totals, theta = all_drawn(counts), diversity(counts)
    verdicts = {tuple(steps.split()): verdict for steps, verdict, _ in rollouts}
    prefixes = sorted(counts, key=len)
    total, right = 0.0, dict.fromkeys(prefixes, 0.0)
    for states in product((R, W, M), repeat=len(prefixes)):
        state = {(): R, **dict(zip(prefixes, states, strict=True))}
        weight = 1.0
        for prefix in prefixes:
            last = prefix in verdicts and len(prefix) > 1
            step = (counts[prefix], totals[prefix[:-1]], theta, prefix[-1])
            weight *= step_weight(state[prefix[:-1]], state[prefix], step, rates, last)
            if prefix in verdicts:
                success = 0.02 if state[prefix] == W else 0.998
                weight *= success if verdicts[prefix] else 1 - success
        total += weight
        for prefix in prefixes:
            right[prefix] += weight * (state[prefix] == R)
    return total, right


CELLS = list(zip(SLIP, RECOVERY, ANNOUNCED, strict=True))
SCENES = {
    "one wrong solution": [("a b c", False, 0)],
    "one right solution": [("a b c", True, 0)],
    "a right and a wrong branch": [("a b c", True, 0), ("a d e", False, 0)],
    "rollouts from a prefix": [("a b c", False, 0), ("a b d", True, 2), ("a e f", True, 1)],
    "the same text often": [
        ("a b c", False, 0),
        ("a b c", False, 0),
        ("a b d", True, 0),
        ("a b c", False, 1),
    ],
    "an announced correction": [("a wait c", True, 0), ("a b c", False, 0), ("a wait d", False, 1)],
    "solutions of one step": [("a", True, 0), ("b", False, 0), ("c d", False, 0)],
    "a solution that is a prefix of another": [("a b", False, 0), ("a b c", True, 0)],
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_belief_is_the_sum_over_all_hidden_states(scene):
    tree, believed = grown(*scene)
    by_cell = [enumerated(scene, rates) for rates in CELLS]
    evidence = sum(total for total, _ in by_cell)
    everywhere = believed.p_right_everywhere()
    for prefix, node in prefixes(tree):
        assert everywhere[node] == pytest.approx(
            sum(right[prefix] for _, right in by_cell) / evidence
        )


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_each_cell_alone_is_the_sum_over_all_hidden_states(scene):
    tree, believed = grown(*scene)
    for path in tree.solutions():
        right, _ = believed.states_by_cell(path)
        for cell, rates in list(enumerate(CELLS))[::7]:
            total, expected = enumerated(scene, rates)
            texts = tuple(node.text for node in path)
            assert believed.evidence()[cell] == pytest.approx(log(total))
            for depth in range(len(path)):
                assert right[depth, cell] == pytest.approx(expected[texts[: depth + 1]] / total)


def test_learned_rates_weigh_the_cells():
    scene = SCENES["rollouts from a prefix"]
    tree, _ = grown(*scene)
    rates = learn_rates([Belief(tree, CORRECTIONS).evidence()] * 30)
    by_cell = [enumerated(scene, cell) for cell in CELLS]
    evidence = sum(rate * total for rate, (total, _) in zip(rates, by_cell, strict=True))
    everywhere = Belief(tree, CORRECTIONS, rates).p_right_everywhere()
    for prefix, node in prefixes(tree):
        expected = (
            sum(rate * right[prefix] for rate, (_, right) in zip(rates, by_cell, strict=True))
            / evidence
        )
        assert everywhere[node] == pytest.approx(expected)


def prefixes(tree):
    stack = [((child.text,), child) for child in tree.root.children]
    while stack:
        prefix, node = stack.pop()
        yield prefix, node
        stack.extend(((*prefix, child.text), child) for child in node.children)


def test_along_agrees_with_everywhere():
    tree, believed = grown(*SCENES["an announced correction"])
    everywhere = believed.p_right_everywhere()
    for path in tree.solutions():
        assert believed.p_right_along(path) == pytest.approx([everywhere[node] for node in path])


def success_chances(steps, rates):
    """Chance of a right answer after so many more steps from a right and from a wrong prefix, over all paths."""
    slip, recovery, announced = rates
    chances = []
    for start in (R, W):
        good = 0.0
        for states in product((R, W), repeat=steps):
            weight, before = 1.0, start
            for step, state in enumerate(states, 1):
                part = 0.2 if step == steps else 1  # a last step mostly restates
                back = announced * 0.8 + (1 - announced) * recovery * part
                wrong = slip * part if before == R else 1 - back
                weight *= wrong if state == W else 1 - wrong
                before = state
            good += weight * (before == R)
        chances.append(good * 0.998 + (1 - good) * 0.02)
    return chances


def entropy(*chances):
    return -sum(chance * log2(chance) for chance in chances if chance > 0)


def test_telling_is_the_expected_fall_in_entropy():
    scene = SCENES["rollouts from a prefix"]
    tree, believed = grown(*scene)
    path = next(path for path in tree.solutions() if not path[-1].correct)
    right, good = believed.states_by_cell(path)
    weights = np.array([enumerated(scene, rates)[0] for rates in CELLS])
    weights /= weights.sum()
    for depth, told in enumerate(believed.information_gain(path, 2)):
        joint = {}  # (right or not, verdicts) → chance
        for cell, rates in enumerate(CELLS):
            success = dict(zip("gw", success_chances(len(path) - 1 - depth, rates), strict=True))
            p, g = right[depth, cell], good[depth, cell]
            for verdicts in product((True, False), repeat=2):
                for state, share in ((R, p), (M, g - p), (W, 1 - g)):
                    s = success["w" if state == W else "g"]
                    chance = (
                        weights[cell]
                        * share
                        * np.prod([s if verdict else 1 - s for verdict in verdicts])
                    )
                    key = (state == R, sum(verdicts))
                    joint[key] = joint.get(key, 0.0) + chance
        after = entropy(*joint.values()) - entropy(
            *(joint[True, k] + joint[False, k] for k in range(3))
        )
        before = entropy(*(sum(joint[state, k] for k in range(3)) for state in (True, False)))
        assert told == pytest.approx(before - after, abs=1e-9)


@st.composite
def growth(draw):
    """Rollouts, each from the start or from a prefix of an earlier one; equal texts have equal verdicts."""
    rollouts, verdicts = [], {}
    for _ in range(draw(st.integers(1, 8))):
        start = 0
        prefix = []
        if rollouts and draw(st.booleans()):
            earlier = draw(st.sampled_from(rollouts))[0].split()
            start = draw(st.integers(0, len(earlier) - 1))
            prefix = earlier[:start]
        steps = " ".join(
            [*prefix, *draw(st.lists(st.sampled_from(["a", "b", "wait"]), min_size=1, max_size=4))]
        )
        rollouts.append((steps, verdicts.setdefault(steps, draw(st.booleans())), start))
    return rollouts


@given(growth())
@settings(max_examples=100, deadline=None)
def test_belief_never_rises_along_a_path_and_is_a_chance(rollouts):
    tree, believed = grown(*rollouts)
    everywhere = believed.p_right_everywhere()
    for path in tree.solutions():
        values = [1.0, *(everywhere[node] for node in path)]
        assert all(0 <= after <= before for before, after in pairwise(values))
        assert (np.diff(believed.p_right_along(path)) <= 0).all()


@given(growth())
@settings(max_examples=100, deadline=None)
def test_asking_in_between_changes_nothing(rollouts):
    tree, believed = grown()
    for steps, verdict, start in rollouts:
        believed.add(tree.add(Rollout(tuple(steps.split()), verdict), start))
        believed.p_right_everywhere()
    _, at_once = grown(*rollouts)
    assert list(believed.p_right_everywhere().values()) == pytest.approx(
        list(at_once.p_right_everywhere().values())
    )


@given(growth())
@settings(max_examples=100, deadline=None)
def test_telling_is_never_negative(rollouts):
    tree, believed = grown(*rollouts)
    for path in tree.solutions():
        told = believed.information_gain(path, 4) if len(path) > 1 else np.zeros(0)
        assert told.shape == (len(path) - 1,)
        assert (told > -1e-9).all()
        assert (told < 1 + 1e-9).all()


def test_telling_of_very_many_rollouts_is_a_number():
    tree, believed = grown(*SCENES["rollouts from a prefix"])
    path = next(path for path in tree.solutions() if not path[-1].correct)
    told = [believed.information_gain(path, rollouts) for rollouts in (2, 20, 2000)]
    assert (np.diff(told, axis=0) > 0).all()
    assert (told[-1] < 1).all()


def test_many_rollouts_do_not_underflow():
    rollouts = [(f"a{i % 300} b{i} c", i % 2 == 0, 0) for i in range(600)]
    tree, believed = grown(*rollouts)
    assert all(np.isfinite(value) for value in believed.p_right_everywhere().values())
    assert len(list(tree.solutions())) == 600


def test_a_very_long_solution_is_no_recursion():
    tree, believed = grown((" ".join(f"s{i}" for i in range(3000)), False, 0))
    (path,) = tree.solutions()
    assert believed.p_right_along(path)[-1] < 0.05


def test_rollouts_that_fail_from_a_prefix_put_the_error_before_it():
    scene = [
        ("a b c d", False, 0),
        *((f"a b x{i} y", False, 2) for i in range(6)),
        *((f"a z{i} y w", True, 1) for i in range(6)),
    ]
    tree, believed = grown(*scene)
    a, b = believed.p_right_along(next(path for path in tree.solutions() if path[-1].text == "d"))[
        :2
    ]
    assert a > 0.9
    assert b < 0.1


def test_an_announced_correction_vouches_for_nothing_before_it():
    _, plain = grown(*[("a b c", False, 0), ("a d c", True, 1), ("a e c", True, 1)])
    tree, corrected = grown(*[("a b c", False, 0), ("a wait1 c", True, 1), ("a wait2 c", True, 1)])
    a: Node = tree.root.children[0]
    assert corrected.p_right_everywhere()[a] < 0.5 < next(iter(plain.p_right_everywhere().values()))


def test_the_grid_is_made_of_chances():
    assert len(SLIP) == len(belief.SLIPS) * len(belief.RECOVERIES) * len(belief.ANNOUNCEMENTS)
    words = np.array([np.full_like(ANNOUNCED, 0.005), ANNOUNCED])
    for draws, more, kind in product((1, 2, 7, 10_000), (0, 1, 500), (0, 12, 24)):
        for announced, last in product((False, True), repeat=2):
            chances = belief.step_chances(draws, draws + more, kind, announced, last)
            assert np.isfinite(chances).all()
            assert np.exp(chances).sum(axis=1) == pytest.approx(words if announced else 1 - words)
            if draws == 1 and not more:
                slip = SLIP * (0.2 if last else 1)
                assert np.exp(chances[0, 1]) == pytest.approx(
                    (words if announced else 1 - words)[0] * slip
                )


def test_a_step_that_is_written_once_where_others_agree_is_doubted():
    few_ways, endless_ways = 4, len(DIVERSITIES) - 1
    often, once, among_strangers = (
        np.exp(belief.step_chances(draws, 10, ways, False, False))[0, 1]
        for draws, ways in ((9, few_ways), (1, few_ways), (1, endless_ways))
    )
    assert (often < SLIP + 1e-9).all()
    assert (once[SLIP < 0.5] > SLIP[SLIP < 0.5]).all()
    assert among_strangers == pytest.approx(SLIP, rel=0.01)


def test_the_diversity_found_is_that_of_the_steps_however_they_come():
    for theta in (0.5, 4.0, 60.0):
        rng, texts, steps = np.random.default_rng(1), [], []
        for i in range(400):
            texts.append(str(i) if rng.random() < theta / (theta + i) else texts[rng.integers(i)])
            steps.append((texts[-1], False, 0))
        _, believed = grown(*steps)
        believed.evidence()
        assert DIVERSITIES[believed._diversity] == pytest.approx(theta, rel=0.8)


def test_an_empty_tree_tells_nothing():
    _, believed = grown()
    assert believed.p_right_everywhere() == {}
    assert (believed.evidence() == 0).all()


@given(growth())
@settings(max_examples=100, deadline=None)
def test_a_tree_of_json_has_the_evidence_and_belief_of_the_one_that_grew(rollouts):
    tree, believed = grown(*rollouts)
    for path in tree.solutions():
        believed.p_right_along(path)
    read = Tree.from_json(json.loads(json.dumps(tree.to_json())))
    anew = Belief(read, CORRECTIONS)
    assert (anew.evidence() == believed.evidence()).all()
    assert list(anew.p_right_everywhere().values()) == list(believed.p_right_everywhere().values())


def marginals(rates):
    cube = rates.reshape(belief.GRID)
    return [cube.sum(axis=others) for others in ((1, 2), (0, 2), (0, 1))]


def test_nothing_is_learned_from_nothing():
    even = np.full(len(SLIP), 1 / len(SLIP))
    assert learn_rates([]) == pytest.approx(even)
    assert learn_rates([np.full(len(SLIP), -700.0)] * 5) == pytest.approx(even)


def test_rates_are_learned_from_the_share_of_problems_that_have_them():
    """Where every problem is sure of its cell, the rates are counts, with ten problems of the even grid beside them."""
    cells = {(0, 1, 0): 30, (5, 1, 1): 60}
    evidence = []
    for cell, problems in cells.items():
        sure = np.full(belief.GRID, -5000.0)
        sure[cell] = -2000.0
        evidence += [sure.ravel()] * problems
    slips, recoveries, announcements = marginals(learn_rates(evidence))
    assert slips == pytest.approx(np.array([30 + 10 / 6, *[10 / 6] * 4, 60 + 10 / 6]) / 100)
    assert recoveries == pytest.approx(np.array([2.5, 92.5, 2.5, 2.5]) / 100)
    assert announcements == pytest.approx([0.35, 0.65])


def test_the_order_of_the_problems_changes_no_rate():
    rng = np.random.default_rng(0)
    evidence = list(rng.normal(0, 30, (40, len(SLIP))))
    assert learn_rates(evidence) == pytest.approx(learn_rates(evidence[::-1]))
