import threading
from pathlib import Path
from typing import Any

import pytest

from kt_notebook.core.errors import FatalTypeError, FatalValueError
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.callback_copies import CallbackCopies, check_callbacks, flat_callbacks
from kt_notebook.training.hypermodel import FunctionHyperModel
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras


def _uncopyable() -> Any:
    import keras

    class Counting(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()
            self.seen: list[int] = []

    return Counting()


def _make(callbacks: Any, reporter: FakeReporter | None = None) -> list[Any]:
    return CallbackCopies(callbacks).make(assignment(), 0, reporter or FakeReporter())


def test_callbacks_come_as_none_one_or_nested_lists() -> None:
    assert flat_callbacks(None) == []
    assert flat_callbacks("a") == ["a"]
    assert flat_callbacks(["a", ("b", ["c"])]) == ["a", "b", "c"]


def test_each_execution_gets_a_copy() -> None:
    import keras

    given = keras.callbacks.EarlyStopping(patience=3)
    (made,) = _make([given])
    assert made is not given
    assert made.patience == 3


def test_a_factory_is_called_for_each_execution() -> None:
    import keras

    copies = CallbackCopies([keras.callbacks.TerminateOnNaN, lambda: [keras.callbacks.History()]])
    first, second = (copies.make(assignment(), n, FakeReporter()) for n in range(2))
    assert [type(c).__name__ for c in first] == ["TerminateOnNaN", "History"]
    assert first[0] is not second[0]


def test_a_callback_that_cannot_be_copied_is_set_back_and_reused_with_advice() -> None:
    given, reporter = _uncopyable(), FakeReporter()
    copies = CallbackCopies(given)
    (first,) = copies.make(assignment(), 0, reporter)
    first.seen.append(1)
    first.extra = True
    (second,) = copies.make(assignment(), 1, reporter)
    assert first is second is given
    assert second.seen == []
    assert not hasattr(second, "extra")
    assert [code for _, code, _ in reporter.notes] == ["callback_not_copied"]


def test_one_that_cannot_be_copied_is_refused_where_trials_run_side_by_side() -> None:
    import keras

    given = [keras.callbacks.EarlyStopping(), [_uncopyable()]]
    with pytest.raises(
        FatalValueError, match=r"The callback Counting cannot be copied .*\b2 trials.*lambda: Counting\(…\)"
    ):
        make_trial_function(FunctionHyperModel(lambda hp: model()), (X, Y), {"callbacks": given}, n_workers=2)
    check_callbacks([keras.callbacks.EarlyStopping(), _uncopyable], n_workers=2)
    check_callbacks(given, n_workers=1)


def test_what_is_no_callback_is_refused_before_training() -> None:
    with pytest.raises(FatalTypeError, match="callbacks holds str 'early'"):
        check_callbacks(["early"])


def test_tensorboard_without_its_package_names_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FatalValueError, match="%pip install tensorboard"):
        check_callbacks(keras.callbacks.TensorBoard())


def test_tensorboard_writes_each_execution_apart() -> None:
    import keras

    made, _ = _make(keras.callbacks.TensorBoard("logs"))
    assert Path(made.log_dir) == Path("logs/0/execution0")


def test_callbacks_that_share_something_still_do_in_their_copies() -> None:
    import keras

    class Writing(keras.callbacks.Callback):
        def __init__(self, lines: list[str]) -> None:
            super().__init__()
            self.lines = lines

    lines: list[str] = []
    first, second = _make([Writing(lines), [Writing(lines)]])
    assert first.lines is second.lines
    assert first.lines is not lines


def test_beside_one_that_cannot_be_copied_the_others_are() -> None:
    import keras

    given = [keras.callbacks.EarlyStopping(), _uncopyable(), keras.callbacks.CSVLogger("log.csv")]
    made = _make(given)
    assert [a is b for a, b in zip(made, given, strict=True)] == [False, True, False]


def test_the_model_of_an_earlier_fit_is_not_copied() -> None:
    import keras

    given = [keras.callbacks.EarlyStopping(monitor="loss"), _uncopyable()]
    fitted = model()
    fitted.fit(X, Y, verbose=0, callbacks=given)
    alone = _make(given[:1])
    assert all(made.model is fitted for made in [*alone, *_make(given)])


