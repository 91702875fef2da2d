"""The learning curves of a search's trials."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kt_notebook.core.format import format_metric, format_score, format_trial_id
from kt_notebook.core.metrics import infer_metric_direction
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.results.analysis.trials import Trials, counted, trials_of

__all__ = ["Curves", "curves_of"]

# Of so many epochs at the curve's end the reading tells the change.
_TAIL = 0.2
_FLAT = 0.02


@dataclass(frozen=True, slots=True)
class Curves:
    """The learning curves.

    Attributes:
        data: A row an epoch of a trial: `trial` as in the results table, `epoch` from 1, `state`, and the metric's
            column, the mean over the executions that reached the epoch. The best trial's rows come last, as it is
            drawn in front; before it the others, running ones last.
        metric: The metric's column.
        label: The metric with what is better.
        best: The best trial, as in the results table; None where none counts.
        sign: What makes a score one of which smaller is better.
        reading: What the picture says, in a sentence.
    """

    data: pd.DataFrame
    metric: str
    label: str
    sign: float
    best: int | str | None
    reading: str


def curves_of(record: SearchRecord, metric: str | None = None) -> Curves:
    """Return the learning curves of the trials.

    Args:
        record: The search's.
        metric: A metric of the epochs; None: the objective, the first of several.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> curves_of(SearchRecord()).reading
        'No trial has reported an epoch yet.'
    """
    trials = trials_of(record)
    name = metric or (record.objective[0]["name"] if record.objective else None)
    best = trials.best()
    keys = list(trials.table.index)
    order = sorted(range(len(keys)), key=lambda at: (at == best, trials.states.iloc[at] == "running"))
    frames = [_curve(keys[at], str(trials.states.iloc[at]), trials.records[at], name) for at in order]
    held = [part for part in frames if part is not None]
    shown = format_metric(name) if name else "score"
    columns: dict[str, list[int | str | float]] = {"trial": [], "epoch": [], "state": [], shown: []}
    if held:
        columns = {column: [value for part in held for value in part[at]] for at, column in enumerate(columns)}
    data = pd.DataFrame(columns).astype({"epoch": int, shown: float})
    best_key = keys[best] if best is not None else None
    label = trials.label if metric is None and len(trials.objectives) == 1 else shown
    direction = trials.objectives.get(shown) or infer_metric_direction(shown)
    sign = -1.0 if direction == "max" else 1.0
    return Curves(data, shown, label, sign, best_key, _reading(data, shown, sign, best_key, trials))


def _curve(
    key: int | str, state: str, trial: TrialRecord, metric: str | None
) -> tuple[list[int | str], list[int], list[str], list[float]] | None:
    by_epoch: dict[int, list[float]] = {}
    for epoch in list(trial.epochs):
        if metric is not None and metric in epoch.metrics:
            by_epoch.setdefault(epoch.epoch, []).append(epoch.metrics[metric])
    if not by_epoch:
        return None
    epochs = sorted(by_epoch)
    n = len(epochs)
    means = [sum(by_epoch[epoch]) / len(by_epoch[epoch]) for epoch in epochs]
    return [key] * n, [epoch + 1 for epoch in epochs], [state] * n, means


def _reading(data: pd.DataFrame, metric: str, sign: float, best: int | str | None, trials: Trials) -> str:
    if data.empty:
        known = sorted({name for trial in trials.records for epoch in trial.epochs[-1:] for name in epoch.metrics})
        if known:
            return f"No epoch has the metric {metric!r}. There are: {', '.join(known)}."
        return "No trial has reported an epoch yet."
    n_curves = data["trial"].nunique()
    curve = data.loc[data["trial"] == best] if best is not None else data.iloc[:0]
    curve = curve[np.isfinite(curve[metric])]
    if curve.empty:
        return f"{counted(n_curves, 'learning curve')}, none of a trial that counts."
    losses = sign * curve[metric].to_numpy()
    at = int(np.argmin(losses))
    text = (
        f"The best trial, {format_trial_id(str(best))}, reached {metric} {format_score(sign * float(losses[at]))} "
        f"in epoch {curve['epoch'].iloc[at]:,} of {curve['epoch'].iloc[-1]:,}"
    )
    if len(losses) < 5:
        return f"{text}."
    total = float(losses.max() - losses.min())
    late = float(losses[: len(losses) - max(1, round(_TAIL * len(losses)))].min() - losses.min())
    if at == len(losses) - 1 and total > 0 and late > _FLAT * total:
        return f"{text} and was still getting better."
    return f"{text}." if at == len(losses) - 1 else f"{text}; more epochs did not make it better."
