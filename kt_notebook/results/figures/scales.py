"""A hyperparameter's scale on an axis: log where it was drawn so, with the hyperparameter's own values as ticks."""

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.format import format_value
from kt_notebook.results.analysis.parameters import ParameterScale
from kt_notebook.results.analysis.trials import shortened
from kt_notebook.results.figures.paper import literal, slanted_where_long

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["set_scale", "ticks_of"]

Array = NDArray[np.float64]

_MOST_CATEGORIES = 12
_LONGEST_CATEGORY = 14
# How much of an axis is left free at both ends, so that dots at the bounds are whole.
_MARGIN = 0.04


def set_scale(ax: "Axes", which: Literal["x", "y"], scale: ParameterScale, n_ticks: int = 6) -> None:
    """Give one axis a hyperparameter's scale, its ticks and its name."""
    from matplotlib.ticker import NullFormatter, NullLocator

    axis = ax.xaxis if which == "x" else ax.yaxis
    if scale.is_log:
        (ax.set_xscale if which == "x" else ax.set_yscale)("log")
        axis.set_minor_formatter(NullFormatter())
        axis.set_minor_locator(NullLocator())
    places, texts = ticks_of(scale, n_ticks)
    axis.set_ticks(places, texts)
    low, high = (
        (scale.low, scale.high)
        if scale.categories
        else (float(end) for end in scale.at_shares(np.array([-_MARGIN, 1 + _MARGIN])))
    )
    (ax.set_xlim if which == "x" else ax.set_ylim)(low, high)
    if which == "x":
        slanted_where_long(ax, texts)
    (ax.set_xlabel if which == "x" else ax.set_ylabel)(literal(shortened(scale.name)))


def ticks_of(scale: ParameterScale, n: int = 6) -> tuple[list[float], list[str]]:
    """Return places of about n ticks within a scale, and their texts."""
    if scale.categories:
        step = math.ceil(len(scale.categories) / _MOST_CATEGORIES)
        at = range(0, len(scale.categories), step)
        return [float(k) for k in at], [literal(shortened(scale.categories[k], _LONGEST_CATEGORY)) for k in at]
    places = _log_ticks(scale.low, scale.high, n) if scale.is_log else _even_ticks(scale, n)
    return places, [format_value(int(place) if scale.is_whole else place) for place in places]


def _even_ticks(scale: ParameterScale, n: int) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    if scale.is_whole and scale.high - scale.low < n:
        return [float(k) for k in range(int(scale.low), int(scale.high) + 1)]
    found = MaxNLocator(nbins=n - 1, steps=[1, 2, 2.5, 5, 10], integer=scale.is_whole).tick_values(
        scale.low, scale.high
    )
    slack = 1e-9 * (scale.high - scale.low)
    return [float(place) for place in found if scale.low - slack <= place <= scale.high + slack]


def _log_ticks(low: float, high: float, n: int) -> list[float]:
    """Return powers of ten in the range, with 2 and 5 times these where there are few, of two where both ends are."""
    if _is_power_of_two(low) and _is_power_of_two(high):
        first, last = round(math.log2(low)), round(math.log2(high))
        step = math.ceil((last - first + 1) / n)
        return [2.0**k for k in range(first, last + 1, step)]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    slack = 1e-9
    for factors in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        ticks = [f * 10.0**k for k in decades for f in factors]
        ticks = [tick for tick in ticks if low * (1 - slack) <= tick <= high * (1 + slack)]
        if len(ticks) >= 3:
            break
    else:
        return [float(place) for place in np.geomspace(low, high, 3)]
    step = math.ceil(len(ticks) / n)
    return ticks[::step]


def _is_power_of_two(number: float) -> bool:
    return number >= 2 and number == 2.0 ** round(math.log2(number))
