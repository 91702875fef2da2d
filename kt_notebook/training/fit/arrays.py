"""A fit's arrays as tensors, and the order in which its epochs take their rows: the ones that Keras' `fit` would have.

How it works: Keras' own adapter of arrays looks at them, converts them and draws the order. `fit` is then given an
adapter of ours in the place of x, whose iterator is not asked for batches: the fused steps take what they need.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kt_notebook.training.fit.internals import Internals

__all__ = ["EpochRows", "Rows", "adapter_of", "as_they_are", "order_of_rows"]


class Rows:
    """All rows of a fit, or of its validation.

    Args:
        known: Keras' insides.
        x, y, sample_weight: Arrays, or structures of arrays.
        batch_size: Rows of a step; None: Keras' 32.
        shuffle: Whether each epoch takes them in an order that is drawn.
        class_weight: As `fit` takes it.

    Attributes:
        tensors: `(x,)`, `(x, y)` or `(x, y, sample_weight)`, each a tensor or a structure of tensors whose first
            dimension is the row.
        n_rows, batch_size, n_steps: Numbers of rows, of rows in a step, and of steps in an epoch.
        is_even: Whether all steps have equally many rows. Keras then knows the number when it traces a step.
        shuffle: As given.

    Raises:
        ValueError: Keras' own, where the arrays do not go together.
    """

    # Any: arrays of any library, tensors, and Keras' objects, here and below.
    def __init__(
        self,
        known: Internals,
        x: Any,
        y: Any,
        sample_weight: Any,
        *,
        batch_size: int | None,
        shuffle: bool = False,
        class_weight: Any = None,
    ) -> None:
        import keras
        import tensorflow as tf

        adapter = known.array_adapter(
            x, y, sample_weight=sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight
        )
        converted = keras.tree.lists_to_tuples(known.to_tensors(adapter._inputs))
        self.tensors = keras.tree.map_structure(tf.convert_to_tensor, converted)
        self.n_rows = int(adapter._num_samples)
        self.batch_size = int(adapter.batch_size)
        self.n_steps = int(adapter.num_batches)
        self.is_even = not adapter.has_partial_batch
        self.shuffle = shuffle

    def symbolic_batch(self) -> Any:
        """Return a batch's shapes and types, as Keras' `fit` would know them."""
        import keras

        size = self.batch_size if self.is_even else None
        return keras.tree.map_structure(lambda t: keras.KerasTensor((size, *t.shape[1:]), t.dtype.name), self.tensors)


class EpochRows:
    """The rows of one epoch, handed to the fused steps in the place of an iterator over batches.

    Attributes:
        rows: All rows.
        order: Row numbers of type int64 in the order of this epoch, shape `(n_rows,)`.
        is_stopping: Tells whether `fit` is to end after the next step.
        n_asked: Steps that `fit` has asked for.
        n_done: Steps that have been run; `fit` asks for each of them.
        logs: What the latest step has told, where that is not the model's metrics.
    """

    def __init__(self, rows: Rows, order: Any, is_stopping: Callable[[], bool] = lambda: False) -> None:
        self.rows = rows
        self.order = order
        self.is_stopping = is_stopping
        self.n_asked = 0
        self.n_done = 0
        self.logs: Any = None

    def __next__(self) -> Any:
        raise TypeError("the rows of a fused fit are taken by its steps, not in batches")


@functools.cache  # The base class needs Keras, which must not be imported before it is used.
def _adapter_class(base: type) -> type:
    class RowsAdapter(base):
        """What Keras' `fit` takes in the place of x."""

        def __init__(self, known: Internals, rows: Rows, is_stopping: Callable[[], bool]) -> None:
            self._known = known
            self._is_stopping = is_stopping
            self._rows = rows
            self._order: Any = None

        def get_tf_dataset(self) -> "RowsAdapter":
            return self

        def __iter__(self) -> EpochRows:
            return EpochRows(self._rows, self._order_now(), self._is_stopping)

        def _order_now(self) -> Any:
            if not self._rows.shuffle:
                self._order = as_they_are(self._rows) if self._order is None else self._order
            elif self._order is None or self._known.global_seed() is None:
                self._order = order_of_rows(self._known, self._rows.n_rows)
            return self._order

        @property
        def num_batches(self) -> int:
            return self._rows.n_steps

        @property
        def batch_size(self) -> int:
            return self._rows.batch_size

        @property
        def has_partial_batch(self) -> bool:
            return not self._rows.is_even

        @property
        def partial_batch_size(self) -> int | None:
            return None if self._rows.is_even else self._rows.n_rows % self._rows.batch_size

    return RowsAdapter


def adapter_of(known: Internals, rows: Rows, is_stopping: Callable[[], bool]) -> Any:
    """Return what `fit` and `evaluate` take in the place of x.

    Args:
        known: Keras' insides.
        rows: The rows.
        is_stopping: Tells whether one of the two is to end after its next step.
    """
    return _adapter_class(known.data_adapter)(known, rows, is_stopping)


def as_they_are(rows: Rows) -> Any:
    """Return the order of rows that are not shuffled; for tracing it stands for any other."""
    import tensorflow as tf

    return tf.range(rows.n_rows, dtype=tf.int64)


def order_of_rows(known: Internals, n_rows: int) -> Any:
    """Return the order in which a shuffling `fit` takes its rows: int64, shape `(n_rows,)`.

    Within a trial TensorFlow has a seed, and then the order is that of every epoch: Keras asks for it anew in each, by
    an operation that begins with the same seed.
    """
    return _shuffled(n_rows) if _shuffles_as_keras(known) else _shuffled_by_keras(known, n_rows)


def _shuffled(n_rows: int) -> Any:
    """Return the order at a sixth of the cost of Keras' own pipeline: the operation takes its seed the same way."""
    import tensorflow as tf

    def permutation(element: Any) -> Any:
        return tf.random.shuffle(tf.range(n_rows, dtype=tf.int64))

    traced = tf.function(permutation, autograph=False, input_signature=[tf.TensorSpec([], tf.int64)])
    # Called directly TensorFlow would warn of a function that is traced again and again.
    return traced.get_concrete_function()(tf.constant(0, tf.int64))


def _shuffled_by_keras(known: Internals, n_rows: int) -> Any:
    whole = known.array_adapter(np.arange(n_rows), batch_size=n_rows, shuffle=True).get_tf_dataset()
    first: Iterator[Any] = iter(whole)
    batch = next(first)
    return batch[0] if isinstance(batch, tuple) else batch


@functools.cache  # One look is enough: it depends on the loaded versions only.
def _shuffles_as_keras(known: Internals) -> bool:
    if known.global_seed() is None:
        return False
    n_rows = 50
    return bool(np.array_equal(_shuffled(n_rows), _shuffled_by_keras(known, n_rows)))
