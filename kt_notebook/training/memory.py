"""Gives back the memory of models that have ended and that nobody holds any more.

How it works. TensorFlow keeps a traced model's variables in native code after Python has freed them: 24 MB a trial
for 2 million weights with Adam. What helps is to assign empty tensors to them. That is done only to variables that are
provably dead: we hold their native handle, and a weak reference has told us that the Python variable is gone. A model
that the user keeps, through whatever object, is never touched. The weak reference's callback only takes note; the
assignment happens between two trials, in the trial's thread.

Models lie in reference cycles, so they die when the garbage collector looks. A collection costs 0.3 s beside
TensorFlow; it is asked for only when the models that await it are large. Traced graphs die with them (`graph_memory`);
0.9 MB of each traced fit of a small model stay in native memory, where a plain `fit` leaves 5.5.
"""

import gc
import weakref
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from kt_notebook.training.graph_memory import let_graphs_die

__all__ = ["ModelMemory", "free", "is_plain_variable"]

_COLLECT_ABOVE_BYTES = 256 * 2**20
# Made eagerly, and made while a step is traced, as the optimizer's are. Not those of a distribution strategy.
_PLAIN = ("ResourceVariable", "UnliftedInitializerVariable")


class ModelMemory:
    """Watches the models of one search's trials and frees what is left of the dead ones.

    Does nothing on other backends than TensorFlow, whose memory Python frees.

    Args:
        collect_above_bytes: How much may await the garbage collector before it is called.
    """

    def __init__(self, collect_above_bytes: int = _COLLECT_ABOVE_BYTES) -> None:
        self._collect_above_bytes = collect_above_bytes
        self._living: dict[int, _Living] = {}  # By id of the variable, while it lives.
        self._dead: deque[_Living] = deque()

    # Any: a Keras model.
    def watch(self, model: Any) -> None:
        """Take note of a model's variables, and its optimizer's. Call it when they have been made."""
        for variable in _native_variables(model):
            if id(variable) not in self._living:
                self._living[id(variable)] = _Living(variable, self._living, self._dead)

    def tidy(self) -> None:
        """Free what is left of dead models. Call it between two trials."""
        let_graphs_die()
        self._free()
        if self.n_bytes_awaited > self._collect_above_bytes:
            gc.collect()
            self._free()
            for living in list(self._living.values()):
                living.size_bytes = 0  # Held by the user, and no reason to collect again.

    @property
    def n_bytes_awaited(self) -> int:
        """Bytes of variables that may die at the next collection."""
        return sum(living.size_bytes for living in list(self._living.values()))

    def _free(self) -> None:
        while True:
            try:
                dead = self._dead.popleft()
            except IndexError:  # No more, or another worker has taken the last one.
                return
            _empty(dead.handle, dead.dtype)


# Any: TensorFlow's variables have no types.
def free(natives: Iterable[Any]) -> None:
    """Let go of what TensorFlow variables hold, at once: nobody may use them any more, they are empty then.

    Variables of a distribution strategy, and whatever is no variable of TensorFlow's, are passed over.
    """
    for native in natives:
        if is_plain_variable(native):
            _empty(native.handle, native.dtype)


class _Living:
    """A variable's native handle, and a weak reference that moves it from the living to the dead.

    The reference's callback runs wherever the variable dies, in the middle of anything: it only moves the entry.
    """

    # Any: TensorFlow's variables and handles have no types.
    def __init__(self, variable: Any, living: "dict[int, _Living]", dead: "deque[_Living]") -> None:
        key = id(variable)

        def die(_: object) -> None:
            dead.append(living.pop(key))

        self.handle = variable.handle
        self.dtype = variable.dtype
        self.size_bytes = int(np.prod(variable.shape)) * variable.dtype.size
        self._reference = weakref.ref(variable, die)


def _native_variables(model: Any) -> list[Any]:
    """Return the plain TensorFlow variables behind a Keras model; none for other backends and under a strategy."""
    optimizer = getattr(model, "optimizer", None)
    keras_variables = [*model.variables, *getattr(optimizer, "variables", [])]
    natives = [getattr(variable, "_value", None) for variable in keras_variables]
    return [native for native in natives if is_plain_variable(native)]


def is_plain_variable(native: Any) -> bool:
    """Return whether this is one of TensorFlow's own variables, on one device."""
    return type(native).__name__ in _PLAIN and hasattr(native, "handle")


def _empty(handle: Any, dtype: Any) -> None:
    """Let go of the native tensor of a variable that is gone."""
    import tensorflow as tf

    try:
        tf.raw_ops.AssignVariableOp(resource=handle, value=tf.zeros([0], dtype), validate_shape=False)
    except (tf.errors.OpError, TypeError, ValueError):  # Freed in the native code already, or of a kind without zeros.
        return
