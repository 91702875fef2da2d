"""The first trials, before there is anything to learn from.

How it works: first what the user thinks good, the defaults, with the middle of its range for each hyperparameter that
has none; then points of a Latin hypercube, of which no two share a part of any range. Few of them are enough: from the
fourth finished trial on the model chooses better than chance. (A scrambled Sobol sequence was no better after 20
trials, and takes scipy.stats along.)

Source: McKay, Beckman & Conover 1979, Technometrics 21(2), 239-245.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.parameter import Choice, Float, HyperParameter, Int
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.core.values import identity

__all__ = ["initial_design"]

Array = NDArray[np.float64]

# More than enough unless nearly all trials fail.
MIN_POINTS = 65


def initial_design(cube: UnitCube, seed: int, n_points: int = 4) -> Array:
    """Return points to begin a search with, in order, shape `(n, n_columns)`.

    Args:
        cube: The space, of one column at least.
        seed: 0 or more.
        n_points: How many are meant to be tried, the first one included; 65 or more are returned, for those that fail.
    """
    rng = np.random.default_rng(seed)
    n_even = max(n_points - 1, 2)
    n_rounds = math.ceil(MIN_POINTS / n_even)
    rest = np.concatenate([_latin_hypercube(n_even, cube.n_columns, rng) for _ in range(n_rounds)])
    return np.concatenate([_first_point(cube)[None], cube.draw(rest)])


def _latin_hypercube(n_points: int, n_columns: int, rng: np.random.Generator) -> Array:
    """Return points of which each column has one in each of `n_points` equal slices, at random within it."""
    slices = rng.permuted(np.tile(np.arange(n_points), (n_columns, 1)), axis=1).T
    points: Array = (slices + rng.random((n_points, n_columns))) / n_points
    return points


def _first_point(cube: UnitCube) -> Array:
    """Return the row of the defaults that the user gave, and of the middle where there is none."""
    return cube.encode(
        cube.space.assign(lambda entry: entry.default if _has_own_default(entry) else entry.prob_to_value(0.5))
    )


def _has_own_default(entry: HyperParameter) -> bool:
    """Return whether the default is another than the one that declarations without a default have."""
    if isinstance(entry, Int | Float):
        return bool(entry.default != entry.min_value)
    if isinstance(entry, Choice):
        first = entry.values[0]
        return entry.default is not None and identity(entry.default) != identity(first)
    return False
