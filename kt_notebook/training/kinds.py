"""Tells Keras models, histories and numbers apart, without importing Keras."""

import numbers
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["as_number", "describe", "is_history", "is_model", "is_reporting"]


# Any: a trial may return anything at all.
def is_model(value: Any) -> bool:
    """Return whether the value is a `keras.Model`; where Keras was never imported, nothing is."""
    return _is_keras(value, "Model")


def is_history(value: Any) -> bool:
    """Return whether the value is what Keras' `fit` returns."""
    return _is_keras(value, "callbacks", "History")


def _is_keras(value: Any, *path: str) -> bool:
    kind: Any = sys.modules.get("keras")
    for name in path:
        kind = getattr(kind, name, None)  # None also while another thread is importing Keras.
    return isinstance(kind, type) and isinstance(value, kind)


def as_number(value: Any) -> float | None:
    """Return the value as a float if it is one number: int, float, numpy scalar or 0-d tensor; else None."""
    if isinstance(value, bool | np.bool_ | str | bytes | Mapping | list | tuple):
        return None
    if isinstance(value, numbers.Real):
        return float(value)
    shape = getattr(value, "shape", None)
    if shape is None or isinstance(value, type):
        return None
    try:
        if tuple(shape) != () or "bool" in str(getattr(value, "dtype", "")):
            return None
        return float(np.asarray(value) if hasattr(value, "__array__") else value)
    except (TypeError, ValueError, RuntimeError, NotImplementedError):  # A symbolic tensor has no value.
        return None


def describe(value: Any) -> str:
    """Return a short text for error messages: the type and, where it is short, the value."""
    text = repr(value) if isinstance(value, str | bytes | int | float | None) else ""
    kind = "None" if value is None else type(value).__name__
    if not text or value is None:
        return kind
    return f"{kind} {text if len(text) <= 40 else text[:37] + '…' + text[0]}"


# Any: a callback.
def is_reporting(callback: Any) -> bool:
    """Return whether this is one of our callbacks, so that a fit does not get two."""
    return hasattr(callback, "kt_notebook_watch")
