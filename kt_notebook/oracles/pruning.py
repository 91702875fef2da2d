"""Pruning: when a running trial cannot win any more, from the learning curves of the trials so far.

How it works: a rule sees the running best of a trial (as a loss, smaller is better) at an epoch, and what others had
there. Every rule is a function of the trials alone, so it fits any oracle and any number of workers. None speaks
before it has evidence: enough other trials, at least two values of the objective, the last best a number; none where
the complete trials' curves do not tell their scores, and none of several objectives: their sum says nothing of a
trial that is the best in one of them.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import format_metric, format_score
from kt_notebook.core.objective import AnyObjective, Objective
from kt_notebook.core.oracle import GO_ON, Oracle, Pruner, Verdict
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.oracles.learning_curves import (
    Array,
    CompleteCurves,
    EndedCurves,
    full_curve,
    running_best,
    table_of,
)

__all__ = ["PRUNERS", "GainPruner", "HalvingPruner", "MedianPruner", "create_pruner", "running_average"]

# Chosen on learning curves of real training (this project's own experiments): .7 and 1 were no better than .9.
GAIN_QUANTILE = 0.9
MIN_COMPLETE_TRIALS = 4
# Of few complete trials none may be of those that rise late. Granting the better half its time was better at the full
# budget than without by .07 ± .05 of random search's regret, over 17 seeds; a third or two thirds did as well.
SAFE_SHARE = 0.5
# The first epoch says more of the starting values than of the hyperparameters.
MIN_EPOCHS = 2
# Golovin et al. 2017 leave it open; a median of fewer values is chance.
MEDIAN_MIN_TRIALS = 5
# Li et al. 2020, arXiv:1810.05934, section 4.1 searches with a reduction factor of 4; 3 is Hyperband's own.
HALVING_FACTOR = 3


class GainPruner:
    """Stops a trial when the gains of complete trials from that epoch on would not bring it to the best.

    Gain stopping: with `b` the trial's running best after epoch `e` and `g` the gains of complete trials from `e` to
    their scores, it stops where `b - quantile(g)` is still worse than the best score. A quantile below 0 counts as 0:
    what made those scores worse than their curves may not be in this one. Complete trials that planned fewer epochs
    than this one do not show what it may gain, and are left out of `g`. A trial that is in the better half of those
    that came so far goes on.

    Args:
        quantile: Which share of the complete trials' gains a trial is granted, 0 to 1.
        min_complete_trials: How many complete trials, as long as this one so far, it takes.
        min_epochs: From how many reported epochs on it judges.

    Raises:
        OptionError: A number is too small or too large.
    """

    def __init__(
        self,
        quantile: float = GAIN_QUANTILE,
        min_complete_trials: int = MIN_COMPLETE_TRIALS,
        min_epochs: int = MIN_EPOCHS,
    ) -> None:
        _check_share(quantile=quantile)
        _check_whole(1, min_complete_trials=min_complete_trials, min_epochs=min_epochs)
        self.quantile = quantile
        self.min_complete_trials = min_complete_trials
        self.min_epochs = min_epochs
        self._complete = CompleteCurves()
        self._others = _Others()

    def judge(self, trial: Trial, epoch: int, oracle: Oracle) -> Verdict:
        """Say whether a trial that has just reported an epoch is to go on."""
        objective, best = oracle.objective, _best_judged(trial, epoch, oracle, self.min_epochs)
        if best is None or not isinstance(objective, Objective):
            return GO_ON
        curves = self._complete.of(oracle)
        gains = curves.gains(epoch, trial.n_epochs)
        if len(gains) < self.min_complete_trials or not curves.tell_scores:
            return GO_ON
        gain = max(0.0, float(np.quantile(gains, self.quantile)))
        if not best - gain > curves.best_final:
            return GO_ON
        others = self._others.at(trial, epoch, oracle)
        if best <= np.quantile(others, SAFE_SHARE):
            return GO_ON
        way = "rose" if objective.loss(1.0) < 0 else "fell"
        return Verdict(
            stop=True,
            reason=f"{_reached(objective, best, epoch)}; {self.quantile:.0%} of the {len(gains)} complete trials "
            f"{way} at most {format_score(gain)} more from there, and the best is "
            f"{format_score(_shown(objective, curves.best_final))}",
        )


class MedianPruner:
    """Stops a trial whose best so far is worse than the median of the others' running averages at that epoch.

    Source: Golovin et al. 2017, "Google Vizier", section 3.1.2, the median stopping rule.

    Args:
        min_trials: How many ended trials that reached the epoch it takes.
        min_epochs: From how many reported epochs on it judges.

    Raises:
        OptionError: A number is too small.
    """

    def __init__(self, min_trials: int = MEDIAN_MIN_TRIALS, min_epochs: int = MIN_EPOCHS) -> None:
        _check_whole(1, min_trials=min_trials, min_epochs=min_epochs)
        self.min_trials = min_trials
        self.min_epochs = min_epochs
        self._complete = CompleteCurves()
        self._ended = EndedCurves(_has_completed, running_average)
        self._table: Array = np.empty((0, 0))

    def judge(self, trial: Trial, epoch: int, oracle: Oracle) -> Verdict:
        """Say whether a trial that has just reported an epoch is to go on."""
        objective, best = oracle.objective, _best_judged(trial, epoch, oracle, self.min_epochs)
        if best is None or not isinstance(objective, Objective):
            return GO_ON
        if self._ended.follow(oracle):
            self._table = table_of(self._ended.rows)
        averages = _column(self._table, epoch)
        if len(averages) < self.min_trials or not self._complete.of(oracle).tell_scores:
            return GO_ON
        median = float(np.median(averages))
        if not best > median:
            return GO_ON
        return Verdict(
            stop=True,
            reason=f"{_reached(objective, best, epoch)}; the median of {len(averages)} trials averaged over these "
            f"epochs is {format_score(_shown(objective, median))}",
        )


class HalvingPruner:
    """Stops a trial that is not in the best third at a rung: after 2, 6, 18, … epochs.

    Asynchronous successive halving in the form that stops trials: each rung compares a trial with those that reached
    it before, running ones included, so no worker waits. A trial that reports every few epochs is judged at its first
    value at or after a rung.

    Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv:1810.05934, algorithm 2.

    Args:
        factor: From a rung, one in `factor` trials goes on, and the next rung is `factor` times as high.
        min_epochs: The first rung.

    Raises:
        OptionError: `factor` is below 2, or `min_epochs` below 1.
    """

    def __init__(self, factor: int = HALVING_FACTOR, min_epochs: int = MIN_EPOCHS) -> None:
        _check_whole(2, factor=factor)
        _check_whole(1, min_epochs=min_epochs)
        self.factor = factor
        self.min_epochs = min_epochs
        self._complete = CompleteCurves()
        self._others = _Others()

    def judge(self, trial: Trial, epoch: int, oracle: Oracle) -> Verdict:
        """Say whether a trial that has just reported an epoch is to go on."""
        n_values = min(self.min_epochs, MIN_EPOCHS)
        objective, best = oracle.objective, _best_judged(trial, epoch, oracle, n_values)
        if best is None or not isinstance(objective, Objective) or not self._is_at_rung(trial, epoch, oracle, n_values):
            return GO_ON
        reached = self._others.at(trial, epoch, oracle)
        n_trials = 1 + len(reached)
        if n_trials < self.factor or not self._complete.of(oracle).tell_scores:
            return GO_ON
        place = 1 + int((reached < best).sum())
        n_kept = n_trials // self.factor
        if place <= n_kept:
            return GO_ON
        kept = "only the best goes on" if n_kept == 1 else f"the best {n_kept} go on"
        return Verdict(
            stop=True,
            reason=f"{_reached(objective, best, epoch)}; that is place {place} of the {n_trials} trials that came so "
            f"far, and {kept}",
        )

    def _is_at_rung(self, trial: Trial, epoch: int, oracle: Oracle, n_values: int) -> bool:
        """Return whether a rung lies between the last value that could be judged and this one."""
        before = sorted(earlier for earlier in full_curve(trial, oracle) if earlier < epoch)
        n_before = before[-1] + 1 if len(before) >= n_values else 0
        rung = self.min_epochs
        while rung * self.factor <= epoch + 1:
            rung *= self.factor
        return n_before < rung <= epoch + 1


class _Others:
    """The running bests of all other trials: those that have ended, pruned ones included, and those that run."""

    def __init__(self) -> None:
        self._ended = EndedCurves(_has_ended, running_best)
        self._table: Array = np.empty((0, 0))

    def at(self, trial: Trial, epoch: int, oracle: Oracle) -> Array:
        """Return what the others that came so far had at an epoch, shape `(n,)`."""
        if self._ended.follow(oracle):
            self._table = table_of(self._ended.rows)
        running = [_best_at(other, epoch, oracle) for other in oracle.ongoing_trials.values() if other is not trial]
        best = np.concatenate([_column(self._table, epoch), running])
        finite: Array = best[np.isfinite(best)]
        return finite


_RULES: dict[str, Callable[[], Pruner] | None] = {
    "auto": GainPruner,
    "none": None,
    "median": MedianPruner,
    "halving": HalvingPruner,
}
# What `prune=` and `--prune` offer by name.
PRUNERS = tuple(_RULES)


# Any: a user may pass anything.
def create_pruner(prune: Any) -> Pruner | None:
    """Return what `prune=` means.

    Args:
        prune: None, False or "none" for no pruning; "auto" (gain stopping), "median", "halving"; or an object of one's
            own with `judge(trial, epoch, oracle)`. By name, no trial of a search with several objectives is ended.

    Raises:
        OptionError: It is none of these.
    """
    if prune is None or prune is False:
        return None
    if isinstance(prune, str) and prune in _RULES:
        rule = _RULES[prune]
        return None if rule is None else rule()
    if callable(getattr(prune, "judge", None)) and not isinstance(prune, type):
        pruner: Pruner = prune
        return pruner
    own = " A class has to be made first: prune=MyPruner()." if isinstance(prune, type) else ""
    raise OptionError(
        f"prune={prune!r} is no way to prune. There are {', '.join(map(repr, PRUNERS))}, and objects with "
        f"judge(trial, epoch, oracle).{own}"
    )


def _best_at(trial: Trial, epoch: int, oracle: Oracle) -> float:
    """Return the best loss that a trial had by the end of an epoch, NaN where it has not come that far."""
    row: Array = running_best(full_curve(trial, oracle), oracle.objective)
    return float(row[epoch]) if epoch < len(row) else math.nan


def _best_judged(trial: Trial, epoch: int, oracle: Oracle, n_values: int) -> float | None:
    """Return a running trial's best loss, None where it has reported fewer values by then, or no number."""
    if sum(known <= epoch for known in full_curve(trial, oracle)) < n_values:
        return None
    best = _best_at(trial, epoch, oracle)
    return best if math.isfinite(best) else None


