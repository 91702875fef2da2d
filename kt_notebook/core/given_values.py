"""Values that a user gives for a trial: the forms they come in, whether they fit a space, and the trial they make."""

import math
import sys
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from kt_notebook.core.budget import without_budget
from kt_notebook.core.discrete import Boolean
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.numerical import Float, Int
from kt_notebook.core.scopes import UnknownParameterError, unknown_name
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value, identity, plain

__all__ = ["Given", "check_fit", "complete", "given_trials", "is_same_trial", "keep_active", "what_differs"]

# One trial's values, several trials', or None for one of defaults only.
Given: TypeAlias = HyperParameters | Mapping[str, Value] | Iterable[HyperParameters | Mapping[str, Value]] | None

# Of a step or a bound: what sums of floats, and numpy's float32, are off by is less.
_NOISE = 1e-6
# Of a range, beside a bound that is 0.
_TINY = 1e-12
_MAX_LISTED = 12
# No value is this.
_NEVER = object()


def given_trials(given: Given) -> list[dict[str, Value]]:
    """Return the values of each trial, as plain dicts of their own; what a tuner noted (`tuner/…`) is left out.

    Raises:
        SpaceError: These are no values of trials, or one is nothing that JSON can hold.
    """
    if given is None:
        return [{}]
    if isinstance(given, HyperParameters | Mapping):
        return [_one(given)]
    anything: object = given  # users pass anything
    if isinstance(anything, str | bytes) or not isinstance(anything, Iterable):
        raise _form_error(given)
    trials = [_one(one) for one in anything]
    if not trials:
        raise SpaceError(
            f"There is nothing to enqueue in {given!r}. Give values such as {{'units': 64}}, or nothing at all for the "
            "defaults."
        )
    return trials


def _one(given: object) -> dict[str, Value]:
    values = given.values if isinstance(given, HyperParameters) else given
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise _form_error(given)
    found: dict[str, Value] = {}
    for name, value in without_budget(values).items():
        try:
            found[name] = plain(value)
        except TypeError as error:
            raise SpaceError(
                f"{name} is given as {error}, but a value is a number, a text, a bool, None, or a list, tuple or dict "
                "of these. Give such a value."
            ) from error
    return found


def _form_error(given: object) -> SpaceError:
    return SpaceError(
        f"{given!r} is no trial. Give a dict of names and values such as {{'units': 64}}, a HyperParameters, or a list "
        "of these."
    )


def check_fit(values: Mapping[str, Value], space: SearchSpace) -> None:
    """Refuse values that the space cannot take; those of what would not be active do not matter.

    Raises:
        UnknownParameterError: The space has no hyperparameter of this name.
        SpaceError: A value is out of its range, on no step, of the wrong type or not among the choices.
    """
    for name in values:
        if name not in space:
            raise UnknownParameterError(unknown_name(name, space.by_name))
    complete(values, space)


def complete(values: Mapping[str, Value], space: SearchSpace) -> dict[str, Value]:
    """Return the configuration that these values make: all that is active, with the default of what is not given.

    Names that the space does not know are kept: a trial may declare them.

    Raises:
        SpaceError: A value does not fit.
    """

    def choose(entry: HyperParameter) -> Value:
        return _fitted(entry, values[entry.name]) if entry.name in values else entry.default

    unknown = {name: value for name, value in values.items() if name not in space}
    return {**space.assign(choose), **unknown}


def _fitted(entry: HyperParameter, value: Value) -> Value:
    """Return the value as the hyperparameter itself gives it: 1 for 1.0, 0.3 for 0.30000000000000004.

    Raises:
        SpaceError: It does not fit.
    """
    if isinstance(entry, Int | Float):
        if not _is_number(value) or not -sys.float_info.max <= value <= sys.float_info.max:  # NaN is not.
            raise _misfit(entry, value)
        if value == entry.default:  # It may lie between the steps.
            return entry.default
        near = min(max(float(value), entry.min_value), entry.max_value)
        if entry.n_values is not None:
            near = entry.prob_to_value(entry.value_to_prob(value))
        if abs(value - near) > _slack(entry, value, near):
            raise _misfit(entry, value)
        return near
    if not entry.contains(value):
        alike = [other for other in entry.values if _is_number(value) and _is_number(other) and _agree(value, other)]
        if not alike:
            raise _misfit(entry, value)
        value = alike[0]
    return entry.prob_to_value(entry.value_to_prob(value))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _slack(entry: Int | Float, value: float, near: float) -> float:
    """Return how far a number may be from the nearest one of a scale to be taken for it."""
    if isinstance(entry, Int):
        return 0.0 if isinstance(value, int) else _NOISE
    if entry.step is None:  # The bounds.
        return _NOISE * abs(near) + (_TINY * (entry.max_value - entry.min_value) if entry.sampling == "linear" else 0.0)
    return _NOISE * (entry.step if entry.sampling == "linear" else near * min(entry.step - 1, 1.0))


