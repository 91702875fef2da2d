"""Arguments of `search` that a trial's own values decide: functions of `hp` among the arguments of a fit."""

import functools
import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kt_notebook.core.space import HyperParameters

__all__ = ["FIT_NAMES", "has_validation", "hp_arguments", "named_arguments", "resolve_fit_arguments", "takes_hp"]

# The arguments of Keras' `fit`, in their order.
FIT_NAMES = (
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle",
    "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch", "validation_steps", "validation_batch_size",
    "validation_freq",
)  # fmt: skip


# Any: arguments of Keras' `fit`, here and below.
def takes_hp(value: Any) -> bool:
    """Return whether the value is a function whose one argument is called `hp`.

    A lambda, a function, a method, and a `functools.partial` that leaves `hp` alone open; no object with `__call__`.
    """
    if not isinstance(value, types.FunctionType | types.MethodType | functools.partial):
        return False
    bound = value.keywords if isinstance(value, functools.partial) else {}
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):  # A partial of something built in that does not tell.
        return False
    left = [parameter for parameter in parameters if parameter.name not in bound]
    loose = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return len(left) == 1 and left[0].name == "hp" and left[0].kind not in loose


def resolve_fit_arguments(
    args: Sequence[Any], kwargs: Mapping[str, Any], hp: "HyperParameters"
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of one execution's fit: each function of `hp` gives way to what it returns for `hp`.

    `callbacks` stay as they are: `CallbackCopies` makes them anew for each execution, functions of `hp` included.

    Args:
        args: Positional arguments as given to `search`.
        kwargs: Its keyword arguments.
        hp: The trial's values; what a function declares joins them.

    Raises:
        Exception: What such a function raises.
    """
    made = {name: value if name == "callbacks" else _resolved(value, hp) for name, value in kwargs.items()}
    return tuple(_resolved(value, hp) for value in args), made


def hp_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
    """Return the names of the arguments that functions of `hp` give, in order; `callbacks` where one of them is."""
    return [
        name
        for name, value in _all_arguments(args, kwargs)
        if takes_hp(value) or (name == "callbacks" and any(takes_hp(callback) for callback in _flat(value)))
    ]


def named_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by the names that Keras' `fit` has for them."""
    return dict(_all_arguments(args, kwargs))


def has_validation(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether these arguments give a fit something to validate with."""
    named = named_arguments(args, kwargs)
    return named.get("validation_data") is not None or named.get("validation_split") not in (None, 0, 0.0)


def _resolved(value: Any, hp: "HyperParameters") -> Any:
    return value(hp) if takes_hp(value) else value


def _all_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for number, value in enumerate(args):
        yield (FIT_NAMES[number] if number < len(FIT_NAMES) else f"argument {number + 1}"), value
    yield from kwargs.items()


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flat(part)
    else:
        yield value
