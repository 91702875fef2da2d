"""Keeps what a trial prints, warns, displays and plots with the trial, while the notebook goes on printing."""

from kt_notebook.search.output.capture import OutputCapture

__all__ = ["OutputCapture"]
