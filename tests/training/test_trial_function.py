import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.errors import (
    DataError,
    FatalError,
    FatalObjectiveError,
    FatalResultError,
    ObjectiveError,
    ResultError,
    TrialStoppedError,
)
from kt_notebook.core.protocol import Result
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.hypermodel import FunctionHyperModel, HyperModel
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras


def run(function: Any, reporter: FakeReporter | None = None, *args: Any, executions: int = 1, **kwargs: Any) -> Result:
    """Run one trial of a function of hp."""
    made = function if isinstance(function, HyperModel) else FunctionHyperModel(function)
    trial = make_trial_function(made, args, kwargs)
    return trial(assignment(executions=executions), reporter or FakeReporter())


# What a trial may return.


def test_a_number_is_the_score_and_minimised() -> None:
    reporter = FakeReporter()
    assert run(lambda hp: np.float32(2), reporter) == Result({"default_objective": 2.0}, None)
    assert reporter.objective is not None
    assert reporter.objective.direction == "min"


def test_a_number_counts_as_the_objective_that_was_named() -> None:
    assert run(lambda hp: 0.9, FakeReporter("val_accuracy")).metrics == {"val_accuracy": 0.9}


def test_nan_is_passed_on_for_the_search_to_judge() -> None:
    assert math.isnan(run(lambda hp: math.nan).metrics["default_objective"])


def test_a_dict_of_numbers_is_taken_where_the_objective_is_named() -> None:
    assert run(lambda hp: {"auc": 0.8, "size": 3}, FakeReporter("auc")).metrics == {"auc": 0.8, "size": 3.0}


def test_a_dict_without_a_named_objective_says_how_to_name_one() -> None:
    with pytest.raises(FatalResultError, match="--objective auc:max or auc:min"):
        run(lambda hp: {"auc": 0.8})


def test_a_dict_without_the_objective_names_the_nearest() -> None:
    with pytest.raises(FatalObjectiveError, match="Did you mean 'accuracy'"):
        run(lambda hp: {"accuracy": 0.8}, FakeReporter("acuracy:max"))


def test_several_numbers_are_no_score() -> None:
    with pytest.raises(FatalResultError, match=r"returned 2 numbers \(1, 3\).*loss, accuracy = model.evaluate"):
        run(lambda hp: [1.0, 3.0], FakeReporter())


