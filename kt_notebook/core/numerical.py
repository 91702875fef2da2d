"""The hyperparameters that are numbers on a scale: Int and Float."""

import math
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any, Self

from kt_notebook.core.conditions import Condition
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.scale import Scale
from kt_notebook.core.values import Value, plain

__all__ = ["Float", "Int"]

_SAMPLINGS = ("linear", "log", "reverse_log")


def _sampling(given: str | None) -> str:
    """Return the sampling as files hold it: KerasTuner takes capitals, and None stands in its old files."""
    text: object = given  # users pass anything, which `_check` refuses
    return text.lower() if isinstance(text, str) and text else given or "linear"


class _Numerical(HyperParameter):
    """A number between two bounds. The kinds differ in `_number`, what they make of a bound."""

    min_value: float
    max_value: float
    step: float | None
    _default: float | None

    def __init__(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None,
        sampling: str | None,
        default: float | None,
        conditions: Sequence[Condition] | None,
    ) -> None:
        super().__init__(name, None, conditions)
        self.min_value = self._number("min_value", min_value)
        self.max_value = self._number("max_value", max_value)
        self.step = None if step is None else self._number("step", step)
        self.sampling = _sampling(sampling)
        self._default = None if default is None else self._number("default", default)
        self._check()

    def _number(self, argument: str, value: Value) -> float:
        """Return the argument as a number of this kind."""
        raise NotImplementedError

    def _finite(self, argument: str, value: Value) -> float:
        try:
            number = plain(value)
        except TypeError:
            number = None
        if not isinstance(number, int | float) or isinstance(number, bool) or not math.isfinite(number):
            raise SpaceError(
                f"{self._call} got {argument}={value!r}, but a finite number is needed there. "
                f"Give a number, or use hp.Choice for values that are none."
            )
        return number

    @property
    def _call(self) -> str:
        return f"hp.{type(self).__name__}({self.name!r})"

    def _check(self) -> None:
        low, high, step = self.min_value, self.max_value, self.step
        if low > high:
            raise SpaceError(
                f"{self._call} got min_value={low!r} above max_value={high!r}, so no value is left. "
                f"Swap them, or widen the range."
            )
        if self.sampling not in _SAMPLINGS:
            raise SpaceError(
                f"{self._call} got sampling={self.sampling!r}, but it is one of 'linear', 'log' and 'reverse_log'. "
                f"Pick one, or leave it out for 'linear'."
            )
        is_log = self.sampling != "linear"
        if is_log and low <= 0:
            raise SpaceError(
                f"{self._call} got min_value={low!r} with sampling={self.sampling!r}, but a log scale begins above 0. "
                f"Give a min_value such as {1 if isinstance(self, Int) else 1e-4!r}, or use sampling='linear'."
            )
        if step is not None and (step <= 1 if is_log else step <= 0):
            need = "a factor above 1 on a log scale" if is_log else "above 0"
            raise SpaceError(
                f"{self._call} got step={step!r}, but it must be {need}. "
                f"Give such a step, or leave it out for all values of the range."
            )
        if self._default is not None and not low <= self._default <= high:
            raise SpaceError(
                f"{self._call} got default={self._default!r}, outside its range from {low!r} to {high!r}. "
                f"Give a default inside, or widen the range."
            )

    @cached_property
    def _scale(self) -> Scale:
        return Scale(self.min_value, self.max_value, self.step, self.sampling, is_whole=isinstance(self, Int))

    @property
    def default(self) -> Value:
        """The value before any search: the one given, else the lower bound."""
        return self.min_value if self._default is None else self._default

    @property
    def values(self) -> tuple[float, ...]:
        """The values that a grid tries: all steps, or ten evenly chosen ones where there is no step."""
        return tuple(self._scale.samples())

    @property
    def n_values(self) -> int | None:
        """How many different values there are, or None where there is no end of them."""
        return self._scale.n_values

    def all_values(self) -> tuple[float, ...]:
        """Return every value, for a scale whose values can be counted."""
        return tuple(self._scale.at(index) for index in range(self._scale.n_values or 0))

    def value_to_prob(self, value: Value) -> float:
        """Return a probability at which `prob_to_value` gives this value; outside, that of the nearest bound."""
        return self._scale.encode(value)

    def contains(self, value: Value) -> bool:
        """Return whether the value is a number of this kind between the bounds; it need not be on a step."""
        try:
            return self.min_value <= self._number("value", value) <= self.max_value
        except SpaceError:
            return False

    def has_same_range(self, other: HyperParameter) -> bool:
        """Return whether the other is of this kind with the same bounds, step and sampling."""
        return (
            isinstance(other, _Numerical)
            and type(other) is type(self)
            and self.min_value == other.min_value
            and self.max_value == other.max_value
            and self.step == other.step
            and self.sampling == other.sampling
        )

    def widened(self, other: HyperParameter) -> Self:
        """Return this number with the lower of the lower and the higher of the higher bounds, and a step that fits.

        Where the two differ in sampling it is linear, and where their steps do not fit together there is none.
        """
        if not isinstance(other, _Numerical):
            return self
        low, high = min(self.min_value, other.min_value), max(self.max_value, other.max_value)
        sampling = self.sampling if self.sampling == other.sampling else "linear"
        step = self._common_step(other, sampling)
        if (low, high, step, sampling) == (self.min_value, self.max_value, self.step, self.sampling):
            return self
        return type(self)(self.name, low, high, step, sampling, self._default, self.conditions)

    def _common_step(self, other: "_Numerical", sampling: str) -> float | None:
        """Return a step with which the widened range holds the values of both, or None."""
        raise NotImplementedError

    def _starts_like(self, other: "_Numerical", sampling: str) -> bool:
        """Return whether steps on a log scale fall on the same values: reverse_log counts them from both bounds."""
        same_low, same_high = self.min_value == other.min_value, self.max_value == other.max_value
        return same_low and (sampling == "log" or same_high)

    def identity(self, value: Value) -> Hashable:
        """Return the value: 1 and 1.0 are the same number here."""
        return value  # type: ignore[no-any-return]  # a number

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the hyperparameter as JSON, with KerasTuner's keys."""
        config = super().get_config()
        config["min_value"] = self.min_value
        config["max_value"] = self.max_value
        config["step"] = self.step
        config["sampling"] = self.sampling
        return config


