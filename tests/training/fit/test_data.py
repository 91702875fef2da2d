import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.training.same_as_fit import (
    BATCH,
    FUSED,
    N_ROWS,
    N_VALIDATION,
    PLAIN,
    Case,
    Values,
    check,
    fit_data,
    numbers,
    rows,
    slow_but,
    small_model,
    whole,
)

pytestmark = pytest.mark.keras


def _weights(n: int) -> Any:
    return np.abs(numbers(n, seed=9))


def _labels(n: int) -> Any:
    return whole(2, n, 1, seed=3)


def _validation(*weights: Any) -> tuple[Any, ...]:
    return (numbers(N_VALIDATION, 8), numbers(N_VALIDATION, 1, seed=7), *weights)


def _pandas() -> dict[str, Any]:
    import pandas as pd

    def frame(n: int) -> Any:
        return pd.DataFrame(numbers(n, 8), columns=[f"c{i}" for i in range(8)])

    return fit_data(frame, lambda n: pd.Series(numbers(n, seed=7)))


def _tensors() -> dict[str, Any]:
    import tensorflow as tf

    return fit_data(lambda n: tf.constant(numbers(n, 8)), lambda n: tf.constant(numbers(n, 1, seed=7)))


_WHOLE_NAME = "whole batches"
ARGUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    _WHOLE_NAME: lambda: rows(48, validation_data=(numbers(16, 8), numbers(16, 1))),
    "one row left over": lambda: rows(33),
    "a single batch": lambda: rows(9, validation_batch_size=None),
    "batch sizes left out": lambda: rows(70, batch_size=None, validation_batch_size=None),
    "no validation": lambda: rows(validation_data=None),
    "validation_split": lambda: rows(validation_data=None, validation_split=0.3),
    "validation_split with weights": lambda: rows(
        validation_data=None, validation_split=0.25, sample_weight=_weights(N_ROWS)
    ),
    "validation_freq": lambda: rows(validation_freq=2, epochs=4),
    "validation in some epochs": lambda: rows(validation_freq=[1, 3], epochs=3),
    "initial_epoch": lambda: rows(initial_epoch=2, epochs=4),
    "shuffle=False": lambda: rows(shuffle=False),
    "shuffle=False, whole batches": lambda: rows(48, shuffle=False),
    "sample_weight": lambda: rows(sample_weight=_weights(N_ROWS)),
    "sample_weight of two kinds": lambda: rows(
        sample_weight=_weights(N_ROWS), validation_data=_validation(_weights(N_VALIDATION))
    ),
    "class_weight": lambda: fit_data(lambda n: numbers(n, 8), _labels, class_weight={0: 1.0, 1: 2.5}),
    "double precision": lambda: fit_data(
        lambda n: numbers(n, 8).astype("float64"), lambda n: numbers(n, 1, seed=7).astype("float64")
    ),
    "half precision": lambda: fit_data(lambda n: numbers(n, 8).astype("float16")),
    "whole numbers": lambda: fit_data(lambda n: whole(9, n, 8), _labels),
    "bytes": lambda: fit_data(lambda n: whole(255, n, 8).astype("uint8"), lambda n: _labels(n).astype("uint8")),
    "yes and no": lambda: fit_data(lambda n: numbers(n, 8), lambda n: _labels(n).astype(bool)),
    "labels without an axis": lambda: fit_data(lambda n: numbers(n, 8), lambda n: numbers(n, seed=7)),
    "in columns": lambda: fit_data(lambda n: np.asfortranarray(numbers(n, 8))),
    "pandas": _pandas,
    "tensors": _tensors,
}
_QUICK = (
    _WHOLE_NAME,
    "one row left over",
    "validation_split with weights",
    "validation_freq",
    "sample_weight of two kinds",
)


@pytest.mark.parametrize("name", slow_but(_QUICK, ARGUMENTS))
def test_arguments_of_fit_mean_the_same(name: str) -> None:
    check(Case(name, small_model, ARGUMENTS[name]))


