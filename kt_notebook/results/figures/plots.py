"""`tuner.plot`: the figures of one search, by method or by word."""

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.record import SearchRecord
from kt_notebook.results import analysis
from kt_notebook.results.figures.contour import plot_contour
from kt_notebook.results.figures.curves import plot_curves
from kt_notebook.results.figures.history import plot_history
from kt_notebook.results.figures.importance import plot_importance
from kt_notebook.results.figures.parallel import plot_parallel
from kt_notebook.results.figures.pareto import plot_pareto
from kt_notebook.results.figures.rank import plot_rank
from kt_notebook.results.figures.slices import plot_slice
from kt_notebook.results.figures.timeline import plot_timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["KINDS", "NAMED_KINDS", "Plots", "checked_kind"]

# What each figure shows, for the list.
KINDS = {
    "history": "the scores trial by trial, and the best so far",
    "curves": "the learning curves, the best in front",
    "parallel": "all values of all trials, the score in colour",
    "importance": "which hyperparameters the score depends on, and how sure that is",
    "slice": "the score against each hyperparameter",
    "contour": "the score over two hyperparameters, as a model sees it",
    "timeline": "when each trial ran",
    "pareto": "several objectives, and the trials that none surpasses",
    "rank": "the trials' ranks over two hyperparameters",
}
# Those that take hyperparameters' names.
NAMED_KINDS = ("slice", "contour", "rank")


class Plots:
    """The figures of a search as it stands when they are drawn. Each method returns the Axes that it drew on.

    Args:
        record_source: Gives the present record.

    Example:
        >>> from kt_notebook.core.record import SearchRecord
        >>> plot = Plots(SearchRecord)
        >>> plot.reading("history")
        'No trial yet.'
        >>> plot("histroy")
        Traceback (most recent call last):
        kt_notebook.core.errors.OptionError: There is no figure 'histroy'. Did you mean 'history'?
    """

    def __init__(self, record_source: Callable[[], SearchRecord]) -> None:
        self._record = record_source

    # Any: the options are those of the kind's own function, and slice returns an array.
    def __call__(self, kind: str = "history", ax: Any = None, **options: Any) -> Any:
        """Draw the figure that a word names.

        Args:
            kind: history, curves, parallel, importance, slice, contour, timeline, pareto or rank.
            ax: Draw on these; None makes a figure.
            options: Those of the method of that name.

        Raises:
            OptionError: There is no such figure.
        """
        return getattr(self, checked_kind(kind))(ax=ax, **options)

    def reading(self, kind: str, *names: str) -> str:
        """Return what a figure says, in a sentence.

        Args:
            kind: As for a call.
            names: Of hyperparameters, for slice, contour and rank.

        Raises:
            OptionError: There is no such figure, or no such hyperparameter.
        """
        record = self._record()
        match checked_kind(kind):
            case "slice":
                return analysis.slices_of(record, names).reading
            case "contour":
                return analysis.contour_of(record, names).reading
            case "rank":
                return analysis.ranks_of(record, names).reading
            case plain:
                return _READINGS[plain](record)

    # Any, below: as above.

    def history(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the scores trial by trial: see `plot_history`."""
        return plot_history(self._record(), ax, **options)

    def curves(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the learning curves: see `plot_curves`; `metric` names another metric than the objective."""
        return plot_curves(self._record(), ax, **options)

    def parallel(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw all values of all trials: see `plot_parallel`; `n` limits how many hyperparameters."""
        return plot_parallel(self._record(), ax, **options)

    def importance(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw which hyperparameters the score depends on: see `plot_importance`; `n` limits how many."""
        return plot_importance(self._record(), ax, **options)

    def slice(self, *names: str, ax: Any = None, **options: Any) -> Any:
        """Draw the score against each hyperparameter, or those named, and return an array of Axes: see `plot_slice`."""
        return plot_slice(self._record(), ax, **_given(names), **options)

    def contour(self, *names: str, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the score over two hyperparameters, those named or the most important ones: see `plot_contour`."""
        return plot_contour(self._record(), ax, **_given(names), **options)

    def timeline(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw when each trial ran: see `plot_timeline`."""
        return plot_timeline(self._record(), ax, **options)

    def pareto(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the trials by two objectives: see `plot_pareto`."""
        return plot_pareto(self._record(), ax, **options)

    def rank(self, *names: str, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the trials' ranks over two hyperparameters: see `plot_rank`."""
        return plot_rank(self._record(), ax, **_given(names), **options)

    def __repr__(self) -> str:
        lines = [f"  .{f'{kind}()':14}{text}" for kind, text in KINDS.items()]
        return "\n".join(["Figures of this search; each returns matplotlib Axes:", *lines])


def _given(names: tuple[str, ...]) -> dict[str, Any]:
    return {"names": names} if names else {}


_READINGS: dict[str, Callable[[SearchRecord], str]] = {
    "history": lambda record: analysis.history_of(record).reading,
    "curves": lambda record: analysis.curves_of(record).reading,
    "parallel": lambda record: analysis.parallel_of(record).reading,
    "importance": lambda record: analysis.importance_of(record).reading,
    "timeline": lambda record: analysis.timeline_of(record).reading,
    "pareto": lambda record: analysis.pareto_of(record).reading,
}


def checked_kind(kind: str) -> str:
    """Return the kind of figure that a word names.

    Raises:
        OptionError: There is none.
    """
    if kind in KINDS:
        return kind
    near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(KINDS)}."
    raise OptionError(f"There is no figure {kind!r}. {hint}")
