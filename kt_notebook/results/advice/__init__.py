"""Advice from a search's results: what to change in the next one, with the evidence."""

from kt_notebook.results.advice.findings import Advice, AdviceKind, Change, changes_of
from kt_notebook.results.advice.findings_of import advice

__all__ = ["Advice", "AdviceKind", "Change", "advice", "changes_of"]
