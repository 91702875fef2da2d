"""Runs one search on one problem with simulated time; a trial's random numbers are the same for every method.

The incumbent is chosen by what was observed and scored by its noise-free value. A trial that fails costs a trial.
"""

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from benchmarks.search_quality.adapters import Adapter, Answer, Job, make
from benchmarks.search_quality.problems import Problem
from benchmarks.search_quality.runs import COST_AT, Mode, Run
from benchmarks.search_quality.space import Config

__all__ = ["Trials", "run_cell", "run_trials"]

N_WORKERS = 4  # in the mode "par"
BUDGET = 40  # whole trainings whose epochs a search may spend, in the mode "mf"
_WINDOW = 5  # suggestions of which the median is taken


@dataclass(slots=True)
class _Incumbent:
    """The best trial so far by what was observed."""

    observed: float = float("inf")
    true: float | None = None

    def offer(self, observed: float, true: Callable[[], float]) -> bool:
        """Take a trial where it is better; return whether it is."""
        if observed >= self.observed:
            return False
        value = true()
        # of a table's trainings with these values another one may have failed: there is no true value then
        self.observed, self.true = observed, None if math.isnan(value) else value
        return True


@dataclass(slots=True)
class Trials:
    """What a search by whole trials has shown.

    Attributes:
        incumbent: The incumbent's noise-free loss after each trial, None before the first that did not fail.
        ask_ms: Wall time of each suggestion.
        ask_cpu_ms: CPU time of each suggestion.
        tell_cpu_ms: CPU time of each result's taking.
        n_failed: How many trials failed.
        sim_time: When the last one ended, in simulated seconds; with one worker each trial lasts one.
    """

    incumbent: list[float | None] = field(default_factory=list)
    ask_ms: list[float] = field(default_factory=list)
    ask_cpu_ms: list[float] = field(default_factory=list)
    tell_cpu_ms: list[float] = field(default_factory=list)
    n_failed: int = 0
    sim_time: float = 0.0


def run_trials(
    problem: Problem,
    adapter: Adapter,
    seed: int,
    n_trials: int,
    n_workers: int = 1,
    deadline: float = float("inf"),
) -> Trials:
    """Run a search by whole trials until there are as many, the adapter stops or the deadline is past.

    The deadline is of `time.monotonic()`.
    """
    shown, best = Trials(), _Incumbent()
    running: list[tuple[float, int, Job, float]] = []
    number, is_over = 0, False
    while len(shown.incumbent) < n_trials:
        while len(running) < n_workers and number < n_trials and not is_over:
            wall, cpu = time.perf_counter(), time.process_time()
            job = Answer.STOP if time.monotonic() > deadline else adapter.ask()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if not isinstance(job, Job):
                is_over = job is Answer.STOP
                break
            shown.ask_ms.append(wall * 1e3)
            shown.ask_cpu_ms.append(cpu * 1e3)
            job.config = problem.space.clean(job.config)
            rng = problem.rng(seed, number)
            value = problem.best_of(problem.observed_curve(job.config, rng))
            seconds = problem.cost(job.config) * rng.uniform(0.7, 1.3) if n_workers > 1 else 1.0
            heapq.heappush(running, (shown.sim_time + seconds, number, job, value))
            number += 1
        if not running:
            break
        shown.sim_time, _, job, value = heapq.heappop(running)
        has_value = bool(np.isfinite(value))
        cpu = time.process_time()
        adapter.tell(job, float(value) if has_value else None)
        shown.tell_cpu_ms.append((time.process_time() - cpu) * 1e3)
        if has_value:
            best.offer(problem.loss(value), partial(_true_loss, problem, job.config))
        else:
            shown.n_failed += 1
        shown.incumbent.append(best.true)
    return shown


@dataclass(slots=True)
class _Epochs:
    """What a search that may stop trainings has shown: where the incumbent changed, and what was spent."""

    points: list[tuple[int, float, float | None]] = field(default_factory=list)
    n_trials: int = 0
    n_epochs: int = 0
    sim_time: float = 0.0
    best: _Incumbent = field(default_factory=_Incumbent)