def test_a_few_rows_in_their_order_are_the_same() -> None:
    """TensorFlow rearranged sums over rows that it knew to be a range: a model drawn at random showed it."""

    def build(v: Values) -> Any:
        import keras

        layers = [keras.layers.Input((8,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)]
        made = keras.Sequential(layers)
        made.compile(keras.optimizers.Adam(v.rate), "mse", metrics=["mae"])
        return made

    check(Case("in order", build, lambda: rows(3, batch_size=2, shuffle=False)))


# What only Keras' own fit can do.


def _dataset() -> dict[str, Any]:
    import tensorflow as tf

    def made(n: int) -> Any:
        return tf.data.Dataset.from_tensor_slices((numbers(n, 8), numbers(n, 1, seed=7))).batch(BATCH)

    # Keras warns of shuffle=True, its own default, where rows come as a dataset.
    return {"x": made(N_ROWS), "validation_data": made(N_VALIDATION), "epochs": 2, "shuffle": False}


def _py_dataset() -> dict[str, Any]:
    import keras

    class Rows(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, number: int) -> Any:
            return numbers(BATCH, 8, seed=number), numbers(BATCH, 1, seed=number)

    return {"x": Rows(), "epochs": 2, "shuffle": False}


def _generator() -> dict[str, Any]:
    def batches() -> Iterator[Any]:
        for number in range(6):
            yield numbers(BATCH, 8, seed=number), numbers(BATCH, 1, seed=number)

    return {"x": batches, "epochs": 2, "steps_per_epoch": 3, "shuffle": False}


def _sparse() -> dict[str, Any]:
    import scipy.sparse

    return fit_data(lambda n: scipy.sparse.csr_matrix(numbers(n, 8) * whole(2, n, 8)))


ONLY_PLAIN: dict[str, Callable[[], dict[str, Any]]] = {
    "tf.data": _dataset,
    "PyDataset": _py_dataset,
    "generator": _generator,
    "steps_per_epoch": lambda: rows(steps_per_epoch=2),
    "validation_steps": lambda: rows(validation_steps=1),
    "validated on tf.data": lambda: {**rows(), "validation_data": _dataset()["validation_data"]},
}


@pytest.mark.parametrize("name", slow_but(("tf.data",), ONLY_PLAIN))
def test_what_is_no_array_is_for_keras_own_fit(name: str) -> None:
    check(Case(name, small_model, ONLY_PLAIN[name], first=PLAIN, later=PLAIN, why=name, is_used_on=False))


@pytest.mark.slow
def test_sparse_matrices_are_the_same() -> None:
    check(Case("sparse", small_model, _sparse, first=PLAIN, later=PLAIN, why="sparse", is_used_on=False))


@pytest.mark.parametrize("how", slow_but(("run_eagerly",), ("run_eagerly", "steps_per_execution")))
def test_other_ways_of_taking_steps_are_for_keras_own_fit(how: str) -> None:
    arguments = {"run_eagerly": True} if how == "run_eagerly" else {"steps_per_execution": 2}
    check(Case(how, lambda v: small_model(v, **arguments), rows, first=PLAIN, later=PLAIN, why=how, is_used_on=False))


@pytest.mark.slow
def test_compiled_steps_are_the_same() -> None:
    check(Case("jit_compile", lambda v: small_model(v, jit_compile=True), rows))


# Precision.


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def _double_precision() -> Iterator[None]:
    import keras

    keras.config.set_floatx("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", slow_but(("mixed_float16",), ("mixed_float16", "mixed_bfloat16")))
def test_precision_is_the_same(name: str) -> None:
    """Rates and strengths stay constants of the graph here, so only trials that are equal in them share one."""
    even = [Values(rate, 0.25, 0.01) for rate in (1e-2, 3e-3)]
    check(Case(name, small_model, rows, around=lambda: _policy(name), values=even))


@pytest.mark.slow
def test_a_rate_in_half_precision_is_another_graph() -> None:
    check(Case("rates", small_model, rows, later=FUSED, why="rates", around=lambda: _policy("mixed_bfloat16")))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["policy", "floatx"])
def test_doubles_throughout_are_the_same(how: str) -> None:
    """Without L2, whose sum Keras does not add to a loss of another precision."""

    def build(v: Values) -> Any:
        import keras

        made = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)])
        made.compile(keras.optimizers.Adam(v.rate), "mse")
        return made

    check(Case("doubles", build, around=_double_precision if how == "floatx" else lambda: _policy("float64")))


