"""Learning curves as a figure."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kt_notebook.core.format import format_trial_id
from kt_notebook.core.palette import GOOD, RUN
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import curves_of
from kt_notebook.results.figures.paper import (
    GREY,
    HUGE,
    MANY,
    axes_for,
    legend,
    opacity,
    say,
    set_y_label,
    show_reading,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_curves"]

Array = NDArray[np.float64]

# How much of the curves' beginning is shown: so many times the range in which they end.
_REACH = 15


def plot_curves(
    record: SearchRecord, ax: "Axes | None" = None, *, metric: str | None = None, reading: bool = True
) -> "Axes":
    """Draw the learning curve of each trial, the best in front.

    Pruned ones are dashed, running ones blue. Of trials with several executions the mean is drawn.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        metric: A metric of the epochs; None: the objective, the first of several.
        reading: Whether to write over it what it says.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_curves(SearchRecord())
        >>> [text.get_text() for text in ax.texts]
        ['No trial has reported an epoch yet.']
    """
    ax = axes_for(ax)
    found = curves_of(record, metric)
    data = found.data[found.data[found.metric].abs() < HUGE]
    if data.empty:
        say(ax, found.reading)
        return ax
    curves = _curves(data, found.metric)
    kinds = {
        trial: "best" if trial == found.best else state if state in {"pruned", "running"} else "others"
        for trial, state in data.groupby("trial", sort=False)["state"].first().items()
    }
    for kind in ("others", "pruned", "running", "best"):
        lines = [curve for trial, curve in curves.items() if kinds[trial] == kind]
        if lines:
            label = f"trial {format_trial_id(str(found.best))}, the best" if kind == "best" else kind
            _draw(ax, lines, kind, label, opacity(len(curves)))
    ax.set_xlim(_whole_range(data["epoch"]))
    ax.set_ylim(_range(data, found.metric))
    whole_numbers(ax.xaxis)
    ax.set_xlabel("epoch")
    set_y_label(ax, found.label)
    legend(ax)
    show_reading(ax, found.reading, is_shown=reading)
    return ax


def _draw(ax: "Axes", lines: list[Array], kind: str, label: str, alpha: float) -> None:
    """Draw curves of one kind; one of a single epoch as a dot."""
    from matplotlib.collections import LineCollection

    colour = {"running": RUN, "best": GOOD}.get(kind, GREY)
    front = 3 if kind == "best" else 1
    ax.add_collection(
        LineCollection(
            lines,
            label=label,
            colors=colour,
            linewidths={"best": 2.0, "running": 1.2}.get(kind, 0.8),
            linestyles="dashed" if kind == "pruned" else "solid",
            alpha=alpha if colour == GREY else None,
            rasterized=len(lines) > MANY,
            zorder=front,
        )
    )
    dots = np.array([line[0] for line in lines if len(line) == 1])
    if len(dots):
        ax.scatter(dots[:, 0], dots[:, 1], s=6, color=colour, zorder=front)


def _curves(data: pd.DataFrame, metric: str) -> "dict[int | str, Array]":
    """Return the points of each trial's curve, shape `(n_epochs, 2)`, in the order of the rows."""
    points = data[["epoch", metric]].to_numpy(dtype=float)
    trials = data["trial"].to_numpy()
    starts = np.flatnonzero(np.r_[True, trials[1:] != trials[:-1]])
    return {trials[start]: part for start, part in zip(starts, np.split(points, starts[1:]), strict=True)}


def _whole_range(epochs: "pd.Series[int]") -> tuple[float, float]:
    first, last = int(epochs.min()), int(epochs.max())
    return (first - 0.5, last + 0.5) if first == last else (first - 0.02 * last, last + 0.02 * last)


def _range(data: pd.DataFrame, metric: str) -> tuple[float, float]:
    """Return the range to show: where the curves end up, and of their beginning what does not make that a flat line."""
    values = data[metric].to_numpy(dtype=float)
    place = data.groupby("trial", sort=False).cumcount().to_numpy()
    length = data.groupby("trial", sort=False)[metric].transform("size").to_numpy()
    late = values[place >= length // 4]
    low, high = float(late.min()), float(late.max())
    first, third = np.quantile(late, [0.1, 0.9])
    reach = 1.5 * float(third - first)
    if reach > 0:
        low, high = max(low, float(first) - _REACH * reach), min(high, float(third) + _REACH * reach)
    low = max(float(values.min()), low - _REACH * (high - low))
    high = min(float(values.max()), high + _REACH * (high - low))
    margin = 0.04 * (high - low) or abs(high) * 0.05 or 1.0
    return low - margin, high + margin