def _run_epochs(problem: Problem, adapter: Adapter, seed: int, max_epochs: int) -> _Epochs:
    """Run a search epoch by epoch until as many are spent."""
    shown = _Epochs()
    while shown.n_epochs < max_epochs:
        job = adapter.ask()
        if not isinstance(job, Job):
            break
        job.config = problem.space.clean(job.config)
        rng = problem.rng(seed, shown.n_trials)
        job.curve = problem.observed_curve(job.config, rng) if job.resumed is None else job.resumed.curve
        shown.n_trials += 1
        _train(problem, adapter, job, shown, max_epochs)
    return shown


def _train(problem: Problem, adapter: Adapter, job: Job, shown: _Epochs, max_epochs: int) -> None:
    """Train one trial until it ends, fails, is stopped, or the search's epochs are spent."""
    assert job.curve is not None
    seconds, best, has_value = problem.cost(job.config), float("inf"), False
    end = min(job.end or problem.epochs, problem.epochs)
    for epoch in range(job.start, max(end, job.start + 1)):
        if shown.n_epochs >= max_epochs:
            return
        shown.sim_time += seconds
        shown.n_epochs += 1
        value = float(job.curve[epoch])
        if not np.isfinite(value):
            break
        has_value, loss = True, problem.loss(value)
        best = min(best, loss)
        if shown.best.offer(loss, partial(_true_loss, problem, job.config, epoch + 1)):
            shown.points.append((shown.n_epochs, round(shown.sim_time, 2), _rounded(shown.best.true)))
        if adapter.report(job, epoch, value):
            break
    adapter.tell(job, problem.loss(best) if has_value else None)


def run_cell(method: str, problem: Problem, seed: int, mode: Mode, n_trials: int) -> Run:
    """Run one method on one problem with one seed.

    Args:
        method: The method's name.
        problem: The problem.
        seed: The seed of the search and of the trials' noise.
        mode: "full" (whole trials, one worker), "par" (four) or "mf" (epochs are reported, trainings may be stopped).
        n_trials: How many trials; in the mode "mf" the epochs of 40 whole trainings bound the search.
    """
    if mode == "mf":
        return _run_with_epochs(method, problem, seed, n_trials)
    cpu = time.process_time()
    n_workers = N_WORKERS if mode == "par" else 1
    adapter = make(method, problem, seed, n_trials, n_workers)
    try:
        shown = run_trials(problem, adapter, seed, n_trials, n_workers)
    finally:
        adapter.close()
    last = shown.incumbent[-1] if shown.incumbent else None
    curve = shown.incumbent + [last] * (n_trials - len(shown.incumbent))
    return Run(
        method,
        problem.name,
        seed,
        n_trials,
        cpu_s=round(time.process_time() - cpu, 2),
        incumbent=tuple(map(_rounded, curve)),
        cost_ms={n: _cost_after(shown.ask_cpu_ms, n) for n in COST_AT if len(shown.ask_cpu_ms) >= n},
    )


def _run_with_epochs(method: str, problem: Problem, seed: int, n_trials: int) -> Run:
    cpu = time.process_time()
    adapter = make(method, problem, seed, BUDGET * 30, has_epochs=True)  # more trials than the epochs suffice for
    try:
        spent = _run_epochs(problem, adapter, seed, BUDGET * problem.epochs)
    finally:
        adapter.close()
    return Run(
        method,
        problem.name,
        seed,
        n_trials,
        cpu_s=round(time.process_time() - cpu, 2),
        points=tuple(spent.points),
        n_asked=spent.n_trials,
        sim_time=round(spent.sim_time, 2),
    )


def _true_loss(problem: Problem, config: Config, n_epochs: int | None = None) -> float:
    return problem.loss(problem.true(config, n_epochs))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 7)


def _cost_after(cpu_ms: list[float], n: int) -> float:
    window = sorted(cpu_ms[max(0, n - _WINDOW) : n])
    return round(window[len(window) // 2], 2)
