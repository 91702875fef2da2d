"""Measures what a suggestion costs in a search over twenty parameters: mean, worst, and at its end."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.search_quality.adapters import make
from benchmarks.search_quality.harness import run_trials
from benchmarks.search_quality.problems import load
from benchmarks.search_quality.report import as_table

__all__ = ["overhead"]

_MIXED, _FLOATS = "keras_cnn_aug20", "floats20"
_SEARCHES = ((_MIXED, 200), (_FLOATS, 200), (_MIXED, 2_000))
_LAST = 10


@dataclass(frozen=True, slots=True)
class _Cost:
    """One search's costs; CPU time counts all threads."""

    method: str
    problem: str
    n_wanted: int
    ask_ms: list[float]
    ask_cpu_ms: list[float]
    tell_cpu_ms: list[float]

    def row(self) -> list[str]:
        """Return the figures of its line."""
        n_done = len(self.ask_ms)
        n = str(n_done) if n_done == self.n_wanted else f"{n_done} (cut short)"
        figures = [
            np.mean(self.ask_ms),
            np.max(self.ask_ms),
            np.mean(self.ask_cpu_ms),
            np.max(self.ask_cpu_ms),
            np.mean(self.ask_cpu_ms[-_LAST:]),
            np.mean(self.tell_cpu_ms),
        ]
        return [self.method, self.problem, n, *(f"{figure:.2f}" for figure in figures)]


def overhead(methods: Iterable[str], seed: int, deadline: float) -> str:
    """Return a table of the methods' costs; a search is cut short at the deadline, of `time.monotonic()`."""
    rows = []
    for method in methods:
        for name, n_trials in _SEARCHES:
            print(f"measuring: {method}, {n_trials} trials of {name} …", file=sys.stderr, flush=True)
            problem = load([name])[name]
            adapter = make(method, problem, seed, n_trials)
            try:
                shown = run_trials(problem, adapter, seed, n_trials, deadline=deadline)
            finally:
                adapter.close()
            cost = _Cost(method, name, n_trials, shown.ask_ms, shown.ask_cpu_ms, shown.tell_cpu_ms)
            if shown.ask_ms:
                rows.append(cost.row())
    head = ["method", "problem", "trials", "mean ms", "worst ms", "mean CPU", "worst CPU"]
    return as_table([*head, f"CPU, last {_LAST}", "CPU of a result"], rows)
