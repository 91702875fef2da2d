"""Keras' `fit` inside a trial: it reports to the search, and runs as fast as gives the same numbers."""

from kt_notebook.training.fit.hook import fit_hook, ready_to_fit

__all__ = ["fit_hook", "ready_to_fit"]
