"""The set of hyperparameters that a search knows, without values: which there are, and which are active when.

How it works: a `SearchSpace` is never changed; adding to it makes a new one with the next `version`. So copies of a
`HyperParameters` share it at no cost, and what is worked out once (order, number of combinations) stays true.

A name may have several entries under different conditions. It is active when any of them is, and the first active
one says what values it takes. A condition holds only while its parent is active itself. `ordered` are the entries
with parents before children: the order of declaration, except where an entry was added later to a name on which
earlier ones depend.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from kt_notebook.core.conditions import Condition, Predicate
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.values import Value

__all__ = ["SearchSpace"]

# stand in a configuration's key for a hyperparameter that is not active, or has no value yet
_INACTIVE = ("inactive",)
_MISSING = ("missing",)


class SearchSpace:
    """Hyperparameters and when they are active. Immutable.

    Args:
        entries: The hyperparameters, in order of declaration.
        given: Names that the user gave beforehand: declarations in code do not change them.
        dependent: Names whose range was seen to depend on other values.
        version: Counts the changes that led here.
    """

    def __init__(
        self,
        entries: Iterable[HyperParameter] = (),
        given: Collection[str] = (),
        dependent: Collection[str] = (),
        version: int = 0,
    ) -> None:
        self.entries = tuple(entries)
        self.given = frozenset(given)
        self.dependent = frozenset(dependent)
        self.version = version

    @cached_property
    def by_name(self) -> dict[str, tuple[HyperParameter, ...]]:
        """The entries of each name, in order of declaration."""
        found: dict[str, tuple[HyperParameter, ...]] = {}
        for entry in self.entries:
            found[entry.name] = (*found.get(entry.name, ()), entry)
        return found

    @cached_property
    def ordered(self) -> tuple[HyperParameter, ...]:
        """The entries with parents before children, else in order of declaration."""
        place = {name: number for number, name in enumerate(self.by_name)}
        graph = {name: _parents(entries) & place.keys() for name, entries in self.by_name.items()}
        last = {entry.name: number for number, entry in enumerate(self.entries)}
        if all(
            last[condition.name] < number
            for number, entry in enumerate(self.entries)
            for condition in entry.conditions
            if condition.name in last
        ):
            return self.entries
        sorter = TopologicalSorter(graph)
        try:
            sorter.prepare()
        except CycleError:
            return self.entries
        names: list[str] = []
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        while ready:
            names.append(ready.pop(0))
            sorter.done(names[-1])
            ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
        return tuple(entry for name in names for entry in self.by_name[name])

    @cached_property
    def is_flat(self) -> bool:
        """Whether nothing is conditional and every name has one entry: then all entries are always active."""
        return len(self.by_name) == len(self.entries) and not any(entry.conditions for entry in self.entries)

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def with_entry(self, entry: HyperParameter) -> "SearchSpace":
        """Return the space with one entry more."""
        space = SearchSpace((*self.entries, entry), self.given, self.dependent, self.version + 1)
        if "by_name" in self.__dict__:
            space.__dict__["by_name"] = {
                **self.by_name,
                entry.name: (*self.by_name.get(entry.name, ()), entry),
            }
        return space

    def with_replaced(self, old: HyperParameter, new: HyperParameter, *, is_dependent: bool = False) -> "SearchSpace":
        """Return the space with another entry in the place of one; `is_dependent` marks its name so."""
        entries = [new if entry is old else entry for entry in self.entries]
        dependent = self.dependent | {new.name} if is_dependent else self.dependent
        return SearchSpace(entries, self.given, dependent, self.version + 1)

    def with_given(self, names: Iterable[str]) -> "SearchSpace":
        """Return the space with these names marked as given by the user."""
        return SearchSpace(self.entries, self.given | set(names), self.dependent, self.version)

    def find(self, name: str, conditions: list[Condition]) -> HyperParameter | None:
        """Return the entry with this name and these conditions."""
        return next((entry for entry in self.by_name.get(name, ()) if entry.conditions == conditions), None)

    # What is active.

    def is_active(self, name: str, values: Mapping[str, Value]) -> bool:
        """Return whether any entry of the name is active."""
        return self.active_entry(name, values) is not None

    def active_entry(
        self, name: str, values: Mapping[str, Value], below: frozenset[str] = frozenset()
    ) -> HyperParameter | None:
        """Return the first active entry of the name; `below` are the names from whose conditions we came here."""
        for entry in self.by_name.get(name, ()):
            if not entry.conditions or self.conditions_hold(entry.conditions, values, below | {name}):
                return entry
        return None

    def conditions_hold(
        self, conditions: Iterable[Condition], values: Mapping[str, Value], below: frozenset[str] = frozenset()
    ) -> bool:
        """Return whether all conditions are met, by parents that are active themselves."""
        for condition in conditions:
            parent = condition.name
            if parent in below or not condition.is_active(values):
                return False
            if parent in self.by_name and self.active_entry(parent, values, below) is None:
                return False
        return True

    def active_entries(self, values: Mapping[str, Value]) -> Iterable[HyperParameter]:
        """Return the entries that say what values the active names take, parents first."""
        if self.is_flat:
            return self.entries
        seen: dict[str, HyperParameter] = {}
        for entry in self.ordered:
            if entry.name not in seen and self.holds(entry, values, seen):
                seen[entry.name] = entry
        return seen.values()

    def assign(self, choose: Callable[[HyperParameter], Value]) -> dict[str, Value]:
        """Return a configuration: for each name that becomes active, parents first, the value chosen for its entry."""
        if self.is_flat:
            return {entry.name: choose(entry) for entry in self.entries}
        values: dict[str, Value] = {}
        for entry in self.ordered:
            if entry.name not in values and self.holds(entry, values, values):
                values[entry.name] = choose(entry)
        return values

    def key(self, values: Mapping[str, Value]) -> Hashable:
        """Return something hashable that two configurations share exactly if their active values are the same."""
        if self.is_flat:
            return tuple(
                [entry.identity(values[entry.name]) if entry.name in values else _MISSING for entry in self.entries]
            )
        found: dict[str, object] = dict.fromkeys(self.by_name, _INACTIVE)
        for entry in self.active_entries(values):
            found[entry.name] = entry.identity(values[entry.name]) if entry.name in values else _MISSING
        return tuple(found.values())

    def holds(self, entry: HyperParameter, values: Mapping[str, Value], active: Collection[str]) -> bool:
        """Return whether the entry's conditions hold, given the names known to be active so far."""
        return all(
            (condition.name in active or condition.name not in self.by_name) and condition.is_active(values)
            for condition in entry.conditions
        )

    # What another space adds.

    def merged(self, other: "SearchSpace", *, overwrite: bool) -> "SearchSpace":
        """Return the space with the other's entries.

        Args:
            other: The space to take in.
            overwrite: Whether the other's entry replaces ours of the same name and conditions. If not, ours stays;
                its range is widened where the other knows it to be dependent, and a predicate of which we know the
                label only is made known; entries given by the user stay as they are.
        """
        if other is self:
            return self
        space = self
        for entry in other.entries:
            mine = space.find(entry.name, entry.conditions)
            if mine is entry:
                continue
            if overwrite:
                space = space.with_entry(entry) if mine is None else space.with_replaced(mine, entry)
            elif mine is None:
                space = space.with_entry(entry)
            elif entry.name not in self.given:
                space = space._taught(mine, entry, is_dependent=entry.name in other.dependent)
        if other.dependent <= space.dependent:
            return space
        return SearchSpace(space.entries, space.given, space.dependent | other.dependent, space.version)

    def _taught(self, mine: HyperParameter, entry: HyperParameter, *, is_dependent: bool) -> "SearchSpace":
        taught = mine
        if is_dependent and type(mine) is type(entry) and not mine.has_same_range(entry):
            taught = mine.widened(entry)
        if _is_half_known(mine) and not _is_half_known(entry):
            taught = taught.with_conditions(entry.conditions)
        return self if taught is mine else self.with_replaced(mine, taught, is_dependent=is_dependent)


def _parents(entries: Iterable[HyperParameter]) -> set[str]:
    return {condition.name for entry in entries for condition in entry.conditions}


def _is_half_known(entry: HyperParameter) -> bool:
    return any(isinstance(condition, Predicate) and not condition.is_known for condition in entry.conditions)
