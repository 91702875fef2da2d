"""The best so far of several searches as a figure."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kt_notebook.results.figures.paper import axes_for, legend, literal, range_of, say, set_y_label, show_reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_comparison"]

# Told apart by eyes of all kinds, and seen on light and on dark paper: black and yellow are left out.
# Source: Okabe, Ito 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_LINES = ("-", "--", "-.", ":")


def plot_comparison(
    curves: pd.DataFrame, objective: str, direction: str, reading: str, ax: "Axes | None" = None
) -> "Axes":
    """Draw the best so far by trial.

    Args:
        curves: As `Comparison.curves` has them.
        objective: What the scores are, in words.
        direction: "max" or "min".
        reading: What to write over it, "" for nothing.
        ax: Draw on these; None makes a figure.

    Example:
        >>> curves = pd.DataFrame({"search": [], "trial": [], "mean": [], "min": [], "max": [], "repeats": []})
        >>> [text.get_text() for text in plot_comparison(curves, "", "max", "No score yet.").texts]
        ['No score yet.']
    """
    from matplotlib.ticker import MaxNLocator

    ax = axes_for(ax)
    if curves.empty:
        say(ax, reading or "None of these searches has a score yet.")
        return ax
    for number, (label, curve) in enumerate(curves.groupby("search", sort=False)):
        colour = _COLOURS[number % len(_COLOURS)]
        trial, mean = curve["trial"].to_numpy(), curve["mean"].to_numpy(dtype=float)
        low, high = curve["min"].to_numpy(dtype=float), curve["max"].to_numpy(dtype=float)
        n = int(curve["repeats"].max())
        name = literal(f"{label} (mean of {n}, worst to best)" if n > 1 else str(label))
        style = _LINES[number // len(_COLOURS) % len(_LINES)]
        ax.step(
            trial, mean, where="post", color=colour, linestyle=style, label=name, marker="." if len(trial) == 1 else ""
        )
        if n > 1:
            ax.fill_between(trial, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
    sign = -1.0 if direction == "max" else 1.0
    ax.set_ylim(*range_of(np.concatenate([curves["min"], curves["max"]]).astype(float), sign))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("trials that have ended")
    set_y_label(ax, f"best {objective} so far")
    legend(ax)
    show_reading(ax, reading, is_shown=bool(reading))
    return ax
