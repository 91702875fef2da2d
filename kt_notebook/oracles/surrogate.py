"""The model of a search: a Gaussian process that says, for any configuration, what result to expect and how surely.

How it works: the covariance of two configurations is

    k(x, x') = s² [ matern(r) + w t(x)·t(x') ],      r² = Σ_j (x_j - x'_j)² / l_j²

a Matérn 5/2 kernel with a length scale l_j for each hyperparameter, and a trend: a quadratic function of each
number and a level for each value of a choice, with random weights, so that what is far from all trials still leans
towards the better side. To it comes noise of variance s² v. The scale s² has an inverse gamma prior and is integrated
out exactly; l, v and w are the most probable ones under their priors given the trials (MAP), found by L-BFGS with the
exact gradient.

Source: Rasmussen & Williams 2006, Gaussian Processes for Machine Learning: section 2.7 (a trend with random weights
is a kernel), eqs. 2.25-2.26 (posterior), 4.17 (Matérn), 5.8-5.9 (likelihood and gradient). Length scales that grow
with the dimension: Hvarfner, Hellsten & Nardi 2024, arXiv:2402.02229.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

from kt_notebook.core.unit_cube import UnitCube

__all__ = ["Posterior", "Surrogate"]

Array = NDArray[np.float64]

# Priors: normal distributions of logarithms, (mean, standard deviation). The length scales' mean grows with the number
# of columns, as distances do; less than in Hvarfner et al., which was clearly worse for 20 to 50 trials.
LENGTH_MEAN, LENGTH_MEAN_PER_LOG_COLUMN, LENGTH_SD = 0.25, 0.35, 1.2
NOISE_PRIOR = (-6.0, 1.5)
TREND_PRIOR = (-0.5, 1.5)
# Inverse gamma prior of s², which the standardised targets put near 1: shape a / 2, scale b / 2.
SCALE_A, SCALE_B = 2.0, 2.0
# Bounds of the same logarithms: beyond them the covariance hardly changes, or cannot be inverted.
LENGTH_BOUNDS, NOISE_BOUNDS, TREND_BOUNDS = (-4.0, 7.0), (-13.0, 1.5), (-8.0, 6.0)
# How far the length scales of one proposal are from the most probable ones: standard deviation of the logarithm.
# Regret after 100 trials, as a share of random search's: 0.27 with 0, 0.21 with 0.3, 0.25 with 0.5 (errors 0.01).
LENGTH_SPREAD = 0.3
# Added to every noise variance, also to one that the user gives.
NOISE_FLOOR = 1e-5
MIN_VARIANCE = 1e-10
N_JITTERS = 7


@dataclass(frozen=True, slots=True)
class Posterior:
    """The Gaussian process given trials.

    Args:
        surrogate: Its kernel.
        theta: The kernel's hyperparameters.
        features: Of the trials, shape `(n, n_features)`.
        inverse_root: W with Wᵀ W = (K + noise)⁻¹, shape `(n, n)`.
        weights: (K + noise)⁻¹ y, shape `(n,)`.
        scale: s².
        noise: Standard deviation of a result around the process.
    """

    surrogate: "Surrogate"
    theta: Array
    features: Array
    inverse_root: Array
    weights: Array
    scale: float
    noise: float

    def predict(self, features: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of the noise-free target at each point, both of shape `(m,)`."""
        surrogate, theta = self.surrogate, self.theta
        between = surrogate.covariance(theta, features, self.features)
        explained = between @ self.inverse_root.T
        variance = surrogate.variance(theta, features) - np.einsum("ij,ij->i", explained, explained)
        deviation: Array = np.sqrt(self.scale * np.maximum(variance, MIN_VARIANCE))
        return between @ self.weights, deviation

    def left_out(self, targets: Array) -> Array:
        """Return what the other trials lead to expect of each one, shape `(n,)`.

        Source: Rasmussen & Williams 2006, eq. 5.12.

        Args:
            targets: Those that the process was given, shape `(n,)`.
        """
        expected: Array = targets - self.weights / np.einsum("ij,ij->j", self.inverse_root, self.inverse_root)
        return expected


