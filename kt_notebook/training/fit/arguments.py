"""The arguments of one call of Keras' `fit`, by name and complete."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["bound_arguments"]


# Any: a Keras model and arguments of its `fit`.
def bound_arguments(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return every argument of `model.fit(*args, **kwargs)` with its value; None where the call would not work."""
    try:
        bound = inspect.signature(model.fit).bind(*args, **kwargs)
    except TypeError:  # Python says it best, when the call is made.
        return None
    bound.apply_defaults()
    return dict(bound.arguments)