# Several inputs and outputs.


def _two_by_two(v: Values, *, names: bool, loss_weights: Any = None, weighted: bool = False) -> Any:
    import keras

    layers = keras.layers
    left, right = layers.Input((8,), name="left"), layers.Input((3,), name="right")
    x = layers.Concatenate()([layers.Dropout(v.dropout)(layers.Dense(4, activation="relu")(left)), right])
    l2 = keras.regularizers.L2(v.l2)
    ends = [
        layers.Dense(1, name="much", kernel_regularizer=l2)(x),
        layers.Dense(1, activation="sigmoid", name="yes")(x),
    ]
    made = keras.Model([left, right], {"much": ends[0], "yes": ends[1]} if names else ends)
    judged: Any = {"much": "mse", "yes": "binary_crossentropy"}
    metrics: Any = {"much": ["mae"], "yes": ["accuracy"]}
    made.compile(
        keras.optimizers.Adam(v.rate),
        judged if names else list(judged.values()),
        metrics=metrics if names else list(metrics.values()),
        weighted_metrics=(metrics if names else list(metrics.values())) if weighted else None,
        loss_weights=loss_weights,
    )
    return made


def _two_data(*, names: bool, weighted: bool = False) -> dict[str, Any]:
    def x(n: int) -> Any:
        return {"left": numbers(n, 8), "right": numbers(n, 3)} if names else [numbers(n, 8), numbers(n, 3)]

    def y(n: int) -> Any:
        made = {"much": numbers(n, 1, seed=7), "yes": _labels(n)}
        return made if names else list(made.values())

    weights = {"much": _weights(N_ROWS), "yes": _weights(N_ROWS) / 2}
    return fit_data(x, y, **({"sample_weight": weights if names else list(weights.values())} if weighted else {}))


@pytest.mark.parametrize(
    ("names", "weighted"),
    [
        (True, True),
        pytest.param(False, True, marks=pytest.mark.slow),
        pytest.param(True, False, marks=pytest.mark.slow),
    ],
)
def test_several_inputs_and_outputs_are_the_same(names: bool, weighted: bool) -> None:
    weights: Any = {"much": 0.3, "yes": 1.7} if names else [0.3, 1.7]
    check(
        Case(
            "two",
            lambda v: _two_by_two(v, names=names, loss_weights=weights, weighted=weighted),
            lambda: _two_data(names=names, weighted=weighted),
        )
    )


@pytest.mark.slow
def test_a_dict_with_more_than_the_model_asks_for_is_the_same() -> None:
    def arguments() -> dict[str, Any]:
        given = _two_data(names=True)
        given["x"] = dict(reversed({**given["x"], "right": given["x"]["right"] * 2}.items()))
        return given

    check(Case("other order", lambda v: _two_by_two(v, names=True), arguments))


# What fails.


def _error_of(fit_way: Any, data: Callable[[], dict[str, Any]]) -> str:
    from tests.training.same_as_fit import run_trials

    with pytest.raises(Exception, match=r".") as caught:
        run_trials(Case("fails", small_model, data, is_used_on=False), fit_way, 1)
    return f"{type(caught.value).__name__}: {caught.value}".splitlines()[0]


@pytest.mark.parametrize(
    "name",
    slow_but(("too wide",), ("too wide", "fewer labels", "text", "no rows", "both weights")),
)
def test_what_keras_refuses_is_refused_with_the_same_words(name: str) -> None:
    from kt_notebook.core.fit_way import FitWay

    wrong: dict[str, Callable[[], dict[str, Any]]] = {
        "too wide": lambda: fit_data(lambda n: numbers(n, 9)),
        "fewer labels": lambda: {**rows(), "y": numbers(N_ROWS - 1, 1)},
        "text": lambda: fit_data(lambda n: numbers(n, 8).astype(str)),
        "no rows": lambda: rows(0),
        "both weights": lambda: rows(class_weight={0: 0.5, 1: 2.0}, sample_weight=_weights(N_ROWS)),
    }
    assert _error_of(FitWay.AUTO, wrong[name]) == _error_of(FitWay.PLAIN, wrong[name])
