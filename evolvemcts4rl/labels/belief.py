"""The belief over which steps of a problem's tree are right, by exact inference in a small hidden Markov model.

Every prefix of the tree is in one of three states: *right* (every step up to here is right), *wrong* (an error is being
carried along), or *mended* (there was an error, and a later step came back from it). A step leads from right to wrong
with the slip rate and from wrong to mended with the recovery rate; a solution's answer is right when its last state is
right or mended. The states are hidden; the answers' verdicts and the steps that announce a correction are seen. Messages
passed along the tree give each prefix its probability of being right from all rollouts that pass through it, each in the
way that is valid for it: a rollout is a fair sample only of the steps that it wrote itself.

Rollouts that write the same step share its node, and how often a step is written speaks for or against it: right steps
repeat one another, errors are many and rare. Ewens' sampling formula ("The sampling theory of selectively neutral
alleles", 1972) says how likely so many repetitions are among right steps and among wrong ones.

What comes after a prefix cannot tell right from mended, so that the messages know two kinds of prefix only, good and
wrong. A prefix is right when it is good at every step of the way.

None of the rates is known. They are laid out on a grid, and every problem weighs its cells by its own rollouts. Once a run's
problems are all searched, `learn_rates` finds how common each rate is among them, and their labels are written anew.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from evolvemcts4rl.tree import Node, Tree

Array = NDArray[np.float64]
GOOD, WRONG = 0, 1

# The grid: all values equally likely beforehand, each about twice the one before, from hardly ever to as often as not.
SLIPS = (0.01, 0.03, 0.07, 0.14, 0.27, 0.5)  # chance of an error, per step
RECOVERIES = (0.02, 0.06, 0.14, 0.3)  # chance of coming back from one without a word, per step
ANNOUNCEMENTS = (0.01, 0.07)  # chance that a step from a wrong prefix announces a correction …
GRID = (len(SLIPS), len(RECOVERIES), len(ANNOUNCEMENTS))
SLIP, RECOVERY, ANNOUNCED = np.array(list(product(SLIPS, RECOVERIES, ANNOUNCEMENTS))).T

ANNOUNCED_WELL = 0.8  # … and that the announced correction is one
FALSE_ANNOUNCEMENT_RATE = 0.005  # chance of the same words where nothing was wrong
LAST_STEP_FACTOR = (
    0.2  # a last step mostly restates the result: how often it slips or recovers, beside the others
)
MISGRADED = 0.002  # a right solution whose answer is judged wrong
LUCKY_ANSWER_RATE = 0.02  # a wrong one whose answer is right all the same
# How many ways there are to write a step, as Ewens' θ: 1 where nearly all writers agree, above 1000 where hardly two ever do.
DIVERSITIES = np.geomspace(0.25, 4000, 25)
PSEUDO_PROBLEMS = 10  # what a run learns holds the even grid to be as good as so many problems
EM_ITERATIONS = 60  # of expectation maximisation; further ones change no label

_VERDICT = {
    True: np.log([[1 - MISGRADED], [LUCKY_ANSWER_RATE]]),
    False: np.log([[MISGRADED], [1 - LUCKY_ANSWER_RATE]]),
    None: np.zeros((2, 1)),
}


@functools.lru_cache(maxsize=4096)
def step_chances(draws: int, all_draws: int, diversity: int, announced: bool, last: bool) -> Array:
    """Logarithm of the chances of a step that was written in `draws` of the `all_draws` that went on from its parent.

    Shape (2 from, 2 to, cells). Both kinds of steps, right and wrong ones, are taken to repeat themselves as Ewens' formula
    has it, with the θ of DIVERSITIES[diversity]; the other draws to be of each kind as often as is expected. A step
    counts once for the rates, however often written: that its writers agree is no evidence that they seldom err.
    """
    slip, recovery = (rate * (LAST_STEP_FACTOR if last else 1) for rate in (SLIP, RECOVERY))
    chances = np.array([[1 - slip, slip], [recovery, 1 - recovery]])
    words = np.array([np.full_like(SLIP, 1 - FALSE_ANNOUNCEMENT_RATE), 1 - ANNOUNCED])
    if announced:
        chances[WRONG, GOOD], chances[WRONG, WRONG] = ANNOUNCED_WELL, 1 - ANNOUNCED_WELL
        words = 1 - words
    together = draws * np.log(chances)
    if not announced:
        earlier = DIVERSITIES[diversity] + chances * (all_draws - draws)
        together -= np.log(np.add.outer(earlier, np.arange(draws))).sum(axis=-1)
    states = together - np.logaddexp(together[:, GOOD], together[:, WRONG])[:, None]
    return np.log(words)[:, None] + states


@dataclass(frozen=True, eq=False)
class _Message:
    """What is known of one prefix from what was seen at and below it: logarithms of shape (2, cells)."""

    seen: Array  # of its likelihood, given the state of the prefix before
    good: Array  # of the chance that the prefix is good, given the state of the prefix before


# Most new steps are the first of their kind on the way to an answer, and what they say has been said in another problem.
@functools.lru_cache(maxsize=4096)
def _message(verdict: bool | None, below: tuple[_Message, ...], *step: int) -> _Message:
    after = sum((message.seen for message in below), _VERDICT[verdict])
    chances = step_chances(*step) + after
    seen = np.logaddexp(chances[:, GOOD], chances[:, WRONG])
    return _Message(seen, chances[:, GOOD] - seen)


class Belief:
    """The belief over one problem's tree. `corrections` has the steps that announce one, without the whitespace around them.

    `rates` says how likely each cell of the grid is beforehand, shape (cells,); without it, one is as likely as another.
    """

    def __init__(self, tree: Tree, corrections: Set[str], rates: Array | None = None) -> None:
        self._tree = tree
        self._corrections = corrections
        self._prior = np.zeros_like(SLIP) if rates is None else np.log(rates)
        self._drawn: dict[Node, int] = {}  # how many rollouts wrote this step themselves
        self._gone_on: dict[Node, int] = {}  # how many wrote a step after this one
        self._repetitions = np.zeros(
            0
        )  # after how many steps an n-th one was written, the first one being n = 0
        self._diversity = (
            0  # how many ways there are to write a step of this problem: an index of DIVERSITIES
        )
        self._messages: dict[
            Node, _Message
        ] = {}  # of the nodes at and below which nothing has been added since
        self._weights: Array | None = (
            None  # how much each cell is believed, as long as nothing is added
        )

    def add(self, path: Sequence[Node]) -> None:
        """Take in a rollout that has just entered the tree at this path."""
        self._weights = None
        for parent in (self._tree.root, *path):
            for node in (
                parent.children
            ):  # the others, too: there are more draws that they were not written in
                self._messages.pop(node, None)

    def evidence(self) -> Array:
        """Logarithm of the likelihood of all that was seen, if the rates are a cell's: shape (cells,).

        A function of the tree as it stands in its JSON, in whatever order its rollouts came.
        """
        self._bring_up_to_date()
        # A problem itself is a right prefix.
        return sum(
            (self._messages[child].seen[GOOD] for child in self._tree.root.children),
            np.zeros_like(SLIP),
        )

    def p_right_along(self, path: Sequence[Node]) -> Array:
        """Chance that every step up to each node of the path is right: shape (len(path),), never rising."""
        weights = self.weights()
        return (self._chances(path)[:, GOOD].cumprod(axis=0) * weights).sum(axis=1)

    def p_right_everywhere(self) -> dict[Node, float]:
        """The same for every node of the tree but the root, parents before children."""
        weights, nodes = self.weights(), self._tree.nodes()
        chances = dict(zip(nodes, self._chances(nodes)[:, GOOD], strict=True))
        for node in nodes:  # parents come before children
            for child in node.children:
                chances[child] *= chances[node]
        right = np.array(list(chances.values())).reshape(-1, len(SLIP))
        return dict(zip(nodes, (right * weights).sum(axis=1).tolist(), strict=True))

    def information_gain(self, path: Sequence[Node], rollouts: int) -> Array:
        """What `rollouts` from each proper prefix of the path would tell: bits about the first error, shape (len(path) - 1,).

        The expected fall in entropy of "the prefix is right", which is all that such rollouts speak of.
        """
        weights = self.weights()
        right, good = (states[:-1, :, None] for states in self.states_by_cell(path))
        outcome_if_good, outcome_if_wrong = _outcomes(len(path), rollouts)
        of_right = weights @ (
            right * outcome_if_good
        )  # chance of being right and so many successes: (prefixes, k)
        of_any = weights @ (outcome_if_wrong + good * (outcome_if_good - outcome_if_wrong))
        before = _entropy(of_right.sum(axis=1)) + _entropy((of_any - of_right).sum(axis=1))
        after = _entropy(of_right) + _entropy(of_any - of_right) - _entropy(of_any)
        return before - after.sum(axis=1)

    def states_by_cell(self, path: Sequence[Node]) -> tuple[Array, Array]:
        """Chances that each node of a path is right, and that it is good, if the rates are a cell's: (len(path), cells) both."""
        self.weights()  # brings the messages up to date
        chances, good, goods = self._chances(path), np.ones_like(SLIP), []
        for if_good, if_wrong in chances:
            good = if_wrong + good * (if_good - if_wrong)
            goods.append(good)
        return chances[:, GOOD].cumprod(axis=0), np.array(goods)

    def _chances(self, nodes: Sequence[Node]) -> Array:
        """Chance that each node is good, given the state of the prefix before: shape (len(nodes), 2, cells)."""
        return np.exp(
            np.array([self._messages[node].good for node in nodes]).reshape(-1, 2, len(SLIP))
        )

    def weights(self) -> Array:
        """How much each cell of the grid is believed: shape (cells,)."""
        if self._weights is None:
            log_weights = self.evidence() + self._prior
            weights = np.exp(log_weights - log_weights.max())
            self._weights = weights / weights.sum()
        return self._weights

    def _bring_up_to_date(self) -> None:
        """Compute the messages of all nodes below which something was added, children before parents."""
        root = self._tree.root
        stale = _below(root, self._messages)
        if not stale:
            return
        for node in reversed(stale):
            # Those rollouts wrote the step that end at the node or below it and were not started there.
            self._drawn[node] = node.times - node.num_rollouts + self._count(node)
        self._count(root)
        if self._find_diversity():
            stale = _below(root)
        parents = {child: node for node in (root, *stale) for child in node.children}
        first_steps = set(root.children)
        for node in reversed(stale):
            below = tuple([self._messages[child] for child in node.children])
            # A step that ends a solution is a last one, also where another solution goes on from it; not so an only step,
            # which does all the work and restates nothing.
            last = node.correct is not None and node not in first_steps
            announced = node.text.strip() in self._corrections
            draws = (self._drawn[node], self._gone_on.get(parents[node], 0))
            self._messages[node] = _message(
                node.correct, below, *draws, self._diversity, announced, last
            )

    def _count(self, node: Node) -> int:
        """How many rollouts wrote a step after this one, which is noted."""
        if not node.children:
            return 0
        before, now = (
            self._gone_on.get(node, 0),
            sum([self._drawn[child] for child in node.children]),
        )
        if now > before:
            self._gone_on[node] = now
            if now > len(self._repetitions):
                self._repetitions = np.append(self._repetitions, np.zeros(now))
            self._repetitions[before:now] += 1
        return now

    def _find_diversity(self) -> bool:
        """Find the θ with which the problem's steps are expected to be of as many kinds as they are; gives whether it changed."""
        expected = self._repetitions @ _chances_of_a_new_kind(len(self._repetitions))
        nearest = int(np.searchsorted(expected, len(self._drawn)))
        before, self._diversity = self._diversity, min(nearest, len(DIVERSITIES) - 1)
        return self._diversity != before


