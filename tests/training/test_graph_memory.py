import gc
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kt_notebook.training.graph_memory import let_graphs_die
from kt_notebook.training.memory import ModelMemory
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    let_graphs_die()  # What other tests have traced.
    gc.collect()
    yield
    gc.collect()


def _names() -> set[str]:
    from tensorflow.python.framework import ops

    return {name for name in ops.gradient_registry.list() if name.startswith("CustomGradient-")}


def _n_graphs() -> int:
    from tensorflow.python.framework.func_graph import FuncGraph

    gc.collect()
    return sum(type(held) is FuncGraph for held in gc.get_objects())


def _traced() -> Any:
    made = model()
    made.compile("adam", "binary_crossentropy")
    made.fit(X, Y, verbose=0)
    return made


def _cubed() -> Any:
    """Return a function with a custom gradient of its own, which is not the true one."""
    import tensorflow as tf

    @tf.custom_gradient
    def cubed(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return upstream * x * 100

        return x**3, gradient

    return cubed


def test_the_graphs_of_a_dead_model_die() -> None:
    before, n_before = _names(), _n_graphs()
    made = _traced()
    n_made = _n_graphs() - n_before
    assert n_made > 0
    assert _names() > before
    ModelMemory().tidy()
    assert _n_graphs() == n_before + n_made
    del made
    assert _n_graphs() == n_before
    assert _names() == before


def test_without_us_they_would_stay() -> None:
    n_before, made = _n_graphs(), _traced()
    del made
    assert _n_graphs() > n_before  # If not, TensorFlow or Keras has mended it, and graph_memory can go.


def test_a_model_that_lives_trains_on_with_the_same_results() -> None:
    import keras

    results = []
    for is_tied in (False, True):
        keras.utils.set_random_seed(1)
        made = _traced()
        if is_tied:
            let_graphs_die()
            gc.collect()
        made.fit(X, Y, epochs=2, verbose=0)
        made.compile("sgd", "binary_crossentropy")
        made.fit(X, Y, verbose=0)
        results.append(made.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("in_loop", [False, True])
def test_a_users_own_gradient_is_found_as_long_as_its_function_lives(in_loop: bool) -> None:
    import tensorflow as tf

    cubed = _cubed()

    @tf.function
    def plain(x: Any) -> Any:
        return cubed(x)

    @tf.function
    def looped(x: Any) -> Any:
        return tf.while_loop(lambda i, y: i < 1, lambda i, y: (i + 1, cubed(y)), (0, x), maximum_iterations=1)[1]

    function = looped if in_loop else plain
    function(tf.constant(2.0))  # Traced without a tape: the derivative is made later, out of the graph.
    let_graphs_die()
    gc.collect()
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert float(tape.gradient(y, x)) == 200.0


def test_a_users_own_gradient_goes_with_its_function() -> None:
    import tensorflow as tf

    before = _names()
    function = tf.function(_cubed())
    function(tf.constant(2.0))
    let_graphs_die()
    assert len(_names()) == len(before) + 1
    del function
    gc.collect()
    assert _names() == before


def test_a_model_is_saved_and_exported_as_ever(tmp_path: Any) -> None:
    import keras
    import tensorflow as tf

    made = _traced()
    let_graphs_die()
    gc.collect()
    expected = made.predict(X, verbose=0)
    made.save(tmp_path / "model.keras")
    made.export(tmp_path / "exported", verbose=False)
    assert np.array_equal(keras.models.load_model(tmp_path / "model.keras").predict(X, verbose=0), expected)
    assert np.allclose(tf.saved_model.load(tmp_path / "exported").serve(X), expected)


def test_a_gradient_of_an_unknown_kind_is_left_alone() -> None:
    import tensorflow as tf
    from tensorflow.python.framework import ops

    def gradient(operation: Any, upstream: Any) -> Any:
        return upstream

    ops.RegisterGradient("CustomGradient-of-a-test")(gradient)
    try:
        let_graphs_die()
        assert ops.gradient_registry.lookup("CustomGradient-of-a-test") is gradient
    finally:
        del ops.gradient_registry._registry["CustomGradient-of-a-test"]
    assert tf.executing_eagerly()


def test_without_tensorflow_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow.python.framework.ops")
    let_graphs_die()
    assert "tensorflow.python.framework.ops" not in sys.modules
