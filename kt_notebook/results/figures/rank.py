"""The trials' ranks over two hyperparameters as a figure."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import ranks_of
from kt_notebook.results.figures.paper import (
    MANY,
    axes_for,
    colour_bar,
    colour_map,
    dot_size,
    opacity,
    say,
    show_reading,
)
from kt_notebook.results.figures.scales import set_scale
from kt_notebook.results.figures.slices import jittered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_rank"]


def plot_rank(
    record: SearchRecord, ax: "Axes | None" = None, *, names: Iterable[str] = (), reading: bool = True
) -> "Axes":
    """Draw the trials over two hyperparameters, coloured by rank; the best in front.

    Ranks show where the good trials lie also where a few scores are far off.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        names: Two hyperparameters, first the x axis; fewer: the most important ones are taken.
        reading: Whether to write over it what it says.

    Raises:
        OptionError: A name is unknown, or there are more than two.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_rank(SearchRecord())
        >>> [" ".join(text.get_text().split()) for text in ax.texts]
        ['This needs two hyperparameters with more than one value; the search has none.']
    """
    from matplotlib.colors import Normalize

    ax = axes_for(ax)
    found = ranks_of(record, tuple(names))
    if not found.scales or found.data.empty:
        say(ax, found.reading)
        return ax
    data = found.data.iloc[::-1]
    n = len(data)
    x, y = (jittered(scale, data[scale.column].tolist()) for scale in found.scales)
    dots = ax.scatter(
        x, y, c=data["rank"], cmap=colour_map(ax, best_is_high=False), norm=Normalize(1, max(found.n_ranked, 2)),
        edgecolors=ax.get_facecolor(), linewidths=0.8 if n <= MANY else 0,
        s=1.5 * dot_size(n), alpha=max(0.4, opacity(n)), rasterized=n > MANY,
    )  # fmt: skip
    set_scale(ax, "x", found.scales[0])
    set_scale(ax, "y", found.scales[1])
    bar = colour_bar(ax, dots, "rank, 1 is best")
    if bar is not None:
        bar.invert_yaxis()
    show_reading(ax, found.reading, is_shown=reading)
    return ax
