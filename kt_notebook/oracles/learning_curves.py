"""Learning curves of complete trials: how much further a trial that was ended early would have come.

How it works: a curve becomes its running best, as a loss (smaller is better), epoch by epoch; an epoch without a
finite value keeps the best so far. The gain of a complete trial from an epoch is how far its running best still fell
from there to its end. What gains are typical says what a trial that was ended at that epoch was on its way to.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.budget import Budget
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial, TrialStatus

__all__ = ["CompleteCurves", "LearningCurves", "complete_curves", "full_curve", "is_complete", "running_best"]

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
        self._best: Array = np.full((len(kept), max(map(len, kept), default=0)), np.nan)
        for place, row in zip(self._best, kept, strict=True):
            place[: len(row)] = row
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


class CompleteCurves:
    """Follows an oracle's complete trials, at the cost of those that are new."""

    def __init__(self) -> None:
        self._oracle: Oracle | None = None
        self._objective: AnyObjective | None = None
        self._ended: list[str] = []
        self._complete: list[Trial] = []
        self._rows: list[Array] = []
        self._curves = LearningCurves(None, ())

    def of(self, oracle: Oracle) -> LearningCurves:
        """Return the curves of all complete trials of an oracle; the same as `complete_curves` gives."""
        ended, n_known = oracle.end_order, len(self._ended)
        is_same = oracle is self._oracle and oracle.objective == self._objective and ended[:n_known] == self._ended
        if is_same and len(ended) == n_known:
            return self._curves
        if not is_same:
            self._oracle, self._objective, n_known = oracle, oracle.objective, 0
            self._complete, self._rows = [], []
        new = _complete_trials(oracle, ended[n_known:])
        self._complete += new
        self._rows += [_row(trial, oracle) for trial in new]
        self._ended = list(ended)
        self._curves = LearningCurves(oracle.objective, self._rows, [trial.n_epochs for trial in self._complete])
        return self._curves


def complete_curves(oracle: Oracle) -> LearningCurves:
    """Return the curves of the trials that ran to their end: neither pruned, nor failed, nor on a low rung."""
    complete = _complete_trials(oracle, oracle.end_order)
    rows = [_row(trial, oracle) for trial in complete]
    return LearningCurves(oracle.objective, rows, [trial.n_epochs for trial in complete])


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


def _complete_trials(oracle: Oracle, trial_ids: Iterable[str]) -> list[Trial]:
    ended = (oracle.trials[trial_id] for trial_id in trial_ids if trial_id in oracle.trials)
    return [trial for trial in ended if is_complete(trial, oracle)]


def _row(trial: Trial, oracle: Oracle) -> Array:
    return running_best(full_curve(trial, oracle), oracle.objective)
