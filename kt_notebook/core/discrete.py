"""The hyperparameters that are no numbers on a scale: Boolean, Choice and Fixed."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from kt_notebook.core.conditions import Condition
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.values import Value, fresh, identity, plain, value_to_json

__all__ = ["Boolean", "Choice", "Fixed"]


class Boolean(HyperParameter):
    """True or False.

    Args:
        name: What to call it.
        default: The value before any search.
        conditions: It is active when all of these hold.

    Raises:
        SpaceError: The name is no text, or the default is neither True nor False.

    Example:
        >>> Boolean("augment").prob_to_value(0.7)
        True
    """

    def __init__(self, name: str, default: bool = False, conditions: Sequence[Condition] | None = None) -> None:
        super().__init__(name, default, conditions)
        try:
            is_bool = plain(default) in {True, False}
        except TypeError:
            is_bool = False
        if not is_bool:
            raise SpaceError(
                f"hp.Boolean({name!r}) got default={default!r}, but only True and False are possible. "
                f"Give one of them, or use hp.Choice for other values."
            )
        self._default = bool(default)

    @property
    def values(self) -> tuple[bool, bool]:
        """True, then False."""
        return (True, False)

    @property
    def n_values(self) -> int:
        """2."""
        return 2

    def prob_to_value(self, prob: float) -> bool:
        """Return False below one half, True from there."""
        return prob >= 0.5

    def value_to_prob(self, value: Value) -> float:
        """Return the middle of the value's half."""
        return 0.75 if value else 0.25

    def contains(self, value: Value) -> bool:
        """Return whether the value is a bool."""
        return isinstance(value, bool)

    def has_same_range(self, other: HyperParameter) -> bool:
        """Return whether the other is a Boolean too."""
        return type(other) is type(self)

    def widened(self, other: HyperParameter) -> Self:
        """Return itself."""
        return self

    def __repr__(self) -> str:
        return f'Boolean(name: "{self.name}", default: {self.default})'


class Choice(HyperParameter):
    """One of a list of values, each of any type that JSON can hold, or a tuple; a value keeps its type.

    Args:
        name: What to call it.
        values: The values, at least one.
        ordered: Whether their order means something. Defaults to True where all are numbers; other values have
            none.
        default: One of the values. Defaults to None where that is one of them, else to the first.
        conditions: It is active when all of these hold.

    Raises:
        SpaceError: The name is no text, there are no values, one is of a type that JSON cannot hold, `ordered` is
            asked of values that are no numbers, or the default is not one of the values.

    Example:
        >>> Choice("kernel", [(1, 3), (1, 5)]).prob_to_value(0.6)
        (1, 5)
    """

    def __init__(
        self,
        name: str,
        values: Iterable[Value],
        ordered: bool | None = None,
        default: Value = None,
        conditions: Sequence[Condition] | None = None,
    ) -> None:
        super().__init__(name, None, conditions)
        self._values = self._listed(values)
        are_numbers = all(type(value) in {int, float} for value in self._values)
        if ordered and not are_numbers:
            raise SpaceError(
                f"hp.Choice({name!r}) got ordered={ordered!r} with values={self._values!r}, but only numbers have an "
                f"order here. Leave `ordered` out, or give numbers."
            )
        self.ordered = are_numbers if ordered is None else bool(ordered)
        first = None if None in self._values else self._values[0]
        self._default = first if default is None else self._values[self._index_or_raise(default, "default")]

    def _listed(self, values: Iterable[Value]) -> list[Value]:
        if isinstance(values, str | bytes | set | frozenset | Mapping) or not isinstance(values, Iterable):
            raise SpaceError(
                f"hp.Choice({self.name!r}) got values={values!r}, a {type(values).__name__}, but it takes a list. "
                f"Write the values in square brackets: hp.Choice({self.name!r}, ['a', 'b'])."
            )
        try:
            listed = [plain(value) for value in values]
        except TypeError as error:
            raise SpaceError(
                f"hp.Choice({self.name!r}) lists {error}, but a value is a number, a text, a bool, None, or a list, "
                f"tuple or dict of these. Give names, and look up the object by its name in your code."
            ) from error
        if not listed:
            raise SpaceError(
                f"hp.Choice({self.name!r}) got values={values!r}, but it needs one value or more. "
                f"Add values, or leave the hyperparameter out."
            )
        return listed

    @cached_property
    def _numbers(self) -> dict[Hashable, int]:
        numbers: dict[Hashable, int] = {}
        for number, value in enumerate(self._values):
            numbers.setdefault(identity(value), number)
        return numbers

    def _index(self, value: Value) -> int | None:
        try:
            value = plain(value)
        except TypeError:
            return None
        number = self._numbers.get(identity(value))
        if number is None and isinstance(value, int | float):  # 1 for 1.0, True for 1: the listed type is given back
            number = next(
                (at for at, other in enumerate(self._values) if isinstance(other, int | float) and other == value),
                None,
            )
        return number

    def _index_or_raise(self, value: Value, argument: str) -> int:
        number = self._index(value)
        if number is None:
            raise SpaceError(
                f"hp.Choice({self.name!r}) got {argument}={value!r}, but its values are {self._values!r}. "
                f"Give one of them, or add it to the list."
            )
        return number

    @property
    def default(self) -> Value:
        """The value before any search."""
        return fresh(self._default)

    @property
    def values(self) -> list[Value]:
        """The values as given."""
        return [fresh(value) for value in self._values]

    @property
    def n_values(self) -> int:
        """How many different values there are."""
        return len(self._numbers)

    def prob_to_value(self, prob: float) -> Value:
        """Return the value at a probability in [0, 1); each entry of the list has the same share."""
        n_entries = len(self._values)
        return fresh(self._values[min(max(int(prob * n_entries), 0), n_entries - 1)])

    def value_to_prob(self, value: Value) -> float:
        """Return the middle of the value's share.

        Raises:
            SpaceError: The value is not one of the list.
        """
        return (self._index_or_raise(value, "value") + 0.5) / len(self._values)

    def contains(self, value: Value) -> bool:
        """Return whether the value is one of the list."""
        return self._index(value) is not None

    def has_same_range(self, other: HyperParameter) -> bool:
        """Return whether the other is a Choice of the same values in the same order."""
        return isinstance(other, Choice) and (
            self._values is other._values
            or [identity(value) for value in self._values] == [identity(value) for value in other._values]
        )

    def widened(self, other: HyperParameter) -> Self:
        """Return a Choice of the values of both."""
        more = [] if not isinstance(other, Choice) else [v for v in other._values if identity(v) not in self._numbers]
        if not more:
            return self
        ordered = None if self.ordered else False
        return type(self)(self.name, self._values + more, ordered, self._default, self.conditions)

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the hyperparameter as JSON, with KerasTuner's keys."""
        config = super().get_config()
        config["values"] = [value_to_json(value) for value in self._values]
        config["ordered"] = self.ordered
        return config

    def __repr__(self) -> str:
        return f"Choice(name: '{self.name}', values: {self._values}, ordered: {self.ordered}, default: {self._default})"