class Int(_Numerical):
    """A whole number from `min_value` to `max_value`, both included.

    Args:
        name: What to call it.
        min_value: The lower bound; above 0 for the log scales.
        max_value: The upper bound.
        step: Distance of two values; on a log scale their ratio. Left out, every whole number is possible.
        sampling: "linear", "log" (more of the small values) or "reverse_log" (more of the large ones).
        default: The value before any search. Defaults to `min_value`.
        conditions: It is active when all of these hold.

    Raises:
        SpaceError: The name is no text, a number is not whole, `min_value` is above `max_value`, a log scale begins
            at 0 or below, the step or the sampling is none, or the default lies outside.

    Example:
        >>> Int("units", 2, 32, step=2, sampling="log").values
        (2, 4, 8, 16, 32)
    """

    def __init__(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = "linear",
        default: float | None = None,
        conditions: Sequence[Condition] | None = None,
    ) -> None:
        if step is None and _sampling(sampling) == "linear":
            step = 1
        super().__init__(name, min_value, max_value, step, sampling, default, conditions)

    def _number(self, argument: str, value: Value) -> int:
        if type(value) is int:
            return value
        number = self._finite(argument, value)
        if number != int(number):
            raise SpaceError(
                f"{self._call} got {argument}={value!r}, which is not whole. Give a whole number, or use "
                f"hp.Float({self.name!r}, …) for values in between."
            )
        return int(number)

    def prob_to_value(self, prob: float) -> int:
        """Return the value at a probability in [0, 1)."""
        return int(self._scale.decode(prob))

    def _common_step(self, other: _Numerical, sampling: str) -> float | None:
        if sampling != "linear":
            return self.step if self.step == other.step and self._starts_like(other, sampling) else None
        steps = (self.step or 1, other.step or 1, self.min_value - other.min_value)
        if self.sampling != other.sampling:
            return 1
        return math.gcd(*(int(step) for step in steps))

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the hyperparameter as JSON, with KerasTuner's keys; `default` is None where none was given."""
        config = super().get_config()
        config["default"] = self._default
        return config

    def __repr__(self) -> str:
        return (
            f"Int(name: '{self.name}', min_value: {self.min_value}, max_value: {self.max_value}, "
            f"step: {self.step}, sampling: {self.sampling}, default: {self.default})"
        )


class Float(_Numerical):
    """A number from `min_value` to `max_value`; the upper bound is included where the steps reach it.

    Args:
        name: What to call it.
        min_value: The lower bound; above 0 for the log scales.
        max_value: The upper bound.
        step: Distance of two values; on a log scale their ratio. Left out, every number is possible.
        sampling: "linear", "log" (more of the small values) or "reverse_log" (more of the large ones).
        default: The value before any search. Defaults to `min_value`.
        conditions: It is active when all of these hold.

    Raises:
        SpaceError: The name is no text, a bound is no finite number, `min_value` is above `max_value`, a log scale
            begins at 0 or below, the step or the sampling is none, or the default lies outside.

    Example:
        >>> Float("rate", 0, 0.3, step=0.1).values
        (0.0, 0.1, 0.2, 0.3)
    """

    def __init__(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = "linear",
        default: float | None = None,
        conditions: Sequence[Condition] | None = None,
    ) -> None:
        super().__init__(name, min_value, max_value, step, sampling, default, conditions)

    def _number(self, argument: str, value: Value) -> float:
        return value if type(value) is float and math.isfinite(value) else float(self._finite(argument, value))

    def prob_to_value(self, prob: float) -> float:
        """Return the value at a probability in [0, 1)."""
        return self._scale.decode(prob)

    def _common_step(self, other: _Numerical, sampling: str) -> float | None:
        if self.step is None or self.step != other.step or self.sampling != other.sampling:
            return None
        if sampling != "linear":
            return self.step if self._starts_like(other, sampling) else None
        n_steps = (self.min_value - other.min_value) / self.step
        return self.step if abs(n_steps - round(n_steps)) < 1e-9 else None

    def __repr__(self) -> str:
        return (
            f"Float(name: '{self.name}', min_value: '{self.min_value}', max_value: '{self.max_value}', "
            f"step: '{self.step}', sampling: '{self.sampling}', default: '{self.default}')"
        )
