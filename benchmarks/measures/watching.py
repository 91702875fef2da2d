"""What watching costs a training: the same fit with and without our callback, in turn, many times.

Both fits run inside one trial of a real search with its project on disk and a page attached, on the thread where
`%%tune` trains. What else the machine does only ever adds to a time, so the lower quartiles are compared. On a busy
machine that still is a rough figure; the time spent in our callback is beside it, as an exact part of the whole.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from kt_notebook import RandomSearch
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.search.executors import ThreadExecutor
from kt_notebook.training.callbacks import FitWatch
from kt_notebook.training.checkpoints import BestWeights
from kt_notebook.training.execution import Execution, entered
from kt_notebook.training.fit_hook import fit_hook
from measures.figures import Figure, percentile
from measures.models import compiled_model, training_data
from measures.page import Page

__all__ = ["cost_of_watching"]

_AIM_PERCENT = 2.0
_EPOCHS = 3
_Times = list[tuple[float, float]]  # wall and CPU seconds of each fit


def cost_of_watching(n_pairs: int) -> Iterator[Figure]:
    """Measure `n_pairs` pairs of fits of the small model."""
    group = "Watching a small Keras fit, plain and watched in turn"
    plain, watched, share = _measure(n_pairs)
    for which, name, aim in ((0, "wall time", _AIM_PERCENT), (1, "CPU time of all threads", None)):
        a, b = [times[which] for times in plain], [times[which] for times in watched]
        low, high = _interval(a, b)
        note = f"90 % of resamplings: {low:.1f} to {high:.1f} %"
        yield Figure(group, f"what watching adds: {name}", _added_percent(a, b), "%", aim, note)
    yield Figure(group, "of it, spent in our callback", share * 100, "%", None, "on the training's thread")
    wall_ms = percentile([wall for wall, _ in plain], 0.25) * 1e3
    yield Figure(group, f"the plain fit, {_EPOCHS} epochs", wall_ms, "ms")


def _added_percent(plain: list[float], watched: list[float]) -> float:
    return (percentile(watched, 0.25) / percentile(plain, 0.25) - 1) * 100


def _interval(plain: list[float], watched: list[float]) -> tuple[float, float]:
    """Return between what the figure lies in 90 of 100 resamplings of the fits."""
    draw = random.Random(0).choices
    found = [_added_percent(draw(plain, k=len(plain)), draw(watched, k=len(watched))) for _ in range(1_000)]
    return percentile(found, 0.05), percentile(found, 0.95)


def _timed_watch(spent: _Times) -> type[FitWatch]:
    """Return a `FitWatch` that adds up the time in its hooks."""

    def timed(hook: Callable[..., None]) -> Callable[..., None]:
        def call(*args: Any) -> None:
            _clocked(lambda: hook(*args), spent)

        return call

    hooks = {name: timed(hook) for name, hook in vars(FitWatch).items() if name.startswith(("begin", "end"))}
    return type("TimedWatch", (FitWatch,), hooks)


def _clocked(function: Callable[[], object], into: _Times) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    into.append((time.perf_counter() - wall, time.process_time() - cpu))


def _measure(n_pairs: int) -> tuple[_Times, _Times, float]:
    """Return the times of plain and of watched fits, and the share of a fit that our callback takes."""
    import keras

    in_hooks: _Times = []
    clocked: _Times = []
    plain: _Times = []
    watched: _Times = []
    x, y = training_data()

    def run(assignment: Assignment, reporter: Reporter) -> Result:
        model = compiled_model(64)
        fit: dict[str, Any] = {"epochs": _EPOCHS, "validation_split": 0.2, "verbose": 0}
        model.fit(x, y, **fit)  # traces its functions

        def watched_fit(into: _Times) -> None:
            # A new execution each time, as in a new trial: its first epoch keeps weights, so do later better ones.
            weights = BestWeights(assignment.directory)
            with entered(Execution(assignment, reporter, best_weights=weights, fits_decide=True)):
                _clocked(lambda: fit_hook(model)(x, y, **fit), into)

        for _ in range(n_pairs):
            _clocked(lambda: model.fit(x, y, **fit), plain)
            watched_fit(watched)
        with mock.patch("kt_notebook.training.fit_hook.FitWatch", _timed_watch(in_hooks)):
            for _ in range(n_pairs // 4):
                watched_fit(clocked)
        return Result({"val_loss": model.evaluate(x, y, verbose=0)[0]})

    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as directory:
        tuner = RandomSearch(lambda hp: 0.0, "val_loss", max_trials=1, seed=0, directory=directory)
        session = tuner.open_session((), {}, executor=ThreadExecutor(), wrap=lambda _: run)
        session.start()
        page = Page(tuner.hub)
        session.wait()
        page.channel.close()
    assert session.error is None, session.error
    return plain, watched, sum(wall for wall, _ in in_hooks) / sum(wall for wall, _ in clocked)
