"""Parallel coordinates as a figure: every trial a line through its values, its score in colour."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import Parallel, parallel_of
from kt_notebook.results.analysis.importance import most_important
from kt_notebook.results.analysis.parameters import ParameterScale
from kt_notebook.results.analysis.trials import counted, shortened
from kt_notebook.results.figures.paper import (
    MANY,
    axes_for,
    colour_map,
    colour_range,
    literal,
    opacity,
    range_of,
    say,
    show_reading,
    slanted_where_long,
    wrapped,
)
from kt_notebook.results.figures.scales import ticks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_parallel"]

Array = NDArray[np.float64]

# Where the lines pass below the axis of a hyperparameter that is not active.
INACTIVE = -0.12
_LONGEST_NAME = 14


def plot_parallel(record: SearchRecord, ax: "Axes | None" = None, *, n: int = 16, reading: bool = True) -> "Axes":
    """Draw each trial as a line through its values and its score, which is its colour too; the best in front.

    Axes of hyperparameters that are drawn on a log scale are so here. Where a hyperparameter is not active the line
    passes below its axis. Lines of pruned trials are dotted. Trials without a finite score are left out, as the text
    below says.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure. All coordinates stand in one Axes.
        n: Draw this many hyperparameters at most, the most important ones.
        reading: Whether to write over it what it says.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_parallel(SearchRecord())
        >>> [text.get_text() for text in ax.texts]
        ['No trial yet.']
    """
    ax = axes_for(ax)
    found = parallel_of(record)
    if found.data.empty or not found.scales:
        say(ax, found.reading)
        return ax
    if (n_more := len(found.scales) - n) > 0:
        kept = set(most_important(record, n))
        found = replace(found, scales=tuple(scale for scale in found.scales if scale.name in kept))
    scores = found.data[found.score].to_numpy(dtype=float)
    low, high = range_of(scores, found.sign, margin=0.0)
    columns = [_heights(scale, found.data[scale.column].tolist()) for scale in found.scales]
    columns.append((np.clip(scores, low, high) - low) / (high - low))
    heights = np.column_stack(columns)
    _draw_lines(ax, found, heights)
    _draw_axes(ax, found, (low, high), is_inactive=bool(np.isclose(heights, INACTIVE).any()))
    left_out = f"; {found.n_left_out:,} without a score left out" if found.n_left_out else ""
    more = f"; {counted(n_more, 'hyperparameter')} of less importance left out" if n_more > 0 else ""
    ax.set_xlabel(wrapped(ax, f"colour: {found.label}{left_out}{more}", "small"), fontsize="small")
    show_reading(ax, found.reading, is_shown=reading)
    return ax


def _draw_lines(ax: "Axes", found: Parallel, heights: Array) -> None:
    from matplotlib.collections import LineCollection

    scores = found.data[found.score].to_numpy(dtype=float)
    is_complete = (found.data["state"] == "complete").to_numpy()
    norm = colour_range(scores[is_complete] if is_complete.any() else scores, found.sign)
    x = np.arange(heights.shape[1], dtype=float)
    lines = np.stack([np.broadcast_to(x, heights.shape), heights], axis=2)
    n = len(lines)
    for part, style in ((~is_complete, "dotted"), (is_complete, "solid")):
        # The best are drawn last.
        order = np.flatnonzero(part)[np.argsort(-found.sign * scores[part], kind="stable")]
        if len(order):
            drawn = LineCollection(
                list(lines[order]),
                cmap=colour_map(ax, best_is_high=found.sign < 0),
                norm=norm,
                array=scores[order],
                linestyles=style,
                linewidths=1.1 if n <= MANY else 0.6,
                alpha=opacity(n),
                rasterized=n > MANY,
            )
            ax.add_collection(drawn)


def _heights(scale: ParameterScale, values: "list[object]") -> Array:
    shares = scale.shares(scale.places(values))
    return np.where(np.isnan(shares), INACTIVE, np.clip(shares, 0, 1))


def _draw_axes(ax: "Axes", found: Parallel, scores: tuple[float, float], *, is_inactive: bool) -> None:
    """Draw an upright line with ticks for each hyperparameter and for the score, names below."""
    last = len(found.scales)
    score = ParameterScale(found.score, found.score, *scores)
    for at, scale in enumerate([*found.scales, score]):
        ax.plot([at, at], [0, 1], color="0.5", linewidth=0.8, zorder=1.5)
        places, texts = ticks_of(scale, 6)
        for share, text in zip(scale.shares(np.array(places)), texts, strict=True):
            ax.annotate(
                text, (at, float(share)), (3, 0), textcoords="offset points", fontsize="x-small", va="center",
                zorder=4, annotation_clip=False,
                bbox={"facecolor": ax.get_facecolor(), "edgecolor": "none", "alpha": 0.85, "pad": 0.4},
            )  # fmt: skip
    names = [literal(shortened(name, _LONGEST_NAME)) for name in [*(scale.name for scale in found.scales), found.score]]
    ax.set_xticks(range(last + 1), names)
    slanted_where_long(ax, names)
    ax.set_yticks([INACTIVE] if is_inactive else [], ["inactive"] if is_inactive else [])
    ax.tick_params(axis="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlim(-0.1, last + 0.35)
    ax.set_ylim(INACTIVE - 0.04 if is_inactive else -0.04, 1.04)
