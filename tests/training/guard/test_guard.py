"""Trials with the guard: the first of a kind is checked, what differs runs plain, and nobody notices a check."""

import random
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.errors import FatalValueError
from kt_notebook.core.fit_way import FitPath, FitWay
from kt_notebook.training.fit import steps as steps_module
from kt_notebook.training.guard import guard as guard_module
from kt_notebook.training.guard.guard import Guard
from kt_notebook.training.guard.kinds import Kind
from kt_notebook.training.guard.trust import Finding, Trust
from tests.fakes import FakeReporter
from tests.training.guard.trials import Search, guard_at, mlp, plain

PLAIN, FUSED, REUSED = FitPath.PLAIN, FitPath.FUSED, FitPath.REUSED


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Return what checks have found, in order."""
    found: list[str | None] = []
    real = guard_module.difference

    def difference(*arguments: Any, **further: Any) -> str | None:
        found.append(real(*arguments, **further))
        return found[-1]

    monkeypatch.setattr(guard_module, "difference", difference)
    return found


def in_a_loop() -> bool:
    """Return whether the graph that is being traced is that of fused steps."""
    import tensorflow as tf

    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        if "while" in getattr(graph, "name", ""):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def wrong_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    right = keras.layers.Dense.call
    monkeypatch.setattr(
        keras.layers.Dense, "call", lambda self, x, **k: right(self, x, **k) * (1.0000001 if in_a_loop() else 1.0)
    )


def wrong_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    right = keras.optimizers.Adam.update_step

    def update_step(self: Any, gradient: Any, variable: Any, rate: Any) -> None:
        right(self, gradient, variable, rate * 1.001 if in_a_loop() else rate)

    monkeypatch.setattr(keras.optimizers.Adam, "update_step", update_step)


def wrong_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    right = steps_module._batch

    def batch(*arguments: Any) -> Any:
        x, *others = right(*arguments)
        return (tf.bitcast(tf.bitcast(x, tf.int32) + 1, tf.float32), *others)

    monkeypatch.setattr(steps_module, "_batch", batch)


@pytest.mark.keras
@pytest.mark.parametrize("plant", [wrong_layer, pytest.param(wrong_optimizer, marks=pytest.mark.slow), wrong_rows])
def test_what_differs_is_told_once_and_runs_plain_from_then_on(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checks: list[Any]
) -> None:
    plant(monkeypatch)
    expected = plain(mlp, 2)
    search = Search(mlp, guard_at(tmp_path / "checked.json"))
    found = [search.run() for _ in range(2)]
    assert [left.path for left in found] == [PLAIN] * 2
    assert len(checks) == 1
    ((level, code, text),) = found[0].notes
    assert (level, code) == ("warning", "fit_differs")
    assert "by Keras' own fit and" in text
    assert str(tmp_path / "checked.json") in text
    assert all(left.reason and left.reason in text for left in found)
    found[0].notes.clear()
    assert found == expected
    later = Search(mlp, guard_at(tmp_path / "checked.json"))
    left = later.run()
    assert (left.path, left.notes) == (PLAIN, [])
    assert len(checks) == 1


@pytest.mark.keras
def test_the_first_trial_is_checked_and_no_trial_notices(tmp_path: Path, checks: list[Any]) -> None:
    expected = plain(mlp, 3)
    guarded = Search(mlp, guard_at(tmp_path / "checked.json"))
    found = [guarded.run() for _ in range(3)]
    assert [left.path for left in found] == [FUSED, REUSED, REUSED]
    assert checks == [None]
    assert found == expected
    trusting = Search(mlp, guard_at(tmp_path / "checked.json"))
    found = [trusting.run() for _ in range(3)]
    assert [left.path for left in found] == [FUSED, REUSED, REUSED]
    assert checks == [None]
    assert found == expected


@pytest.mark.keras
def test_a_further_check_goes_unnoticed_too(tmp_path: Path, checks: list[Any]) -> None:
    expected = plain(mlp, 3)
    guard = guard_at(tmp_path / "checked.json", chance=lambda: 0.0)
    guard._fits_s = 1e6
    search = Search(mlp, guard)
    found = [search.run() for _ in range(3)]
    assert [left.path for left in found] == [FUSED, REUSED, REUSED]
    assert checks == [None, None, None]
    assert found == expected


@pytest.mark.keras
def test_a_further_check_that_finds_something_ends_the_shortcut(
    tmp_path: Path, checks: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = plain(mlp, 4)
    guard = guard_at(tmp_path / "checked.json", chance=lambda: 0.0)
    search = Search(mlp, guard)
    found = [search.run(), search.run()]
    guard._fits_s = 1e6
    right = steps_module.StepFunction.run

    def run(self: Any, rows: Any, n_steps: int) -> Any:
        return right(self, rows, 1)

    monkeypatch.setattr(steps_module.StepFunction, "run", run)
    found += [search.run(), search.run()]
    assert [left.path for left in found] == [FUSED, REUSED, PLAIN, PLAIN]
    assert [len(left.notes) for left in found] == [0, 0, 1, 0]
    found[2].notes.clear()
    assert found == expected


def own_model() -> Callable[[], Any]:
    import keras

    class Own(keras.Model):
        """A class as a cell may have it: with a step, draws and state of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.norm = keras.metrics.Mean(name="norm")

        def call(self, x: Any, training: bool = False) -> Any:
            # No seed: the generator that Keras shares out among all.
            return self.dense(keras.random.dropout(x, 0.2)) if training else self.dense(x)

        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            self.norm.update_state(keras.ops.sum(self.dense.kernel))
            return logs

    def build() -> Any:
        made = Own()
        made.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
        return made

    return build


