"""What Keras' objects hold in Python: plain values that a trace may read, and functions, which must be Keras' own."""

import hashlib
import inspect
from collections.abc import Collection
from typing import Any

import numpy as np

__all__ = ["NotShareableError", "attributes_of", "check_hidden", "is_of_keras"]

# What training itself changes, what a model's traced steps hang on, and where an object stands.
_PASSING = frozenset({
    "_auto_config", "_parent_path", "_path", "_tracked", "_trainable_variables_indices", "history", "predict_function",
    "stop_training", "test_function", "train_function",
})  # fmt: skip
_TRACKING = "_self_"  # TensorFlow's, for saving.
_KNOWN = ("keras", "tensorflow", "kt_notebook")
_NOTHING = object()


class NotShareableError(Exception):
    """A model's graph is for that model only; the message says why."""


# Any: Keras' objects and whatever they hold, here and below.
def is_of_keras(thing: Any) -> bool:
    """Return whether a class or function is one of Keras' own."""
    return str(thing.__module__).startswith("keras.src.")


def attributes_of(thing: Any, left_out: Collection[str] = ()) -> dict[str, Any]:
    """Return an object's plain attributes, as JSON: numbers, texts, arrays, functions by name, lists and dicts of them.

    Args:
        thing: A layer, loss, metric or optimizer.
        left_out: Names of attributes that do not count.

    Raises:
        NotShareableError: It holds a function that is none of Keras' own.
    """
    held = {name: value for name, value in vars(thing).items() if not (name in _PASSING or name.startswith(_TRACKING))}
    found = {name: _plain(value) for name, value in held.items() if name not in left_out}
    return {name: value for name, value in found.items() if value is not _NOTHING}


def check_hidden(model: Any) -> None:
    """Raise NotShareableError where a function set on the model hides one of its class. Any: a Keras model."""
    for name, value in vars(model).items():
        if inspect.isroutine(value) and hasattr(type(model), name):
            _plain(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.number | np.bool_):
        return repr(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, list | tuple):
        return [part for part in map(_plain, value) if part is not _NOTHING]
    if isinstance(value, dict):
        parts = {str(name): _plain(part) for name, part in value.items() if isinstance(name, str | int)}
        return {name: part for name, part in parts.items() if part is not _NOTHING}
    if isinstance(value, np.ndarray):
        return [value.dtype.str, value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, type):
        return _NOTHING
    if inspect.isroutine(value):
        if not is_of_keras(value):
            raise NotShareableError(f"the function {getattr(value, '__name__', value)} is none of Keras' own")
        return f"{value.__module__}.{value.__qualname__}"
    if callable(value) and type(value).__module__.partition(".")[0] not in _KNOWN:
        raise NotShareableError(f"it holds a {type(value).__name__}, which is none of Keras' own")
    return _NOTHING
