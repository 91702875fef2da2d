"""Compares two steps of a fused fit, and of its validation, with Keras' own `fit` of the same model on the same rows.

How it works: the fused steps are traced first, where the fit itself would trace them, and with its rows: the fit uses
what was traced here. Then both ways are run on the model one after the other, and all that they changed is put back.
So Keras' own way has the layers that the user has made, with their own constants, while fused steps that were taken
over have those of a template: what its making has lost comes to light too.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from kt_notebook.training.fit.arrays import EpochRows, Rows
from kt_notebook.training.fit.fused import FusedFit
from kt_notebook.training.fit.steps import StepFunction
from kt_notebook.training.fit.variables import all_variables
from kt_notebook.training.guard.comparing import first_difference
from kt_notebook.training.keras_state import KerasScope, capture_settings, global_state
from kt_notebook.training.seeding import seeded

__all__ = ["difference"]

_MOST_STEPS = 2
# What a `fit` leaves in the model beside its variables.
_LEFT_BEHIND = (
    "train_function",
    "test_function",
    "history",
    "stop_training",
    "stop_evaluating",
    "_eval_epoch_iterator",
)
_GENERATOR = "global_seed_generator"


# Any: Keras' models and TensorFlow's tensors, here and below.
def difference(
    fit: FusedFit, training: StepFunction, evaluating: StepFunction, *, keeps_steps: bool = True
) -> str | None:
    """Return what differs when a fit's first steps are fused and when they are Keras' own, None where nothing does.

    On a CPU everything has to be the same to the last bit. TensorFlow's kernels for GPUs do not give the same twice;
    there a difference counts that is far above the one between two runs of Keras' own steps.

    The model, random states and Keras' name counters are as before afterwards, but for what tracing the steps does to
    them where it would do that in the fit.

    Args:
        fit: A fit whose model is built, and lent a template where it is to use one.
        training: The steps that it is to use.
        evaluating: Those of its validation.
        keeps_steps: Whether the fit goes on with them as they are traced here. Else it has to trace others.

    Raises:
        Exception: One of the ways fails.
    """
    model, rows = fit.model, _First(fit.rows)
    held_out = None if fit.validation is None else _First(fit.validation)
    with ExitStack() as stack:
        if not keeps_steps:
            stack.enter_context(_scene())
        resources = training.trace(rows.begun())
        if held_out is not None:
            resources += evaluating.trace(held_out.begun())
        variables = _Variables(model, resources)
        stack.enter_context(_as_before(model, variables))
        stack.enter_context(_scene())
        fused = _fused(model, training, evaluating, rows, held_out, variables)
        ordinary = _ordinary(model, rows, held_out, variables)
        again = None if variables.are_on_cpu else _ordinary(model, rows, held_out, variables)
    before = dict(variables.named(variables.before))
    return first_difference(
        ordinary.things(variables),
        fused.things(variables),
        noisy=None if again is None else (again.things(variables), before),
    )


class _First:
    """The first rows of all: two batches, or one, or as many rows as there are."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.n_steps = max(1, min(_MOST_STEPS, rows.n_rows // rows.batch_size))
        # Any order does, if it is none in which a mistake would not be seen.
        generator = np.random.default_rng(0)
        self._order = generator.permutation(rows.n_rows) if rows.shuffle else np.arange(rows.n_rows)

    def begun(self) -> EpochRows:
        """Return all rows as fused steps take them."""
        import tensorflow as tf

        return EpochRows(self._rows, tf.constant(self._order, tf.int64))

    def batches(self) -> Any:
        """Return the first rows as a dataset, whose batches have the shapes that `fit` would know."""
        import keras
        import tensorflow as tf

        size = self._rows.batch_size
        n_rows = min(self._rows.n_rows, self.n_steps * size)
        numbers = self._order[:n_rows]
        first = keras.tree.map_structure(lambda tensor: tf.gather(tensor, numbers, axis=0), self._rows.tensors)
        return tf.data.Dataset.from_tensor_slices(first).batch(size, drop_remainder=self._rows.is_even)


