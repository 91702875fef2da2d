"""The trials of two objectives as a figure, with those that none surpasses."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from kt_notebook.core.errors import OptionError
from kt_notebook.core.palette import GOOD
from kt_notebook.core.record import SearchRecord
from kt_notebook.results.analysis import pareto_of
from kt_notebook.results.analysis.trials import shortened
from kt_notebook.results.figures.paper import (
    GREY,
    axes_for,
    dot_size,
    dot_style,
    legend,
    literal,
    say,
    set_y_label,
    show_reading,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_pareto"]


def plot_pareto(
    record: SearchRecord, ax: "Axes | None" = None, *, objectives: Iterable[str] = (), reading: bool = True
) -> "Axes":
    """Draw the trials by two objectives, those that no trial surpasses in colour and joined.

    Of three objectives or more, two are drawn, and the front is that of all: it is not joined then.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        objectives: Two of the objectives, first the x axis; none: the first two.
        reading: Whether to write over it what it says.

    Raises:
        OptionError: An objective is unknown, or there are not two.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_pareto(SearchRecord())
        >>> len(ax.texts)
        1
    """
    ax = axes_for(ax)
    found = pareto_of(record)
    if not found.objectives or found.data.empty:
        say(ax, found.reading)
        return ax
    x, y = _chosen(tuple(objectives), list(found.objectives))
    data, n = found.data, len(found.data)
    style = dot_style(n)
    others = data[~data["front"] & (data["state"] == "complete")]
    pruned = data[~data["front"] & (data["state"] != "complete")]
    front = data[data["front"]].sort_values(x)
    if len(others):
        ax.scatter(others[x], others[y], color=GREY, label="surpassed", **style)
    if len(pruned):
        ax.scatter(pruned[x], pruned[y], facecolors="none", edgecolors=GREY, label="pruned", **style)
    ax.scatter(front[x], front[y], s=1.3 * dot_size(len(front)), color=GOOD, label="front", zorder=3)
    if len(found.objectives) == 2:
        # what a trial with this x is sure to reach in y is what the last one on the better side has
        steps: Literal["post", "pre"] = "post" if found.objectives[x] == "min" else "pre"
        ax.step(front[x], front[y], where=steps, color=GOOD, linewidth=1, zorder=2)
    labels = [f"{shortened(name)}, {_better(found.objectives[name])} is better" for name in (x, y)]
    ax.set_xlabel(literal(labels[0]))
    set_y_label(ax, labels[1])
    legend(ax)
    show_reading(ax, found.reading, is_shown=reading)
    return ax


def _better(direction: str) -> str:
    return "higher" if direction == "max" else "lower"


def _chosen(names: tuple[str, ...], known: list[str]) -> tuple[str, str]:
    chosen = names or tuple(known[:2])
    if len(set(chosen)) != 2 or not set(chosen) <= set(known):
        raise OptionError(f"objectives={list(names)!r} are not two of this search's. There are: {', '.join(known)}.")
    return chosen[0], chosen[1]
