"""What a search's trials say of the score all over its space: a Gaussian process, its mean and draws from it.

How it works: the model is the one that chooses trials in a Bayesian search (`oracles/surrogate.py`), whatever chose
these. Trials count with their loss; a pruned one with the loss that it was on its way to; what failed does not count.
The few that are far worse than the rest are put at a fence, so that one diverged training is not all there is to see.
Few trials leave the kernel's hyperparameters uncertain: these are drawn from their posterior by elliptical slice
sampling, which their normal priors allow. For each of them, functions are drawn by Matheron's rule: a draw of the
prior, from random Fourier features and the trend's own, moved to where the trials are.

Sources: Murray, Adams & MacKay 2010, Elliptical slice sampling, arXiv:1001.0175, figure 2. Wilson et al. 2020,
Efficiently sampling functions from Gaussian process posteriors, arXiv:2002.09309, eq. 13. Rahimi & Recht 2007, Random
features for large-scale kernel machines, algorithm 1; the spectrum of a Matérn kernel: Rasmussen & Williams 2006,
eq. 4.15. The fence: Tukey 1977, Exploratory Data Analysis, section 2D.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.budget import Budget
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.objective import AnyObjective, MultiObjective, Objective, loss_sign
from kt_notebook.core.parameter import deserialize
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.core.values import value_from_json
from kt_notebook.oracles.learning_curves import running_best
from kt_notebook.oracles.model import chosen_observations
from kt_notebook.oracles.surrogate import LENGTH_SD, SCALE_A, TREND_PRIOR, Posterior, Surrogate
from kt_notebook.oracles.targets import Outcome, losses_of

__all__ = ["MIN_TRIALS", "Surface", "space_of", "surface_of", "too_few"]

Array = NDArray[np.float64]

# Fewer scores say nothing of a surface.
MIN_TRIALS = 4
_FIT_LOOKS = 40
_N_FOURIER = 384
# Steps of the slice sampler between two draws; each step shrinks its bracket until it is accepted.
_STEPS_BETWEEN = 4
_MAX_SHRINKS = 30
# Before any trial: mean and standard deviation of the logarithm of the noise's variance. Wider than for proposals,
# which lose little by taking noise for a result: with theirs, intervals of 80 % held 40 % of the shares of 20 noisy
# trials.
_NOISE = (-3.0, 2.0)
# Tukey's far-out fence.
_FENCE = 3.0


@dataclass(frozen=True)
class Surface:
    """A Gaussian process of the loss over a search's space.

    Attributes:
        cube: The space's unit cube.
        rows: Of the trials that count, shape `(n, n_columns)`.
        trial_ids: Of these trials.
        losses: Theirs, smaller is better, shape `(n,)`.
        sign: What makes a loss a score.
    """

    cube: UnitCube
    rows: Array
    trial_ids: tuple[str, ...]
    losses: Array
    sign: float

    @property
    def columns(self) -> tuple[HyperParameter, ...]:
        """The hyperparameter of each column of the cube."""
        return tuple(entry for entry in self.cube.space.ordered if entry.n_values != 1)

    @cached_property
    def _chosen(self) -> NDArray[np.int_]:
        return chosen_observations(self.losses)

    @cached_property
    def _fenced(self) -> Array:
        low, high = np.quantile(self.losses, [0.25, 0.75])
        fence = high + _FENCE * (high - low)
        return np.minimum(self.losses, fence) if high > low else self.losses

    @cached_property
    def _unit(self) -> tuple[float, float]:
        """Mean and spread of what the process learns, 1 for a spread where nothing differs."""
        held = self._fenced[self._chosen]
        largest = float(np.abs(held).max()) or 1.0  # so that squares of huge losses are finite
        return float((held / largest).mean()) * largest, float((held / largest).std()) * largest or 1.0

    @cached_property
    def _data(self) -> tuple[Array, Array]:
        mean, spread = self._unit
        return self.cube.features(self.rows[self._chosen]), (self._fenced[self._chosen] - mean) / spread

    @cached_property
    def _surrogate(self) -> Surrogate:
        return Surrogate(self.cube, noise_prior=_NOISE)

    @cached_property
    def posterior(self) -> Posterior:
        """The process with the most probable kernel."""
        features, targets = self._data
        theta = self._surrogate.fit(features, targets[:, None], [self._surrogate.prior_mean], _FIT_LOOKS)
        return self._surrogate.posterior(theta, features, targets)

    @cached_property
    def explained(self) -> float:
        """The share of the trials' differences that the model foretells of a trial it has not seen; 0 at least.

        By leaving out one trial at a time.
        """
        _, targets = self._data
        total = float(((targets - targets.mean()) ** 2).sum())
        missed = float(((targets - self.posterior.left_out(targets)) ** 2).sum())
        return max(0.0, 1 - missed / total) if total > 0 else 0.0

    def predict(self, rows: Array) -> tuple[Array, Array]:
        """Return the expected score at each row and its standard deviation, both of shape `(m,)`."""
        mean, spread = self._unit
        expected, deviation = self.posterior.predict(self.cube.features(rows))
        return self.sign * (mean + spread * expected), spread * deviation

    def draws(self, rows: Array, n_kernels: int, n_each: int, rng: np.random.Generator) -> Iterator[Array]:
        """Yield functions that the trials allow, at these rows: for each kernel an array of shape `(m, n_each)`.

        They are in the process's own unit: of smaller is better, a standard deviation of the trials.
        """
        features = self.cube.features(rows)
        for theta in self._kernels(n_kernels, rng):
            yield self._functions(theta, features, n_each, rng)

    def _kernels(self, n: int, rng: np.random.Generator) -> Iterator[Array]:
        """Yield kernels' hyperparameters from their posterior: one chain from the most probable ones."""
        surrogate, (features, targets) = self._surrogate, self._data
        n_columns = self.cube.n_columns
        mean = surrogate.prior_mean
        spread = np.array([LENGTH_SD] * n_columns + [_NOISE[1], TREND_PRIOR[1]])

        def likelihood(theta: Array) -> float:
            try:
                return _log_likelihood(surrogate.posterior(theta, features, targets), len(targets))
            except np.linalg.LinAlgError:
                return -math.inf

        theta = self.posterior.theta
        held = likelihood(theta)
        for _ in range(n):
            for _ in range(_STEPS_BETWEEN):
                theta, held = _slice_step(theta, held, mean, spread, likelihood, rng)
            yield theta

    def _functions(self, theta: Array, at: Array, n: int, rng: np.random.Generator) -> Array:
        surrogate, (features, targets) = self._surrogate, self._data
        posterior = surrogate.posterior(theta, features, targets)
        prior = _PriorDraw(surrogate, theta, features.shape[1], self.cube.groups, n, rng)
        # s² has an inverse gamma posterior; all is in its unit until the end.
        n_targets = len(targets)
        fit = posterior.scale * (n_targets + SCALE_A)
        scale = np.sqrt(fit / rng.chisquare(n_targets + SCALE_A, n))
        noise = posterior.noise / math.sqrt(posterior.scale)
        missing = targets[:, None] / scale - prior(features) - noise * rng.standard_normal((n_targets, n))
        weights = posterior.inverse_root.T @ (posterior.inverse_root @ missing)
        drawn: Array = scale * (prior(at) + surrogate.covariance(theta, at, features) @ weights)
        return drawn


