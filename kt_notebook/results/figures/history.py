"""The scores trial by trial, and the best so far, as a figure."""

from typing import TYPE_CHECKING

import numpy as np

from kt_notebook.core.palette import BAD, GOOD
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import History, history_of
from kt_notebook.results.figures.paper import (
    GREY,
    axes_for,
    beyond,
    dot_style,
    legend,
    range_of,
    say,
    set_y_label,
    show_reading,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_history"]


def plot_history(record: SearchRecord, ax: "Axes | None" = None, *, reading: bool = True) -> "Axes":
    """Draw the score of each trial in order, with the best so far as a line.

    Pruned trials are rings; one that ended without a finite score is a cross at the bottom. Scores far worse than the
    rest stand as triangles at the border.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        reading: Whether to write over it what it says.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_history(SearchRecord())
        >>> [text.get_text() for text in ax.texts]
        ['No trial yet.']
    """
    ax = axes_for(ax)
    found = history_of(record)
    data, scores = found.data, found.data[found.score].to_numpy(dtype=float)
    if data.empty or not np.isfinite(scores).any():
        say(ax, found.reading)
        return ax
    low, high = range_of(scores[np.isfinite(scores)], found.sign)
    _draw_dots(ax, found, low, high)
    n, number, best = len(data), data["number"], data["best so far"]
    if np.isfinite(best).any():
        ax.step(number, best, where="post", label="best so far", color=GOOD, zorder=3)
    ax.set_ylim(low, high)
    ax.set_xlim(0.5 - 0.02 * n, n + 0.5 + 0.02 * n)
    whole_numbers(ax.xaxis)
    ax.set_xlabel("trial, in the order of their starts")
    set_y_label(ax, found.label)
    legend(ax)
    show_reading(ax, found.reading, is_shown=reading)
    return ax


def _draw_dots(ax: "Axes", found: History, low: float, high: float) -> None:
    """Draw a dot for each trial, those beyond the range at its border, those without a finite score at the bottom."""
    data, scores = found.data, found.data[found.score].to_numpy(dtype=float)
    number, states = data["number"].to_numpy(), data["state"].to_numpy()
    finite = np.isfinite(scores)
    is_beyond, shown = beyond(scores, low, high)
    style = dot_style(len(data))
    for state in dict.fromkeys(states[finite]):
        at = finite & (states == state) & ~is_beyond
        fill = GREY if state == "complete" else "none"
        ax.scatter(number[at], scores[at], label=state, facecolors=fill, edgecolors=GREY, **style)
    if (far := finite & is_beyond).any():
        marker = "v" if found.sign < 0 else "^"
        ax.scatter(number[far], shown[far], marker=marker, label="far worse", color=GREY, **style)
    if (lost := ~finite & ~np.isin(states, ["running", "cut"])).any():
        ax.scatter(
            number[lost], np.full(lost.sum(), 0.02), transform=ax.get_xaxis_transform(), marker="x",
            label="no score", color=BAD, clip_on=False, s=style["s"],
        )  # fmt: skip