class Surrogate:
    """The kernel of a unit cube's configurations, its priors and its fit.

    The kernel's hyperparameters are `theta`: the logarithms of the length scales, of the noise and of the trend's
    weight, shape `(n_columns + 2,)`.

    Args:
        cube: Says which features belong to which column.
        noise: Fixed variance of the noise, relative to the targets'; None lets the trials say.
        noise_prior: Mean and standard deviation of the logarithm of that variance before any trial.
    """

    def __init__(
        self, cube: UnitCube, noise: float | None = None, noise_prior: tuple[float, float] = NOISE_PRIOR
    ) -> None:
        n_columns = cube.n_columns
        self._groups, self._n_columns, self._n_numeric = cube.groups, n_columns, cube.n_numeric
        length_mean = LENGTH_MEAN + LENGTH_MEAN_PER_LOG_COLUMN * math.log(max(n_columns, 1))
        self.prior_mean: Array = np.array([length_mean] * n_columns + [noise_prior[0], TREND_PRIOR[0]])
        self._prior_sd = np.array([LENGTH_SD] * n_columns + [noise_prior[1], TREND_PRIOR[1]])
        noise_bounds = NOISE_BOUNDS
        if noise is not None:
            self.prior_mean[-2] = math.log(max(noise, 1e-12))
            noise_bounds = (self.prior_mean[-2], self.prior_mean[-2])
        self._bounds = [LENGTH_BOUNDS] * n_columns + [noise_bounds, TREND_BOUNDS]

    # The kernel.

    def covariance(self, theta: Array, features: Array, others: Array) -> Array:
        """Return k / s² between two sets of points, shape `(n, m)`."""
        lengths = np.exp(theta[:-2])[self._groups]
        matern, _ = _matern(_square_distances(features / lengths, others / lengths))
        return matern + math.exp(theta[-1]) * (self.trend(features) @ self.trend(others).T)

    def variance(self, theta: Array, features: Array) -> Array:
        """Return k(x, x) / s² at each point, shape `(n,)`."""
        trend = self.trend(features)
        variance: Array = 1 + math.exp(theta[-1]) * np.einsum("ij,ij->i", trend, trend)
        return variance

    def trend(self, features: Array) -> Array:
        """Return t(x), shape `(n, n_trend)`: numbers' places and squared places, centred; choices' values; t·t ≈ 1."""
        place = 2 * features[:, : self._n_numeric] - 1
        choices = features[:, self._n_numeric :] * math.sqrt(2)
        # for places uniform in [-1, 1] the variances are 1/3 and 4/45; half of each unit variance
        parts = [place * math.sqrt(3 / 2), (place * place - 1 / 3) * math.sqrt(45 / 8), choices]
        trend: Array = np.concatenate(parts, axis=1) / math.sqrt(2 * max(self._n_columns, 1))
        return trend

    # What the trials say.

    def posterior(self, theta: Array, features: Array, targets: Array) -> Posterior:
        """Return the process given trials.

        Args:
            theta: The kernel's hyperparameters.
            features: Shape `(n, n_features)`, n at least 1.
            targets: Shape `(n,)`.
        """
        covariance = self.covariance(theta, features, features)
        noise = math.exp(theta[-2]) + NOISE_FLOOR
        covariance[np.diag_indices_from(covariance)] += noise
        inverse_root = _inverse_root(covariance)
        weights = inverse_root.T @ (inverse_root @ targets)
        scale = float(targets @ weights + SCALE_B) / (len(targets) + SCALE_A)
        return Posterior(self, theta, features, inverse_root, weights, scale, math.sqrt(scale * noise))

    def varied(self, theta: Array, rng: np.random.Generator) -> Array:
        """Return theta with length scales drawn around these: few trials leave them uncertain.

        One model for all proposals would look at one place again and again when it is wrong. A cheap stand-in for
        the posterior of theta: Snoek, Larochelle & Adams 2012, arXiv:1206.2944, section 3.2.
        """
        varied = theta.copy()
        varied[:-2] += LENGTH_SPREAD * rng.standard_normal(self._n_columns)
        return varied

    def fit(self, features: Array, targets: Array, starts: Sequence[Array], n_evaluations: int) -> Array:
        """Return the most probable theta that is found.

        Args:
            features: Of the trials, shape `(n, n_features)`.
            targets: Shape `(n, k)`: k sets of targets that share theta, one for each objective.
            starts: From where to look, each of shape `(n_columns + 2,)`.
            n_evaluations: Most looks at the likelihood from each start.
        """
        objective = _NegativeLogPosterior(features, targets, self.trend(features), self._groups)

        def value(theta: Array) -> tuple[float, Array]:
            deviation = (theta - self.prior_mean) / self._prior_sd
            loss, gradient = objective(theta)
            return loss + 0.5 * float(deviation @ deviation), gradient + deviation / self._prior_sd

        def found(start: Array) -> tuple[float, Array]:
            theta, loss, _ = fmin_l_bfgs_b(value, start, bounds=self._bounds, maxfun=n_evaluations)
            return float(loss), theta

        low, high = np.array(self._bounds).T
        return min((found(np.clip(start, low, high)) for start in starts), key=lambda item: item[0])[1]


