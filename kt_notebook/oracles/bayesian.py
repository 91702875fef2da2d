"""Bayesian search: each trial is where a model of the results so far expects the largest improvement.

How it works, in the order of the files:

1. `core.unit_cube`: a configuration becomes a point of the unit cube;
2. `initial_design`: the first four trials come from a fixed plan;
3. `targets`: results become numbers that a model can learn, failed and pruned trials too;
4. `surrogate`: a Gaussian process says what to expect at any point, and how surely;
5. `acquisition`: the point that promises most is looked for.

Running trials count as if they had come out as the model expects ("Kriging believer": Ginsbourger, Le Riche & Carraro
2010, section 4.2), so that several workers look at different places. Above 300 trials the model learns from 300.

A proposal is a function of the seed, the trial's number and the trials before it. The kernel's hyperparameters that
the first m ended trials give are found from those that the first m' gave, m' the largest power of two below m, and so
on down to the prior: the same in a search that was resumed as in one that never stopped. What is kept from one
proposal to the next only saves working it out again.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.errors import OptionError
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner, trial_seed
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value
from kt_notebook.oracles.acquisition import log_augmentation, log_expected_improvement, lower_confidence_bound, maximise
from kt_notebook.oracles.history import History
from kt_notebook.oracles.initial_design import initial_design
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.random_draws import RandomSampler
from kt_notebook.oracles.scalarisation import random_weights, scalarised
from kt_notebook.oracles.surrogate import Posterior, Surrogate
from kt_notebook.oracles.targets import targets_of
from kt_notebook.oracles.tried import TriedConfigurations, nothing_left, proposal

__all__ = ["BayesianOptimizationOracle", "BayesianSampler"]

Array = NDArray[np.float64]
Rows = NDArray[np.int_]

# More than 4 first trials was clearly worse after 20 and 50; fewer than 3 results say nothing about a scale.
N_INITIAL, N_RESULTS = 4, 3
# What a Gaussian process can learn from in the time that a proposal may take.
MAX_OBSERVATIONS = 300
# The random part of those is chosen anew so often.
CHOICE_LASTS = 8
# (from how many trials, fit anew after how many more, most evaluations): what keeps a proposal below 60 ms.
FITS = ((0, 1, 30), (40, 2, 30), (60, 2, 20), (80, 4, 20), (160, 8, 12), (250, 8, 8))


class BayesianSampler:
    """Proposes configurations from a model of an oracle's trials.

    Args:
        num_initial_points: How many trials come from the initial design; None: 4.
        alpha: Variance of the results' noise, relative to their own; None lets the results say.
        beta: Weigh a lower confidence bound by it; None takes the expected improvement.
    """

    def __init__(
        self, num_initial_points: int | None = None, alpha: float | None = None, beta: float | None = None
    ) -> None:
        self._n_initial = N_INITIAL if num_initial_points is None else num_initial_points
        self._alpha, self._beta = alpha, beta
        self._tried = TriedConfigurations()
        self._untried = RandomSampler()
        self._model: _Model | None = None

    def propose(self, oracle: Oracle, trial_id: str) -> dict[str, Value] | None:
        """Return an untried configuration, or None where none is left.

        Args:
            oracle: Its space, seed, objective and trials.
            trial_id: The trial that is to have it.
        """
        space = oracle.hyperparameters.search_space
        model = self._model
        if model is None or model.seed != oracle.seed or not model.history.follows(oracle):
            history = History(space, oracle.objective)
            history.follows(oracle)
            model = self._model = _Model(history, oracle.seed, self._alpha, self._beta, self._n_initial)
        row = model.propose(np.random.default_rng([trial_seed(oracle.seed, trial_id), 1]))
        if row is not None:
            values = model.history.cube.decode(row)
            if space.key(values) not in self._tried.keys(oracle):
                return values
        return self._untried.propose(oracle, trial_id)


class _Model:
    """A space's history with what was worked out from it."""

    def __init__(self, history: History, seed: int, alpha: float | None, beta: float | None, n_initial: int) -> None:
        self.history, self.seed = history, seed
        self._beta, self._n_initial = beta, n_initial
        self._surrogate = Surrogate(history.cube, alpha)
        self._design: Array | None = None
        self._theta: dict[int, Array] = {}

    def propose(self, rng: np.random.Generator) -> Array | None:
        """Return the row to try next; None where the design and the search for the best met tried ones only."""
        history = self.history
        n_ended, n_columns = history.rows.shape
        if n_columns == 0:
            return None
        losses = history.losses(n_ended)
        n_results = int(np.isfinite(losses).all(axis=1).sum())
        if n_results < N_RESULTS or n_ended + len(history.pending) < self._n_initial:
            return self._planned()
        targets = _targets(losses, rng)
        chosen = chosen_observations(targets)
        rows = history.rows[chosen]
        theta = self._surrogate.varied(self._theta_of(last_fit(n_ended)), rng)
        posterior = self._posterior(theta, rows, targets[chosen])
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
        left = np.flatnonzero(~self.history.is_tried(self._design))
        return self._design[left[0]] if len(left) else None

    def _posterior(self, theta: Array, rows: Array, targets: Array) -> Posterior:
        """Return the model given the ended trials, and the running ones as it expects them."""
        history, surrogate = self.history, self._surrogate
        features = history.cube.features(rows)
        posterior = surrogate.posterior(theta, features, targets)
        if not len(history.pending):
            return posterior
        pending = history.cube.features(history.pending)
        believed, _ = posterior.predict(pending)
        return surrogate.posterior(theta, np.concatenate([features, pending]), np.concatenate([targets, believed]))

    def _theta_of(self, n_trials: int) -> Array:
        """Return the kernel's hyperparameters that the first ended trials give."""
        if n_trials < N_RESULTS:
            return self._surrogate.prior_mean
        if n_trials not in self._theta:
            start = self._theta_of(1 << (n_trials - 1).bit_length() - 1)
            losses = self.history.losses(n_trials)
            each = np.stack([targets_of(column) for column in losses.T], axis=1)
            chosen = chosen_observations(each.mean(axis=1))
            features = self.history.cube.features(self.history.rows[chosen])
            n_looks = next(n_looks for first, _, n_looks in reversed(FITS) if n_trials >= first)
            self._theta = {n: theta for n, theta in self._theta.items() if n & (n - 1) == 0}
            # what all later ones start from is looked for from the prior as well
            starts = [start, self._surrogate.prior_mean] if n_trials & (n_trials - 1) == 0 else [start]
            self._theta[n_trials] = self._surrogate.fit(features, each[chosen], starts, n_looks)
        return self._theta[n_trials]


