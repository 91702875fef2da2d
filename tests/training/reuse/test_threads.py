"""The same trials in one thread, in two at once, in the main thread, and beside a main thread busy with Keras."""

import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.fit_way import FitPath, FitWay
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.same_as_fit import (
    PLAIN,
    VALUES,
    Case,
    Remembering,
    Values,
    differences,
    hyperparameters,
    rows,
    small_model,
    state_of,
)

pytestmark = pytest.mark.keras


def _small(v: Values) -> Any:
    return small_model(v)


def _with_draws(v: Values) -> Any:
    import keras

    layers = keras.layers
    made = keras.Sequential([
        layers.Input((8,)), layers.Reshape((4, 2)), layers.GaussianNoise(0.1), layers.GRU(3, dropout=0.2),
        layers.Dropout(v.dropout), layers.Dense(1, kernel_regularizer=keras.regularizers.L1(v.l2)),
    ])  # fmt: skip
    made.compile(keras.optimizers.Adam(v.rate), "mse", metrics=["mae", keras.metrics.RootMeanSquaredError()])
    return made


Build = Callable[[Values], Any]


class _Trials:
    """Numbered trials by one trial function, from any thread."""

    def __init__(self, build: Callable[[Values], Any], fit_way: FitWay = FitWay.AUTO) -> None:
        self._hypermodel = _PerThread(build)
        self._trial = make_trial_function(self._hypermodel, (), rows(), fit_way=fit_way, n_workers=2)
        self.left: dict[int, Any] = {}
        self.paths: dict[int, FitPath] = {}

    def run(self, *numbers: int) -> dict[int, Any]:
        for number in numbers:
            reporter = FakeReporter()
            hp = hyperparameters(VALUES[number % len(VALUES)])
            result = self._trial(assignment(hp, trial_id=str(number), seed=number), reporter)
            self.left[number] = [
                result,
                reporter.epochs,
                state_of(self._hypermodel.models.pop(threading.get_ident())),
            ]
            self.paths[number] = reporter.fits[0][2]
        return self.left


class _PerThread(Remembering):
    """Remembers the model of each thread's trial."""

    def __init__(self, build: Callable[[Values], Any]) -> None:
        super().__init__(Case("threads", build))
        self.models: Any = {}

    def another(self) -> Any:
        raise NotImplementedError

    def build(self, hp: Any) -> Any:
        made = self.models[threading.get_ident()] = self.case.build(Values(*(hp.get(name) for name in Values._fields)))
        return made


def _in_threads(*functions: Callable[[], Any]) -> None:
    """Run functions at once, each in a thread of its own; raise what one of them raised."""
    barrier, errors = threading.Barrier(len(functions)), []

    def run(function: Callable[[], Any]) -> None:
        barrier.wait(60)
        try:
            function()
        except BaseException as error:  # noqa: BLE001  # For the test's own thread.
            errors.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("build", [_small, pytest.param(_with_draws, marks=pytest.mark.slow)])
def test_two_threads_at_once_give_what_one_gives_after_the_other(build: Build) -> None:
    one, two = _Trials(build), _Trials(build)
    one.run(0, 1, 2, 3, 4, 5)
    _in_threads(lambda: two.run(0, 2, 4), lambda: two.run(1, 3, 5))
    assert not list(differences(one.left, {number: two.left[number] for number in sorted(two.left)}))
    assert PLAIN not in {*one.paths.values(), *two.paths.values()}


def test_two_searches_at_once_give_what_they_give_by_themselves() -> None:
    alone = [_Trials(_small), _Trials(_with_draws)]
    for trials in alone:
        trials.run(0, 1, 2)
    beside = [_Trials(_small), _Trials(_with_draws)]
    _in_threads(*(lambda trials=trials: trials.run(0, 1, 2) for trials in beside))
    assert not list(differences([trials.left for trials in alone], [trials.left for trials in beside]))


@pytest.mark.parametrize("build", [_small, pytest.param(_with_draws, marks=pytest.mark.slow)])
def test_a_thread_gives_what_the_main_thread_gives_and_what_a_busy_one_lets_it_give(build: Build) -> None:
    import keras
    import tensorflow as tf

    in_main, quiet, beside, by_keras = _Trials(build), _Trials(build), _Trials(build), _Trials(build, FitWay.PLAIN)
    in_main.run(0, 1, 2)
    _in_threads(lambda: quiet.run(0, 1, 2))
    _in_threads(lambda: by_keras.run(0, 1, 2))
    thread = threading.Thread(target=lambda: beside.run(0, 1, 2))
    thread.start()
    while thread.is_alive():
        made = small_model(VALUES[0])
        made.predict_on_batch(np.zeros((2, 8)))
        random.random()
        np.random.rand(3)
        tf.random.set_seed(random.randrange(99))
        keras.random.normal((2,))
    thread.join()
    for other in (quiet, by_keras, beside):
        assert not list(differences(in_main.left, other.left))
