"""A search space in no library's words: parameters, their conditions, drawing at random and checking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Config", "Parameter", "Space", "boolean", "choice", "integer", "real"]

# Any: a value is a bool, int, float or str, and the problems calculate with it.
Config = dict[str, Any]
Condition = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter.

    Attributes:
        name: Its name.
        kind: "int", "float", "cat" or "bool".
        low: The least value of a number.
        high: The greatest value of a number, a value itself.
        step: The distance of neighbours, None for a Float without.
        is_log: Whether it is drawn on a log scale.
        values: The values of a "cat".
        is_ordered: Whether these have an order.
        when: Pairs of a parent and its values; the parameter is active where all hold.
    """

    name: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    is_log: bool = False
    values: tuple[Any, ...] = ()
    is_ordered: bool = False
    when: tuple[Condition, ...] = ()

    @property
    def is_choice(self) -> bool:
        """Whether it has values to choose from instead of a range."""
        return self.kind in {"cat", "bool"}

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values to choose from, none for a number."""
        return (False, True) if self.kind == "bool" else self.values

    # Any: a value.
    def sample(self, rng: np.random.Generator) -> Any:
        """Return a value drawn uniformly on the parameter's own scale."""
        if self.is_choice:
            return self.choices[rng.integers(len(self.choices))]
        if self.kind == "int":
            if self.is_log:
                drawn = np.exp(rng.uniform(np.log(self.low), np.log(self.high + 1)))
                return int(min(self.high, np.floor(drawn)))
            step = int(self.step or 1)
            return int(self.low + step * rng.integers(int(self.high - self.low) // step + 1))
        if self.is_log:
            return float(np.clip(np.exp(rng.uniform(np.log(self.low), np.log(self.high))), self.low, self.high))
        if self.step:
            return float(self.low + self.step * rng.integers(round((self.high - self.low) / self.step) + 1))
        return float(rng.uniform(self.low, self.high))

    # Any: a value.
    def check(self, value: Any) -> Any:
        """Return the value in the parameter's own type.

        Raises:
            ValueError: The value is outside the range or not among the choices.
        """
        if self.is_choice:
            for known in self.choices:
                if value == known:
                    return known
            raise ValueError(f"{self.name}: {value!r} is not one of {self.choices}.")
        number = float(value)
        tolerance = 1e-6 * (abs(self.high) + abs(self.low))
        if not self.low - tolerance <= number <= self.high + tolerance:
            raise ValueError(f"{self.name}: {number!r} is outside [{self.low}, {self.high}].")
        number = min(max(number, self.low), self.high)
        if self.kind != "int":
            return number
        if abs(number - round(number)) > 1e-6:
            raise ValueError(f"{self.name}: {number!r} is not a whole number.")
        return round(number)


def integer(
    name: str, low: int, high: int, step: int = 1, *, is_log: bool = False, when: Sequence[Condition] = ()
) -> Parameter:
    """Return a parameter of whole numbers, both ends included."""
    return Parameter(name, "int", low, high, step, is_log, when=tuple(when))


def real(
    name: str,
    low: float,
    high: float,
    step: float | None = None,
    *,
    is_log: bool = False,
    when: Sequence[Condition] = (),
) -> Parameter:
    """Return a parameter of real numbers."""
    return Parameter(name, "float", low, high, step, is_log, when=tuple(when))


# Any: values of one choice share a type, which differs between choices.
def choice(name: str, values: Iterable[Any], *, is_ordered: bool = False, when: Sequence[Condition] = ()) -> Parameter:
    """Return a parameter with a list of values."""
    return Parameter(name, "cat", values=tuple(values), is_ordered=is_ordered, when=tuple(when))


def boolean(name: str, when: Sequence[Condition] = ()) -> Parameter:
    """Return a parameter that is False or True."""
    return Parameter(name, "bool", when=tuple(when))


class Space:
    """Parameters in an order in which parents stand before the parameters that depend on them."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.parameters = list(parameters)
        seen: set[str] = set()
        for parameter in self.parameters:
            if parameter.name in seen or any(parent not in seen for parent, _ in parameter.when):
                raise ValueError(f"{parameter.name} stands twice, or before a parent of it.")
            seen.add(parameter.name)

    def __len__(self) -> int:
        return len(self.parameters)

    def is_active(self, parameter: Parameter, config: Config) -> bool:
        """Whether the conditions of a parameter hold in these values."""
        return all(parent in config and config[parent] in values for parent, values in parameter.when)

    def sample(self, rng: np.random.Generator) -> Config:
        """Return a configuration drawn at random: active parameters only."""
        config: Config = {}
        for parameter in self.parameters:
            if self.is_active(parameter, config):
                config[parameter.name] = parameter.sample(rng)
        return config

    def active(self, config: Config) -> Config:
        """Return the values of the active parameters."""
        kept: Config = {}
        for parameter in self.parameters:
            if self.is_active(parameter, kept):
                kept[parameter.name] = config[parameter.name]
        return kept

    def clean(self, config: Config) -> Config:
        """Return the active values in the space's own types.

        Raises:
            ValueError: An active parameter is missing, or a value is none of its parameter's.
        """
        cleaned: Config = {}
        for parameter in self.parameters:
            if self.is_active(parameter, cleaned):
                if parameter.name not in config:
                    raise ValueError(f"The active parameter {parameter.name} is missing from {config}.")
                cleaned[parameter.name] = parameter.check(config[parameter.name])
        return cleaned
