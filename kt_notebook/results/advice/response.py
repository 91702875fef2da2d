"""What a search's results say of its space: a model of the results, asked through draws of what may be true.

How it works: a Gaussian process (`oracles.surrogate`) is fitted to the trials. Functions drawn from it, each as likely
as the next, answer every question: in how many of them does the best value lie at the edge, does a hyperparameter
change anything, is a choice worse. What few or noisy trials leave open differs from draw to draw, so it is no finding.

Source: total effects of hyperparameters: Jansen 1999, Analysis of variance designs for model output, eq. 2.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.oracles.surrogate import SCALE_A, SCALE_B, Posterior, Surrogate
from kt_notebook.oracles.targets import targets_of
from kt_notebook.results.advice.trials import Trials

__all__ = ["Response", "fit_response"]

Array = NDArray[np.float64]

# Wider than that of a search, which is to go on whatever the noise: here the results alone say how large it is.
NOISE_PRIOR = (-3.5, 2.0)
N_EVALUATIONS = 60
# More would take seconds and tell little more.
MAX_OBSERVATIONS = 150
N_DRAWS = 400
_JITTER = 1e-8
# Of how many of the best configurations a profile is made.
_N_BASES = 8


@dataclass(frozen=True)
class Response:
    """A model of the results.

    Args:
        trials: What it has learned from.
        chosen: Which of them, where there are too many.
        targets: Their losses, as the model takes them: better ones keep their distances, shape `(n_chosen,)`.
        posterior: The Gaussian process given these.
        evidence: The logarithm of how probable the results are, up to a constant: for comparing scales.
    """

    trials: Trials
    chosen: NDArray[np.int_]
    targets: Array
    posterior: Posterior
    evidence: float

    @property
    def cube(self) -> UnitCube:
        """The unit cube of the space."""
        return self.trials.cube

    @property
    def noise(self) -> float:
        """Standard deviation of a result around the model, in units of the targets."""
        return self.posterior.noise

    @cached_property
    def loss_per_target(self) -> float:
        """How much loss one unit of the targets is, among the better half of the trials."""
        losses = self.trials.losses[self.chosen]
        good = np.argsort(losses, kind="stable")[: max(2, (len(losses) + 1) // 2)]
        spread = float(np.ptp(self.targets[good]))
        return float(np.ptp(losses[good])) / spread if spread > 0 else math.nan

    def mean(self, rows: Array) -> Array:
        """Return what the model expects at rows of the cube, shape `(m,)`."""
        return self.posterior.predict(self.cube.features(rows))[0]

    def draws(self, rows: Array, seed: int = 0) -> Array:
        """Return functions drawn from the model at rows of the cube, shape `(N_DRAWS, m)`."""
        posterior, features = self.posterior, self.cube.features(rows)
        surrogate, theta = posterior.surrogate, posterior.theta
        between = surrogate.covariance(theta, features, posterior.features)
        explained = between @ posterior.inverse_root.T
        covariance = posterior.scale * (surrogate.covariance(theta, features, features) - explained @ explained.T)
        # Eigenvalues instead of a Cholesky factor: rows of one configuration make the matrix singular.
        values, vectors = np.linalg.eigh(covariance + _JITTER * np.eye(len(rows)))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        normal = np.random.default_rng(seed).standard_normal((N_DRAWS, len(rows)))
        drawn: Array = between @ posterior.weights + normal @ root.T
        return drawn

    @cached_property
    def effects(self) -> tuple[Array, Array]:
        """Return each column's total effect in each draw, a share of the variance, and the variance.

        Shapes `(N_DRAWS, n_columns)` and `(N_DRAWS,)`. A column's effect is looked at where it is active.
        """
        n_columns = self.cube.n_columns
        n_points = max(24, min(96, 480 // (n_columns + 1)))
        rng = np.random.default_rng(1)
        points, others = (self.cube.draw(rng.random((n_points, n_columns))) for _ in range(2))
        rows = [points]
        for column in range(n_columns):
            moved = points.copy()
            moved[:, column] = others[:, column]
            rows.append(moved)
        drawn = self.draws(np.concatenate(rows)).reshape(N_DRAWS, n_columns + 1, n_points)
        variance = drawn[:, 0].var(axis=1)
        active = self.cube.active(points)
        squares = (drawn[:, 1:] - drawn[:, :1]) ** 2
        effects = np.zeros((N_DRAWS, n_columns))
        for column in range(n_columns):
            counts = active[:, column]
            if counts.any():
                effects[:, column] = squares[:, column, counts].mean(axis=1) / 2 / np.maximum(variance, 1e-12)
        return effects, variance

    def profile(self, column: int, places: Array) -> Array:
        """Return the best that each draw reaches with the column at each place, shape `(N_DRAWS, n_places)`.

        The other columns are as in the trials of which the model expects most.
        """
        rows = self.trials.rows[self.chosen]
        active = self.trials.active[self.chosen][:, column]
        rows = rows[active]
        best = rows[np.argsort(self.mean(rows), kind="stable")[:_N_BASES]]
        candidates = np.repeat(best, len(places), axis=0)
        candidates[:, column] = np.tile(places, len(best))
        drawn = self.draws(candidates).reshape(N_DRAWS, len(best), len(places))
        profile: Array = drawn.min(axis=1)
        return profile


def fit_response(trials: Trials) -> Response | None:
    """Return a model of the trials' results; None where they do not differ or nothing was searched."""
    if trials.cube.n_columns == 0 or trials.n < 3 or np.ptp(trials.losses) == 0:
        return None
    chosen = _chosen(targets_of(trials.losses))
    targets = targets_of(trials.losses[chosen])
    surrogate = Surrogate(trials.cube, noise_prior=NOISE_PRIOR)
    features = trials.cube.features(trials.rows[chosen])
    start = surrogate.prior_mean
    noisy = start.copy()
    noisy[-2] = math.log(0.5)
    short = start.copy()
    short[: trials.cube.n_columns] = -1.5
    # A narrow good part, and noise, are each found from where the other is not.
    theta = surrogate.fit(features, targets[:, None], [start, noisy, short], N_EVALUATIONS)
    posterior = surrogate.posterior(theta, features, targets)
    fits = float(targets @ posterior.weights) + SCALE_B
    evidence = float(np.log(np.diag(posterior.inverse_root)).sum()) - 0.5 * (len(targets) + SCALE_A) * math.log(fits)
    return Response(trials, chosen, targets, posterior, evidence)


def _chosen(targets: Array) -> NDArray[np.int_]:
    """Return which trials the model learns from, in order: the best third, others at random."""
    n_trials, third = len(targets), MAX_OBSERVATIONS // 3
    if n_trials <= MAX_OBSERVATIONS:
        return np.arange(n_trials)
    order = np.argsort(targets, kind="stable")
    others = np.random.default_rng(n_trials).permutation(order[third:])[: MAX_OBSERVATIONS - third]
    return np.sort(np.concatenate([order[:third], others]))
