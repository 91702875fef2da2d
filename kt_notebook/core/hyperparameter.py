"""What every hyperparameter is: a name, conditions, and a way from probabilities to values and back."""

import copy
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Self

from kt_notebook.core.conditions import Condition
from kt_notebook.core.conditions import deserialize as deserialize_condition
from kt_notebook.core.conditions import serialize as serialize_condition
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.values import Value, identity, value_from_json, value_to_json

__all__ = ["HyperParameter", "contradiction_error"]


class HyperParameter:
    """One hyperparameter of a search space. Compare with `==`; do not change one after it was made.

    Args:
        name: What to call it; unique together with its conditions.
        default: The value before any search.
        conditions: It is active when all of these hold.

    Raises:
        SpaceError: The name is no text, or empty.
    """

    def __init__(self, name: str, default: Value = None, conditions: Sequence[Condition] | None = None) -> None:
        given: object = name  # users pass anything
        if not isinstance(given, str) or not given:
            raise SpaceError(
                f"The name of a hyperparameter is a text, but hp.{type(self).__name__} got name={name!r}. Write a name "
                f"first: hp.{type(self).__name__}('units', …); it may be left out in a %%tune cell only."
            )
        self.name = name
        self._default = default
        self.conditions: list[Condition] = list(conditions) if conditions else []

    @property
    def default(self) -> Value:
        """The value before any search."""
        return self._default

    @property
    def values(self) -> Sequence[Value]:
        """The values that a grid tries, in order."""
        raise NotImplementedError

    @property
    def n_values(self) -> int | None:
        """How many different values there are, or None where there is no end of them."""
        raise NotImplementedError

    def all_values(self) -> Sequence[Value]:
        """Return every value, for a hyperparameter whose values can be counted, in order and each once."""
        return list({identity(value): value for value in self.values}.values())

    def prob_to_value(self, prob: float) -> Value:
        """Return the value at a probability in [0, 1)."""
        raise NotImplementedError

    def value_to_prob(self, value: Value) -> float:
        """Return a probability at which `prob_to_value` gives this value."""
        raise NotImplementedError

    def random_sample(self, seed: int | None = None) -> Value:
        """Return a value drawn at random; every integer, 0 too, is a seed that gives the same value again."""
        return self.prob_to_value(random.Random(seed).random())

    def contains(self, value: Value) -> bool:
        """Return whether the value lies in the range; it need not be on a step."""
        raise NotImplementedError

    def has_same_range(self, other: "HyperParameter") -> bool:
        """Return whether both are of one kind and take the same values with the same probabilities."""
        raise NotImplementedError

    def widened(self, other: "HyperParameter") -> Self:
        """Return this hyperparameter with a range that holds the other's as well; both are of one kind."""
        raise NotImplementedError

    def identity(self, value: Value) -> Hashable:
        """Return something hashable that tells this hyperparameter's values apart."""
        return identity(value)

    def with_conditions(self, conditions: Sequence[Condition]) -> Self:
        """Return a copy under these conditions."""
        other = copy.copy(self)
        other.conditions = list(conditions)
        return other

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the hyperparameter as JSON, with KerasTuner's keys."""
        return {
            "name": self.name,
            "default": value_to_json(self.default),
            "conditions": [serialize_condition(condition) for condition in self.conditions],
        }

    # Any: JSON
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the hyperparameter that `get_config`, or KerasTuner, wrote."""
        held = dict(config)
        held["conditions"] = [deserialize_condition(condition) for condition in held.get("conditions") or ()]
        for key in ("default", "value", "values"):
            if key in held:
                held[key] = value_from_json(held[key])
        return cls(**held)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HyperParameter) or type(self) is not type(other):
            return False
        return self is other or (
            self.name == other.name
            and self.conditions == other.conditions
            and identity(self.default) == identity(other.default)
            and self.has_same_range(other)
        )

    def __hash__(self) -> int:
        return hash((type(self), self.name))


def contradiction_error(first: HyperParameter, second: HyperParameter) -> SpaceError:
    """Return the error for two declarations of one name that cannot both be."""
    return SpaceError(
        f"The hyperparameter {first.name!r} is declared as {first!r} and as {second!r}, but a name stands for "
        f"one thing. Give the second another name, or declare both alike to tie them."
    )