class Fixed(HyperParameter):
    """A value that is not searched.

    Args:
        name: What to call it.
        value: Anything that JSON can hold, or a tuple.
        conditions: It is active when all of these hold.

    Raises:
        SpaceError: The name is no text, or the value is of a type that JSON cannot hold.

    Example:
        >>> Fixed("batch_size", 32).random_sample()
        32
    """

    def __init__(self, name: str, value: Value, conditions: Sequence[Condition] | None = None) -> None:
        super().__init__(name, None, conditions)
        try:
            self._default = plain(value)
        except TypeError as error:
            raise SpaceError(
                f"hp.Fixed({name!r}) got {error}, but a value is a number, a text, a bool, None, or a list, tuple "
                f"or dict of these. Give such a value, or use the object in your code without hp."
            ) from error

    @property
    def value(self) -> Value:
        """The value."""
        return fresh(self._default)

    @property
    def default(self) -> Value:
        """The value."""
        return fresh(self._default)

    @property
    def values(self) -> tuple[Value]:
        """The value alone."""
        return (self.value,)

    @property
    def n_values(self) -> int:
        """1."""
        return 1

    def prob_to_value(self, prob: float) -> Value:
        """Return the value."""
        return self.value

    def value_to_prob(self, value: Value) -> float:
        """Return one half."""
        return 0.5

    def contains(self, value: Value) -> bool:
        """Return whether it is the value."""
        return identity(plain(value)) == identity(self._default)

    def has_same_range(self, other: HyperParameter) -> bool:
        """Return whether the other is Fixed at the same value."""
        return isinstance(other, Fixed) and identity(self._default) == identity(other._default)

    def widened(self, other: HyperParameter) -> Self:
        """Return itself."""
        return self

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the hyperparameter as JSON, with KerasTuner's keys."""
        config = super().get_config()
        del config["default"]
        config["value"] = value_to_json(self._default)
        return config

    def __repr__(self) -> str:
        return f"Fixed(name: {self.name}, value: {self._default})"
