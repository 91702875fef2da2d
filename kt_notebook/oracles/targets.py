"""From what trials came to, to the numbers that the model learns: smaller is better, mean 0, spread 1.

How it works: a trial that ended early counts with the loss that it was on its way to (`learning_curves`). Then the
half-rank warp: better than the median, losses keep their distances; worse, only their order counts, so that a few
very bad trials do not drown the differences among the good ones. A failed trial is as bad as the worst that did not;
whether it counts at all is for `failures` to say.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from kt_notebook.core.objective import AnyObjective, MultiObjective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.oracles.learning_curves import (
    LearningCurves,
    final_loss,
    full_curve,
    is_complete,
    ranks_of,
    running_best,
)

__all__ = ["Outcome", "losses_of", "outcome_of", "standardised", "targets_of"]

Array = NDArray[np.float64]

# Losses beyond it are cut there, so that their differences are finite.
HUGE = 1e300


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an ended trial says.

    Args:
        losses: One for each objective; NaN where the trial failed.
        last_epoch: The epoch, from 0, after which the trial was ended early; None where it was not.
        curve: Its running best by epoch where the trial is complete, else empty.
    """

    losses: tuple[float, ...]
    last_epoch: int | None
    curve: Array


def outcome_of(trial: Trial, oracle: Oracle) -> Outcome | None:
    """Return what an ended trial says, None where it says nothing: it was stopped before its first result."""
    objective = oracle.objective
    losses = _losses(trial, objective)
    failed = trial.status not in (TrialStatus.COMPLETED, TrialStatus.STOPPED)
    if failed or objective is None:
        return Outcome(tuple(math.nan for _ in losses), None, np.empty(0))
    curve = running_best(full_curve(trial, oracle), objective)
    if is_complete(trial, oracle):
        return Outcome(losses, None, curve)
    if isinstance(objective, MultiObjective) or not len(curve):
        is_known = all(map(math.isfinite, losses)) or trial.status is TrialStatus.COMPLETED
        return Outcome(losses, None, np.empty(0)) if is_known else None
    return Outcome((float(curve[-1]),), len(curve) - 1, np.empty(0))


def losses_of(outcomes: Sequence[Outcome], objective: AnyObjective | None) -> Array:
    """Return the losses at the end of training, shape `(n, n_objectives)`; NaN where a trial failed.

    Those of trials that were ended early are what they were on their way to, by the complete ones given.
    """
    n_objectives = len(objective.objectives) if isinstance(objective, MultiObjective) else 1
    losses = np.array([outcome.losses for outcome in outcomes], dtype=np.float64).reshape(-1, n_objectives)
    epochs = np.array([-1 if outcome.last_epoch is None else outcome.last_epoch for outcome in outcomes])
    if (epochs >= 0).any():
        finals = np.where(epochs < 0, losses[:, 0], np.nan)
        curves = LearningCurves([outcome.curve for outcome in outcomes], finals.tolist())
        for epoch in np.unique(epochs[epochs >= 0]):
            losses[epochs == epoch] -= curves.typical_gain(int(epoch))
    losses[~np.isfinite(losses).all(axis=1)] = np.nan
    cut: Array = np.clip(losses, -HUGE, HUGE)
    return cut


def targets_of(losses: Array) -> Array:
    """Return the model's targets, shape `(n,)`, mean 0 and standard deviation 1, or all 0 where nothing differs.

    Args:
        losses: Shape `(n,)`; NaN counts as the worst.
    """
    known = np.isfinite(losses)
    targets = np.zeros(len(losses))
    if known.any():
        targets[known] = _half_rank(losses[known])
        targets[~known] = targets[known].max()
    return standardised(targets)


def standardised(targets: Array) -> Array:
    """Return targets with mean 0 and standard deviation 1, each column for itself; 0 where nothing differs."""
    centred: Array = targets - targets.mean(axis=0)
    spread = centred.std(axis=0)
    return centred / np.where(spread > 1e-12, spread, np.inf)


def _half_rank(losses: Array) -> Array:
    """Return losses in units of the good half's spread, the bad half as the normal quantiles of their ranks.

    The spread is the root mean square distance of the better half to the median. A bad value is never put farther
    away than it is.

    Source: half-rank warping of Song et al. 2024, The Vizier Gaussian Process Bandit Algorithm, arXiv:2408.11527.
    """
    distance = losses / 2 - np.median(losses) / 2  # halved, so that the difference of huge ones is finite
    good = distance <= 0
    largest = np.abs(distance[good]).max() or np.abs(distance).max()
    if largest == 0:
        return np.zeros(len(losses))
    spread = math.sqrt(float(np.mean((distance[good] / largest) ** 2))) or 1.0
    with np.errstate(over="ignore"):  # a huge loss among small ones becomes infinite, and then its rank
        distance = distance / largest / spread
    share = (ranks_of(losses) - 0.5) / len(losses)
    warped: Array = np.where(good, distance, np.minimum(distance, ndtri(share)))
    return warped


def _losses(trial: Trial, objective: AnyObjective | None) -> tuple[float, ...]:
    if isinstance(objective, MultiObjective):
        held = trial.metrics.metrics
        best = (held[part.name].get_best_value() if part.name in held else None for part in objective.objectives)
        return tuple(
            math.nan if value is None else part.loss(value)
            for part, value in zip(objective.objectives, best, strict=True)
        )
    return (final_loss(trial, objective),)
