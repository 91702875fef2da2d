"""The importance of hyperparameters as a figure."""

from typing import TYPE_CHECKING

import numpy as np

from kt_notebook.core.palette import RUN
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import importance_of
from kt_notebook.results.analysis.trials import shortened
from kt_notebook.results.figures.paper import axes_for, legend, literal, say, show_reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_importance"]


def plot_importance(record: SearchRecord, ax: "Axes | None" = None, *, n: int = 12, reading: bool = True) -> "Axes":
    """Draw each hyperparameter's share of the differences between scores, with the interval that holds it.

    The full bar is what it explains alone, the pale part what it explains together with others; the whisker holds the
    whole share with 90 % certainty. `results.analysis.importance` says how it is worked out.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        n: Draw this many hyperparameters at most, the most important ones.
        reading: Whether to write over it what it says.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_importance(SearchRecord())
        >>> [text.get_text() for text in ax.texts]
        ['Importance needs 4 trials with a score; there are 0.']
    """
    ax = axes_for(ax)
    found = importance_of(record)
    if found.data.empty:
        say(ax, found.reading)
        return ax
    data = 100 * found.data.iloc[:n]
    at = np.arange(len(data))
    alone, share = data["alone"].to_numpy(), data["share"].to_numpy()
    colour = RUN
    ax.barh(at, alone, height=0.6, color=colour, label="alone")
    ax.barh(at, share - alone, height=0.6, left=alone, color=colour, alpha=0.4, label="together with others")
    whiskers = np.maximum([share - data["low"], data["high"] - share], 0)
    ax.errorbar(share, at, xerr=whiskers, fmt="none", ecolor="0.5", capsize=3, label="90 % certain")
    more = len(found.data) - len(data)
    ax.set_yticks(at, [literal(shortened(str(name))) for name in data.index])
    ax.invert_yaxis()
    ax.set_xlim(0, max(100.0, float(data["high"].max())))
    others = f" ({more:,} more have less)" if more else ""
    ax.set_xlabel(f"share of the differences, %{others}")
    legend(ax)
    show_reading(ax, found.reading, is_shown=reading)
    return ax
