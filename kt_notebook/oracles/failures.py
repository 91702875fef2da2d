"""Which failed trials failed for their values, and which might have failed with any.

How it works: a Gaussian process learns from all trials but one whether that one was to fail. A failure that the
others lead to expect is a bad result, to be kept away from; one that comes out of nowhere (a full memory, a lost
machine) says nothing of its values, and must not spoil the best region of the space: where a fifth of the trials
failed by chance, counting each failure as the worst result cost nearly four times the regret.

Source: Rasmussen & Williams 2006, section 5.4.2 (leaving one out); a model of failures beside that of the results:
Gelbart, Snoek & Adams 2014, arXiv:1403.5607.
"""

import numpy as np
from numpy.typing import NDArray

from kt_notebook.oracles.fits import Fits, last_fit
from kt_notebook.oracles.history import History
from kt_notebook.oracles.surrogate import Surrogate
from kt_notebook.oracles.targets import standardised

__all__ = ["Failures"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Whether failures follow from values is not known beforehand: a prior for the logarithm of the noise that allows both.
NOISE_PRIOR = (-1.0, 2.0)
# From what expected share of failures on one belongs to its values.
EXPECTED_SHARE = 0.5
# The model learns from the latest trials.
MAX_TRIALS = 300


class Failures:
    """The failed trials of a history.

    Args:
        history: The trials.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._fits = Fits(Surrogate(history.cube, noise_prior=NOISE_PRIOR), self._data_of)

    def expected(self, has_failed: Mask) -> Mask:
        """Return which of the first ended trials failed as the others lead to expect, shape `(n_trials,)`.

        Args:
            has_failed: Which of them failed, shape `(n_trials,)`.
        """
        expected: Mask = np.zeros(len(has_failed), dtype=bool)
        if has_failed.any():
            features, targets = self._data(has_failed)
            posterior = self._fits.surrogate.posterior(
                self._fits.theta_of(last_fit(len(has_failed))), features, targets
            )
            latest = has_failed[-MAX_TRIALS:].astype(float)
            share = latest.mean() + latest.std() * posterior.left_out(targets)
            expected[-MAX_TRIALS:] = has_failed[-MAX_TRIALS:] & (share > EXPECTED_SHARE)
        return expected

    def _data_of(self, n_trials: int) -> tuple[Array, Array] | None:
        has_failed = np.isnan(self._history.losses(n_trials)[:, 0])
        if not has_failed.any():
            return None
        features, targets = self._data(has_failed)
        return features, targets[:, None]

    def _data(self, has_failed: Mask) -> tuple[Array, Array]:
        """Return features and targets, 1 for a failure and 0 for a result, standardised."""
        rows = self._history.rows[: len(has_failed)][-MAX_TRIALS:]
        return self._history.cube.features(rows), standardised(has_failed[-MAX_TRIALS:].astype(float))
