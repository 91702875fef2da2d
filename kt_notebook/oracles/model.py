"""The model at work: from the trials so far to the point that one proposal is.

How it works: the Gaussian process is given the ended trials, and the running ones as if they had come out as it
expects ("Kriging believer"), so that several workers look at different places. Above 300 trials it learns from the
best third, the latest third and others at random. A failed trial counts as the worst result where others like it
failed too, else not at all.

Source: Ginsbourger, Le Riche & Carraro 2010, Kriging is well-suited to parallelize optimization, section 4.2.
"""

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.oracle import trial_seed
from kt_notebook.oracles.acquisition import log_augmentation, log_expected_improvement, lower_confidence_bound, maximise
from kt_notebook.oracles.failures import Failures
from kt_notebook.oracles.fits import MIN_RESULTS, Fits, last_fit
from kt_notebook.oracles.history import History
from kt_notebook.oracles.initial_design import initial_design
from kt_notebook.oracles.scalarisation import random_weights, scalarised
from kt_notebook.oracles.surrogate import Posterior, Surrogate
from kt_notebook.oracles.targets import standardised, targets_of

__all__ = ["Model", "chosen_observations"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int_]

# What a Gaussian process can learn from in the time that a proposal may take.
MAX_OBSERVATIONS = 300
# The random part of those is chosen anew so often.
CHOICE_LASTS = 8


class Model:
    """A space's history with what was worked out from it.

    Args:
        history: The trials.
        seed: The search's.
        alpha: Variance of the results' noise, relative to their own; None lets the results say.
        beta: Weigh a lower confidence bound by it; None takes the expected improvement.
        n_initial: How many trials come from the initial design.
    """

    def __init__(self, history: History, seed: int, alpha: float | None, beta: float | None, n_initial: int) -> None:
        self.history, self.seed = history, seed
        self._beta, self._n_initial = beta, n_initial
        self._fits = Fits(Surrogate(history.cube, alpha), self._data_of)
        self._failures = Failures(history)
        self._design: Array | None = None

    def propose(self, rng: np.random.Generator) -> Array | None:
        """Return the row to try next; None where the design and the search for the best met tried ones only."""
        history = self.history
        n_ended, n_columns = history.rows.shape
        if n_columns == 0:
            return None
        counts, losses = self._results(n_ended)
        n_results = int(np.isfinite(losses[:, 0]).sum())
        if n_results < MIN_RESULTS or n_ended + len(history.pending) < self._n_initial:
            return self._planned()
        targets = _one_of(_each_of(losses), rng)
        chosen = chosen_observations(targets)
        rows = history.rows[counts][chosen]
        posterior = self._posterior(rows, standardised(targets[chosen]), rng)
        cube = history.cube
        expected, _ = posterior.predict(cube.features(rows))
        best = float(expected.min())

        def acquisition(candidates: Array) -> Array:
            mean, deviation = posterior.predict(cube.features(candidates))
            if self._beta is not None:
                return lower_confidence_bound(mean, deviation, self._beta)
            news = log_augmentation(deviation, posterior.noise)
            return log_expected_improvement(mean, deviation, best) + news

        return maximise(acquisition, history.is_tried, cube, rows[np.argsort(expected, kind="stable")], rng)

    def _planned(self) -> Array | None:
        if self._design is None:
            self._design = initial_design(self.history.cube, trial_seed(self.seed, "initial design"), self._n_initial)
        # From the first again: where a space has grown since, its middle has not been tried, only old defaults with it.
        left = np.flatnonzero(~self.history.is_tried(self._design))
        return self._design[left[0]] if len(left) else None

    def _posterior(self, rows: Array, targets: Array, rng: np.random.Generator) -> Posterior:
        """Return the model given the ended trials, and the running ones as it expects them."""
        history, surrogate = self.history, self._fits.surrogate
        theta = surrogate.varied(self._fits.theta_of(last_fit(len(history.rows))), rng)
        features = history.cube.features(rows)
        posterior = surrogate.posterior(theta, features, targets)
        if not len(history.pending):
            return posterior
        pending = history.cube.features(history.pending)
        believed, _ = posterior.predict(pending)
        return surrogate.posterior(theta, np.concatenate([features, pending]), np.concatenate([targets, believed]))

    def _results(self, n_trials: int) -> tuple[Mask, Array]:
        """Return which of the first ended trials the model learns from, shape `(n_trials,)`, and their losses."""
        losses = self.history.losses(n_trials)
        has_failed = np.isnan(losses[:, 0])
        counts = ~has_failed | self._failures.expected(has_failed)
        return counts, losses[counts]

    def _data_of(self, n_trials: int) -> tuple[Array, Array] | None:
        counts, losses = self._results(n_trials)
        if not np.isfinite(losses).any():
            return None
        each = _each_of(losses)
        chosen = chosen_observations(each.mean(axis=1))
        rows = self.history.rows[:n_trials][counts]
        return self.history.cube.features(rows[chosen]), standardised(each[chosen])


def chosen_observations(targets: Array) -> Rows:
    """Return which trials the model learns from, in order: the best third, the latest third, others at random."""
    n_trials, third = len(targets), MAX_OBSERVATIONS // 3
    if n_trials <= MAX_OBSERVATIONS:
        return np.arange(n_trials)
    is_chosen = np.zeros(n_trials, dtype=bool)
    is_chosen[np.argsort(targets, kind="stable")[:third]] = True
    is_chosen[-third:] = True
    rest = np.flatnonzero(~is_chosen)
    rng = np.random.default_rng(n_trials // CHOICE_LASTS)
    is_chosen[rng.permutation(rest)[: MAX_OBSERVATIONS - int(is_chosen.sum())]] = True
    return np.flatnonzero(is_chosen)


def _each_of(losses: Array) -> Array:
    """Return the targets of each objective, shape `(n, n_objectives)`."""
    return np.stack([targets_of(column) for column in losses.T], axis=1)


def _one_of(each: Array, rng: np.random.Generator) -> Array:
    """Return the targets of this proposal, shape `(n,)`."""
    n_objectives = each.shape[1]
    return each[:, 0] if n_objectives == 1 else targets_of(scalarised(each, random_weights(n_objectives, rng)))
