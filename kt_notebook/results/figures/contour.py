"""The score over two hyperparameters as a figure: a model's surface, and the trials as dots."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import Contour, contour_of
from kt_notebook.results.figures.paper import (
    MANY,
    axes_for,
    colour_bar,
    colour_map,
    colour_range,
    dot_style,
    opacity,
    say,
    show_reading,
)
from kt_notebook.results.figures.scales import set_scale
from kt_notebook.results.figures.slices import jittered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize

__all__ = ["plot_contour"]

_LEVELS = 12


def plot_contour(
    record: SearchRecord, ax: "Axes | None" = None, *, names: Iterable[str] = (), reading: bool = True
) -> "Axes":
    """Draw the score over two hyperparameters as a model of the trials sees it, and the trials as dots.

    Trials that did not complete are rings: their scores are of fewer epochs.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        names: Two hyperparameters, first the x axis; fewer: the most important ones are taken.
        reading: Whether to write over it what it says.

    Raises:
        OptionError: A name is unknown, or there are more than two.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_contour(SearchRecord())
        >>> [" ".join(text.get_text().split()) for text in ax.texts]
        ['This needs two hyperparameters with more than one value; the search has none.']
    """
    ax = axes_for(ax)
    found = contour_of(record, tuple(names))
    if not found.scales or found.data.empty:
        say(ax, found.reading)
        return ax
    data = found.data
    scores, is_complete = data[found.score].to_numpy(dtype=float), (data["state"] == "complete").to_numpy()
    coloured = np.concatenate([scores[is_complete], found.surface.to_numpy().ravel()])
    norm = colour_range(coloured if coloured.size else scores, found.sign)
    cmap = colour_map(ax, best_is_high=found.sign < 0)
    set_scale(ax, "x", found.scales[0])
    set_scale(ax, "y", found.scales[1])
    if not found.surface.empty:
        _draw_surface(ax, found, cmap, norm)
    x, y = (jittered(scale, data[scale.column].tolist()) for scale in found.scales)
    n = len(scores)
    style = {**dot_style(n), "linewidths": 0.8 if n <= MANY else 0, "alpha": max(0.4, opacity(n))}
    ax.scatter(x[~is_complete], y[~is_complete], facecolors="none", edgecolors="0.5", label="pruned", **style)
    # The best are drawn last.
    order = np.flatnonzero(is_complete)[np.argsort(-found.sign * scores[is_complete], kind="stable")]
    dots = ax.scatter(
        x[order], y[order], c=scores[order], cmap=cmap, norm=norm, edgecolors=ax.get_facecolor(), zorder=3, **style
    )
    colour_bar(ax, dots, found.label)
    show_reading(ax, found.reading, is_shown=reading)
    return ax


def _draw_surface(ax: "Axes", found: Contour, cmap: "Colormap", norm: "Normalize") -> None:
    surface = found.surface
    x, y, z = surface.columns.to_numpy(dtype=float), surface.index.to_numpy(dtype=float), surface.to_numpy()
    if not any(scale.categories for scale in found.scales) and min(z.shape) > 1:
        ax.contourf(x, y, z, levels=_LEVELS, cmap=cmap, norm=norm, alpha=0.75, zorder=0)
        return
    # A category's field is as wide as its share of the axis.
    edges = [
        np.arange(len(at) + 1) - 0.5 if scale.categories else _edges(at, is_log=scale.is_log)
        for scale, at in zip(found.scales, (x, y), strict=True)
    ]
    ax.pcolormesh(*edges, z, cmap=cmap, norm=norm, alpha=0.75, zorder=0, linewidth=0, rasterized=True)


def _edges(places: NDArray[np.float64], *, is_log: bool) -> list[float]:
    """Return the borders between places and at both ends."""
    at = np.log(places) if is_log else places
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[at[0]], middle, [at[-1]]])
    return [float(edge) for edge in (np.exp(edges) if is_log else edges)]