class _PriorDraw:
    """Functions drawn from a kernel before any trial, in units of s."""

    def __init__(
        self,
        surrogate: Surrogate,
        theta: Array,
        n_features: int,
        groups: NDArray[np.int_],
        n: int,
        rng: np.random.Generator,
    ) -> None:
        self._surrogate = surrogate
        self._trend_weight = math.exp(theta[-1] / 2)
        # a Matérn 5/2 kernel's spectrum is Student's t with 5 degrees of freedom
        stretch = np.sqrt(5 / rng.chisquare(5, _N_FOURIER))
        self._frequencies = (
            rng.standard_normal((n_features, _N_FOURIER)) * stretch / np.exp(theta[:-2])[groups][:, None]
        )
        self._phases = rng.uniform(0, 2 * math.pi, _N_FOURIER)
        self._weights = rng.standard_normal((_N_FOURIER, n)) * math.sqrt(2 / _N_FOURIER)
        self._slopes = rng.standard_normal((surrogate.trend(np.zeros((1, n_features))).shape[1], n))

    def __call__(self, features: Array) -> Array:
        waves = np.cos(features @ self._frequencies + self._phases)
        drawn: Array = waves @ self._weights + self._trend_weight * (self._surrogate.trend(features) @ self._slopes)
        return drawn


