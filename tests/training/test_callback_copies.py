import threading
from pathlib import Path
from typing import Any

import pytest

from kt_notebook.core.errors import FatalTypeError, FatalValueError
from kt_notebook.training.callback_copies import CallbackCopies, check_callbacks, flat_callbacks
from tests.fakes import FakeReporter, assignment

pytestmark = pytest.mark.keras


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
    import keras

    class Counting(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()
            self.seen: list[int] = []

    given, reporter = Counting(), FakeReporter()
    copies = CallbackCopies(given)
    (first,) = copies.make(assignment(), 0, reporter)
    first.seen.append(1)
    first.extra = True
    (second,) = copies.make(assignment(), 1, reporter)
    assert first is second is given
    assert second.seen == []
    assert not hasattr(second, "extra")
    assert [code for _, code, _ in reporter.notes] == ["callback_not_copied"]


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

    (made,) = _make(keras.callbacks.TensorBoard("logs"))
    assert Path(made.log_dir) == Path("logs/0/execution0")
