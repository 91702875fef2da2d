"""What a search's pictures show: for each the numbers that are drawn and a sentence that says what they mean.

How it works: pure functions of a record, without matplotlib, for figures and panel alike. Each returns a frozen
dataclass with `data`, a DataFrame with the trials of the results table, and `reading`.
"""

from kt_notebook.results.analysis.contour import Contour, contour_of
from kt_notebook.results.analysis.curves import Curves, curves_of
from kt_notebook.results.analysis.history import History, history_of
from kt_notebook.results.analysis.importance import Importance, importance_of
from kt_notebook.results.analysis.parallel import Parallel, parallel_of
from kt_notebook.results.analysis.pareto import Pareto, pareto_of
from kt_notebook.results.analysis.rank import Ranks, ranks_of
from kt_notebook.results.analysis.slices import Slices, slices_of
from kt_notebook.results.analysis.timeline import Timeline, timeline_of

__all__ = [
    "Contour",
    "Curves",
    "History",
    "Importance",
    "Parallel",
    "Pareto",
    "Ranks",
    "Slices",
    "Timeline",
    "contour_of",
    "curves_of",
    "history_of",
    "importance_of",
    "parallel_of",
    "pareto_of",
    "ranks_of",
    "slices_of",
    "timeline_of",
]
