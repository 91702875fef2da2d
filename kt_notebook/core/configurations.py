"""The configurations of a search space, counted and walked through.

How it works: counting takes the hyperparameters that depend on each other together; groups that know nothing of
each other multiply. In a group only those on which others depend are walked through, the rest multiplies again.
Walking is an odometer: the last hyperparameter turns fastest, and what stands after a turned one is worked out
anew, since its conditions may have changed.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, identity

__all__ = ["count_configurations", "grid_values", "walk_configurations"]

# walking more than this for a count would take seconds
MAX_STEPS = 50_000


def grid_values(entry: HyperParameter) -> Sequence[Value]:
    """Return the different values that a grid tries, in order."""
    return list({identity(value): value for value in entry.values}.values())


def walk_configurations(
    space: SearchSpace, values_of: Callable[[HyperParameter], Sequence[Value]]
) -> Iterator[dict[str, Value]]:
    """Yield each configuration of active values once, the last hyperparameter turning fastest.

    Args:
        space: What to walk through.
        values_of: Gives the values of a hyperparameter, at least one, in order.
    """
    entries = space.ordered
    listed: dict[int, Sequence[Value]] = {}
    values: dict[str, Value] = {}
    wheels: list[tuple[int, int]] = []  # place of the entry, place of its value

    def turn(place: int, at: int) -> None:
        values[entries[place].name] = listed[place][at]
        wheels.append((place, at))
        for later in range(place + 1, len(entries)):
            begin(later)

    def begin(place: int) -> None:
        entry = entries[place]
        if entry.name in values or not space.holds(entry, values, values):
            return
        if place not in listed:
            listed[place] = values_of(entry)
        values[entry.name] = listed[place][0]
        wheels.append((place, 0))

    for place in range(len(entries)):
        begin(place)
    yield dict(values)
    while wheels:
        place, at = wheels.pop()
        del values[entries[place].name]
        if at + 1 < len(listed[place]):
            turn(place, at + 1)
            yield dict(values)


def count_configurations(space: SearchSpace, *, on_grid: bool = False) -> int | None:
    """Return how many different configurations there are.

    Args:
        space: What to count.
        on_grid: Whether to count what a grid tries: ten values of a number that has no step.

    Returns:
        The number; None where it is infinite, or where finding it would take more than 50,000 steps.
    """

    def size(entry: HyperParameter) -> int | None:
        return len(grid_values(entry)) if on_grid else entry.n_values

    total = 1
    for group in _groups(space):
        n_configurations = _count_group(space, group, size)
        if n_configurations is None:
            return None
        total *= n_configurations
    return total


def _groups(space: SearchSpace) -> list[list[str]]:
    """Return the names in groups: those that depend on each other, directly or through others, are together."""
    leader = {name: name for name in space.by_name}

    def lead(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for entry in space.entries:
        for condition in entry.conditions:
            if condition.name in leader:
                leader[lead(entry.name)] = lead(condition.name)
    groups: dict[str, list[str]] = {}
    for name in leader:
        groups.setdefault(lead(name), []).append(name)
    return list(groups.values())


def _count_group(space: SearchSpace, names: list[str], size: Callable[[HyperParameter], int | None]) -> int | None:
    entries = [entry for name in names for entry in space.by_name[name]]
    if len(entries) == 1 and not entries[0].conditions:
        return size(entries[0])
    deciding = {condition.name for entry in entries for condition in entry.conditions}
    parents = [entry for entry in entries if entry.name in deciding]
    rest = [name for name in names if name not in deciding]
    if any(size(entry) is None for entry in parents):
        return None
    values_of = _listed_values(size)
    total = 0
    for step, values in enumerate(walk_configurations(SearchSpace(parents), values_of)):
        if step >= MAX_STEPS:
            return None
        active = (space.active_entry(name, values) for name in rest)
        sizes = [size(entry) for entry in active if entry is not None]
        if None in sizes:
            return None
        total += math.prod(count for count in sizes if count is not None)
    return total


def _listed_values(
    size: Callable[[HyperParameter], int | None],
) -> Callable[[HyperParameter], Sequence[Value]]:
    def values_of(entry: HyperParameter) -> Sequence[Value]:
        listed = grid_values(entry)
        return listed if len(listed) == size(entry) else entry.all_values()

    return values_of
