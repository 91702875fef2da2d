"""A record's trials as advice looks at them: rows of the unit cube and losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.budget import Budget
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.unit_cube import NEUTRAL, UnitCube
from kt_notebook.core.values import Value, value_from_json
from kt_notebook.oracles.learning_curves import LearningCurves

__all__ = ["Trials", "curve_of", "ended_trials", "executions_of", "trials_of"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Fewer repetitions say nothing of a spread.
_MIN_FREE = 5


@dataclass(frozen=True)
class Trials:
    """The trials of a search that have a result.

    Args:
        space: What was searched.
        records: The trials, in the order in which they ended.
        losses: What each came to, smaller is better, shape `(n,)`. Of a pruned trial what it was on its way to.
    """

    space: SearchSpace
    records: tuple[TrialRecord, ...]
    losses: Array

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.records)

    @cached_property
    def cube(self) -> UnitCube:
        """The space's unit cube."""
        return UnitCube(self.space)

    @cached_property
    def entries(self) -> tuple[HyperParameter, ...]:
        """The hyperparameter of each column of the cube."""
        return tuple(entry for entry in self.space.ordered if entry.n_values != 1)

    @cached_property
    def values(self) -> tuple[dict[str, Value], ...]:
        """The values of each trial."""
        return tuple(_values(trial.values) for trial in self.records)

    @cached_property
    def rows(self) -> Array:
        """Where the trials are in the cube, shape `(n, n_columns)`; what was not active is in the middle."""
        rows = np.array([self.cube.encode(values) for values in self.values])
        rows = rows.reshape(self.n, self.cube.n_columns)
        rows[~self.active] = NEUTRAL
        return rows

    @cached_property
    def active(self) -> Mask:
        """Which columns counted in each trial, shape `(n, n_columns)`."""
        held = [[entry.name in values for entry in self.entries] for values in self.values]
        return np.array(held, dtype=bool).reshape(self.n, len(self.entries))

    def limited_to(self, space: SearchSpace) -> "Trials":
        """Return the same trials in a space whose names are the same."""
        return Trials(space, self.records, self.losses)


def trials_of(record: SearchRecord) -> Trials:
    """Return the trials of a record that have a result within its space.

    Where Hyperband trained trials for several numbers of epochs, those of the number with the most results count.
    """
    space = HyperParameters.from_config({"space": record.search["space"] or [], "values": {}}).search_space
    sign = loss_sign(record.objective)
    scored = [t for t in ended_trials(record) if t.status == "COMPLETED" and _is_number(t.score)]
    scored = _of_one_length(scored)
    losses = np.array([sign * float(trial.score or 0.0) for trial in scored])
    if any(trial.pruned is not None for trial in scored):
        losses -= _gains(scored, losses, record)
    cube = UnitCube(space)
    keep = [number for number, trial in enumerate(scored) if cube.covers(_values(trial.values))]
    return Trials(space, tuple(scored[number] for number in keep), losses[keep])


def ended_trials(record: SearchRecord) -> list[TrialRecord]:
    """Return the trials that have ended, in the order in which they did; another thread may begin more meanwhile."""
    return [record.trials[trial_id] for trial_id in list(record.end_order)]


def curve_of(trial: TrialRecord, record: SearchRecord) -> dict[int, float]:
    """Return the objective's loss by epoch of a trial's first execution; empty with several objectives."""
    objective = record.objective
    if objective is None or len(objective) != 1:
        return {}
    sign, name = loss_sign(objective), objective[0]["name"]
    curve = {e.epoch: sign * e.metrics[name] for e in list(trial.epochs) if e.execution == 0 and name in e.metrics}
    return {epoch: loss for epoch, loss in sorted(curve.items()) if np.isfinite(loss)}


def executions_of(trials: Sequence[TrialRecord], record: SearchRecord) -> float | None:
    """Return the standard deviation of a trial's score that its executions tell of; None with too few of these.

    A score is the mean over its trial's executions, so it varies less than one of them.
    """
    objective = record.objective
    if objective is None or len(objective) != 1:
        return None
    sign, name = loss_sign(objective), objective[0]["name"]
    squares, n_free, n_most = 0.0, 0, 1
    for trial in trials:
        best: dict[int, float] = {}
        for epoch in list(trial.epochs):
            if name in epoch.metrics:
                best[epoch.execution] = min(best.get(epoch.execution, np.inf), sign * epoch.metrics[name])
        results = np.array([value for value in best.values() if np.isfinite(value)])
        if len(results) > 1:
            squares += float(((results - results.mean()) ** 2).sum())
            n_free, n_most = n_free + len(results) - 1, max(n_most, len(results))
    return float(np.sqrt(squares / n_free / n_most)) if n_free >= _MIN_FREE else None


def _of_one_length(trials: list[TrialRecord]) -> list[TrialRecord]:
    budgets = [Budget.of(trial.values) for trial in trials]
    lengths = [budget.epochs for budget in budgets if budget is not None]
    if not lengths:
        return trials
    most = max(set(lengths), key=lambda length: (lengths.count(length), length))
    return [
        trial for trial, budget in zip(trials, budgets, strict=True) if budget is not None and budget.epochs == most
    ]


def _gains(trials: list[TrialRecord], losses: Array, record: SearchRecord) -> Array:
    """Return how far below its score each pruned trial was going; 0 for the others."""
    curves = [curve_of(trial, record) for trial in trials]
    rows = [
        np.minimum.accumulate([curve.get(epoch, np.inf) for epoch in range(max(curve) + 1)])
        if curve and trial.pruned is None
        else np.empty(0)
        for trial, curve in zip(trials, curves, strict=True)
    ]
    finals = [np.nan if trial.pruned is not None else loss for trial, loss in zip(trials, losses, strict=True)]
    complete = LearningCurves([np.where(np.isfinite(row), row, np.nan) for row in rows], finals)
    return np.array(
        [
            complete.typical_gain(max(c)) if t.pruned is not None and c else 0.0
            for t, c in zip(trials, curves, strict=True)
        ]
    )


# Any: JSON
def _values(values: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value_from_json(value) for name, value in values.items()}


def _is_number(score: float | None) -> bool:
    return score is not None and bool(np.isfinite(score))