def test_a_lambda_callback_keeps_its_functions() -> None:
    import keras

    seen: list[int] = []
    given = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    for made in (_make(given), _make(given)):
        model().fit(X, Y, verbose=0, callbacks=made)
    assert seen == [0, 0]


def test_what_early_stopping_learns_of_a_trial_stays_in_it() -> None:
    import keras

    given = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1.0, patience=2)
    copies, before = CallbackCopies(given), dict(vars(given))
    for trial_id in ("0", "1"):
        (made,) = copies.make(assignment(trial_id=trial_id), 0, FakeReporter())
        assert (made.best, made.stopped_epoch) == (None, 0)
        model().fit(X, Y, epochs=9, verbose=0, callbacks=[made])
        assert made.stopped_epoch == 2
    assert vars(given) == before


def test_a_function_of_hp_makes_a_trials_callbacks() -> None:
    import keras

    def stopping(hp: HyperParameters) -> Any:
        return [keras.callbacks.EarlyStopping(patience=hp.Int("patience", 3, 9))]

    hp = HyperParameters()
    for callbacks in (stopping, [stopping], [[stopping]]):
        (made,) = CallbackCopies(callbacks).make(assignment(hp), 0, FakeReporter())
        assert made.patience == 3
    assert hp.values == {"patience": 3}


def test_what_a_function_returns_is_looked_at() -> None:
    with pytest.raises(FatalTypeError, match="callbacks holds str 'early'"):
        _make([lambda hp: "early"])


def test_no_two_executions_share_a_file(tmp_path: Path) -> None:
    import keras

    once = keras.callbacks.CSVLogger(str(tmp_path / "once.csv"))
    copies = CallbackCopies(
        [
            keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras")),
            lambda: keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
            lambda hp: keras.callbacks.CSVLogger(str(tmp_path / "hp.csv")),
            lambda: once,
        ]
    )
    places = []
    for trial_id in ("0", "1", "10"):
        for execution in range(2):
            made = copies.make(assignment(trial_id=trial_id, executions=2), execution, FakeReporter())
            places += [made[0].filepath, *(callback.filename for callback in made[1:])]
    assert len(set(places)) == len(places) == 24


def test_where_files_went_is_told_once(tmp_path: Path) -> None:
    import keras

    path = str(tmp_path / "best.keras")
    copies, reporter = CallbackCopies([keras.callbacks.ModelCheckpoint(path)]), FakeReporter()
    for trial_id in ("0", "1"):
        copies.make(assignment(trial_id=trial_id), 0, reporter)
        copies.replaced([keras.callbacks.ModelCheckpoint(path)]).make(assignment(trial_id=trial_id), 0, reporter)
    ((level, code, text),) = reporter.notes
    assert (level, code) == ("advice", "callback_files")
    assert text == (
        f"ModelCheckpoint writes {tmp_path}/best.trial_<id>.keras, so that no trial overwrites another's file."
    )


def test_callbacks_that_run_trial_adds_may_name_the_trial(tmp_path: Path) -> None:
    import keras

    given = keras.callbacks.ModelCheckpoint(str(tmp_path / "7.keras"))
    search = CallbackCopies([given])
    added = keras.callbacks.ModelCheckpoint(str(tmp_path / "own_7.keras"))
    made = search.replaced([given, added]).make(assignment(trial_id="7"), 0, FakeReporter())
    assert [Path(callback.filepath).name for callback in made] == ["7.trial_7.keras", "own_7.keras"]
    assert made[1] is not added


def test_what_run_trial_passes_on_is_set_back_to_how_the_search_was_given_it() -> None:
    given = _uncopyable()
    search = CallbackCopies([given])
    for trial_id in ("0", "1"):
        own = _uncopyable()
        maker = search.replaced([given, own])
        for execution in range(2):
            made = maker.make(assignment(trial_id=trial_id), execution, FakeReporter())
            assert made == [given, own]
            assert (given.seen, own.seen) == ([], [])
            given.seen.append(1)
            own.seen.append(1)
