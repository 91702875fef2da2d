"""Refuses data that only one trial could read, and makes data anew from a function where that is given."""

import functools
import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kt_notebook.core.errors import DataError
from kt_notebook.training.fit_arguments import named_arguments

__all__ = ["check_fit_data", "is_one_shot", "make_data", "refuse_one_shot"]

_CURE = "Give arrays, a list, a tf.data.Dataset, a keras.utils.PyDataset, or a function that makes it anew."


# Any: data come in every shape that Keras, numpy, pandas or torch know.
def is_one_shot(data: Any) -> bool:
    """Return whether the data can be read only once: a generator, or an iterator without a length."""
    if isinstance(data, types.GeneratorType):
        return True
    return isinstance(data, Iterator) and not hasattr(data, "__len__")


def refuse_one_shot(name: str, data: Any) -> None:
    """Do nothing, or say that the data can be read only once.

    Raises:
        DataError: They can.
    """
    if is_one_shot(data):
        raise DataError(
            f"{name} is a {type(data).__name__}, which can be read only once: the first trial would use it up "
            f"and the next find nothing. {_CURE}"
        )


# Which argument says how many batches are read.
_STEPS = {"x": "steps_per_epoch", "validation_data": "validation_steps"}


def check_fit_data(fit_args: Sequence[Any], fit_kwargs: Mapping[str, Any]) -> None:
    """Look at the arguments of a `fit` that every trial is to repeat, before anything trains.

    A generator is taken where the fit is told how many steps to read: then it may be without end.

    Raises:
        DataError: The data can be read only once.
    """
    named = named_arguments(fit_args, fit_kwargs)
    for name in ("x", "y", "sample_weight", "validation_data"):
        data = named.get(name)
        if inspect.isgenerator(data) and named.get(_STEPS.get(name, "")) is not None:
            continue
        refuse_one_shot(name, data)
        if name == "validation_data" and isinstance(data, list | tuple):
            for number, part in enumerate(data):
                refuse_one_shot(f"validation_data[{number}]", part)


def is_used_generator(data: Any) -> bool:
    """Return whether the data are a generator from which something was read already."""
    return isinstance(data, types.GeneratorType) and inspect.getgeneratorstate(data) != inspect.GEN_CREATED


def make_data(data: Any) -> Any:
    """Return the data, or what they return where they are a function without arguments."""
    if isinstance(data, types.FunctionType | types.MethodType | functools.partial):
        return data()
    return data
