"""The trials of a search for several objectives that no other trial surpasses: the Pareto set.

How it works: one row of losses dominates another when it is nowhere larger and somewhere smaller. Distinct rows in
lexicographic order can be dominated by earlier ones only, and, as that is transitive, by those among them that are
in the set. With two losses it is enough to know the smallest second loss so far.

Source: Kung, Luccio, Preparata 1975, "On finding the maxima of a set of vectors", Journal of the ACM 22(4), sections 2
and 3: the order, and the case of two.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kt_notebook.core.objective import AnyObjective, MultiObjective
from kt_notebook.core.trial import Trial, TrialStatus

__all__ = ["nondominated", "pareto_trials"]


def nondominated(losses: ArrayLike) -> NDArray[np.bool_]:
    """Return which rows no other row dominates; equal rows are in the set together, rows with a NaN never.

    Args:
        losses: Shape `(n, k)`; smaller is better.
    """
    rows = np.asarray(losses, dtype=float)
    is_in = np.zeros(len(rows), dtype=bool)
    numbers = np.flatnonzero(~np.isnan(rows).any(axis=1))
    if not len(numbers):
        return is_in
    distinct, place = np.unique(rows[numbers], axis=0, return_inverse=True)
    front = _front_of_two(distinct) if distinct.shape[1] == 2 else _front(distinct)
    is_in[numbers] = front[place.reshape(-1)]
    return is_in


def _front_of_two(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of distinct rows in lexicographic order are dominated by none; O(n)."""
    before = np.minimum.accumulate(rows[:, 1])
    is_in = np.ones(len(rows), dtype=bool)
    is_in[1:] = rows[1:, 1] < before[:-1]
    return is_in


def _front(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of distinct rows in lexicographic order are dominated by none; O(n · size of the front · k)."""
    front = np.empty_like(rows)
    is_in = np.zeros(len(rows), dtype=bool)
    size = 0
    for number, row in enumerate(rows):
        if not (front[:size] <= row).all(axis=1).any():
            front[size] = row
            size += 1
            is_in[number] = True
    return is_in


def pareto_trials(trials: Iterable[Trial], objective: AnyObjective | None) -> list[Trial]:
    """Return the completed trials that none surpasses, best by the first objective first; pruned ones are not compared.

    With one objective these are the best trial and those that are as good.

    Args:
        trials: In the order of their starts, which decides between equals.
        objective: What is compared; None gives an empty list.
    """
    if objective is None:
        return []
    parts = objective.objectives if isinstance(objective, MultiObjective) else (objective,)
    compared: list[Trial] = []
    losses: list[list[float]] = []
    for trial in trials:
        if trial.status is not TrialStatus.COMPLETED or trial.pruned is not None:
            continue
        values = {name: history.get_best_value() for name, history in trial.metrics.metrics.items()}
        found = [values.get(part.name) for part in parts]
        row = [part.loss(value) for part, value in zip(parts, found, strict=True) if value is not None]
        if len(row) == len(parts):
            compared.append(trial)
            losses.append(row)
    if not compared:
        return []
    is_in = nondominated(losses)
    order = sorted(np.flatnonzero(is_in), key=lambda number: losses[number])
    return [compared[number] for number in order]
