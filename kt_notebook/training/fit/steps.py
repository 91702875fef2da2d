"""A model's training and validation steps, many to a call: one TensorFlow graph with a loop over batches.

How it works: Keras' `fit` calls `model.train_function` once for each step. While we fit, that is a `StepFunction`: at
the first step it runs as many as take a fifth of a second, and has nothing left to do at the next ones. So `fit`
itself, with its epochs, callbacks and validation, stays Keras'. Given batches of another kind, as by `train_on_batch`
or a callback's own `evaluate`, a StepFunction is the function that Keras would have made.

The graph calls the model's own `train_step` or `test_step` on rows gathered as Keras gathers them. Where a step's logs
are the model's metrics they are read once, at the end; other logs are carried through the loop.
"""

import time
from collections.abc import Callable
from typing import Any

from kt_notebook.training.fit.arrays import EpochRows

__all__ = ["StepFunction", "evaluating", "training"]

# Stop, pause and progress wait for the end of a call.
_CALL_S = 0.2
_MOST_GROWTH = 64  # The time of very few steps is mostly that of the call.


class StepFunction:
    """What `model.train_function` or `model.test_function` is set to.

    Args:
        step: Runs the model's step on a batch and returns its logs.
        logs_now: Returns the model's metrics, by name.
        ordinary: Returns the function that Keras would have made.
        jit_compile: Whether a step is compiled by XLA.
        clock: Seconds that only grow.

    Attributes:
        is_traced: Whether a call has been run: the next one needs no tracing, if its data are alike.
        look: Called once before the next steps are run. It returns None, or the function that is to run them in the
            place of this one, and from then on.
    """

    # Any: logs and batches are structures of tensors, here and below.
    def __init__(
        self,
        step: Callable[[Any], Any],
        logs_now: Callable[[], Any],
        ordinary: Callable[[], Callable[[Any], Any]],
        *,
        jit_compile: bool,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        import tensorflow as tf

        self._ordinary = ordinary
        self._ordinary_function: Callable[[Any], Any] | None = None
        self._clock = clock
        self._logs_now = logs_now
        self._log_names: frozenset[str] | None = None
        self._carries = False
        self._pace = _Pace()
        plain = tf.autograph.experimental.do_not_convert(step)
        self._step = tf.function(plain, jit_compile=True, autograph=False) if jit_compile else plain
        self._steps = _traced(self._loop)
        self._steps_with_logs = _traced(self._loop_with_logs)
        self.is_traced = False
        self.look: Callable[[], StepFunction | None] | None = None

    def __call__(self, iterator: Any) -> Any:
        """Run the steps that are due and return the logs of the latest one."""
        if not isinstance(iterator, EpochRows):
            return self._ordinarily(iterator)
        if iterator.n_asked >= iterator.rows.n_steps:
            raise StopIteration
        look, self.look = self.look, None
        other = None if look is None else look()
        if other is not None:
            return other(iterator)
        iterator.n_asked += 1
        if iterator.n_done >= iterator.n_asked:
            return self._told(iterator)
        n_steps = min(self._pace.n_steps(), iterator.rows.n_steps - iterator.n_done)
        if iterator.is_stopping():
            n_steps = 1
        began = self._clock()
        iterator.logs = self._run(iterator, n_steps)
        self._pace.took(self._clock() - began, n_steps, is_first=not self.is_traced)
        self.is_traced = True
        iterator.n_done += n_steps
        return self._told(iterator)

    def trace(self, rows: EpochRows) -> list[Any]:
        """Trace what a call with these rows runs, if that was not done before; return the resources that it uses."""
        import tensorflow as tf

        arguments = self._arguments(rows, 1)
        try:
            steps = self._steps_with_logs if self._carries else self._steps
            traced = steps.get_concrete_function(*arguments)
        except _OtherLogsError:
            self._carries = True
            traced = self._steps_with_logs.get_concrete_function(*arguments)
        return [tensor for tensor in traced.captured_inputs if tensor.dtype == tf.resource]

    def run(self, rows: EpochRows, n_steps: int) -> Any:
        """Run the next steps by themselves, without a fit; return the latest's logs, None where these are metrics."""
        logs = self._run(rows, n_steps)
        self.is_traced = True
        return logs

    def _told(self, rows: EpochRows) -> Any:
        """Return logs for Keras: where their names are those of the model's metrics it reads these themselves."""
        if self._carries:
            return rows.logs
        return dict.fromkeys(self._log_names or (), 0.0)

    def _ordinarily(self, iterator: Any) -> Any:
        if self._ordinary_function is None:
            self._ordinary_function = self._ordinary()
        return self._ordinary_function(iterator)

    def _arguments(self, rows: EpochRows, n_steps: int) -> tuple[Any, ...]:
        import tensorflow as tf

        all_rows = rows.rows
        size = all_rows.batch_size if all_rows.is_even else tf.constant(all_rows.batch_size, tf.int64)
        begin = tf.constant(rows.n_done, tf.int64)
        end = tf.constant(rows.n_done + n_steps, tf.int64)
        return all_rows.tensors, rows.order, begin, end, size

    def _run(self, rows: EpochRows, n_steps: int) -> Any:
        arguments = self._arguments(rows, n_steps)
        if not self._carries:
            try:
                self._steps(*arguments)
            except _OtherLogsError:
                self._carries = True
            else:
                return None
        return self._steps_with_logs(*arguments)

    # Traced.

    def _loop(self, tensors: Any, order: Any, begin: Any, end: Any, size: Any) -> Any:
        import tensorflow as tf

        def body(number: Any) -> tuple[Any]:
            logs = self._step(_batch(tensors, order, number, size))
            if not self._are_metrics(logs):
                raise _OtherLogsError
            return (number + 1,)

        # Returned, though nobody reads it: TensorFlow leaves a graph without outputs as it is, where it rearranges that
        # of Keras' own function, and the last bits of some divisions and powers would not be the same.
        return tf.while_loop(lambda number: number < end, body, [begin], parallel_iterations=1)

    def _are_metrics(self, logs: Any) -> bool:
        if isinstance(logs, dict) and set(logs) == set(self._logs_now()):
            self._log_names = frozenset(logs)
            return True
        return False

    def _loop_with_logs(self, tensors: Any, order: Any, begin: Any, end: Any, size: Any) -> Any:
        import keras
        import tensorflow as tf

        def step(batch: Any) -> Any:
            return keras.tree.map_structure(tf.convert_to_tensor, self._step(batch))

        def specification(tensor: Any) -> Any:
            return tf.TensorSpec([size if isinstance(size, int) else None, *tensor.shape[1:]], tensor.dtype)

        inner = _traced(step).get_concrete_function(keras.tree.map_structure(specification, tensors))
        outputs = keras.tree.flatten(inner.structured_outputs)
        if not all(output.shape.is_fully_defined() for output in outputs):
            raise TypeError("the logs of the model's step have no fixed shape")

        def body(number: Any, *_: Any) -> tuple[Any, ...]:
            return (number + 1, *keras.tree.flatten(inner(_batch(tensors, order, number, size))))

        none_yet = [tf.zeros(output.shape, output.dtype) for output in outputs]
        _, *logs = tf.while_loop(lambda number, *_: number < end, body, [begin, *none_yet], parallel_iterations=1)
        return keras.tree.pack_sequence_as(inner.structured_outputs, logs)


def training(model: Any) -> StepFunction:
    """Return the function of a model's training steps. Any: a Keras model."""
    return StepFunction(
        model.train_step,
        model.get_metrics_result,
        lambda: _made_by_keras(model, "train_function", model.make_train_function),
        jit_compile=model.jit_compile,
    )


def evaluating(model: Any) -> StepFunction:
    """Return the function of a model's steps of validation. Any: a Keras model."""
    return StepFunction(
        model.test_step,
        model.get_metrics_result,
        lambda: _made_by_keras(model, "test_function", model.make_test_function),
        jit_compile=model.jit_compile,
    )


class _OtherLogsError(Exception):
    """A step's logs are not the model's metrics."""


class _Pace:
    """How many steps a call may run, so that none lasts much longer than a fifth of a second."""

    def __init__(self) -> None:
        self._n = 1

    def n_steps(self) -> int:
        return self._n

    def took(self, seconds: float, n_steps: int, *, is_first: bool) -> None:
        """Take a call's time; that of the first one was mostly tracing."""
        if is_first:
            return
        per_step = max(seconds / n_steps, 1e-9)
        self._n = max(1, min(int(_CALL_S / per_step), _MOST_GROWTH * n_steps))


def _traced(function: Callable[..., Any]) -> Any:
    import tensorflow as tf

    traced = tf.function(tf.autograph.experimental.do_not_convert(function), autograph=False, reduce_retracing=True)
    # Each model has functions of its own: no fault that TensorFlow would have to warn of.
    traced._omit_frequent_tracing_warning = True
    return traced


def _batch(tensors: Any, order: Any, number: Any, size: Any) -> Any:
    """Return one step's rows; `size` is a Python number where all steps have equally many.

    Rows that are taken as they are have an order, too: of a range TensorFlow knows so much that it rearranges sums.
    """
    import keras
    import tensorflow as tf

    begin = number * size
    numbers = tf.slice(order, [begin], [size]) if isinstance(size, int) else order[begin : begin + size]
    return keras.tree.map_structure(lambda tensor: _opaque(tf.gather(tensor, numbers, axis=0)), tensors)


def _opaque(batch: Any) -> Any:
    """Return a batch of which TensorFlow does not know that it has as many rows as another.

    It does not know that of what an iterator gives, and rearranges sums where it does.
    """
    import tensorflow as tf

    return batch if batch.shape[0] is not None else tf.raw_ops.PlaceholderWithDefault(input=batch, shape=batch.shape)


def _made_by_keras(model: Any, name: str, make: Callable[..., None]) -> Callable[[Any], Any]:
    ours = getattr(model, name)
    setattr(model, name, None)
    try:
        make()
        made: Callable[[Any], Any] = getattr(model, name)
    finally:
        setattr(model, name, ours)
    return made