@functools.lru_cache(maxsize=256)
def _chances_of_a_new_kind(draws: int) -> Array:
    """Chance that a step is unlike all before it, after 0, 1, … such steps, with each θ: shape (draws, DIVERSITIES)."""
    return DIVERSITIES / np.add.outer(np.arange(draws), DIVERSITIES)


def _below(root: Node, known: Container[Node] = ()) -> list[Node]:
    """All nodes below the root that are not known, parents before children; what is known has nothing new below it."""
    found = [node for node in root.children if node not in known]
    for node in found:  # which grows meanwhile
        found += [child for child in node.children if child not in known]
    return found


def learn_rates(evidences: Iterable[Array]) -> Array:
    """How likely each cell is in a problem like those of a run, given the evidence of each: shape (cells,).

    Empirical Bayes: the prior under which all that was seen is most likely, by expectation maximisation. Slips, recoveries
    and announcements are taken to vary independently of one another. PSEUDO_PROBLEMS keep a short run near the even grid.
    """
    # Kept at half of numpy's usual size: of all that a run holds in memory, it alone grows with the problems.
    likelihood = np.fromiter(
        (np.exp(each - each.max()) for each in evidences), np.dtype((np.float32, len(SLIP)))
    )
    parts = [likelihood[start : start + 4096] for start in range(0, len(likelihood), 4096)]
    even = [np.full(length, 1 / length) for length in GRID]
    rates = even
    for _ in range(EM_ITERATIONS):
        prior = np.einsum("i,j,k->ijk", *rates).ravel()
        problems = (
            sum(((1 / (part @ prior)) @ part for part in parts), np.zeros_like(SLIP)) * prior
        )  # expected, a cell
        cells = problems.reshape(GRID)
        counts = [cells.sum(axis=others) for others in ((1, 2), (0, 2), (0, 1))]
        total = len(likelihood) + PSEUDO_PROBLEMS
        rates = [
            (count + PSEUDO_PROBLEMS * flat) / total
            for count, flat in zip(counts, even, strict=True)
        ]
    return np.einsum("i,j,k->ijk", *rates).ravel()