def listener(told: list[Any], *, is_early: bool) -> Any:
    """Return a callback that takes down what a trial's own code may draw, and the names that it gets."""
    import keras

    def look(self: Any, *_: Any) -> None:
        name = keras.layers.Dense(1).name
        told.append((random.random(), float(np.random.rand()), float(keras.random.uniform(())), name))

    names = ["on_train_begin", "on_epoch_end"] if is_early else ["on_epoch_end"]
    return type("Listener", (keras.callbacks.Callback,), dict.fromkeys(names, look))()


@pytest.mark.keras
@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("is_own", [True, False])
def test_what_a_trial_draws_is_the_same_with_a_check_and_without(
    tmp_path: Path, checks: list[Any], is_early: bool, is_own: bool
) -> None:
    build = own_model() if is_own else mlp
    guard = guard_at(tmp_path / "checked.json")
    left = []
    for way, chosen in ((FitWay.PLAIN, guard_at(None)), (FitWay.AUTO, guard), (FitWay.AUTO, guard)):
        told: list[Any] = []
        search = Search(build, chosen, way=way, callbacks=[listener(told, is_early=is_early)])
        left.append(search.run(told))
    # Only a trace tells which variables the optimizer of its own step gets, and that may not come before a callback.
    is_plain = is_own and is_early
    assert [one.path for one in left] == [PLAIN, *([PLAIN, PLAIN] if is_plain else [FUSED, FUSED])]
    assert checks == ([] if is_plain else [None])
    assert left[0] == left[1] == left[2]
    assert left[0].told


@pytest.mark.keras
def test_the_users_random_states_are_as_before(tmp_path: Path, checks: list[Any]) -> None:
    states = random.getstate(), np.random.get_state()[1].tolist()
    Search(mlp, guard_at(tmp_path / "checked.json")).run()
    assert checks == [None]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


@pytest.mark.keras
def test_a_class_of_the_users_is_checked_once_in_a_process(tmp_path: Path, checks: list[Any]) -> None:
    trust = Trust(tmp_path / "checked.json")
    build = own_model()
    for _ in range(2):
        search = Search(build, Guard(trust))
        assert [search.run().path, search.run().path] == [FUSED, FUSED]
    assert checks == [None]
    assert not (tmp_path / "checked.json").exists()


CELL = """
import keras
class Own(keras.layers.Layer):
    def call(self, x):
        return x * {factor}
"""


@pytest.mark.keras
def test_a_class_of_a_cell_is_checked_anew_when_the_cell_has_run_again(checks: list[Any]) -> None:
    import keras

    space: dict[str, Any] = {"__name__": "__main__", "in_a_loop": in_a_loop}

    def build() -> Any:
        made = keras.Sequential([keras.layers.Input((6,)), space["Own"](), keras.layers.Dense(1)])
        made.compile("sgd", "mse")
        return made

    search = Search(build, guard_at(None))
    paths = []
    for factor in ("2.0", "3.0", "(3.001 if in_a_loop() else 3.0)"):
        exec(compile(CELL.format(factor=factor), "<cell>", "exec"), space)
        paths += [search.run().path, search.run().path]
    assert paths == [FUSED, FUSED, FUSED, FUSED, PLAIN, PLAIN]
    assert [told is None for told in checks] == [True, True, False]


