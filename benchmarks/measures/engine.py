"""What a trial costs beside the trial's own work: a search for the smallest x² + 1, in memory and on disk.

Each figure is the median of several runs. Whether the cost is flat in n is told within one run, by the cost of a trial
in its last tenth over that in its first: so a machine is compared with itself.
"""

import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kt_notebook import GridSearch, HyperParameters, RandomSearch
from kt_notebook.core.objective import number_objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.protocol import Assignment, Reporter, Result, TrialFunction
from kt_notebook.oracles import GridSearchOracle, RandomSearchOracle
from kt_notebook.results.table import results_table
from kt_notebook.search.executors import CallingExecutor
from kt_notebook.search.hub import Hub
from kt_notebook.search.session import Session
from kt_notebook.search.settings import SessionSettings
from kt_notebook.training.hypermodel import as_hypermodel
from kt_notebook.training.trial_function import make_trial_function
from measures.figures import Figure, median

__all__ = ["cpu_in_memory", "many_trials", "wall_on_disk"]

_AIM_CPU_MS = 0.2
_AIM_WALL_MS = 5.0
_AIM_FLAT = 1.5
_KINDS = ("random", "grid")
_TENTHS = "  its last tenth / its first tenth"
_HALVES = "  its second half / its first half"
_Parabola = Callable[[HyperParameters], float]


