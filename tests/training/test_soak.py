import gc
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kt_notebook import RandomSearch
from tests.training.keras_models import X, Y, model

pytestmark = [pytest.mark.keras, pytest.mark.slow, pytest.mark.timeout(1200)]

_MB = 2**20


def _searched(
    n_trials: int, build: Callable[[int, Any], Any], directory: Path, fit: str
) -> tuple[list[float], list[float]]:
    """Run a search; return the memory of the process (MB) and the clock (seconds) as each trial began."""
    process = psutil.Process()
    sizes, moments = [], []

    def noted(hp: Any) -> Any:
        if len(sizes) % (n_trials // 4) == 0:
            gc.collect()  # Python's own come every twenty trials or so: a saw of 100 MB where all are traced.
        sizes.append(process.memory_info().rss / _MB)
        moments.append(time.process_time())  # whatever else the machine does
        return build(len(sizes), hp)

    tuner = RandomSearch(noted, "val_loss", max_trials=n_trials, seed=0, directory=directory)
    tuner.search(X, Y, epochs=1, validation_split=0.25, verbose=0, fit=fit)
    assert len(tuner.oracle.end_order) == n_trials
    return sizes[-n_trials:], [after - before for before, after in itertools.pairwise(moments)]


def _grown_by_trial(sizes: list[float]) -> float:
    """Return how much memory a trial leaves: the lowest of the last quarter beside the lowest of the one before."""
    length = len(sizes) // 4
    return (min(sizes[-length:]) - min(sizes[-2 * length : -length])) / length


def _slowed(seconds: list[float]) -> float:
    """Return how much longer the last tenth of the trials takes than the second one."""
    length = len(seconds) // 10
    return statistics.median(seconds[-length:]) / statistics.median(seconds[length : 2 * length])


def test_500_trials_that_take_over_graphs_stay_as_quick_and_as_small(tmp_path: Path) -> None:
    def build(number: int, hp: Any) -> Any:
        import keras

        made = model(hp.Int("units", 4, 16, step=4), compiled=False, dropout=hp.Float("dropout", 0.1, 0.5))
        made.compile(keras.optimizers.Adam(hp.Float("lr", 1e-4, 1e-2)), "binary_crossentropy", metrics=["accuracy"])
        return made

    sizes, seconds = _searched(500, build, tmp_path, "auto")
    assert _grown_by_trial(sizes) < 0.25  # MB; 0.01 to 0.06 as measured
    assert _slowed(seconds) < 2


@pytest.mark.parametrize("fit", ["auto", "plain"])
def test_trials_that_are_traced_leave_little_behind(tmp_path: Path, fit: str) -> None:
    def build(number: int, hp: Any) -> Any:
        hp.Float("unused", 0.0, 1.0)
        made = model(number + 3, compiled=False)
        made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        return made

    sizes, seconds = _searched(100, build, tmp_path, fit)
    assert _grown_by_trial(sizes) < 2.5  # MB; 1.1 to 1.4 as measured, 5.5 where graphs do not die
    assert _slowed(seconds) < 2