@pytest.mark.keras
def test_a_check_that_fails_is_no_difference_and_no_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(guard_module, "difference", fail)
    expected = plain(mlp, 2)
    search = Search(mlp, guard_at(tmp_path / "checked.json"))
    found = [search.run(), search.run()]
    assert [left.path for left in found] == [PLAIN, PLAIN]
    assert found[0].reason == "its first steps could not be checked (MemoryError: no room)"
    assert found == expected
    assert not (tmp_path / "checked.json").exists()


@pytest.mark.keras
def test_who_wants_fused_fits_only_hears_why_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "difference", lambda *_, **__: "loss is 1 and 2")
    with pytest.raises(FatalValueError, match=r"cannot be fused: .*loss is 1 and 2"):
        Search(mlp, guard_at(None), way=FitWay.FUSED).run()


@pytest.mark.keras
def test_two_threads_at_once_have_the_results_of_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for plant, n in ((None, 4), (wrong_rows, 2)):
        if plant is not None:
            plant(monkeypatch)
        expected = plain(mlp, n)
        search = Search(mlp, guard_at(None))
        found: dict[int, Any] = {}

        def work(numbers: range, search: Search = search, found: dict[int, Any] = found) -> None:
            for number in numbers:
                found[number] = search.run(number=number)

        threads = [threading.Thread(target=work, args=(numbers,)) for numbers in (range(0, n, 2), range(1, n, 2))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = [found[number] for number in range(n)]
        assert sum(len(one.notes) for one in left) == (0 if plant is None else 1)
        assert all((one.path is PLAIN) is (plant is not None) for one in left)
        for one in left:
            one.notes.clear()
        assert left == expected


# The share of a search's time that further checks may take.


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock; a check takes a second by it and finds nothing."""
    made = Clock()

    def difference(*_: Any, **__: Any) -> None:
        made.now += 1.0

    monkeypatch.setattr(guard_module, "difference", difference)
    return made


KIND = Kind("a", True, ())
STEPS = steps_module.StepFunction.__new__(steps_module.StepFunction)
FIT: Any = SimpleNamespace(model=SimpleNamespace(train_function=STEPS, test_function=STEPS))


def fits(guard: Guard, clock: Clock, n: int, seconds: float) -> int:
    """Run fits of equal length that take over a graph, and return how many of them were checked."""
    n_checks, reporter = 0, FakeReporter()
    for _ in range(n):
        before = clock.now
        assert guard.reason_found(KIND, FIT, REUSED, [], reporter) is None
        n_checks += clock.now > before
        with guard.timing():
            clock.now += seconds
    return n_checks


def test_further_checks_take_a_fiftieth_of_the_time_at_most(clock: Clock) -> None:
    guard = guard_at(None, clock=clock, chance=lambda: 0.0)
    assert fits(guard, clock, 1, 10.0) == 1  # The first of its kind.
    assert fits(guard, clock, 4, 10.0) == 0
    assert fits(guard, clock, 1, 10.0) == 1  # After fifty seconds of fits, for one that takes a second.
    assert fits(guard, clock, 995, 10.0) in (198, 199)


def test_chance_decides_which_fits_are_checked(clock: Clock) -> None:
    guard = guard_at(None, clock=clock, chance=lambda: 0.99)
    assert fits(guard, clock, 100, 100.0) == 1
    draws = iter([0.99, 0.99, 0.1, 0.99, 0.99] * 100)
    guard = guard_at(None, clock=clock, chance=lambda: next(draws))
    assert fits(guard, clock, 101, 100.0) == 21


def test_what_an_earlier_process_took_is_the_estimate(clock: Clock) -> None:
    guard = guard_at(None, clock=clock, chance=lambda: 0.0)
    guard._known.record(KIND, Finding(None, 100.0))
    assert fits(guard, clock, 500, 10.0) == 0
    assert fits(guard, clock, 1, 10.0) == 1


def test_a_fit_that_is_traced_anew_is_not_checked_again(clock: Clock) -> None:
    guard = guard_at(None, clock=clock, chance=lambda: 0.0)
    fits(guard, clock, 1, 1e6)
    before = clock.now
    assert guard.reason_found(KIND, FIT, FUSED, [], FakeReporter()) is None
    assert clock.now == before