def _misfit(entry: HyperParameter, value: Value) -> SpaceError:
    kind = type(entry).__name__
    return SpaceError(
        f"{entry.name}={value!r} does not fit hp.{kind}({entry.name!r}), which takes {_allowed(entry, value)}. "
        f"Give such a value, or leave it out for the default, {entry.default!r}."
    )


def _allowed(entry: HyperParameter, value: Value) -> str:
    if isinstance(entry, Int | Float):
        return _allowed_numbers(entry, value)
    if isinstance(entry, Boolean):
        return "True or False"
    listed = [repr(other) for other in entry.values]
    if len(listed) == 1:
        return f"{listed[0]} only"
    more = f" or one of {len(listed) - _MAX_LISTED} more" if len(listed) > _MAX_LISTED else ""
    return f"one of {', '.join(listed[:_MAX_LISTED])}{more}"


def _allowed_numbers(entry: Int | Float, value: Value) -> str:
    what = "whole numbers" if isinstance(entry, Int) else "numbers"
    text = f"{what} from {entry.min_value!r} to {entry.max_value!r}"
    if entry.step is None or (isinstance(entry, Int) and entry.sampling == "linear" and entry.step == 1):
        return text
    text += f" in steps of {entry.step!r}" if entry.sampling == "linear" else f" by factors of {entry.step!r}"
    is_inside = isinstance(value, int | float) and entry.min_value <= value <= entry.max_value
    return f"{text}, {entry.prob_to_value(entry.value_to_prob(value))!r} being the nearest" if is_inside else text


def is_same_trial(values: Mapping[str, Value], held: Mapping[str, Value], space: SearchSpace) -> bool:
    """Return whether a trial is what a configuration would be.

    Args:
        values: The configuration.
        held: The trial's values. What it never declared, though the space knows it by now, was at its default.
        space: What is known of the space.
    """
    return all(
        _agree(held[name] if name in held else _default(name, values, space), value) for name, value in values.items()
    )


def _default(name: str, values: Mapping[str, Value], space: SearchSpace) -> Value:
    entry = space.active_entry(name, values)
    return _NEVER if entry is None else entry.default


# What is said of a trial, and kept of it, when its code has run.


def what_differs(given: Mapping[str, Value], hyperparameters: HyperParameters, space: SearchSpace) -> list[str]:
    """Return, in sentences, what a trial made of the values it was given, where that was something else.

    Args:
        given: The values.
        hyperparameters: The trial's own, after its end.
        space: All that trials have declared so far.
    """
    said: list[str] = []
    own, values = hyperparameters.search_space, hyperparameters.values
    for name, value in given.items():
        entry = own.active_entry(name, values)
        if entry is not None and not _agree(values.get(name), value):
            said.append(
                f"{name}={value!r} was asked for and {values.get(name)!r} was taken: in this trial it takes "
                f"{_allowed(entry, value)}."
            )
        elif entry is None and name not in own and name not in space:
            said.append(f"{name}={value!r} had no effect. {unknown_name(name, space.by_name)}")
    return said


def _agree(value: Value, given: Value) -> bool:
    """Return whether two values are one, but for a float's last digits."""
    if not _is_number(value) or not _is_number(given):
        return identity(value) == identity(given)
    is_float = isinstance(value, float) or isinstance(given, float)
    return bool(value == given or (is_float and math.isclose(value, given, rel_tol=_NOISE, abs_tol=_TINY)))


def keep_active(hyperparameters: HyperParameters) -> None:
    """Take out of a trial's values what it was given and never declared, or had no use for."""
    values, active = hyperparameters.values, hyperparameters.active_values()
    notes = values.keys() - without_budget(values).keys()
    hyperparameters.values = {name: value for name, value in values.items() if name in active or name in notes}
