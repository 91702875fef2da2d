"""HyperParameters: what a trial's code calls `hp`, the declarations of a space together with one set of values.

How it works: values go by name. `hp.Int("units", …)` asks for the value called "units" and says what values it may
take. The first trial's declarations make the space; what a later one adds makes it grow (`version` changes). When
code asks for a name
1. that the space does not have: it is added, and its value is the default;
2. that the space has, active: its value is returned, whatever scopes the code is in now. A space that was read from
   a cell knows the cell's `if`s, which the code itself does not state;
3. that the space has, but inactive by its conditions: the declaration is added beside it, with the scopes the code
   is in (in a scope that does not hold now the answer is None, as in KerasTuner);
4. with another range than the space has, for the first time in this run: its bounds depend on other values. The
   value is moved to the same place of the new range (old range, probability, new range), the run's own entry becomes
   exactly what was declared, and the name is marked as dependent; when the run's space is merged into the search's,
   that one widens to hold both. So a value is moved once: building again from a trial gives the same values.
   Only a value that an oracle drew (`mark_drawn`) is moved when it fits the new range already: one given by hand or
   read from a file is meant as it stands;
5. with another range than it had before in this very run, or as another kind: a contradiction, SpaceError. A run is the
   life of one copy; if a value was changed from outside since the first declaration, another run has begun;
6. that the user gave beforehand (`mark_given`, for the tuner's `hyperparameters=`): the given entry wins over 3–5.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from kt_notebook.core.conditions import Condition
from kt_notebook.core.configurations import count_configurations
from kt_notebook.core.errors import SpaceError
from kt_notebook.core.hyperparameter import contradiction_error
from kt_notebook.core.parameter import Boolean, Choice, Fixed, Float, HyperParameter, Int, deserialize, serialize
from kt_notebook.core.scopes import Scopes, UnknownParameterError, unknown_name
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, fresh, identity, value_from_json, value_to_json

__all__ = ["HyperParameters", "UnknownParameterError"]


class HyperParameters:
    """A search space together with one value for each of its active hyperparameters.

    One thread at a time may use it.

    Attributes:
        values: Names to values; of active hyperparameters, and what a tuner adds of its own.
        active_scopes: Conditions of each conditional scope entered while they held.
        inactive_scopes: Conditions of each conditional scope entered while they did not hold.

    Example:
        >>> hp = HyperParameters()
        >>> hp.Int("units", 32, 512, step=32)
        32
        >>> hp.values
        {'units': 32}
    """

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self._space = SearchSpace()
        self._drawn: Mapping[str, Value] = {}
        self._is_by_hand = False
        self._begin()

    def _begin(self) -> None:
        self.active_scopes: list[list[Condition]] = []
        self.inactive_scopes: list[list[Condition]] = []
        self._scopes = Scopes()
        # what this run has declared, with the value it got: tells a contradiction from a range that depends
        self._declared: dict[str, tuple[HyperParameter, Value]] = {}

    # Declaring.

    def Int(  # KerasTuner's name
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str = "linear",
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Value = None,
    ) -> Any:  # int; None where inactive, which KerasTuner's users never meet in an `if` of their own
        """Declare a whole number, both bounds included, and return its value; None in a scope that does not hold.

        Raises:
            SpaceError: See `Int`; or the declaration contradicts an earlier one.
        """
        return self._declare(Int, name, (min_value, max_value, step, sampling, default), parent_name, parent_values)

    def Float(  # KerasTuner's name
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str = "linear",
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Value = None,
    ) -> Any:  # float; None where inactive
        """Declare a number and return its value; None in a scope that does not hold.

        Raises:
            SpaceError: See `Float`; or the declaration contradicts an earlier one.
        """
        return self._declare(Float, name, (min_value, max_value, step, sampling, default), parent_name, parent_values)

    def Choice(  # KerasTuner's name
        self,
        name: str,
        values: Iterable[Value],
        ordered: bool | None = None,
        default: Value = None,
        parent_name: str | None = None,
        parent_values: Value = None,
    ) -> Value:
        """Declare a choice and return its value; None in a scope that does not hold.

        Raises:
            SpaceError: See `Choice`; or the declaration contradicts an earlier one.
        """
        return self._declare(Choice, name, (values, ordered, default), parent_name, parent_values)

    def Boolean(  # KerasTuner's name
        self, name: str, default: bool = False, parent_name: str | None = None, parent_values: Value = None
    ) -> Any:  # bool; None where inactive
        """Declare a choice between True and False and return its value; None in a scope that does not hold.

        Raises:
            SpaceError: See `Boolean`; or the declaration contradicts an earlier one.
        """
        return self._declare(Boolean, name, (default,), parent_name, parent_values)

    def Fixed(  # KerasTuner's name
        self, name: str, value: Value, parent_name: str | None = None, parent_values: Value = None
    ) -> Value:
        """Declare a value that is not searched and return it; None in a scope that does not hold.

        Raises:
            SpaceError: See `Fixed`; or the declaration contradicts an earlier one.
        """
        return self._declare(Fixed, name, (value,), parent_name, parent_values)

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """Put `name/` before every name declared inside."""
        self._scopes.names.append(str(name))
        try:
            yield
        finally:
            self._scopes.names.pop()

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Value, *, label: str | None = None) -> Iterator[None]:
        """Make every hyperparameter declared inside depend on the value of another one.

        The code inside runs in any case; where the condition does not hold, declarations return None.

        Args:
            parent_name: Name of the hyperparameter that decides; declared before.
            parent_values: The value or the list of values at which the inner ones are active, or a function that
                takes the value and returns whether they are.
            label: What to call such a function in files and in the panel. Defaults to its source or name.

        Raises:
            SpaceError: There is no hyperparameter called `parent_name`.
        """
        conditions = self._scopes.conditions
        conditions.append(self._scopes.condition(self._space, parent_name, parent_values, label))
        held = list(conditions)
        (self.active_scopes if self._space.conditions_hold(held, self.values) else self.inactive_scopes).append(held)
        try:
            yield
        finally:
            conditions.pop()

    def _declare(
        self,
        kind: Callable[..., HyperParameter],
        name: str,
        range_: tuple[Value, ...],
        parent_name: str | None,
        parent_values: Value,
    ) -> Value:
        conditions = self._scopes.conditions
        if parent_name:
            conditions = [*conditions, self._scopes.condition(self._space, parent_name, parent_values)]
        return self._retrieve(kind(self._scopes.scoped_name(name), *range_, conditions))

    def _retrieve(self, declared: HyperParameter) -> Value:
        name, values, space = declared.name, self.values, self._space
        if any(condition.name == name for condition in declared.conditions):
            raise SpaceError(
                f"The hyperparameter {name!r} is declared in a scope that depends on {name!r} itself. "
                f"Give the inner one another name."
            )
        if name not in space:
            return self._register(declared)
        if declared.conditions and not space.conditions_hold(declared.conditions, values):
            if space.find(name, declared.conditions) is None and name not in space.given:
                self._space = space.with_entry(declared)
            return None
        entry = space.active_entry(name, values)
        if entry is None:
            return self._register(declared)
        if name not in values:
            values[name] = entry.default
        if name not in space.given:
            self._settle(entry, declared)
        return fresh(values[name])

    def _register(self, declared: HyperParameter) -> Value:
        name = declared.name
        self._space = self._space.with_entry(declared)
        if declared.conditions and not self._space.conditions_hold(declared.conditions, self.values):
            return None
        if name not in self.values or not declared.contains(self.values[name]):
            self.values[name] = declared.default
        self._declared[name] = (declared, self.values[name])
        return fresh(self.values[name])

    def _settle(self, entry: HyperParameter, declared: HyperParameter) -> None:
        """Bring value and entry of an active name in line with a declaration (rules 4 and 5)."""
        name = declared.name
        before = self._declared.get(name)
        if before is not None and before[0].has_same_range(declared):
            return
        if before is not None and not self._was_changed_from_outside():
            raise contradiction_error(before[0], declared)
        if before is not None:
            self._declared.clear()
        if entry.has_same_range(declared):
            self._declared[name] = (declared, self.values[name])
            return
        if type(entry) is not type(declared):
            raise contradiction_error(entry, declared)
        value = self.values[name]
        is_drawn = not self._is_by_hand and name in self._drawn and identity(self._drawn[name]) == identity(value)
        if is_drawn or not declared.contains(value):
            value = declared.prob_to_value(entry.value_to_prob(value)) if entry.contains(value) else declared.default
            self.values[name] = value
        exact = declared.with_conditions(entry.conditions)
        self._space = self._space.with_replaced(entry, exact, is_dependent=True)
        self._declared[name] = (exact, value)

    def _was_changed_from_outside(self) -> bool:
        return any(
            name not in self.values or identity(self.values[name]) != identity(value)
            for name, (_, value) in self._declared.items()
        )

    # Asking.

    @property
    def space(self) -> list[HyperParameter]:
        """The hyperparameters, in order of declaration."""
        return list(self._space.entries)

    @property
    def search_space(self) -> SearchSpace:
        """The space without the values, as oracles use it. It never changes; growth makes another one."""
        return self._space

    @property
    def version(self) -> int:
        """Counts the changes of this object's space: other than before means that it has grown."""
        return self._space.version

    def get(self, name: str) -> Value:
        """Return the value of an active hyperparameter.

        Raises:
            SpaceError: It is not active.
            UnknownParameterError: There is none of this name.
        """
        name = self._scopes.scoped_name(str(name))
        if name in self._space:
            entry = self._space.active_entry(name, self.values)
            if entry is None:
                conditions = " or ".join(str(other.conditions) for other in self._space.by_name[name])
                raise SpaceError(
                    f"The hyperparameter {name!r} is inactive: it needs {conditions}. "
                    f"Ask for it only where that holds; `{name!r} in hp` tells."
                )
            return fresh(self.values[name]) if name in self.values else entry.default
        if name in self.values:
            return fresh(self.values[name])
        raise UnknownParameterError(unknown_name(name, [*self._space.by_name, *self.values]))

    def __getitem__(self, name: str) -> Value:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        name = self._scopes.scoped_name(str(name))
        return self._space.is_active(name, self.values) if name in self._space else name in self.values

    def is_active(self, hyperparameter: HyperParameter | str) -> bool:
        """Return whether a hyperparameter counts with the present values: this one, or any of this name."""
        if isinstance(hyperparameter, HyperParameter):
            return self._space.conditions_hold(hyperparameter.conditions, self.values)
        return self._space.is_active(str(hyperparameter), self.values)

    def active_values(self) -> dict[str, Value]:
        """Return the values of the active hyperparameters only, in order."""
        active = self._space.active_entries(self.values)
        return {entry.name: fresh(self.values[entry.name]) for entry in active if entry.name in self.values}

    def key(self, values: Mapping[str, Value] | None = None) -> Hashable:
        """Return something hashable that two configurations of this space share exactly if their active values agree.

        Args:
            values: The configuration; the present values where left out.
        """
        return self._space.key(self.values if values is None else values)

    def n_combinations(self, *, on_grid: bool = False) -> int | None:
        """Return how many different configurations there are.

        Args:
            on_grid: Whether to count what a grid search tries: ten values of a number that has no step.

        Returns:
            The number; None where there is no end of them, or where counting would take too long.
        """
        return count_configurations(self._space, on_grid=on_grid)

    # Changing and copying.

    def mark_given(self, names: Iterable[str] | None = None) -> None:
        """Mark hyperparameters (all, by default) as given by the user: declarations in code do not change them."""
        self._space = self._space.with_given(self._space.by_name if names is None else names)

    def mark_drawn(self, *, by_hand: bool = False) -> None:
        """Mark the present values as a trial's first ones: ranges that depend on others move what no user has given."""
        self._drawn, self._is_by_hand = dict(self.values), by_hand

    @property
    def drawn_values(self) -> dict[str, Value]:
        """The values as the oracle drew them, before any was moved, and those met since."""
        return {**self.values, **self._drawn}

    def ensure_active_values(self) -> None:
        """Give every active hyperparameter that has no value its default, and take the values of inactive ones away."""
        for entry in self._space.ordered:
            if self._space.conditions_hold(entry.conditions, self.values):
                self.values.setdefault(entry.name, entry.default)
            elif not self._space.is_active(entry.name, self.values):
                self.values.pop(entry.name, None)

    def merge(self, hps: "HyperParameters | Iterable[HyperParameter]", overwrite: bool = True) -> None:
        """Take in other hyperparameters.

        Args:
            hps: Where they come from.
            overwrite: Whether they replace ours of the same name and conditions, and set the values to their
                defaults. If not, ours and their values stay; only the range of one that the other knows to be
                dependent is widened to hold both.
        """
        other = hps.search_space if isinstance(hps, HyperParameters) else SearchSpace(hps)
        self._space = self._space.merged(other, overwrite=overwrite)
        for entry in other.entries:
            if (overwrite or entry.name not in self.values) and entry.name in self._space:
                active = self._space.active_entry(entry.name, self.values)
                if active is not None:
                    self.values[entry.name] = active.default

    def copy(self) -> Self:
        """Return a copy with values of its own, which begins a new run. Cheap: the space is shared."""
        other = self.__class__.__new__(self.__class__)
        vars(other).update(vars(self), values=dict(self.values))
        other._begin()
        return other

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return space and values as JSON with KerasTuner's keys, and our own for names marked and values moved."""
        space = self._space
        config: dict[str, Any] = {
            "space": [serialize(entry) for entry in space.entries],
            "values": {name: value_to_json(value) for name, value in self.values.items()},
        }
        if space.given:
            config["given"] = sorted(space.given)
        if space.dependent:
            config["dependent"] = sorted(space.dependent)
        moved = {name for name, value in self._drawn.items() if identity(self.values.get(name)) != identity(value)}
        if moved:
            config["drawn"] = {name: value_to_json(self._drawn[name]) for name in sorted(moved)}
        return config

    # Any: JSON
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Return the hyperparameters that `get_config`, or KerasTuner, wrote."""
        hps = cls()
        entries = [deserialize(entry) for entry in config["space"]]
        hps._space = SearchSpace(entries, config.get("given", ()), config.get("dependent", ()))
        hps.values = {name: value_from_json(value) for name, value in config["values"].items()}
        hps._drawn = {name: value_from_json(value) for name, value in config.get("drawn", {}).items()}
        return hps
