"""The kernel's hyperparameters as a search goes on: when they are fitted anew, and from where.

How it works: what the first m ended trials give is looked for from what the first m' gave, m' the largest power of
two below m, and so on down to the prior: whoever asks, at whatever time, finds the same. So a search that was resumed
goes on as one that never stopped.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kt_notebook.oracles.surrogate import Surrogate

__all__ = ["MIN_RESULTS", "Fits", "last_fit"]

Array = NDArray[np.float64]

# Fewer results say nothing about a scale.
MIN_RESULTS = 3
# (from how many trials, fit anew after how many more, most evaluations): 12 ms for a proposal on average at 200 trials
# of 20 hyperparameters, 60 ms where the results' and the failures' fit come together.
FITS = ((0, 1, 30), (40, 2, 30), (60, 2, 20), (80, 4, 20), (160, 8, 12), (250, 8, 8), (320, 32, 8))
# Up to as many trials there is time to look from two starts.
MAX_TWO_STARTS = 128


class Fits:
    """The fits of one surrogate.

    Args:
        surrogate: What is fitted.
        data_of: From a number of ended trials to the features, shape `(n, n_features)`, and the targets, shape
            `(n, k)`, that the first so many give; None where these say nothing.
    """

    def __init__(self, surrogate: Surrogate, data_of: Callable[[int], tuple[Array, Array] | None]) -> None:
        self.surrogate = surrogate
        self._data_of = data_of
        self._theta: dict[int, Array] = {}

    def theta_of(self, n_trials: int) -> Array:
        """Return the kernel's hyperparameters that the first ended trials give."""
        if n_trials < MIN_RESULTS:
            return self.surrogate.prior_mean
        if n_trials not in self._theta:
            theta = self._fitted(n_trials)
            self._theta = {n: kept for n, kept in self._theta.items() if _is_anchor(n)}
            self._theta[n_trials] = theta
        return self._theta[n_trials]

    def _fitted(self, n_trials: int) -> Array:
        start = self.theta_of(1 << (n_trials - 1).bit_length() - 1)
        data = self._data_of(n_trials)
        if data is None:
            return start
        n_looks = next(n_looks for first, _, n_looks in reversed(FITS) if n_trials >= first)
        # what later fits start from is looked for from the prior as well, as long as that is quick
        has_time = _is_anchor(n_trials) and n_trials <= MAX_TWO_STARTS
        return self.surrogate.fit(*data, [start, self.surrogate.prior_mean] if has_time else [start], n_looks)


def last_fit(n_trials: int) -> int:
    """Return after how many ended trials, of those there are, the kernel's hyperparameters were last fitted."""
    gap = next(gap for first, gap, _ in reversed(FITS) if n_trials >= first)
    return n_trials - n_trials % gap


def _is_anchor(n_trials: int) -> bool:
    """Return whether later fits start from this one: whether the number is a power of two."""
    return n_trials & (n_trials - 1) == 0