class _Variables:
    """All that steps can change, and what it was before.

    Args:
        model: Its Keras variables, weights, optimizer, metrics, seeds, are among them.
        resources: What traced steps use: variables that no model of Keras' knows, too.
    """

    def __init__(self, model: Any, resources: list[Any]) -> None:
        self._handles: list[tuple[str, Any, Any]] = []
        seen: set[int] = set()
        own = [(variable.path, variable._value.handle) for variable in all_variables(model)]
        for name, handle in [*own, *(("a variable outside of the model", handle) for handle in resources)]:
            dtype = _dtype_of(handle)
            if dtype is not None and id(handle) not in seen:
                seen.add(id(handle))
                self._handles.append((name, handle, dtype))
        self.are_on_cpu = not any("GPU" in handle.device for _, handle, _ in self._handles)
        self.before = self.values()

    def values(self) -> list[Any]:
        """Return what the variables hold now, unharmed by what comes."""
        import tensorflow as tf

        read = [tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype) for _, handle, dtype in self._handles]
        return read if self.are_on_cpu else [value.numpy() for value in read]

    def restore(self) -> None:
        """Give the variables what they held before."""
        import tensorflow as tf

        for (_, handle, dtype), value in zip(self._handles, self.before, strict=True):
            tf.raw_ops.AssignVariableOp(resource=handle, value=tf.convert_to_tensor(value, dtype))

    def named(self, values: list[Any]) -> Iterator[tuple[str, Any]]:
        """Return values under names, each of which is another."""
        for number, ((name, _, _), value) in enumerate(zip(self._handles, values, strict=True)):
            yield f"{number} {name}", np.asarray(value)


def _dtype_of(handle: Any) -> Any:
    """Return the type of the variable behind a handle, None where it is another kind of resource, as a table."""
    import tensorflow as tf

    known = getattr(handle, "_handle_data", None)
    if known is None or not known.is_set or not known.shape_and_type:
        return None
    return tf.dtypes.as_dtype(known.shape_and_type[0].dtype)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one way came to: the logs of its epoch, and the variables' values."""

    logs: dict[str, Any]
    values: list[Any]

    def things(self, variables: _Variables) -> dict[str, Any]:
        """Return all of it by name, the logs first."""
        return {**self.logs, **dict(variables.named(self.values))}


def _fused(
    model: Any,
    training: StepFunction,
    evaluating: StepFunction,
    rows: _First,
    held_out: _First | None,
    variables: _Variables,
) -> _Outcome:
    model.reset_metrics()
    told = training.run(rows.begun(), rows.n_steps)
    # Read after the validation, as in a fit: a metric may give its variable itself.
    trained = model.get_metrics_result() if told is None else told
    validated: Any = {}
    if held_out is not None:
        model.reset_metrics()
        told = evaluating.run(held_out.begun(), held_out.n_steps)
        validated = model.get_metrics_result() if told is None else told
    logs = {**_flat(trained), **{f"val_{name}": value for name, value in _flat(validated).items()}}
    model.optimizer.finalize_variable_values(model.trainable_weights)
    outcome = _Outcome(logs, variables.values())
    variables.restore()
    return outcome


def _ordinary(model: Any, rows: _First, held_out: _First | None, variables: _Variables) -> _Outcome:
    model.train_function = model.test_function = None
    begun = getattr(model, "_initial_epoch", None) or 0  # A callback that goes on with a backup sets it.
    history = model.fit(
        rows.batches(),
        validation_data=None if held_out is None else held_out.batches(),
        epochs=begun + 1,
        shuffle=False,
        verbose=0,
    )
    # Deleted, TensorFlow no longer tracks them: a graph takes megabytes.
    del model.train_function, model.test_function
    outcome = _Outcome({name: np.asarray(values[0]) for name, values in history.history.items()}, variables.values())
    variables.restore()
    return outcome


def _flat(logs: Any) -> dict[str, Any]:
    """Return logs as Keras' History has them."""
    flat: dict[str, Any] = {}
    for name, value in dict(logs).items():
        if isinstance(value, dict):
            flat.update(_flat(value))
            continue
        array = np.asarray(value)
        flat[name] = array.reshape(()).astype("float64") if array.size == 1 else array
    return flat


@contextmanager
def _as_before(model: Any, variables: _Variables) -> Iterator[None]:
    """Leave the model as it was, whatever the block does."""
    attributes = vars(model)
    before = {name: attributes[name] for name in _LEFT_BEHIND if name in attributes}
    try:
        yield
    finally:
        variables.restore()
        for name in _LEFT_BEHIND:
            attributes.pop(name, None)
        attributes.update(before)


@contextmanager
def _scene() -> Iterator[None]:
    """Keep random states and Keras' names out of the block, but for the generator that Keras shares out."""
    state = global_state()
    mine = {} if state is None else state.GLOBAL_STATE_TRACKER.__dict__
    generator = mine.get(_GENERATOR)
    with KerasScope(capture_settings()), seeded(0):
        if generator is not None:
            mine[_GENERATOR] = generator
        yield
