"""What all figures share: Axes to draw on, words where there is nothing to draw, colours, legends and readings.

How it works: without `ax` a figure is made by pyplot, as pandas does it, so that a notebook shows it once at the
cell's end; with one, only that one is touched. No setting of matplotlib is changed: sizes are relative to the user's
own, lines and text take the colours of the user's style, and what is drawn is told apart in colour, shape and place.
"""

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.palette import PRUNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Colormap, Normalize

__all__ = [
    "GREY",
    "MANY",
    "axes_for",
    "beyond",
    "colour_bar",
    "colour_map",
    "colour_range",
    "dot_size",
    "dot_style",
    "legend",
    "literal",
    "opacity",
    "range_of",
    "say",
    "set_y_label",
    "show_reading",
    "slanted_where_long",
    "whole_numbers",
    "wrapped",
]

Array = NDArray[np.float64]

# Of scores among which none is marked.
GREY = PRUNED
# From so many dots or lines on they are small, see-through, and pixels in a vector file.
MANY = 500
# Scores beyond it stand at the border: the width of their range would be infinite.
HUGE = 1e300
# Points of text below the axes, in the size of the labels: ticks, label, and some air.
_BELOW = 3.4
# Axes of fewer points' height have words above and below that take as much.
_LOW = 200
# How wide a letter is, in its size.
_LETTER = 0.52


def axes_for(ax: "Axes | None") -> "Axes":
    """Return the Axes given, or new ones in a figure of their own."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def say(ax: "Axes", text: str) -> None:
    """Write words into Axes that have nothing to draw, and take their frame away."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, wrapped(ax, text), transform=ax.transAxes, ha="center", va="center", fontsize="medium")


def show_reading(ax: "Axes", text: str, *, is_shown: bool) -> None:
    """Write a figure's reading over it, in lines as long as the Axes are wide."""
    if is_shown:
        ax.set_title(wrapped(ax, text), loc="left", fontsize="medium")


def legend(ax: "Axes") -> None:
    """Write a legend below the Axes, where it hides nothing; none where one kind is drawn, or less."""
    handles, labels = ax.get_legend_handles_labels()
    if len(handles) < 2:
        return
    from matplotlib.collections import PathCollection
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import ScaledTranslation

    # a handle and the air around take as much as six letters
    widest = (max(map(len, labels)) + 6) * _LETTER * _size("small")
    down = ScaledTranslation(0, -_BELOW * _size("medium") / 72, ax.figure.dpi_scale_trans)
    made = ax.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + down,
        ncols=max(1, min(len(handles), int(_width_points(ax) / widest))),
        frameon=False,
        fontsize="small",
        borderaxespad=0,
        handlelength=1.4,
        columnspacing=1.2,
    )
    for handle in made.legend_handles:
        if handle is not None and not isinstance(handle, Rectangle):
            handle.set_alpha(1)  # also where dots are small and pale, as they are many
        if isinstance(handle, PathCollection):
            handle.set_sizes([dot_size(1)])


