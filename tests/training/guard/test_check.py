"""The check of a fit's first steps: it finds a bit, and leaves nothing behind."""

from typing import Any

import numpy as np
import pytest

from kt_notebook.training.fit.arguments import bound_arguments
from kt_notebook.training.fit.fused import FusedFit
from kt_notebook.training.fit.internals import internals
from kt_notebook.training.fit.steps import StepFunction, evaluating, training
from kt_notebook.training.fit.variables import all_variables
from kt_notebook.training.guard.check import difference
from kt_notebook.training.reuse.pool import Loans, TemplatePool
from tests.training.guard.trials import ARGUMENTS, X, Y, mlp

pytestmark = pytest.mark.keras


def ready(model: Any, **arguments: Any) -> FusedFit:
    """Return a fit whose model is built."""
    known, bound = internals(), bound_arguments(model, (), {**ARGUMENTS, **arguments})
    assert known is not None
    assert bound is not None
    fit = FusedFit(known, model, bound)
    fit.build()
    return fit


def check(fit: FusedFit) -> str | None:
    return difference(fit, training(fit.model), evaluating(fit.model))


def values(model: Any) -> list[bytes]:
    return [np.asarray(variable.value).tobytes() for variable in all_variables(model)]


def nudged(steps: StepFunction, n_bits: int = 1) -> StepFunction:
    """Let steps have inputs that are the next numbers, or numbers a little further on."""
    import tensorflow as tf

    right = steps._step

    def step(batch: Any) -> Any:
        x, *others = batch
        return right((tf.bitcast(tf.bitcast(x, tf.int32) + n_bits, tf.float32), *others))

    steps._step = step
    return steps


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"validation_data": None},
        {"shuffle": False, "class_weight": {0: 1.0, 1: 3.0}},
        {"batch_size": 64},
        {"batch_size": 30},
        {"x": X[:32], "y": Y[:32], "validation_data": (X[:16], Y[:16])},
        {"x": X[:1], "y": Y[:1], "validation_data": (X[:1], Y[:1])},
    ],
    ids=["as is", "no validation", "weights", "one small batch", "one batch", "even", "one row"],
)
def test_fused_steps_are_keras_own(arguments: dict[str, Any]) -> None:
    assert check(ready(mlp(), **arguments)) is None


def test_the_check_leaves_the_model_as_it_was() -> None:
    fit = ready(mlp())
    model = fit.model
    model.stop_training = "as it was"
    before, attributes, tracked = values(model), set(vars(model)), dict(model._trackable_children())
    check(fit)
    assert values(model) == before
    assert set(vars(model)) == attributes
    assert model.stop_training == "as it was"
    assert model.train_function is model.test_function is None
    assert dict(model._trackable_children()).keys() == tracked.keys()


def test_what_was_traced_is_what_the_fit_uses() -> None:
    fit = ready(mlp())
    steps, tests = training(fit.model), evaluating(fit.model)
    assert difference(fit, steps, tests) is None
    fit.model.train_function, fit.model.test_function = steps, tests
    fit.run()
    assert [one._steps.experimental_get_tracing_count() for one in (steps, tests)] == [1, 1]


def test_a_bit_in_the_steps_is_found() -> None:
    fit = ready(mlp())
    told = difference(fit, nudged(training(fit.model)), evaluating(fit.model))
    assert told is not None
    assert "by Keras' own fit and" in told
    fit = ready(mlp())
    told = difference(fit, training(fit.model), nudged(evaluating(fit.model), 2**12))
    assert told is not None
    assert "val_" in told or "metric" in told


def test_a_failing_way_leaves_the_model_as_it_was() -> None:
    fit = ready(mlp())
    before = values(fit.model)

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError("the data are gone")

    fit.model.fit = fail
    with pytest.raises(OSError, match="the data are gone"):
        check(fit)
    assert values(fit.model) == before
    assert fit.model.train_function is None


def test_a_lent_model_is_compared_with_its_own_layers() -> None:
    pool = TemplatePool()
    for rate in (0.3, 0.6):
        fit, loans = ready(mlp(rate)), Loans(pool)
        loans.borrow(fit)
        before = values(fit.model)
        assert difference(fit, fit.model.train_function, fit.model.test_function) is None
        assert values(fit.model) == before
        loans.give_back(fit.model)


def test_a_template_with_another_number_is_found_out() -> None:
    fit, loans = ready(mlp(0.3)), Loans(TemplatePool())
    loans.borrow(fit)
    (_, template), *_ = loans._held
    template._constants.assign([0.31, 1e-3])
    assert difference(fit, fit.model.train_function, fit.model.test_function) is not None


def test_variables_that_no_model_knows_are_put_back() -> None:
    import keras
    import tensorflow as tf

    counter = tf.Variable(0.0)

    class Counting(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            counter.assign_add(1.0)
            return x * counter

    made = keras.Sequential([keras.layers.Input((6,)), Counting(), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    fit = ready(made)
    counter.assign(0.0)
    assert check(fit) is None
    assert float(counter) == 0


def test_random_numbers_that_belong_to_a_graph_are_found() -> None:
    import keras
    import tensorflow as tf

    class Noise(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x + tf.random.normal(tf.shape(x))

    made = keras.Sequential([keras.layers.Input((6,)), Noise(), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    assert check(ready(made)) is not None


def test_logs_of_a_models_own_step_are_compared() -> None:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            return {**super().train_step(data), "norm": keras.ops.sum(self.dense.kernel)}

    made = Own()
    made.compile("sgd", "mse")
    fit = ready(made)
    assert check(fit) is None
    steps = training(made)
    right = steps._step
    steps._step = lambda batch: {**right(batch), "norm": keras.ops.sum(made.dense.kernel) * 2}
    told = difference(fit, steps, evaluating(made))
    assert told is not None
    assert told.startswith("norm is")
