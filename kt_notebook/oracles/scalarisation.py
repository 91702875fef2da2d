"""Several objectives as one: each trial weighs them differently, so that together the trials find the whole front.

How it works: each objective's losses are warped as those of a single one, so that none drowns the others; the number
to make small is the largest of the weighted losses above their best (Tchebycheff), plus a little of their sum, which
tells apart points that only the sum does. Every point of the front, also where it is not convex, is the best for some
weights.

Source: Knowles 2006, ParEGO, IEEE Trans. Evolutionary Computation 10(1), eq. 2: augmented Tchebycheff, rho = 0.05.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["random_weights", "scalarised"]

Array = NDArray[np.float64]

RHO = 0.05


def random_weights(n_objectives: int, rng: np.random.Generator) -> Array:
    """Return weights that sum to 1, uniform among all such, shape `(n_objectives,)`."""
    return rng.dirichlet(np.ones(n_objectives))


def scalarised(targets: Array, weights: Array) -> Array:
    """Return one number for each trial, smaller is better, shape `(n,)`.

    Args:
        targets: Of each objective, smaller is better, shape `(n, n_objectives)`.
        weights: Of each objective, shape `(n_objectives,)`.
    """
    weighted = weights * (targets - targets.min(axis=0))
    total: Array = weighted.max(axis=1) + RHO * weighted.sum(axis=1)
    return total
