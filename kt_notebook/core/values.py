"""The values that a hyperparameter can take: made plain, told apart, written to JSON and read back.

How it works: a value is what JSON can hold (None, bool, int, float, str, list, dict with text keys) or a tuple of
such values. numpy scalars become Python's own. `identity` tells values apart with their types (`True` is not `1`,
a list is not a tuple). In JSON a tuple is `{"__tuple__": [...]}` and a number that is not finite one of the texts
"NaN", "Infinity", "-Infinity"; what would be mistaken for these is wrapped (`__str__`, `__dict__`), so that
decoding gives back exactly what was encoded.
"""

import math
from collections.abc import Hashable
from typing import Any, TypeAlias

__all__ = ["Value", "fresh", "identity", "plain", "value_from_json", "value_to_json"]

# Any: JSON's recursive type would have to be narrowed at every use, for no gain
Value: TypeAlias = Any

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_TAGS = frozenset({"__tuple__", "__str__", "__dict__"})
_SCALARS = (bool, int, float, str)


def plain(value: Value) -> Value:
    """Return a value made of Python's own types only, sharing nothing mutable with the one given.

    Args:
        value: What JSON can hold, tuples, and numpy scalars.

    Raises:
        TypeError: The value is, or holds, something else.
    """
    kind = type(value)
    if value is None or kind in _SCALARS:
        return value
    if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    for scalar in _SCALARS:  # a subclass, such as an Enum's or numpy's str
        if isinstance(value, scalar):
            return scalar(value)
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str(key): plain(item) for key, item in value.items()}
    raise TypeError(f"{value!r} of type {kind.__name__}")


def fresh(value: Value) -> Value:
    """Return the value, copied where the receiver could change it."""
    return plain(value) if isinstance(value, list | dict | tuple) else value


def identity(value: Value) -> Hashable:
    """Return something hashable that is equal for two values exactly if they are the same, types included."""
    kind = type(value)
    if kind is str or value is None:
        return value  # type: ignore[no-any-return]  # a str or None
    if kind is float:
        return ("float", value if math.isfinite(value) else repr(value))
    if kind is tuple or kind is list:
        return (kind.__name__, tuple(identity(item) for item in value))
    if kind is dict:
        return ("dict", frozenset((key, identity(item)) for key, item in value.items()))
    return (kind.__name__, value)


# Any: JSON
def value_to_json(value: Value) -> Any:
    """Return the value as JSON can hold it; `value_from_json` is the way back.

    Raises:
        TypeError: The value is, or holds, something that is neither JSON nor a tuple.
    """
    value = plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return {"__str__": value} if value in _NON_FINITE else value
    if isinstance(value, tuple):
        return {"__tuple__": [value_to_json(item) for item in value]}
    if isinstance(value, list):
        return [value_to_json(item) for item in value]
    if isinstance(value, dict):
        encoded = {key: value_to_json(item) for key, item in value.items()}
        return {"__dict__": encoded} if len(value) == 1 and _TAGS & value.keys() else encoded
    return value


# Any: JSON
def value_from_json(data: Any) -> Value:
    """Return the value that `value_to_json` wrote."""
    if isinstance(data, str):
        return _NON_FINITE.get(data, data)
    if isinstance(data, list):
        return [value_from_json(item) for item in data]
    if isinstance(data, dict):
        if len(data) == 1:
            ((tag, held),) = data.items()
            if tag == "__tuple__":
                return tuple(value_from_json(item) for item in held)
            if tag == "__str__":
                return held
            if tag == "__dict__":
                return {key: value_from_json(item) for key, item in held.items()}
        return {key: value_from_json(item) for key, item in data.items()}
    return data