class _NegativeLogPosterior:
    """Minus the logarithm of the targets' probability given theta, s² integrated out, and its gradient."""

    def __init__(self, features: Array, targets: Array, trend: Array, groups: NDArray[np.int_]) -> None:
        self._features, self._targets, self._groups = features, targets, groups
        self._trend = trend @ trend.T

    def __call__(self, theta: Array) -> tuple[float, Array]:
        n, n_sets = self._targets.shape
        points = self._features / np.exp(theta[:-2])[self._groups]
        noise = math.exp(theta[-2])
        matern, slope = _matern(_square_distances(points, points))
        trend = math.exp(theta[-1]) * self._trend
        covariance = matern + trend
        covariance[np.diag_indices(n)] += noise + NOISE_FLOOR
        inverse_root = _inverse_root(covariance)
        inverse = inverse_root.T @ inverse_root
        weights = inverse @ self._targets
        fits = np.einsum("ij,ij->j", self._targets, weights) + SCALE_B
        loss = 0.5 * (n + SCALE_A) * float(np.log(fits).sum()) - n_sets * float(np.log(np.diag(inverse_root)).sum())
        # d loss = -½ Σ change_ij dK_ij
        change = (n + SCALE_A) * (weights / fits) @ weights.T - n_sets * inverse
        # Σ_ij change_ij slope_ij (x_i - x_j)² for each feature
        pull = change * slope
        squares = 2 * (pull.sum(axis=1) @ (points * points) - (points * (pull @ points)).sum(axis=0))
        by_column = np.bincount(self._groups, weights=squares, minlength=len(theta) - 2)
        by_noise, by_trend = noise * np.trace(change), float((change * trend).sum())
        return loss, -0.5 * np.concatenate([by_column, [by_noise, by_trend]])


def _square_distances(points: Array, others: Array) -> Array:
    squares: Array = (points * points).sum(axis=1)[:, None] + (others * others).sum(axis=1) - 2 * points @ others.T
    return np.maximum(squares, 0.0, out=squares)


def _matern(squares: Array) -> tuple[Array, Array]:
    """Return the Matérn 5/2 kernel at squared distances r², and -2 dk/d(r²): what r² = Σ d² / l² is multiplied by.

    So dk / d log l_j = slope (x_j - x'_j)² / l_j².
    """
    distance = np.sqrt(5 * squares)
    decay = np.exp(-distance)
    return (1 + distance + 5 / 3 * squares) * decay, 5 / 3 * (1 + distance) * decay


def _inverse_root(matrix: Array) -> Array:
    """Return W, lower triangular, with Wᵀ W the inverse; as little as must be is added to the diagonal before."""
    for attempt in range(N_JITTERS):
        root, failure = lapack.dpotrf(matrix, lower=1, clean=1)
        if failure == 0:
            inverse_root: Array = lapack.dtrtri(root, lower=1)[0]
            return inverse_root
        matrix = matrix + 1e-8 * 10**attempt * np.eye(len(matrix))
    raise np.linalg.LinAlgError("A covariance matrix has no Cholesky factor even with 1e-2 added to its diagonal.")
