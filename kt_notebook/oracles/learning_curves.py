"""Learning curves of complete trials: how much further a trial that was ended early would have come.

How it works: a curve becomes its running best, as a loss (smaller is better), epoch by epoch; an epoch without a
finite value keeps the best so far. The gain of a complete trial from an epoch is how far its running best still fell
from there to its end. What gains are typical says what a trial that was ended at that epoch was on its way to.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.budget import Budget
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial, TrialStatus

__all__ = [
    "CompleteCurves",
    "EndedCurves",
    "LearningCurves",
    "complete_curves",
    "full_curve",
    "is_complete",
    "running_best",
    "table_of",
]

Array = NDArray[np.float64]

# The median of one trial's gain is that trial's chance.
MIN_TRIALS_FOR_GAIN = 2


class LearningCurves:
    """The running bests of complete trials.

    Args:
        objective: The search's objective, None while undecided.
        rows: For each complete trial its running best by epoch from 0, as a loss; NaN before its first value. All
            of a row NaN: the trial does not count.
        planned: For each of them the epochs that it planned, None where unknown; left out: unknown for all.

    Attributes:
        n_trials: How many trials count.
    """

    def __init__(
        self, objective: AnyObjective | None, rows: Sequence[Array], planned: Sequence[int | None] | None = None
    ) -> None:
        counts = [len(row) > 0 and math.isfinite(row[-1]) for row in rows]
        kept = list(compress(rows, counts))
        self._objective = objective
        self._planned: Array = np.array(
            [math.inf if n is None else n for n in compress(planned or [None] * len(rows), counts)], dtype=np.float64
        )
        self._best = table_of(kept)
        self._finals: Array = np.array([row[-1] for row in kept], dtype=np.float64)
        self.n_trials = len(kept)

    @property
    def best_final(self) -> float:
        """The loss of the best complete trial, NaN where there is none."""
        return float(self._finals.min()) if self.n_trials else math.nan

    def at(self, epoch: int) -> Array:
        """Return the running bests at an epoch, shape `(n,)`, of the trials that are at least that long."""
        if not 0 <= epoch < self._best.shape[1]:
            return np.empty(0)
        column: Array = self._best[:, epoch]
        return column[np.isfinite(column)]

    def gains(self, epoch: int, n_epochs: int | None = None) -> Array:
        """Return how far the running bests still fell from an epoch to the end, 0 or more, shape `(n,)`.

        Trials that are shorter, or had no value yet at that epoch, have no part in it.

        Args:
            epoch: From 0.
            n_epochs: Leave out trials that planned fewer epochs; None: all count.
        """
        if not 0 <= epoch < self._best.shape[1]:
            return np.empty(0)
        column: Array = self._best[:, epoch]
        known = np.isfinite(column)
        if n_epochs is not None:
            known &= self._planned >= n_epochs
        gains: Array = column[known] - self._finals[known]
        return gains

    def expected_final(self, curve: Mapping[int, float]) -> float:
        """Return the loss that a trial would have come to: its running best minus the median gain from its last epoch.

        Where fewer than 2 complete trials are that long it is the running best itself; NaN for a curve without a
        finite value.

        Args:
            curve: The objective by epoch, as `Trial.curve` holds it.
        """
        row = running_best(curve, self._objective)
        if not len(row) or not math.isfinite(row[-1]):
            return math.nan
        gains = self.gains(len(row) - 1)
        if len(gains) < MIN_TRIALS_FOR_GAIN:
            return float(row[-1])
        return float(row[-1] - np.median(gains))


class EndedCurves:
    """A row for each ended trial of an oracle that counts, at the cost of those that are new.

    Args:
        counts: Whether a trial counts.
        row: Makes the row of a curve, by epoch from 0.

    Attributes:
        trials: Those that count, in the order of their ends.
        rows: Their rows.
    """

    def __init__(
        self,
        counts: Callable[[Trial, Oracle], bool],
        row: Callable[[Mapping[int, float], AnyObjective | None], Array],
    ) -> None:
        self._counts, self._row = counts, row
        self._oracle: Oracle | None = None
        self._objective: AnyObjective | None = None
        self._ended: list[str] = []
        self.trials: list[Trial] = []
        self.rows: list[Array] = []

    def follow(self, oracle: Oracle) -> bool:
        """Take in what has ended since; return whether anything has changed."""
        ended, n_known = oracle.end_order, len(self._ended)
        if oracle is not self._oracle or oracle.objective != self._objective or ended[:n_known] != self._ended:
            self._oracle, self._objective, n_known = oracle, oracle.objective, 0
            self.trials, self.rows = [], []
        elif len(ended) == n_known:
            return False
        known = (oracle.trials[trial_id] for trial_id in ended[n_known:] if trial_id in oracle.trials)
        new = [trial for trial in known if self._counts(trial, oracle)]
        self.trials += new
        self.rows += [self._row(full_curve(trial, oracle), oracle.objective) for trial in new]
        self._ended = list(ended)
        return True


class CompleteCurves:
    """Follows an oracle's complete trials, at the cost of those that are new."""

    def __init__(self) -> None:
        self._ended = EndedCurves(is_complete, running_best)
        self._curves = LearningCurves(None, ())

    def of(self, oracle: Oracle) -> LearningCurves:
        """Return the curves of all complete trials of an oracle; the same as `complete_curves` gives."""
        ended = self._ended
        if ended.follow(oracle):
            self._curves = LearningCurves(oracle.objective, ended.rows, [trial.n_epochs for trial in ended.trials])
        return self._curves


def complete_curves(oracle: Oracle) -> LearningCurves:
    """Return the curves of the trials that ran to their end: neither pruned, nor failed, nor on a low rung."""
    return CompleteCurves().of(oracle)


def table_of(rows: Sequence[Array]) -> Array:
    """Return the rows one below the other, shape `(n, longest)`, filled with NaN on the right."""
    table: Array = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for place, row in zip(table, rows, strict=True):
        place[: len(row)] = row
    return table


def is_complete(trial: Trial, oracle: Oracle) -> bool:
    """Return whether a trial has trained as long as its search lets the best ones train."""
    if trial.status is not TrialStatus.COMPLETED or trial.pruned is not None:
        return False
    budget, max_epochs = Budget.of(trial.hyperparameters.values), getattr(oracle, "max_epochs", None)
    return budget is None or max_epochs is None or budget.epochs >= max_epochs


def full_curve(trial: Trial, oracle: Oracle) -> dict[int, float]:
    """Return a trial's curve, from where it took over another trial's weights with that trial's curve before it."""
    curve = trial.curve
    budget = Budget.of(trial.hyperparameters.values)
    if budget is None or budget.trial_id is None or not curve:
        return curve
    parent = oracle.trials.get(budget.trial_id)
    if parent is None or parent is trial:
        return curve
    first = min(curve)
    return {epoch: value for epoch, value in full_curve(parent, oracle).items() if epoch < first} | curve


def running_best(curve: Mapping[int, float], objective: AnyObjective | None) -> Array:
    """Return the best loss so far at each epoch from 0 to the curve's last, NaN before the first finite value.

    Args:
        curve: The objective by epoch; epochs may be missing, values may be NaN or infinite.
        objective: Says which way is better; None gives an empty array.
    """
    if objective is None or not curve:
        return np.empty(0)
    losses = np.full(max(curve) + 1, np.inf)
    for epoch, value in curve.items():
        if math.isfinite(value):
            losses[epoch] = objective.loss(value)
    best: Array = np.minimum.accumulate(losses)
    best[np.isinf(best)] = np.nan
    return best
