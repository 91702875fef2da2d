"""Learning curves of complete trials: how much further a trial that was ended early would have come.

How it works: a curve becomes its running best, as a loss (smaller is better), epoch by epoch; an epoch without a
finite value keeps the best so far. The gain of a complete trial from an epoch is how far it was there from the loss of
its score, whatever the score is made of: a penalty, a mean over folds, the last epoch. What gains are typical says
what score a trial that was ended at that epoch was on its way to.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

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
    "final_loss",
    "full_curve",
    "is_complete",
    "ranks_of",
    "running_best",
    "table_of",
]

Array = NDArray[np.float64]

# The median of one trial's gain is that trial's chance.
MIN_TRIALS_FOR_GAIN = 2
# Three trials come in the same order twice by chance once in six times.
MIN_TRIALS_FOR_ORDER = 4
# Spearman's: folds and repetitions of one training keep well above it, a penalty as large as the differences does not.
MIN_RANK_CORRELATION = 0.5


class LearningCurves:
    """The running bests of complete trials, and the losses of their scores.

    Args:
        rows: For each complete trial its running best by epoch from 0, as a loss; NaN before its first value.
        finals: The losses of their scores. A trial whose loss is not finite does not count.
        planned: For each of them the epochs that it planned, None where unknown; left out: unknown for all.

    Attributes:
        n_trials: How many trials count.
    """

    def __init__(
        self, rows: Sequence[Array], finals: Sequence[float], planned: Sequence[int | None] | None = None
    ) -> None:
        losses: Array = np.array(finals, dtype=np.float64)
        counts = np.isfinite(losses)
        plans = [math.inf if n is None else n for n in planned or [None] * len(rows)]
        self._planned: Array = np.array(plans, dtype=np.float64)[counts]
        self._best = table_of([row for row, does in zip(rows, counts, strict=True) if does])
        self._ends: Array = np.array([row[-1] if len(row) else math.nan for row in rows], dtype=np.float64)[counts]
        self._finals: Array = losses[counts]
        self.n_trials = len(self._finals)

    @property
    def best_final(self) -> float:
        """The loss of the best complete trial's score, NaN where there is none."""
        return float(self._finals.min()) if self.n_trials else math.nan

    @cached_property
    def tell_scores(self) -> bool:
        """Whether the curves end at the scores, or nearly: no farther off than they are apart, much in their order."""
        known = np.isfinite(self._ends)
        ends, finals = self._ends[known], self._finals[known]
        with np.errstate(over="ignore"):  # the difference of huge ones is infinite
            if np.allclose(ends, finals, rtol=1e-6, atol=0):
                return True
            low, high = np.quantile(ends, [0.25, 0.75])
            is_near = np.median(np.abs(ends - finals)) <= high - low
        if len(ends) < MIN_TRIALS_FOR_ORDER or not is_near:
            return False
        ranks = np.array([ranks_of(ends), ranks_of(finals)])
        ranks -= ranks.mean(axis=1, keepdims=True)
        spread = float(np.sqrt((ranks**2).sum(axis=1).prod()))
        return spread > 0 and float((ranks[0] * ranks[1]).sum()) / spread >= MIN_RANK_CORRELATION

    def gains(self, epoch: int, n_epochs: int | None = None) -> Array:
        """Return how far the running bests at an epoch were above the losses of the scores, shape `(n,)`.

        A gain is below 0 where the score was worse than the running best. Trials that are shorter, or had no value
        yet at that epoch, have no part in it.

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
        with np.errstate(over="ignore"):
            gains: Array = column[known] - self._finals[known]
        return gains

    def typical_gain(self, epoch: int) -> float:
        """Return the median gain from an epoch, 0 where fewer than 2 complete trials are that long.

        A running best at the epoch minus it is the loss of the score that the trial was on its way to.
        """
        gains = self.gains(epoch)
        return float(np.median(gains)) if len(gains) >= MIN_TRIALS_FOR_GAIN else 0.0


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
    """Follows an oracle's complete trials: neither pruned, nor failed, nor on a low rung; new ones only cost time."""

    def __init__(self) -> None:
        self._ended = EndedCurves(is_complete, running_best)
        self._curves = LearningCurves((), ())

    def of(self, oracle: Oracle) -> LearningCurves:
        """Return the curves of all complete trials of an oracle."""
        ended = self._ended
        if ended.follow(oracle):
            finals = [final_loss(trial, oracle.objective) for trial in ended.trials]
            self._curves = LearningCurves(ended.rows, finals, [trial.n_epochs for trial in ended.trials])
        return self._curves


def final_loss(trial: Trial, objective: AnyObjective | None) -> float:
    """Return the loss of a trial's score, NaN where it has none."""
    return math.nan if objective is None or trial.score is None else objective.loss(trial.score)


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


def ranks_of(values: Array) -> Array:
    """Return the values' ranks from 1, equal ones sharing the mean of theirs, shape `(n,)`."""
    # scipy.stats has it, and takes half a second to load
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks
