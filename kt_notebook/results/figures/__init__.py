"""A search's figures with matplotlib, for paper and slide: each function takes a record and returns Axes."""

from kt_notebook.results.figures.contour import plot_contour
from kt_notebook.results.figures.curves import plot_curves
from kt_notebook.results.figures.history import plot_history
from kt_notebook.results.figures.importance import plot_importance
from kt_notebook.results.figures.parallel import plot_parallel
from kt_notebook.results.figures.pareto import plot_pareto
from kt_notebook.results.figures.plots import Plots
from kt_notebook.results.figures.rank import plot_rank
from kt_notebook.results.figures.slices import plot_slice
from kt_notebook.results.figures.timeline import plot_timeline

__all__ = [
    "Plots",
    "plot_contour",
    "plot_curves",
    "plot_history",
    "plot_importance",
    "plot_parallel",
    "plot_pareto",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
]