def colour_map(ax: "Axes", *, best_is_high: bool) -> "Colormap":
    """Return a map for eyes of all kinds in which the best stands out most from the paper, light or dark."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, to_rgb

    red, green, blue = to_rgb(ax.get_facecolor())
    is_dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
    # viridis goes from dark to bright; its end next to the paper's own brightness is left out
    shades = colormaps["viridis"](np.linspace(0.12, 1, 256) if is_dark else np.linspace(0, 0.92, 256))
    return ListedColormap(shades if best_is_high == is_dark else shades[::-1])


def colour_range(scores: Array, sign: float) -> "Normalize":
    """Return the range of scores for a colour map: all, but those far worse than the rest count as the worst."""
    from matplotlib.colors import Normalize

    low, high = range_of(scores, sign, margin=0.0, middle=0.5)
    return Normalize(low, high, clip=True)


def range_of(scores: Array, sign: float, margin: float = 0.05, middle: float = 0.8) -> tuple[float, float]:
    """Return the range of scores to show: all, but far outliers on the worse side are beyond it.

    Args:
        scores: Finite ones, at least one.
        sign: What makes a score one of which smaller is better.
        margin: Add this share of the range at both ends.
        middle: What is farther off than this share of the scores, by one and a half times the width of these, is far.
    """
    losses = np.clip(sign * scores, -HUGE, HUGE)
    low, high = float(losses.min()), float(losses.max())
    first, third = np.quantile(losses, [0.5 - middle / 2, 0.5 + middle / 2], method="lower")
    fence = float(third + 1.5 * (third - first))
    if fence > low:
        high = min(high, max(fence, low))
    extra = margin * (high - low) or (abs(high) * 0.05 or 1.0) * (1 if margin else 1e-9)
    low, high = low - extra, high + extra
    return (low, high) if sign > 0 else (-high, -low)


def beyond(scores: Array, low: float, high: float) -> tuple[NDArray[np.bool_], Array]:
    """Return which scores are outside a range, and all scores put into it."""
    return (scores < low) | (scores > high), np.clip(scores, low, high)


def opacity(n: int) -> float:
    """Return how opaque each of n dots or lines is."""
    return 0.85 if n <= 100 else max(0.25, 0.85 * math.sqrt(100 / n))


def dot_size(n: int) -> float:
    """Return the area of each of n dots, relative to the user's markers."""
    from matplotlib import rcParams

    size: float = rcParams["lines.markersize"]
    return size**2 * (0.7 if n <= 100 else max(0.12, 0.7 * 100 / n))


# Any: keyword arguments of matplotlib.
def dot_style(n: int) -> dict[str, Any]:
    """Return how n dots are drawn: small and see-through where they are many, and pixels in a vector file then."""
    return {"s": dot_size(n), "alpha": opacity(n), "rasterized": n > MANY}


def wrapped(ax: "Axes", text: str, size: str = "medium") -> str:
    """Return a text in lines as long as the Axes are wide."""
    return literal(textwrap.fill(text, max(16, int(_width_points(ax) / (_LETTER * _size(size))))))


def literal(text: str) -> str:
    r"""Return a text of the user's as matplotlib writes it letter by letter: between dollar signs it sets formulas.

    Example:
        >>> print(literal("$x"))
        \$x
    """
    return text.replace("$", r"\$")


def set_y_label(ax: "Axes", text: str) -> None:
    """Write beside the Axes what stands upright, after a comma in a line of its own where the Axes are low."""
    ax.set_ylabel(_upright(ax, text))


def _upright(ax: "Axes", text: str) -> str:
    """Return a text that is to stand upright in lines that go with the height of the Axes."""
    figure = ax.get_figure(root=True)
    height = ax.get_position().height * (figure.get_figheight() if figure else 4.8) * 72
    # of a low figure words above and below take about half
    is_long = len(text) * _LETTER * _size("medium") > (height if height > _LOW else height / 2)
    return literal(text.replace(", ", ",\n") if is_long else text)


def slanted_where_long(ax: "Axes", texts: "Sequence[str]") -> None:
    """Let the texts below the x axis stand aslant where they would run into each other."""
    if (sum(map(len, texts)) + 2 * len(texts)) * _LETTER * _size("medium") > _width_points(ax):
        for label in ax.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def whole_numbers(axis: "Axis") -> None:
    """Let an axis have ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def colour_bar(ax: "Axes", drawn: "ScalarMappable", label: str) -> "Axes | None":
    """Draw a colour bar beside the Axes and return its own."""
    figure = ax.get_figure()
    if figure is None:
        return None
    bar = figure.colorbar(drawn, ax=ax, label=_upright(ax, label))
    if bar.solids is not None:
        bar.solids.set_alpha(1)  # also where dots are pale, as they are many
    return bar.ax


def _size(name: str) -> float:
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=name).get_size_in_points())


def _width_points(ax: "Axes") -> float:
    """Return how wide the Axes are, in points; of a figure whose layout comes later about so."""
    figure = ax.get_figure(root=True)
    return float(ax.get_position().width * (figure.get_figwidth() if figure else 6.4) * 72)
