import math
from typing import Any

import pytest

from kt_notebook.training.callbacks import FitWatch
from kt_notebook.training.execution import Execution
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.hypermodel import FunctionHyperModel
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras


class _Model:
    """Stands in for a model where no Keras is needed."""

    history = None
    n_reads = 0

    def get_metrics_result(self) -> dict[str, float]:
        self.n_reads += 1
        return {"loss": 0.5}


def _watch(reporter: FakeReporter, clock: Any = lambda: 0.0, **kwargs: Any) -> FitWatch:
    options = {"decides": False, "expects_validation": False, **kwargs}
    return FitWatch(Execution(assignment(), reporter), clock=clock, **options)


def test_progress_is_told_a_few_times_a_second_not_at_each_batch() -> None:
    now, reporter, fitted = 0.0, FakeReporter(), _Model()
    watch = _watch(reporter, lambda: now)
    watch.begin()
    watch.begin_epoch(fitted, 0)
    for step in range(100):
        now = step / 100
        watch.begin_batch(fitted, step, 100)
    assert [step for _, _, step, _, _ in reporter.steps] == [25, 50, 75]
    assert reporter.steps[0] == (0, 0, 25, 100, {"loss": 0.5})
    assert fitted.n_reads == 3


def test_every_batch_asks_whether_to_hold() -> None:
    reporter = FakeReporter()
    watch = _watch(reporter)
    watch.begin_epoch(_Model(), 0)
    before = reporter.n_holds
    watch.begin_batch(_Model(), 0, 2)
    watch.begin_validation_batch()
    assert reporter.n_holds == before + 2


def test_what_is_no_number_among_the_logs_is_left_out() -> None:
    reporter, fitted = FakeReporter(), _Model()
    watch = _watch(reporter)
    watch.begin_epoch(fitted, 0)
    watch.end_epoch(fitted, 0, 1, {"loss": math.nan, "note": "text"})
    ((_, _, metrics),) = reporter.epochs
    assert list(metrics) == ["loss"]
    assert math.isnan(metrics["loss"])


def test_epochs_count_from_the_first_fits_initial_epoch() -> None:
    reporter = FakeReporter()
    trial = make_trial_function(
        FunctionHyperModel(lambda hp: fit_hook(model())(X, Y, epochs=6, initial_epoch=4, verbose=0))
    )
    result = trial(assignment(), reporter)
    assert [epoch for _, epoch, _ in reporter.epochs] == [4, 5]
    assert reporter.n_epochs == [6, 6]
    assert result.best_step in {4, 5}


def test_what_other_callbacks_add_to_the_logs_is_reported() -> None:
    import keras

    def add(epoch: int, logs: dict[str, float]) -> None:
        logs["val_f1"] = 0.25 + epoch

    reporter = FakeReporter("val_f1:max")
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=add)]
    trial = make_trial_function(FunctionHyperModel(lambda hp: model()), (X, Y), {"epochs": 2, "callbacks": callbacks})
    assert trial(assignment(), reporter).metrics["val_f1"] == 1.25


def test_early_stopping_ends_the_fit_and_nothing_else() -> None:
    import keras

    reporter = FakeReporter()
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=0, min_delta=1e9)
    trial = make_trial_function(
        FunctionHyperModel(lambda hp: model()),
        (X, Y),
        {"epochs": 9, "callbacks": [stopping], "validation_data": VALIDATION},
    )
    trial(assignment(executions=2), reporter)
    assert [(e, n) for e, n, _ in reporter.epochs] == [(0, 0), (0, 1), (1, 0), (1, 1)]