def last_fit(n_trials: int) -> int:
    """Return after how many ended trials, of those there are, the kernel's hyperparameters were last fitted."""
    gap = next(gap for first, gap, _ in reversed(FITS) if n_trials >= first)
    return n_trials - n_trials % gap


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


def _targets(losses: Array, rng: np.random.Generator) -> Array:
    each = np.stack([targets_of(column) for column in losses.T], axis=1)
    if each.shape[1] == 1:
        return each[:, 0]
    return targets_of(scalarised(each, random_weights(each.shape[1], rng)))


class BayesianOptimizationOracle(Oracle):
    """Proposes configurations from a model of the results so far.

    Args:
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these: then the
            trials look for the whole front of what cannot be improved in one without loss in another.
        max_trials: Most trials to run; fewer where the space has fewer configurations.
        num_initial_points: How many trials come from a plan that fills the space; None: 4.
        alpha: Variance of the results' noise, relative to the variance of the results; None lets the results say.
        beta: Take the lower confidence bound with so many standard deviations instead of the expected improvement.
        seed: Any integer, 0 included; None draws one, kept in the state.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds.
        tune_new_entries: Whether what they declare beyond it is searched, not only kept at its default.
        max_retries_per_trial: How often a failed trial is run again.
        max_consecutive_failed_trials: End the search when as many trials in a row failed; None: never for this reason.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.

    Raises:
        OptionError: `max_trials` or `num_initial_points` is below 1, `alpha` or `beta` is below 0, the seed is no
            integer, or `prune` is unknown.
        ObjectiveError: The objective cannot be understood.

    Example:
        >>> hp = HyperParameters()
        >>> _ = hp.Float("lr", 0.001, 0.1, sampling="log")
        >>> oracle = BayesianOptimizationOracle("val_loss", hyperparameters=hp, seed=0)
        >>> trial = oracle.create_trial("tuner0")
        >>> round(trial.hyperparameters.get("lr"), 9)
        0.01
    """

    def __init__(
        self,
        objective: str | AnyObjective | list[Any] | None = None,  # Any: names and objectives mixed
        max_trials: int | None = 10,
        num_initial_points: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            pruner=create_pruner(prune),
        )
        if num_initial_points is not None and num_initial_points < 1:
            raise OptionError(
                f"num_initial_points={num_initial_points!r} leaves nothing to learn from. Give 1 or more, or None for "
                f"{N_INITIAL}."
            )
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value is not None and not (value >= 0 and math.isfinite(value)):
                raise OptionError(f"{name}={value!r} has no meaning. Give a number of 0 or more, or None for our own.")
        self._sampler = BayesianSampler(num_initial_points, alpha, beta)

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial: what promises most, or the news that nothing is left."""
        values = self._sampler.propose(self, trial_id)
        return nothing_left(self) if values is None else proposal(values)