def running_average(curve: Mapping[int, float], objective: AnyObjective | None) -> Array:
    """Return the mean loss so far at each epoch from 0 to the curve's last, NaN before the first finite value."""
    if objective is None or not curve:
        return np.empty(0)
    losses, counts = np.zeros(max(curve) + 1), np.zeros(max(curve) + 1)
    for epoch, value in curve.items():
        if math.isfinite(value):
            losses[epoch], counts[epoch] = objective.loss(value), 1
    n = np.cumsum(counts)
    averages: Array = np.cumsum(losses) / np.where(n > 0, n, np.nan)
    return averages


def _has_ended(trial: Trial, oracle: Oracle) -> bool:
    return True


def _has_completed(trial: Trial, oracle: Oracle) -> bool:
    return trial.status is TrialStatus.COMPLETED


def _column(table: Array, epoch: int) -> Array:
    """Return what the rows have at an epoch, those left out that have nothing there."""
    if not 0 <= epoch < table.shape[1]:
        return np.empty(0)
    column: Array = table[:, epoch]
    return column[np.isfinite(column)]


def _reached(objective: Objective, loss: float, epoch: int) -> str:
    return f"{format_metric(objective.name)} {format_score(_shown(objective, loss))} after {epoch + 1} epochs"


def _shown(objective: Objective, loss: float) -> float:
    """Return the objective's own value of a loss: turning round twice is no change."""
    return objective.loss(loss)


# Any: users pass anything.
def _check_whole(least: int, **numbers: Any) -> None:
    for name, number in numbers.items():
        if isinstance(number, bool) or not hasattr(number, "__index__") or number < least:
            raise OptionError(f"{name}={number!r} cannot be. Give a whole number of {least} or more.")


# Any: users pass anything.
def _check_share(**shares: Any) -> None:
    for name, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 <= share <= 1:
            raise OptionError(f"{name}={share!r} is no share. Give a number from 0 to 1.")
