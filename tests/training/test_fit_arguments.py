import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kt_notebook.core.space import HyperParameters
from kt_notebook.training.fit_arguments import (
    has_validation,
    hp_arguments,
    named_arguments,
    resolve_fit_arguments,
    takes_hp,
)


class _Maker:
    """Makes batches, by a method; may be called itself."""

    def __init__(self, size: int = 8) -> None:
        self.size = size

    def of_hp(self, hp: HyperParameters) -> int:
        return self.size * int(hp.Int("factor", 2, 4))

    def __call__(self, hp: HyperParameters) -> int:
        raise AssertionError("an object is passed as it is")


def _batches() -> Iterator[int]:
    yield 1


def _batches_of(hp: HyperParameters) -> Iterator[int]:
    yield hp.Int("size", 3, 5)


def _scaled(scale: int, hp: HyperParameters) -> int:
    return scale * int(hp.Int("factor", 2, 4))


def _tailed(hp: HyperParameters, *, scale: int) -> int:
    return _scaled(scale, hp)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda hp: hp.Choice("batch_size", [16, 32]), 16),
        (_Maker().of_hp, 16),
        (functools.partial(_scaled, 3), 6),
        (functools.partial(_tailed, scale=3), 6),
    ],
)
def test_a_function_of_hp_gives_the_argument(function: Callable[..., Any], value: int) -> None:
    args, kwargs = resolve_fit_arguments(("x", function), {"batch_size": function}, HyperParameters())
    assert args == ("x", value)
    assert kwargs == {"batch_size": value}


def test_what_a_function_declares_joins_the_trials_space() -> None:
    hp = HyperParameters()
    resolve_fit_arguments((), {"epochs": lambda hp: hp.Int("epochs", 5, 9)}, hp)
    assert hp.values == {"epochs": 5}


@pytest.mark.parametrize(
    "value",
    [
        _batches,
        _Maker(),
        _Maker,
        lambda: 1,
        lambda hparams: 1,
        lambda hp, scale: 1,
        lambda hp, scale=1: 1,
        lambda *hp: 1,
        lambda **hp: 1,
        functools.partial(_tailed, hp=None),
        functools.partial(_scaled),
        "hp",
        None,
        [lambda hp: 1],
    ],
)
def test_everything_else_passes_as_it_is(value: Any) -> None:
    assert not takes_hp(value)
    args, kwargs = resolve_fit_arguments((value,), {"y": value}, HyperParameters())
    assert args[0] is value
    assert kwargs["y"] is value


def test_a_generator_function_of_hp_makes_the_data() -> None:
    (made,), _ = resolve_fit_arguments((_batches_of,), {}, HyperParameters())
    assert list(made) == [3]


def test_callbacks_are_left_to_those_who_copy_them() -> None:
    callbacks = [lambda hp: hp.Int("patience", 1, 5)]
    _, kwargs = resolve_fit_arguments((), {"callbacks": callbacks}, HyperParameters())
    assert kwargs["callbacks"] is callbacks


def test_an_error_of_such_a_function_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"):
        resolve_fit_arguments((), {"epochs": lambda hp: 1 // 0}, HyperParameters())


def test_the_names_of_arguments_that_hp_gives_are_listed() -> None:
    names = hp_arguments(
        ([1], [2], lambda hp: 16),
        {"epochs": lambda hp: 3, "shuffle": True, "callbacks": ["a", [lambda hp: []]], "x_test": _batches},
    )
    assert names == ["batch_size", "epochs", "callbacks"]
    assert hp_arguments(([1],), {"callbacks": [lambda: ["a"]]}) == []


def test_positional_arguments_have_the_names_of_keras_fit() -> None:
    assert named_arguments((1, 2, 32), {"epochs": 5}) == {"x": 1, "y": 2, "batch_size": 32, "epochs": 5}
    assert list(named_arguments(range(17), {}))[-1] == "argument 17"


@pytest.mark.keras
def test_the_names_are_those_of_this_keras() -> None:
    import inspect

    import keras

    from kt_notebook.training.fit_arguments import FIT_NAMES

    assert tuple(inspect.signature(keras.Model.fit).parameters)[1:] == FIT_NAMES


@pytest.mark.parametrize(
    ("args", "kwargs", "is_validated"),
    [
        ((1, 2), {}, False),
        ((1, 2), {"validation_data": (1, 2)}, True),
        ((1, 2), {"validation_data": None, "validation_split": 0.0}, False),
        ((1, 2), {"validation_split": 0.2}, True),
        ((1, 2), {"validation_split": lambda hp: 0.2}, True),
        ((1, 2, 32, 5, 0, None, 0.2), {}, True),
    ],
)
def test_whether_a_fit_is_validated_is_read_from_its_arguments(args: Any, kwargs: Any, is_validated: bool) -> None:
    assert has_validation(args, kwargs) is is_validated
