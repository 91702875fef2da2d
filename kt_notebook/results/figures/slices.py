"""The score against each hyperparameter as small figures side by side."""

import math
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.errors import OptionError
from kt_notebook.core.palette import GOOD
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import Slices, slices_of
from kt_notebook.results.analysis.parameters import ParameterScale
from kt_notebook.results.figures.paper import (
    GREY,
    axes_for,
    beyond,
    dot_size,
    dot_style,
    literal,
    range_of,
    say,
    show_reading,
)
from kt_notebook.results.figures.scales import set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["jittered", "plot_slice"]

# Any: matplotlib's array of Axes has no type of its own.
AxesArray = NDArray[Any]

_COLUMNS = 4
_WIDTH, _HEIGHT = 2.2, 2.1
# How many letters stand beside a small picture.
_LABEL = 20
# How far dots of one category are apart, so that they do not hide each other.
_SPREAD = 0.5


def plot_slice(
    record: SearchRecord,
    ax: "Axes | Iterable[Axes] | None" = None,
    *,
    names: Iterable[str] = (),
    columns: int = _COLUMNS,
    reading: bool = True,
) -> AxesArray:
    """Draw the score against each hyperparameter, one small picture for each, and return their Axes as an array.

    A trial in which a hyperparameter is not active is missing in its picture. Pruned trials are rings, the best trial
    is green. Trials of one value of a choice stand side by side, in the order of their starts.

    Args:
        record: The search's.
        ax: Draw on these Axes, one for each hyperparameter; None makes a figure.
        names: The hyperparameters to show; none: all.
        columns: How many pictures stand in a row, in a figure made here.
        reading: Whether to write over it what it says.

    Returns:
        The Axes in the order of the hyperparameters, shape `(n,)`; one with words where there is nothing to draw.

    Raises:
        OptionError: A name is unknown, or there are not as many Axes as hyperparameters.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> plot_slice(SearchRecord()).shape
        (1,)
    """
    found = slices_of(record, tuple(names))
    if found.data.empty or not found.scales:
        only = axes_for(next(iter(_listed(ax))) if ax is not None else None)
        say(only, found.reading)
        return np.array([only])
    n = len(found.scales)
    axes = _made(n, columns) if ax is None else _listed(ax)
    if len(axes) != n:
        raise OptionError(
            f"plot_slice got {len(axes)} Axes for {n} hyperparameters. Give as many, or choose with names=[…]."
        )
    for at, (each, scale) in enumerate(zip(axes, found.scales, strict=True)):
        _draw(each, found, scale, is_first=at % columns == 0 or ax is not None)
    if ax is None and reading:
        _say_over_all(axes[0], found.reading)
    elif reading and n == 1:
        show_reading(axes[0], found.reading, is_shown=True)
    return np.array(axes)


def _listed(ax: "Axes | Iterable[Axes]") -> "list[Axes]":
    return list(np.ravel(np.array(ax, dtype=object)))


def _made(n: int, columns: int) -> "list[Axes]":
    import matplotlib.pyplot as plt

    n_columns = min(n, columns)
    n_rows = math.ceil(n / n_columns)
    _, grid = plt.subplots(
        n_rows,
        n_columns,
        figsize=(max(4.0, _WIDTH * n_columns), _HEIGHT * n_rows + 0.5),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for empty in grid.flat[n:]:
        empty.remove()
    return list(grid.flat[:n])


def _say_over_all(ax: "Axes", text: str) -> None:
    figure = ax.get_figure(root=True)
    if figure is not None:
        width = max(24, int(figure.get_figwidth() * 72 / 5.2))
        figure.suptitle(literal(textwrap.fill(text, width)), x=0.01, ha="left", fontsize="medium")


def _draw(ax: "Axes", found: Slices, scale: ParameterScale, *, is_first: bool) -> None:
    every = found.data[found.score].to_numpy(dtype=float)
    low, high = range_of(every, found.sign)
    x = jittered(scale, found.data[scale.column].tolist())
    is_active = ~np.isnan(x)
    x, scores, states = x[is_active], every[is_active], found.data["state"].to_numpy()[is_active]
    n = len(x)
    _, shown = beyond(scores, low, high)
    best = int(np.nanargmin(np.where(found.data["state"] == "complete", found.sign * every, np.inf)))
    style = dot_style(n)
    is_complete = states == "complete"
    ax.scatter(x[~is_complete], shown[~is_complete], facecolors="none", edgecolors=GREY, label="pruned", **style)
    ax.scatter(x[is_complete], shown[is_complete], color=GREY, label="complete", **style)
    if is_active[best]:
        at = int(is_active[:best].sum())
        ax.scatter(x[at], shown[at], s=2 * dot_size(1), color=GOOD, label="best", zorder=3)
    set_scale(ax, "x", scale, 4)
    ax.set_ylim(low, high)
    if is_first:
        lines = [textwrap.fill(part, _LABEL) for part in found.label.replace(", ", ",\n").split("\n")]
        ax.set_ylabel(literal("\n".join(lines)))


def jittered(scale: ParameterScale, values: "list[object]") -> "NDArray[np.float64]":
    """Return where values stand on an axis, those of a choice side by side; NaN for none."""
    places = scale.places(values)
    if not scale.categories:
        return places
    # the golden ratio's multiples spread the steps evenly however many there are
    return places + _SPREAD * ((np.arange(len(places)) * 0.6180339887498949 + 0.5) % 1 - 0.5)
