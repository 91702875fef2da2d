import gc
from typing import Any

import numpy as np
import pytest

from kt_notebook.training.hypermodel import FunctionHyperModel
from kt_notebook.training.memory import ModelMemory, free
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras


def _fitted() -> Any:
    made = model()
    made.compile("adam", "binary_crossentropy")  # Traced: it is the graph that holds on to variables.
    made.fit(X, Y, verbose=0)
    return made


def _handles(made: Any) -> list[Any]:
    variables = [*made.variables, *made.optimizer.variables]
    return [(v._value.handle, v._value.dtype) for v in variables]


def _n_values(handle: Any, dtype: Any) -> int:
    import tensorflow as tf

    return int(np.size(tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)))


def test_a_dead_models_variables_are_emptied_its_optimizers_too() -> None:
    memory, made = ModelMemory(collect_above_bytes=0), _fitted()
    memory.watch(made)
    handles = _handles(made)
    assert len(handles) > 12
    del made
    memory.tidy()
    assert [_n_values(*handle) for handle in handles] == [0] * len(handles)


def test_variables_that_are_freed_are_empty_at_once_while_python_still_holds_them() -> None:
    made = _fitted()
    handles = _handles(made)
    free([variable._value for variable in [*made.variables, *made.optimizer.variables]] + [None])
    assert [_n_values(*handle) for handle in handles] == [0] * len(handles)


def test_a_model_that_somebody_holds_is_never_touched() -> None:
    memory, made = ModelMemory(collect_above_bytes=0), _fitted()
    memory.watch(made)
    layer, before = made.layers[0], made.layers[0].get_weights()[0]
    del made
    memory.tidy()
    memory.tidy()
    assert np.array_equal(layer.get_weights()[0], before)


def test_the_collector_is_called_for_large_models_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda *args: calls.append(1))
    made = _fitted()
    small, large = ModelMemory(10**6), ModelMemory(10)
    for memory in (small, large):
        memory.watch(made)
        memory.tidy()
        memory.tidy()  # What the user holds is no reason to collect again.
    assert len(calls) == 1


def test_watching_a_model_twice_counts_it_once() -> None:
    memory, made = ModelMemory(), _fitted()
    memory.watch(made)
    n_bytes = memory.n_bytes_awaited
    memory.watch(made)
    assert memory.n_bytes_awaited == n_bytes > 100


def test_a_model_kept_by_the_user_works_after_many_more_trials() -> None:
    kept: list[Any] = []

    def build(hp: object) -> Any:
        kept.append(model())
        return kept[-1]

    trial = make_trial_function(FunctionHyperModel(build), (X, Y))
    trial(assignment(), FakeReporter())
    expected = kept[0].predict(X, verbose=0)
    for n in range(1, 4):
        trial(assignment(trial_id=str(n)), FakeReporter())
        del kept[1:]
    gc.collect()
    trial(assignment(trial_id="4"), FakeReporter())
    assert np.array_equal(kept[0].predict(X, verbose=0), expected)