def _log_likelihood(posterior: Posterior, n: int) -> float:
    """Return the logarithm of the targets' probability under the kernel, s² integrated out, but for a constant."""
    fit = posterior.scale * (n + SCALE_A)
    return float(np.log(np.diag(posterior.inverse_root)).sum()) - 0.5 * (n + SCALE_A) * math.log(fit)


def _slice_step(
    theta: Array,
    held: float,
    mean: Array,
    spread: Array,
    likelihood: Callable[[Array], float],
    rng: np.random.Generator,
) -> tuple[Array, float]:
    """Return the next kernel of the chain and its likelihood (Murray et al., figure 2)."""
    ellipse = spread * rng.standard_normal(len(theta))
    level = held + math.log(rng.random())
    angle = rng.uniform(0, 2 * math.pi)
    low, high = angle - 2 * math.pi, angle
    for _ in range(_MAX_SHRINKS):
        proposed = mean + (theta - mean) * math.cos(angle) + ellipse * math.sin(angle)
        reached = likelihood(proposed)
        if reached > level:
            return proposed, reached
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = rng.uniform(low, high)
    return theta, held


def space_of(record: SearchRecord) -> SearchSpace:
    """Return a search's space as its record holds it."""
    return SearchSpace(deserialize(entry) for entry in record.search["space"] or ())


def too_few(what: str, n: int) -> str:
    """Return in words that n trials with a score are too few for a model.

    Example:
        >>> too_few("Importance", 1)
        'Importance needs 4 trials with a score; there is 1.'
    """
    return f"{what} needs {MIN_TRIALS} trials with a score; there {'is' if n == 1 else 'are'} {n}."


def surface_of(record: SearchRecord) -> Surface | None:
    """Return the model of a search's scores; None with fewer than four finite ones, or without hyperparameters.

    Several objectives are modelled by their sum, as they are ranked.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> surface_of(SearchRecord()) is None
        True
    """
    cube = UnitCube(space_of(record))
    objective, sign = _objective_of(record)
    rows: list[Array] = []
    outcomes: list[Outcome] = []
    trial_ids: list[str] = []
    for trial in list(record.trials.values()):
        values = {name: value_from_json(value) for name, value in trial.values.items()}
        outcome = _outcome_of(trial, objective, sign, record.search["max_epochs"])
        if outcome is not None and cube.covers(values):
            rows.append(cube.encode(values))
            outcomes.append(outcome)
            trial_ids.append(trial.trial_id)
    if cube.n_columns == 0 or len(rows) < MIN_TRIALS:
        return None
    losses = losses_of(outcomes, objective if isinstance(objective, Objective) else None)[:, 0]
    known = np.isfinite(losses)
    if known.sum() < MIN_TRIALS:
        return None
    kept = tuple(trial_id for trial_id, is_known in zip(trial_ids, known, strict=True) if is_known)
    return Surface(cube, np.array(rows)[known], kept, losses[known], sign)


def _objective_of(record: SearchRecord) -> tuple[AnyObjective | None, float]:
    parts = record.objective
    if not parts:
        return None, 1.0
    if len(parts) == 1:
        return Objective(parts[0]["name"], parts[0]["direction"]), loss_sign(parts)
    return MultiObjective(tuple(Objective(part["name"], part["direction"]) for part in parts)), 1.0


def _outcome_of(
    trial: TrialRecord, objective: AnyObjective | None, sign: float, max_epochs: int | None
) -> Outcome | None:
    """Return what an ended trial says, None where it has no finite score."""
    if trial.status != "COMPLETED" or trial.score is None or not math.isfinite(trial.score):
        return None
    loss = sign * trial.score
    if not isinstance(objective, Objective):
        return Outcome((loss,), None, np.empty(0))
    curve = running_best(trial.objective_curve(objective), objective)
    budget = Budget.of(trial.values)
    is_complete = trial.pruned is None and (budget is None or max_epochs is None or budget.epochs >= max_epochs)
    if is_complete or not len(curve) or not math.isfinite(curve[-1]):
        return Outcome((loss,), None, curve if is_complete else np.empty(0))
    return Outcome((float(curve[-1]),), len(curve) - 1, np.empty(0))