def mean_rates(rates: Array | None) -> dict[str, float] | None:
    """What was learned of the model, on average over its problems: chances per step."""
    if rates is None:
        return None
    named = {"slip": SLIP, "silent_recovery": RECOVERY, "announced_correction": ANNOUNCED}
    return {name: round(float(rates @ values), 4) for name, values in named.items()}


@functools.cache
def _outcomes(length: int, rollouts: int) -> tuple[Array, Array]:
    """Chance of each number of successes from each proper prefix of a solution of so many steps, if good and if wrong.

    Two arrays of shape (length - 1, cells, rollouts + 1). The two-state chain's closed form: after some steps a prefix is
    good with chance base + (start - base) · memory ** steps. The last step has rates of its own.
    """
    steps = np.arange(length - 2, -1, -1)[:, None]
    recovery, last_recovery = (
        ANNOUNCED * ANNOUNCED_WELL + (1 - ANNOUNCED) * RECOVERY * part
        for part in (1, LAST_STEP_FACTOR)
    )
    base, memory = recovery / (SLIP + recovery), (1 - SLIP - recovery) ** steps
    before_last = (base + (1 - base) * memory, base - base * memory)
    in_the_end = [
        good * (1 - SLIP * LAST_STEP_FACTOR) + (1 - good) * last_recovery for good in before_last
    ]
    if_good, if_wrong = (
        _binomial(good * (1 - MISGRADED) + (1 - good) * LUCKY_ANSWER_RATE, rollouts)
        for good in in_the_end
    )
    return if_good, if_wrong


def _binomial(success: Array, rollouts: int) -> Array:
    """Chance of k of `rollouts` successes, for each k, on a new last axis."""
    counts = np.arange(rollouts + 1)
    ways = np.cumsum(
        [0.0, *np.log((rollouts + 1 - counts[1:]) / counts[1:])]
    )  # logarithms: no float holds so many
    each = np.log(success)[..., None] * counts + np.log1p(-success)[..., None] * (rollouts - counts)
    return np.exp(ways + each)


def _entropy(chances: Array) -> Array:
    return -chances * np.log2(np.maximum(chances, 1e-300))
