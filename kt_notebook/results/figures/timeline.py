"""When each trial ran, as a figure."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.palette import BAD, PRUNED
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.trial_state import STATE_COLOURS
from kt_notebook.results.analysis import timeline_of
from kt_notebook.results.figures.paper import MANY, axes_for, legend, say, show_reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_timeline"]

_UNITS = (("s", 1.0, 180.0), ("min", 60.0, 10_800.0), ("h", 3600.0, float("inf")))
# More lanes are not numbered.
_MOST_LANES = 16
# Beside colours, for those who do not see them.
_HATCHES = {"pruned": "...."}
_BROKEN = ("failed", "invalid")


def plot_timeline(record: SearchRecord, ax: "Axes | None" = None, *, reading: bool = True) -> "Axes":
    """Draw each trial as a bar from its start to its end, in a lane that was free, coloured by what became of it.

    Args:
        record: The search's.
        ax: Draw on these; None makes a figure.
        reading: Whether to write over it what it says.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> ax = plot_timeline(SearchRecord())
        >>> [text.get_text() for text in ax.texts]
        ['No trial yet.']
    """
    from matplotlib.collections import PolyCollection

    ax = axes_for(ax)
    found = timeline_of(record)
    data = found.data
    if data.empty:
        say(ax, found.reading)
        return ax
    unit, seconds, _ = next(held for held in _UNITS if data["end"].max() <= held[2])
    bars = _bars(data["start"].to_numpy() / seconds, data["end"].to_numpy() / seconds, data["lane"].to_numpy())
    states = data["state"].to_numpy()
    few = len(data) <= MANY
    for state in dict.fromkeys(states):
        ax.add_collection(
            PolyCollection(
                bars[states == state],
                label=state,
                facecolors=STATE_COLOURS.get(state, PRUNED),
                # A trial that failed at once is a stroke at least.
                edgecolors=(BAD if state in _BROKEN else ax.get_facecolor()) if few else "none",
                linewidths=0.6 if few else 0,
                zorder=2 if state in _BROKEN else 1,
                hatch=_HATCHES.get(state) if few else None,
                rasterized=not few,
            )
        )
    ax.set_xlim(0, max(float(data["end"].max()) / seconds, 1e-9) * 1.01)
    air = max(0.6, (4 - found.n_lanes) / 2)
    ax.set_ylim(found.n_lanes - 1 + air, -air)
    if found.n_lanes <= _MOST_LANES:
        ax.set_yticks(range(found.n_lanes), [str(lane + 1) for lane in range(found.n_lanes)])
    ax.set(xlabel=f"time since the search began, {unit}", ylabel="trials at once")
    legend(ax)
    show_reading(ax, found.reading, is_shown=reading)
    return ax


def _bars(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    lane: NDArray[np.int_],
) -> NDArray[np.float64]:
    """Return the corners of each trial's bar, shape `(n, 4, 2)`."""
    x = np.stack([start, end, end, start], axis=1)
    y = np.stack([lane - 0.4, lane - 0.4, lane + 0.4, lane + 0.4], axis=1)
    return np.stack([x, y], axis=2)
