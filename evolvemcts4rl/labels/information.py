"""What rollouts would tell: the expected fall in entropy."""

from __future__ import annotations

import numpy as np

from evolvemcts4rl.labels.rates import RIGHT, Array


def bits_told(right: Array, states: Array, outcomes: Array) -> Array:
    """Return what rollouts from each prefix would tell, in bits: shape (prefixes,).

    That is the expected fall in entropy of "the prefix is right", which is all that such rollouts
    speak of. `right` has the chance that each prefix is right, by cell of the rates, shape
    (prefixes, cells); `states` that of its states, shape (prefixes, states, cells); `outcomes` that
    of each number of successes, given its state, as `success_counts` gives them.
    """
    prefixes, counts = outcomes.shape[:2]
    # The chance of so many successes, and of being right as well.
    of_right = (outcomes[:, :, RIGHT] @ right[..., None])[..., 0]
    of_any = (outcomes.reshape(prefixes, counts, -1) @ states.reshape(prefixes, -1, 1))[..., 0]
    before = _entropy(of_right.sum(axis=1)) + _entropy((of_any - of_right).sum(axis=1))
    after = _entropy(of_right) + _entropy(of_any - of_right) - _entropy(of_any)
    gain: Array = before - after.sum(axis=1)
    return gain


def success_counts(success: Array, rollouts: int) -> Array:
    """Return the chance of k of `rollouts` successes: shape (prefixes, k, states, cells).

    `success` has the chance that one of them succeeds, shape (prefixes, states, cells).
    """
    counts = np.arange(rollouts + 1)
    ways = np.cumsum(
        [0.0, *np.log((rollouts + 1 - counts[1:]) / counts[1:])]
    )  # logarithms: no float holds so many
    failure = np.log1p(-success)
    chances: Array = counts[:, None, None] * (np.log(success) - failure)[:, None]
    chances += ways[:, None, None]
    chances += rollouts * failure[:, None]
    np.exp(chances, out=chances)
    return chances


def _entropy(chances: Array) -> Array:
    return -chances * np.log2(np.maximum(chances, 1e-300))