def test_a_number_without_an_objective_is_said_to_be_minimised() -> None:
    reporter = FakeReporter()
    run(lambda hp: 1.0, reporter)
    assert [code for _, code, _ in reporter.notes] == ["number_minimised"]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (None, ResultError, "returned None, which is no score"),
        ("0.5", FatalResultError, "returned str '0.5'"),
        (True, FatalResultError, "returned bool"),
        ([], FatalResultError, "returned list"),
        ({}, ResultError, "empty dict"),
        ({"a": "b"}, FatalResultError, "str 'b' under 'a'"),
        (np.zeros(3), FatalResultError, "returned ndarray"),
    ],
)
def test_what_is_no_score_is_named(value: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run(lambda hp: value)


def test_returning_none_fails_the_trial_but_not_the_search() -> None:
    with pytest.raises(ResultError, match="None") as caught:
        run(lambda hp: None)
    assert not isinstance(caught.value, FatalError)


def test_one_number_for_several_objectives_is_refused() -> None:
    with pytest.raises(FatalResultError, match="several objectives"):
        run(lambda hp: 1.0, FakeReporter(["loss", "accuracy"]))


def test_a_trial_that_reports_itself_may_return_none() -> None:
    trial = make_trial_function(None, run_trial=lambda run: None)
    assert trial(assignment(), FakeReporter()) == Result()


# A model that the engine fits.


def test_a_model_is_fitted_and_each_epoch_reported() -> None:
    reporter = FakeReporter()
    result = run(lambda hp: model(), reporter, X, Y, epochs=3, validation_data=VALIDATION)
    assert [(e, n) for e, n, _ in reporter.epochs] == [(0, 0), (0, 1), (0, 2)]
    assert reporter.n_epochs == [3, 3, 3]
    assert set(reporter.epochs[0][2]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(type(value) is float for value in reporter.epochs[0][2].values())
    best = min(range(3), key=lambda i: reporter.epochs[i][2]["val_loss"])
    assert result == Result(reporter.epochs[best][2], best)


def test_validation_makes_val_loss_the_objective_before_the_first_report() -> None:
    reporter = FakeReporter()
    run(lambda hp: model(), reporter, X, Y, validation_data=VALIDATION)
    assert reporter.order[:2] == ["objective", "epoch"]
    assert reporter.objective is not None
    assert reporter.objective.name == "val_loss"
    assert not reporter.notes


def test_without_validation_the_loss_counts_with_advice() -> None:
    reporter = FakeReporter()
    run(lambda hp: model(), reporter, X, Y)
    assert reporter.objective is not None
    assert reporter.objective.name == "loss"
    assert reporter.notes[0][:2] == ("advice", "training_loss")


def test_validation_every_second_epoch_still_makes_val_loss_the_objective() -> None:
    reporter = FakeReporter()
    result = run(lambda hp: model(), reporter, X, Y, epochs=4, validation_data=VALIDATION, validation_freq=2)
    assert reporter.objective is not None
    assert reporter.objective.name == "val_loss"
    assert result.best_step in {1, 3}


def test_a_wrong_objective_ends_the_search_after_the_first_epoch() -> None:
    reporter = FakeReporter("val_acuracy:max")
    with pytest.raises(FatalObjectiveError, match="Did you mean 'val_accuracy'") as caught:
        run(lambda hp: model(), reporter, X, Y, epochs=5, validation_data=VALIDATION)
    assert isinstance(caught.value, ObjectiveError)
    assert len(reporter.epochs) == 1


def test_val_loss_without_validation_says_to_give_some() -> None:
    with pytest.raises(FatalObjectiveError, match="validation_data="):
        run(lambda hp: model(), FakeReporter("val_loss"), X, Y)


def test_several_objectives_choose_the_epoch_by_their_sum() -> None:
    reporter = FakeReporter(["val_loss", "val_accuracy"])
    result = run(lambda hp: model(), reporter, X, Y, epochs=3, validation_data=VALIDATION)
    sums = [m["val_loss"] - m["val_accuracy"] for _, _, m in reporter.epochs]
    assert result.best_step == sums.index(min(sums))


def test_an_unnamed_metric_has_the_same_name_in_every_trial() -> None:
    import keras

    reporter = FakeReporter("val_auc")
    trial = make_trial_function(
        FunctionHyperModel(lambda hp: model(metrics=[keras.metrics.AUC()])), (X, Y), {"validation_data": VALIDATION}
    )
    for trial_id in "01":
        trial(assignment(trial_id=trial_id), reporter)
    assert [sorted(metrics) for _, _, metrics in reporter.epochs] == [["auc", "loss", "val_auc", "val_loss"]] * 2


def test_executions_have_seeds_of_their_own_and_are_averaged() -> None:
    reporter = FakeReporter()
    result = run(lambda hp: model(), reporter, X, Y, validation_data=VALIDATION, executions=2)
    values = reporter.column("val_loss")
    assert [e for e, _, _ in reporter.epochs] == [0, 1]
    assert values[0] != values[1]
    assert result.metrics["val_loss"] == pytest.approx(sum(v for v in values if v is not None) / 2)


def test_max_epochs_caps_the_fit() -> None:
    reporter = FakeReporter()
    trial = make_trial_function(FunctionHyperModel(lambda hp: model()), (X, Y), {"epochs": 9}, max_epochs=2)
    trial(assignment(), reporter)
    assert reporter.n_epochs == [2, 2]


def test_arguments_by_position_are_understood() -> None:
    reporter = FakeReporter()
    run(lambda hp: model(), reporter, X, Y, 32, 2)
    assert len(reporter.epochs) == 2


def test_nothing_is_printed_where_verbose_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda hp: model(), None, X, Y)
    assert capsys.readouterr().out == ""


def test_a_one_shot_generator_is_refused_before_anything_trains() -> None:
    with pytest.raises(DataError, match="only once"):
        make_trial_function(FunctionHyperModel(lambda hp: model()), ((i for i in [1]),), {"epochs": 1})


def test_a_function_as_data_is_called_for_each_execution() -> None:
    n_calls = []

    def batches() -> Any:
        n_calls.append(1)
        return ((X[:8], Y[:8]) for _ in range(2))

    run(lambda hp: model(), None, batches, epochs=1, steps_per_epoch=2, shuffle=False, executions=2)
    assert len(n_calls) == 2


# A HyperModel with a fit of its own.


class _OwnFit(HyperModel):
    def __init__(self, returns: Any) -> None:
        super().__init__()
        self.returns = returns

    def build(self, hp: HyperParameters) -> Any:
        return model()

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        return self.returns(model.fit(*args, verbose=0, **kwargs))


def test_the_number_that_a_fit_of_its_own_returns_counts_not_its_epochs() -> None:
    reporter = FakeReporter()
    result = run(_OwnFit(lambda history: 7.0), reporter, X, Y, epochs=2)
    assert result.metrics == {"default_objective": 7.0}
    assert len(reporter.epochs) == 2
    assert [code for _, code, _ in reporter.notes] == ["number_minimised"]


def test_a_fit_of_its_own_that_forgets_its_return_is_judged_by_its_epochs() -> None:
    reporter = FakeReporter()
    result = run(_OwnFit(lambda history: None), reporter, X, Y, epochs=2)
    assert result.metrics["loss"] == min(v for v in reporter.column("loss") if v is not None)


def test_a_fit_of_its_own_may_return_its_history() -> None:
    reporter = FakeReporter("accuracy")
    result = run(_OwnFit(lambda history: history), reporter, X, Y, epochs=2)
    assert result.metrics["accuracy"] == max(v for v in reporter.column("accuracy") if v is not None)


def test_a_number_named_by_hand_is_not_looked_for_among_the_epochs() -> None:
    result = run(_OwnFit(lambda history: {"cost": 3}), FakeReporter("cost:min"), X, Y)
    assert result.metrics == {"cost": 3.0}


def test_a_history_of_an_unobserved_fit_is_reported_afterwards() -> None:
    reporter = FakeReporter()

    def trial(hp: HyperParameters) -> Any:
        return model().fit(X, Y, epochs=4, validation_data=VALIDATION, validation_freq=2, verbose=0)

    result = run(trial, reporter)
    assert reporter.column("val_loss")[0] is None
    assert result.best_step in {1, 3}
    assert result.metrics["val_loss"] == min(v for v in reporter.column("val_loss") if v is not None)


# Fits in the user's own code, rewritten to the hook.


def test_a_rewritten_fit_reports_and_its_history_counts() -> None:
    reporter = FakeReporter()
    result = run(lambda hp: fit_hook(model())(X, Y, epochs=2, validation_data=VALIDATION), reporter)
    assert reporter.n_epochs == [2, 2]
    assert result.metrics["val_loss"] == min(v for v in reporter.column("val_loss") if v is not None)


def test_outside_of_a_trial_the_hook_gives_the_plain_fit() -> None:
    made = model()
    assert fit_hook(made) == made.fit


def test_what_is_no_keras_model_keeps_its_fit_inside_a_trial() -> None:
    class Scaler:
        def fit(self, data: object) -> float:
            return 4.0

    assert run(lambda hp: fit_hook(Scaler())(X)).metrics == {"default_objective": 4.0}


def test_two_fits_of_one_model_count_on_and_the_best_stage_counts() -> None:
    reporter = FakeReporter("val_loss")

    def trial(hp: HyperParameters) -> None:
        made = model()
        fit_hook(made)(X, Y, epochs=2, validation_data=VALIDATION)
        fit_hook(made)(X, Y, epochs=5, initial_epoch=3)

    result = run(trial, reporter)
    assert [epoch for _, epoch, _ in reporter.epochs] == [0, 1, 2, 3]
    assert reporter.stages == [0, 0, 1, 1]
    assert reporter.n_epochs == [2, 2, 4, 4]
    assert result.metrics["val_loss"] == min(v for v in reporter.column("val_loss") if v is not None)


def test_two_models_without_a_returned_score_ask_for_one() -> None:
    def trial(hp: HyperParameters) -> None:
        for _ in range(2):
            fit_hook(model())(X, Y)

    with pytest.raises(FatalResultError, match="fitted 2 models and returned None"):
        run(trial)


def test_the_history_that_is_returned_chooses_among_several_models() -> None:
    def trial(hp: HyperParameters) -> Any:
        fit_hook(model())(X, Y)
        return fit_hook(model())(X, Y)

    reporter = FakeReporter()
    assert run(trial, reporter).metrics == reporter.epochs[1][2]


def test_a_cell_whose_last_value_is_no_score_falls_back_on_its_fit() -> None:
    class Cell(FunctionHyperModel):
        last_fit_counts = True
        fits_decide = True

    reporter = FakeReporter()

    def trial(hp: HyperParameters) -> str:
        fit_hook(model())(X, Y)
        return "done"

    assert run(Cell(trial), reporter).metrics == reporter.epochs[0][2]
    assert reporter.order[:2] == ["objective", "epoch"]


def test_a_fit_that_carries_our_callback_already_reports_once() -> None:
    class Rewritten(_OwnFit):
        def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
            return fit_hook(model)(*args, **kwargs)

    reporter = FakeReporter()
    run(Rewritten(None), reporter, X, Y, epochs=2)
    assert len(reporter.epochs) == 2


def test_a_fit_of_the_users_own_model_class_without_callbacks_is_left_alone() -> None:
    import keras

    class Odd(keras.Model):
        def fit(self, x: Any) -> float:
            return 5.0

    assert run(lambda hp: fit_hook(Odd())(X)).metrics == {"default_objective": 5.0}


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # As Keras finds out that it is at its end.
def test_a_generator_from_another_trial_is_refused() -> None:
    shared = ((X[:8], Y[:8]) for _ in range(9))
    trial = make_trial_function(FunctionHyperModel(lambda hp: fit_hook(model())(shared, shuffle=False)))
    trial(assignment(), FakeReporter())
    with pytest.raises(DataError, match="only once"):
        trial(assignment(trial_id="1"), FakeReporter())


# Stopping.


def _traced() -> Any:
    made = model()
    made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return made


@pytest.mark.parametrize("n_holds", [1, 3, 6])
def test_stop_now_leaves_the_fit_at_any_batch_and_the_model_usable(n_holds: int) -> None:
    reporter = FakeReporter()
    reporter.stop_at(n_holds)
    held: list[Any] = []

    def trial(hp: HyperParameters) -> Any:
        held.append(_traced())
        return held[0]

    with pytest.raises(TrialStoppedError, match="by the test"):
        run(trial, reporter, X, Y, epochs=3, validation_data=VALIDATION, batch_size=32)
    assert reporter.n_holds == n_holds
    history = held[0].fit(X, Y, validation_data=VALIDATION, verbose=0)
    assert math.isfinite(history.history["val_loss"][0])


def test_a_stop_at_the_end_of_the_epoch_waits_for_it() -> None:
    reporter = FakeReporter(on_report=lambda r: setattr(r, "is_stopping", True))
    with pytest.raises(TrialStoppedError, match="end of an epoch"):
        run(lambda hp: model(), reporter, X, Y, epochs=3)
    assert len(reporter.epochs) == 1


def test_a_stop_in_the_last_epoch_lets_the_trial_end() -> None:
    reporter = FakeReporter(on_report=lambda r: setattr(r, "is_stopping", True))
    assert run(lambda hp: model(), reporter, X, Y, epochs=1).best_step == 0


def test_a_stop_between_executions_ends_the_trial() -> None:
    reporter = FakeReporter(on_report=lambda r: setattr(r, "is_stopping", True))
    with pytest.raises(TrialStoppedError, match="between two executions"):
        run(lambda hp: model(), reporter, X, Y, epochs=1, executions=2)


def test_the_users_own_except_does_not_swallow_a_stop() -> None:
    reporter = FakeReporter()
    reporter.stop_at(2)

    def trial(hp: HyperParameters) -> float:
        try:
            fit_hook(model())(X, Y)
        except Exception:  # noqa: BLE001  # What users write.
            return 0.0
        return 1.0

    with pytest.raises(TrialStoppedError, match="by the test"):
        run(trial, reporter)


# Threads.


def test_the_callers_dtype_policy_holds_in_the_trials_thread() -> None:
    import keras

    seen: list[str] = []
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        trial = make_trial_function(
            FunctionHyperModel(lambda hp: seen.append(keras.config.dtype_policy().name) or 1.0), uses_keras=True
        )
    finally:
        keras.config.set_dtype_policy(before)
    thread = threading.Thread(target=trial, args=(assignment(), FakeReporter()))
    thread.start()
    thread.join()
    assert seen == ["mixed_bfloat16"]


def test_a_trial_does_not_need_its_directory_to_exist(tmp_path: Path) -> None:
    trial = make_trial_function(FunctionHyperModel(lambda hp: model()), (X, Y), {})
    trial(assignment(directory=tmp_path / "trial_0"), FakeReporter())
    assert sorted(path.name for path in (tmp_path / "trial_0").iterdir()) == [
        "build_config.json",
        "checkpoint.weights.h5",
    ]
