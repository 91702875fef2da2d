"""The first trials, before there is anything to learn from.

How it works: first what the user thinks good, the defaults, with the middle of its range for each hyperparameter that
has none; then points of a scrambled Sobol sequence, which fill the space evenly. Few of them are enough: from the
fourth finished trial on the model chooses better than chance.

Source: Owen 1998, Scrambling Sobol' and Niederreiter-Xing points, J. Complexity 14.
"""

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.parameter import Choice, Float, HyperParameter, Int
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.core.values import identity

__all__ = ["initial_design"]

Array = NDArray[np.float64]

# How many points there are: more than enough unless nearly all trials fail.
LOG2_SOBOL_POINTS = 6


def initial_design(cube: UnitCube, seed: int, n_points: int = 0) -> Array:
    """Return points to begin a search with, in order, shape `(n, n_columns)`.

    Args:
        cube: The space, of one column at least.
        seed: 0 or more.
        n_points: At least so many; 65 in any case.
    """
    from scipy.stats import qmc  # takes half a second, which an import of the package must not

    log2 = max(LOG2_SOBOL_POINTS, n_points.bit_length())
    sequence = qmc.Sobol(cube.n_columns, scramble=True, rng=np.random.default_rng(seed))
    return np.concatenate([_first_point(cube)[None], cube.draw(sequence.random_base2(log2))])


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
