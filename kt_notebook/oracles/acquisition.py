"""Which configuration to try next, given what the model expects everywhere.

How it works: the acquisition is a number for each configuration, larger is better: the logarithm of the improvement
to expect, less where another result would teach little beyond its noise, or, where the user gives `beta`, the lower
confidence bound. Its maximum is looked for among uniform draws
and changed copies of the best trials; the best of these then climb by mutation, with ever smaller steps. It needs no
gradient, so that choices, steps and conditions are as welcome as numbers. What was tried is never taken.

Source: expected improvement: Jones, Schonlau & Welch 1998, J. Global Optimization 13, eq. 15; its logarithm, accurate
far from any improvement: Ament et al. 2023, arXiv:2310.20708, eq. 9; augmented for noise: Huang, Allen, Notz & Zeng
2006, J. Global Optimization 34, section 3.3. Bound: Srinivas et al. 2010, arXiv:0912.3995.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

from kt_notebook.core.unit_cube import UnitCube

__all__ = ["log_augmentation", "log_expected_improvement", "lower_confidence_bound", "maximise"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Candidates to begin with.
N_UNIFORM, N_NEAR_BEST = 256, 256
# How many of the best trials are copied, the first most often (shares of a geometric distribution).
N_PARENTS, PARENT_SHARE = 8, 0.35
# The climb: rounds, points that climb and how many of them go on after half the rounds, tries for each in a round.
N_ROUNDS, N_CLIMBERS, N_FINALISTS, N_CHILDREN = 10, 6, 2, 24
# Typical steps in the first and in the last round, as shares of a range.
FIRST_STEP, LAST_STEP = 0.25, 0.005


def log_expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """Return log E[max(best - f, 0)] for normal f; finite also where it is far too small for a float.

    Args:
        mean: Of f, shape `(n,)`; smaller is better.
        deviation: Standard deviation of f, above 0, shape `(n,)`.
        best: What is to be improved on.
    """
    z = (best - mean) / deviation
    log_ei = np.empty_like(z)
    near = z > -1
    density = np.exp(-0.5 * z[near] ** 2) / math.sqrt(2 * math.pi)
    log_ei[near] = np.log(density + z[near] * ndtr(z[near]))
    far = z[~near]
    share = 1 + far * math.sqrt(math.pi / 2) * erfcx(-far / math.sqrt(2))
    # for large -z the difference cancels; its expansion is 1 / z²
    share = np.where(far < -1e4, 1 / far**2, np.maximum(share, 1e-300))
    log_ei[~near] = -0.5 * far**2 - 0.5 * math.log(2 * math.pi) + np.log(share)
    result: Array = log_ei + np.log(deviation)
    return result


def log_augmentation(deviation: Array, noise: float) -> Array:
    """Return log(1 - noise / sqrt(noise² + deviation²)), shape `(n,)`: how much of a result would be news.

    It keeps the search from coming back to the luckiest of the trials.

    Args:
        deviation: Standard deviation of f, above 0, shape `(n,)`.
        noise: Standard deviation of a result around f, above 0.
    """
    return np.log(-np.expm1(-0.5 * np.log1p((deviation / noise) ** 2)))


def lower_confidence_bound(mean: Array, deviation: Array, beta: float) -> Array:
    """Return minus the value that f is unlikely to be below, shape `(n,)`: larger is better.

    Args:
        mean: Of f, shape `(n,)`; smaller is better.
        deviation: Standard deviation of f, shape `(n,)`.
        beta: How many deviations count; more explores more.
    """
    bound: Array = beta * deviation - mean
    return bound


def maximise(
    acquisition: Callable[[Array], Array],
    is_tried: Callable[[Array], Mask],
    cube: UnitCube,
    best: Array,
    rng: np.random.Generator,
) -> Array | None:
    """Return the row with the largest acquisition that was found, shape `(n_columns,)`; None if all were tried.

    Args:
        acquisition: From rows to numbers, larger is better.
        is_tried: Which rows are not to be proposed.
        cube: The space.
        best: The best trials' rows, best first, at least one.
        rng: The source of randomness.
    """

    def value(rows: Array) -> Array:
        return np.where(is_tried(rows), -np.inf, acquisition(rows))

    rows = np.concatenate([cube.draw(rng.random((N_UNIFORM, cube.n_columns))), _near(best, cube, rng)])
    values = value(rows)
    first = np.argsort(-values, kind="stable")[:N_CLIMBERS]
    rows, values = rows[first], values[first]
    for step in np.geomspace(FIRST_STEP, LAST_STEP, N_ROUNDS):
        rows, values = _climbed(rows, values, value, cube, step, rng)
        if step < math.sqrt(FIRST_STEP * LAST_STEP) and len(rows) > N_FINALISTS:
            last = np.argsort(-values, kind="stable")[:N_FINALISTS]
            rows, values = rows[last], values[last]
    top = int(values.argmax())
    return rows[top] if np.isfinite(values[top]) else None


def _near(best: Array, cube: UnitCube, rng: np.random.Generator) -> Array:
    """Return changed copies of the best trials, from small changes of one value to large ones of several."""
    parents = best[np.minimum(rng.geometric(PARENT_SHARE, N_NEAR_BEST), min(len(best), N_PARENTS)) - 1]
    steps = np.exp(rng.uniform(math.log(0.01), math.log(0.4), N_NEAR_BEST))
    return cube.mutate(parents, rng, steps, rng.choice([1.0, 3.0], N_NEAR_BEST))


def _climbed(
    rows: Array,
    values: Array,
    value: Callable[[Array], Array],
    cube: UnitCube,
    step: float,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return each row's best child, or the row itself where none is better, and their values."""
    n_rows = len(rows)
    steps = step * np.exp(rng.normal(0.0, 0.7, n_rows * N_CHILDREN))
    rates = rng.choice([0.5, 2.5], n_rows * N_CHILDREN, p=[0.6, 0.4])
    children = cube.mutate(np.repeat(rows, N_CHILDREN, axis=0), rng, steps, rates)
    told = value(children).reshape(n_rows, N_CHILDREN)
    best = told.argmax(axis=1)
    each = np.arange(n_rows)
    is_better = told[each, best] > values
    chosen = children.reshape(n_rows, N_CHILDREN, -1)[each, best]
    return np.where(is_better[:, None], chosen, rows), np.where(is_better, told[each, best], values)