@dataclass
class _Ticks:
    """When each trial began; a tenth of a run is told apart by it."""

    clock: Callable[[], float]
    at: list[float] = field(default_factory=list)

    def parabola(self, kind: str, n_trials: int) -> _Parabola:
        """Return x² + 1 over [-1, 1]; a grid needs a step that gives it as many values as there are trials."""
        step = 2 / n_trials if kind == "grid" else None

        def function(hp: HyperParameters) -> float:
            self.at.append(self.clock())
            x = hp.Float("x", -1, 1, step=step)
            return float(x * x + 1)

        return function

    def ratio(self, n_parts: int) -> float:
        """Return the cost of a trial in the last of so many parts of the run over that in the first."""
        n = max(len(self.at) // n_parts, 1)
        return (self.at[-1] - self.at[-1 - n]) / (self.at[n] - self.at[0])


def cpu_in_memory(sizes: list[int], n_runs: int) -> Iterator[Figure]:
    """Measure the CPU time of all threads, blocking, without journal and panel.

    Once for the engine alone, with a trial function that only computes, and once with all that a function of `hp` gets
    in a blocking search: its seeds (Python's and numpy's given back after each trial), Keras' scope, its result read.
    """
    for title, make in (("engine alone", _bare), ("a function of hp", _whole)):
        group = f"CPU per trial in memory, blocking: {title}"
        for n in sizes:
            for kind in _KINDS:
                runs = [_run_in_memory(kind, n, make) for _ in range(n_runs)]
                yield Figure(group, f"{kind}, n = {n:,}", median([cost for cost, _ in runs]), "ms", _AIM_CPU_MS)
                # A tenth of 100 trials takes a millisecond: too short to judge.
                aim = _AIM_FLAT if n >= 1_000 else None
                yield Figure(group, _TENTHS, median([ticks.ratio(10) for _, ticks in runs]), "×", aim)


def wall_on_disk(sizes: list[int], n_runs: int) -> Iterator[Figure]:
    """Measure wall time through the public tuners, with journal, lock and KerasTuner's files in a temporary folder."""
    group = "Wall per trial with the project on disk, blocking"
    for n in sizes:
        for kind in _KINDS:
            runs = [_run_on_disk(kind, n) for _ in range(n_runs)]
            yield Figure(group, f"{kind}, n = {n:,}", median([cost for cost, _ in runs]), "ms", _AIM_WALL_MS)
            yield Figure(group, _TENTHS, median([ticks.ratio(10) for _, ticks in runs]), "×")
            if n >= 10_000:
                # KerasTuner's files are written in rounds, a second apart: the first second has none, others several.
                yield Figure(group, _HALVES, median([ticks.ratio(2) for _, ticks in runs]), "×", _AIM_FLAT)
    yield Figure(group, "one fdatasync of the same disk, for comparison", _one_sync_ms(), "ms")


def many_trials(n: int) -> Iterator[Figure]:
    """Measure what a search that holds many trials takes: its memory and the views of it."""
    import psutil

    group = f"A search of {n:,} trials"
    process = psutil.Process()
    _session("random", 200, _bare, _Ticks(time.perf_counter))
    gc.collect()
    before = process.memory_info().rss
    session = _session("random", n, _bare, _Ticks(time.perf_counter))
    gc.collect()
    yield Figure(group, "memory per trial, one hyperparameter", (process.memory_info().rss - before) / n / 1024, "KB")
    record = session.hub.record
    yield Figure(group, "snapshot of all trials", _best_of(session.hub.snapshot), "ms")
    yield Figure(group, "snapshot cut to 500 trials", _best_of(lambda: session.hub.snapshot(500)), "ms")
    yield Figure(group, "tuner.results", _best_of(lambda: results_table(record)), "ms")
    yield Figure(group, "the best trial", _best_of(lambda: session.oracle.get_best_trials(1)), "ms")


def _bare(function: _Parabola) -> TrialFunction:
    def run(assignment: Assignment, reporter: Reporter) -> Result:
        reporter.choose_objective(number_objective())
        return Result({"default_objective": function(assignment.hyperparameters)})

    return run


def _whole(function: _Parabola) -> TrialFunction:
    return make_trial_function(as_hypermodel(function))


def _session(kind: str, n: int, make: Callable[[_Parabola], TrialFunction], ticks: _Ticks) -> Session:
    kinds: dict[str, type[Oracle]] = {"random": RandomSearchOracle, "grid": GridSearchOracle}
    executor = CallingExecutor()
    oracle = kinds[kind](max_trials=n, seed=0)
    session = Session(
        SessionSettings("parabola", "parabola", kind), oracle, make(ticks.parabola(kind, n)), executor, Hub()
    )
    session.start()
    executor.serve()
    session.wait()
    assert session.error is None, session.error
    assert len(ticks.at) == n
    return session


def _run_in_memory(kind: str, n: int, make: Callable[[_Parabola], TrialFunction]) -> tuple[float, _Ticks]:
    gc.collect()
    ticks = _Ticks(time.process_time)
    began = time.process_time()
    _session(kind, n, make, ticks)
    return (time.process_time() - began) / n * 1e3, ticks


def _run_on_disk(kind: str, n: int) -> tuple[float, _Ticks]:
    kinds: dict[str, Any] = {"random": RandomSearch, "grid": GridSearch}
    ticks = _Ticks(time.perf_counter)
    with tempfile.TemporaryDirectory() as directory:
        tuner = kinds[kind](ticks.parabola(kind, n), max_trials=n, seed=0, directory=directory, project_name="p")
        began = time.perf_counter()
        tuner.search(verbose=0)
        took_s = time.perf_counter() - began
    assert len(ticks.at) == n
    return took_s / n * 1e3, ticks


def _one_sync_ms(n: int = 200) -> float:
    """Return the median time that the disk takes for a record of usual size."""
    sync = getattr(os, "fdatasync", os.fsync)
    took = []
    with tempfile.TemporaryDirectory() as directory, (Path(directory) / "file").open("ab", buffering=0) as file:
        for _ in range(n):
            file.write(b"x" * 400)
            began = time.perf_counter()
            sync(file.fileno())
            took.append((time.perf_counter() - began) * 1e3)
    return median(took)


def _best_of(function: Callable[[], object], n: int = 5) -> float:
    took = []
    for _ in range(n):
        began = time.perf_counter()
        function()
        took.append((time.perf_counter() - began) * 1e3)
    return min(took)
