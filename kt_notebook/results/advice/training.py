"""Findings on how trials train: pruned too early, ended while they still got better, trained on past their best."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.results.advice.findings import Advice, AdviceKind
from kt_notebook.results.advice.trials import curve_of, ended_trials
from kt_notebook.results.advice.wording import percent, trials_text

__all__ = ["advice_on_epochs", "advice_on_pruning"]

Array = NDArray[np.float64]

# Complete trials that must tell what their curves were worth.
_MIN_COMPLETE = 8
_MIN_PRUNED = 5
_MIN_EPOCHS = 3
# Which of the complete trials are the good ones.
_GOOD_SHARE = 1 / 3
# A good trial counts as one that pruning endangers where it was in the worse half then.
_WORSE_HALF = 0.5
_MIN_GOOD = 4
_MIN_CROSSING = 0.25
# Of ranks then with ranks in the end, with 95 % certainty: where it may be more, curves tell enough.
_MAX_CORRELATION = 0.6
_MIN_LAST_SHARE = 0.6
# What the last quarter of the epochs must have brought, in shares of all that training brought since its first epoch.
_MIN_LATE_GAIN = 0.05
_EARLY = 0.4
_MIN_EPOCHS_FOR_EARLY = 8


def advice_on_pruning(record: SearchRecord) -> Iterator[Advice]:
    """Yield that trials are ended before their curves tell who wins, where complete trials show it."""
    ended = ended_trials(record)
    pruned = [trial for trial in ended if trial.pruned is not None]
    curves = [curve for trial in _complete(ended) if (curve := curve_of(trial, record))]
    if len(pruned) < _MIN_PRUNED or len(curves) < _MIN_COMPLETE:
        return
    epoch = int(np.median([int(trial.pruned["epoch"]) for trial in pruned if trial.pruned is not None]))
    known = [curve for curve in curves if epoch in curve and max(curve) > epoch]
    if len(known) < _MIN_COMPLETE:
        return
    then = np.array([min(value for at, value in curve.items() if at <= epoch) for curve in known])
    final = np.array([min(curve.values()) for curve in known])
    good = np.argsort(final, kind="stable")[: max(3, round(len(known) * _GOOD_SHARE))]
    n_crossing = int((stats.rankdata(then)[good] > len(known) * _WORSE_HALF + 0.5).sum())
    most = _correlation_at_most(then, final)
    if n_crossing < len(good) * _MIN_CROSSING or most > _MAX_CORRELATION:
        return
    text = (
        f"{trials_text(len(pruned))} were pruned, half of them by epoch {epoch + 1}, before it showed who wins: of the "
        f"{len(good)} best complete trials {n_crossing} were in the worse half then (rank correlation with the end at "
        f"most {most:.2f}). Search with --prune none."
    )
    evidence = {
        "n_pruned": len(pruned),
        "epoch": epoch,
        "share_crossing": n_crossing / len(good),
        "rank_correlation_at_most": most,
        "n_complete": len(known),
    }
    yield Advice(AdviceKind.PRUNED_EARLY, None, text, evidence)


def _correlation_at_most(one: Array, other: Array) -> float:
    """Return the upper end of what two rankings' correlation may be, with 95 % certainty.

    Source: Fisher's transformation, with the variance of Bonett and Wright 2000, Sample size requirements for
    estimating Pearson, Kendall and Spearman correlations.
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 1.0
    found = float(np.clip(stats.spearmanr(one, other).statistic, -0.999, 0.999))
    error = math.sqrt((1 + found**2 / 2) / (len(one) - 3))
    return math.tanh(math.atanh(found) + 1.645 * error)


def advice_on_epochs(record: SearchRecord) -> Iterator[Advice]:
    """Yield that training ends too early, or goes on long past the best epoch, for the good trials."""
    good = _good_curves(record)
    if len(good) < _MIN_GOOD:
        return
    lengths = np.array([max(curve) + 1 for _, curve in good])
    best_at = np.array([min(curve, key=lambda epoch: (curve[epoch], epoch)) + 1 for _, curve in good])
    is_last = best_at >= lengths - np.floor(lengths * 0.05)
    late = np.array([_late_gain(curve) for _, curve in good])
    n = int(np.median(lengths))
    if n >= _MIN_EPOCHS and np.mean(is_last) >= _MIN_LAST_SHARE and np.median(late) >= _MIN_LATE_GAIN:
        text = (
            f"The best epoch is the last for {int(is_last.sum())} of the best {trials_text(len(good))}, and the last "
            f"quarter of the {n} epochs still brought {percent(float(np.median(late)))} of what training brought. "
            f"Train longer, {n * 2} epochs, with an EarlyStopping callback."
        )
        evidence = {
            "n_last": int(is_last.sum()),
            "n_good": len(good),
            "n_epochs": n,
            "late_gain": float(np.median(late)),
        }
        yield Advice(AdviceKind.TRAIN_LONGER, None, text, evidence)
    elif n >= _MIN_EPOCHS_FOR_EARLY and np.mean(best_at <= lengths * _EARLY) >= _MIN_LAST_SHARE:
        typical = int(np.median(best_at))
        patience = max(3, typical // 2)
        text = (
            f"The best {trials_text(len(good))} were at their best after {typical} of {n} epochs. Add "
            f"keras.callbacks.EarlyStopping(patience={patience}), or train fewer epochs: the rest is time lost."
        )
        yield Advice(AdviceKind.EARLY_STOPPING, None, text, {"best_epoch": typical, "n_epochs": n, "n_good": len(good)})


def _complete(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    return [trial for trial in trials if trial.status == "COMPLETED" and trial.pruned is None]


def _good_curves(record: SearchRecord) -> list[tuple[TrialRecord, dict[int, float]]]:
    """Return the best third of the complete trials that trained as long as was planned, with their curves."""
    curves = [(trial, curve_of(trial, record)) for trial in _complete(record.ranked())]
    # One that a callback of the user's has ended says nothing of too many epochs, or too few.
    whole = [
        (trial, curve)
        for trial, curve in curves
        if len(curve) >= _MIN_EPOCHS and (trial.n_epochs is None or max(curve) + 1 >= trial.n_epochs)
    ]
    return whole[: max(_MIN_GOOD, round(len(curves) * _GOOD_SHARE))] if len(curves) >= _MIN_COMPLETE else []


def _late_gain(curve: dict[int, float]) -> float:
    """Return what the last quarter of a curve's epochs brought, as a share of the gain since the first."""
    epochs = sorted(curve)
    running = np.minimum.accumulate([curve[epoch] for epoch in epochs])
    whole = float(running[0] - running[-1])
    return float(running[int(len(epochs) * 0.75) - 1] - running[-1]) / whole if whole > 0 else 0.0
