"""The numbers that searches are compared by: best so far, trials to a common target, time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.compare_sources import Group

__all__ = ["Run", "curves_of", "runs_of", "table_of", "target_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One search in numbers; losses are scores of which smaller is better.

    Attributes:
        best: The best loss so far after each trial that has ended, in the order of their ends; NaN before the first
            score. Shape `(n_ended,)`.
        n_trials: Trials that have begun.
        n_completed: Those that ended with a score, pruned ones aside.
        n_pruned: Those that were ended early.
        n_failed: Those that failed, or whose score is no number.
        n_epochs: Epochs that were trained, over all trials.
        time_s: How long the search has run, pauses aside.
        trial_time_s: The mean time of a trial, NaN before the first has ended.
    """

    best: Array
    n_trials: int
    n_completed: int
    n_pruned: int
    n_failed: int
    n_epochs: int
    time_s: float
    trial_time_s: float

    @property
    def best_loss(self) -> float:
        """The best loss of all, NaN where there is none."""
        return float(self.best[-1]) if len(self.best) else math.nan

    def trials_to(self, target: float) -> float:
        """Return how many trials it took until the best was as good as the target; NaN where it never was."""
        reached = np.flatnonzero(self.best <= target)
        return float(reached[0] + 1) if len(reached) else math.nan


def runs_of(group: Group, sign: float) -> list[Run]:
    """Return each repeat in numbers.

    Args:
        group: The repeats.
        sign: What makes a score a loss.
    """
    return [_run(record, sign) for record in group.records]


def _run(record: SearchRecord, sign: float) -> Run:
    # Copies: another thread may begin and end trials meanwhile.
    trials = dict(record.trials)
    ended = [trials[trial_id] for trial_id in list(record.end_order) if trial_id in trials]
    losses = np.array(
        [
            sign * trial.score
            if trial.status == "COMPLETED" and trial.pruned is None and trial.score is not None
            else math.nan
            for trial in ended
        ],
        dtype=float,
    )
    losses[~np.isfinite(losses)] = math.nan
    durations = [trial.duration_s for trial in ended if trial.duration_s is not None]
    search = record.search
    active = 0.0 if search["active_since"] is None else max(0.0, record.time - search["active_since"])
    statuses = [trial.status for trial in trials.values()]
    n_pruned = sum(trial.pruned is not None and trial.status == "COMPLETED" for trial in trials.values())
    return Run(
        best=np.fmin.accumulate(losses) if len(losses) else losses,
        n_trials=len(trials),
        n_completed=statuses.count("COMPLETED") - n_pruned,
        n_pruned=n_pruned,
        n_failed=statuses.count("FAILED") + statuses.count("INVALID"),
        n_epochs=sum(len(trial.epochs) for trial in trials.values()),
        time_s=search["elapsed_s"] + active,
        trial_time_s=float(np.mean(durations)) if durations else math.nan,
    )


def target_of(runs: Sequence[Run]) -> float:
    """Return the loss that every search has reached which has one: the worst of their bests. NaN where none has."""
    bests = [run.best_loss for run in runs if not math.isnan(run.best_loss)]
    return max(bests, default=math.nan)


def table_of(groups: Sequence[Group], runs: Sequence[Sequence[Run]], sign: float, target: float) -> pd.DataFrame:
    """Return one row for each search, or group of repeats; see `Comparison.table`."""
    rows: list[dict[str, object]] = []
    for group, repeats in zip(groups, runs, strict=True):
        bests = np.array([sign * run.best_loss for run in repeats])
        bests = bests[~np.isnan(bests)]
        reached = [n for run in repeats if not math.isnan(n := run.trials_to(target))]
        times = [run.trial_time_s for run in repeats if not math.isnan(run.trial_time_s)]
        tuners = dict.fromkeys(str(record.search["tuner"] or "") for record in group.records)
        rows.append(
            {
                "tuner": ", ".join(filter(None, tuners)),
                "repeats": len(repeats),
                "trials": sum(run.n_trials for run in repeats),
                "completed": sum(run.n_completed for run in repeats),
                "pruned": sum(run.n_pruned for run in repeats),
                "failed": sum(run.n_failed for run in repeats),
                "epochs": sum(run.n_epochs for run in repeats),
                "best": sign * float((sign * bests).min()) if len(bests) else math.nan,
                "best_mean": float(bests.mean()) if len(bests) else math.nan,
                "best_std": float(bests.std(ddof=1)) if len(bests) > 1 else math.nan,
                "to_target": float(np.mean(reached)) if reached else math.nan,
                "time": sum(run.time_s for run in repeats),
                "time_per_trial": float(np.mean(times)) if times else math.nan,
            }
        )
    return pd.DataFrame(rows, index=pd.Index([group.label for group in groups], name="search"))


def curves_of(groups: Sequence[Group], runs: Sequence[Sequence[Run]], sign: float) -> pd.DataFrame:
    """Return the best so far by trial for each group; see `Comparison.curves`."""
    parts = [_curve(group.label, repeats, sign) for group, repeats in zip(groups, runs, strict=True)]
    columns = ["search", "trial", "mean", "min", "max", "repeats"]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _curve(label: str, runs: Sequence[Run], sign: float) -> pd.DataFrame:
    """Return the curve of one group, from the trial on at which every repeat with a score has one."""
    scored = [run.best for run in runs if not math.isnan(run.best_loss)]
    if not scored:
        return pd.DataFrame()
    longest = max(map(len, scored))
    # A search that has ended has its best for good.
    held = np.array([np.pad(best, (0, longest - len(best)), mode="edge") for best in scored])
    places = np.flatnonzero(~np.isnan(held).any(axis=0))
    scores = sign * held[:, places]
    return pd.DataFrame(
        {
            "search": label,
            "trial": places + 1,
            "mean": scores.mean(axis=0),
            "min": scores.min(axis=0),
            "max": scores.max(axis=0),
            "repeats": [sum(place < len(best) for best in scored) for place in places],
        }
    )
