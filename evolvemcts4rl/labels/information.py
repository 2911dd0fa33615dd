"""What rollouts would tell: the expected fall in entropy."""

from __future__ import annotations

import numpy as np

from evolvemcts4rl.labels.rates import RIGHT, Array


def bits_told(right: Array, states: Array, success: Array, rollouts: int) -> Array:
    """Return what `rollouts` from each prefix would tell, in bits: shape (prefixes,).

    That is the expected fall in entropy of "the prefix is right", which is all that such rollouts
    speak of. `right` has the chance that each prefix is right, by cell of the rates, shape
    (prefixes, cells); `states` that of its states, shape (prefixes, states, cells); `success` the
    chance that a rollout from it succeeds, given its state, of the same shape.
    """
    outcomes = _binomial(success, rollouts)  # (prefixes, states, cells, k)
    of_right = np.einsum(
        "pc,pck->pk", right, outcomes[:, RIGHT]
    )  # chance of being right and so many successes
    of_any = np.einsum("psc,psck->pk", states, outcomes)
    before = _entropy(of_right.sum(axis=1)) + _entropy((of_any - of_right).sum(axis=1))
    after = _entropy(of_right) + _entropy(of_any - of_right) - _entropy(of_any)
    gain: Array = before - after.sum(axis=1)
    return gain


def _binomial(success: Array, rollouts: int) -> Array:
    """Return the chance of k of `rollouts` successes, for each k, on a new last axis."""
    counts = np.arange(rollouts + 1)
    ways = np.cumsum(
        [0.0, *np.log((rollouts + 1 - counts[1:]) / counts[1:])]
    )  # logarithms: no float holds so many
    each = np.log(success)[..., None] * counts + np.log1p(-success)[..., None] * (rollouts - counts)
    return np.exp(ways + each)


def _entropy(chances: Array) -> Array:
    return -chances * np.log2(np.maximum(chances, 1e-300))
