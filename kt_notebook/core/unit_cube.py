"""Configurations of a search space as points of the unit cube, many at a time, and back.

How it works: a configuration is a row; each hyperparameter with more than one value is a column, and a value has a
place in [0, 1] there:

- a number without a step: its place on its own scale (linear, log, reverse log);
- what can be counted (steps, whole numbers, ordered choices, yes or no): value k of n, k from 0, is at k / (n - 1);
- whole numbers on a log scale: where the middle of the number's share of the scale is;
- unordered choices of three values or more: k / (n - 1) too, but there only equal or not equal means something.

A row has a place in every column; which of them count (are active) follows from the row. Several hyperparameters of
one name, under different conditions, are several columns. Arrays are float64, rows have shape `(n, n_columns)`.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.conditions import Condition
from kt_notebook.core.discrete import Boolean, Choice
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.numerical import Int
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, fresh, identity

__all__ = ["UnitCube"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A condition on a parent of up to as many values is asked once for each of them, else for each row.
MAX_TABLE = 1_000
# Where two places of what can be counted are one in a key, but for a float's last bits.
KEY_DIGITS = 9
# A number without a step is one with all in the same part of its range: a trial beside another of them teaches nothing.
# So many parts cost no score in a hundred trials, and keep a search from going back to one bound again and again.
KEY_PARTS = 200
# Where a hyperparameter stands that is not active: the middle, so that it says nothing.
NEUTRAL = 0.5


class UnitCube:
    """The unit cube of a space. Use it from one thread.

    Args:
        space: The search space; immutable, as the cube is.

    Attributes:
        space: The space.
        n_columns: How many hyperparameters have more than one value.
        groups: The column of each feature, shape `(n_features,)`.
        n_numeric: How many features, the first ones, are places; the others say whether a choice has a value.

    Example:
        >>> from kt_notebook.core.space import HyperParameters
        >>> hp = HyperParameters()
        >>> _ = hp.Float("lr", 0.001, 0.1, sampling="log"), hp.Boolean("bias")
        >>> UnitCube(hp.search_space).encode({"lr": 0.01, "bias": True}).round(3).tolist()
        [0.5, 1.0]
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._numbers = [number for number, entry in enumerate(space.ordered) if entry.n_values != 1]
        self._columns = [_Column(space.ordered[number]) for number in self._numbers]
        self._column_of = {column.entry: at for at, column in enumerate(self._columns)}
        self._parents: dict[str, list[int]] = {}
        for number, entry in enumerate(space.ordered):
            self._parents.setdefault(entry.name, []).append(number)
        self._tables: dict[tuple[int, int, int], Mask] = {}
        self.n_columns = len(self._columns)
        self._n_levels = np.array([column.n_levels for column in self._columns], dtype=np.float64)
        is_category = np.array([column.is_category for column in self._columns], dtype=bool)
        self._numeric, self._categories = np.flatnonzero(~is_category), np.flatnonzero(is_category)
        self._stepped = np.flatnonzero(self._n_levels > 0)
        self._is_continuous = np.array([column.is_continuous for column in self._columns], dtype=bool)
        self._whole_log = [at for at, column in enumerate(self._columns) if column.is_whole_log]
        sizes = self._n_levels[self._categories].astype(int)
        self.n_numeric = len(self._numeric)
        self.groups = np.concatenate([self._numeric, np.repeat(self._categories, sizes)]).astype(int)
        self._options = np.concatenate([np.arange(size) for size in sizes] or [np.empty(0)])
        self._resting = np.array([column.place(column.entry.default) for column in self._columns])

    # One configuration.

    def encode(self, values: Mapping[str, Value]) -> Array:
        """Return the row of a configuration, shape `(n_columns,)`.

        What is not active, or has no value, stands at its default; a number outside its range at the nearest bound,
        a value that a choice does not list at the choice's default.
        """
        row: Array = self._resting.copy()

        def choose(entry: HyperParameter) -> Value:
            value = values.get(entry.name, entry.default)
            if (at := self._column_of.get(entry)) is not None:
                row[at] = self._columns[at].place(value)
            return value

        self.space.assign(choose)
        return row

    def decode(self, row: Array) -> dict[str, Value]:
        """Return the configuration at a row: the values of what is active."""

        def choose(entry: HyperParameter) -> Value:
            at = self._column_of.get(entry)
            return entry.prob_to_value(NEUTRAL) if at is None else self._columns[at].value(float(row[at]))

        return self.space.assign(choose)

    def covers(self, values: Mapping[str, Value]) -> bool:
        """Return whether each value of an active hyperparameter is in its range; those without one do not matter."""
        return all(
            entry.contains(values[entry.name]) for entry in self.space.active_entries(values) if entry.name in values
        )

    # Many.

    def active(self, rows: Array) -> Mask:
        """Return which columns count in each row, shape `(n, n_columns)`."""
        if self.space.is_flat:
            return np.ones(rows.shape, dtype=bool)
        held: list[Mask] = []
        taken: dict[str, Mask] = {}
        for number, entry in enumerate(self.space.ordered):
            holds = np.ones(len(rows), dtype=bool)
            for place in range(len(entry.conditions)):
                holds &= self._met(number, place, rows, held)
            if entry.name in taken:
                holds &= ~taken[entry.name]
                taken[entry.name] = taken[entry.name] | holds
            else:
                taken[entry.name] = holds
            held.append(holds)
        mask: Mask = (
            np.array([held[number] for number in self._numbers], dtype=bool).reshape(self.n_columns, len(rows)).T
        )
        return mask

    def draw(self, uniforms: Array) -> Array:
        """Return rows for numbers in [0, 1]: where these are uniform each value gets the share of its scale."""
        rows = uniforms.copy()
        n_levels = self._n_levels[self._stepped]
        rows[:, self._stepped] = np.minimum(np.floor(rows[:, self._stepped] * n_levels), n_levels - 1) / (n_levels - 1)
        for at in self._whole_log:
            rows[:, at] = self._columns[at].nearest(rows[:, at])
        return rows

    def mutate(self, rows: Array, rng: np.random.Generator, sigma: Array, rate: Array) -> Array:
        """Return changed rows: in each some active columns move, at least one.

        A number moves by a normal deviate, mirrored at the bounds, and by a step at least; a category changes to
        any other.

        Args:
            rows: What to change; stays as it is.
            rng: The source of randomness.
            sigma: How far numbers move, shape `(n,)`.
            rate: How many columns move on average, shape `(n,)`.
        """
        active = self.active(rows)
        share = rate[:, None] / np.maximum(active.sum(axis=1, keepdims=True), 1)
        moves = (rng.random(rows.shape) < share) & active
        moves[np.arange(len(rows)), np.where(active, rng.random(rows.shape), -1.0).argmax(axis=1)] = True
        moves &= active  # where nothing is active nothing moves
        moved = _mirrored(rows + sigma[:, None] * rng.standard_normal(rows.shape), 1.0)
        stepped, categories = self._stepped, self._categories
        last = self._n_levels[stepped] - 1
        level = np.rint(rows[:, stepped] * last)
        n_steps = np.rint((moved[:, stepped] - rows[:, stepped]) * last)
        n_steps = np.where(n_steps == 0, rng.choice([-1.0, 1.0], n_steps.shape), n_steps)
        moved[:, stepped] = _mirrored(level + n_steps, last) / last
        n_options = self._n_levels[categories]
        option = np.rint(rows[:, categories] * (n_options - 1))
        by = 1 + np.floor(rng.random(option.shape) * (n_options - 1))
        moved[:, categories] = (option + by) % n_options / (n_options - 1)
        for at in self._whole_log:
            moved[:, at] = self._columns[at].nearest(moved[:, at])
        return np.where(moves, moved, rows)

    def keys(self, rows: Array) -> list[bytes]:
        """Return for each row something hashable that two rows share if they stand for one configuration.

        Numbers without a step count as one where they are in the same 200th of their range.
        """
        places = np.where(self._is_continuous, np.rint(rows * KEY_PARTS), np.round(rows, KEY_DIGITS))
        masked = np.where(self.active(rows), places, -1.0)
        return [row.tobytes() for row in masked]

    def features(self, rows: Array) -> Array:
        """Return what a kernel compares, shape `(n, n_features)`: first the numeric places, then the choices' values.

        Two different values of an unordered choice are at distance 1, whichever they are. What is not active stands
        in the middle of its range, or of its values.
        """
        active = self.active(rows)
        places = np.where(active, rows, NEUTRAL)[:, self._numeric]
        if not len(self._categories):
            return places
        at = self.groups[self.n_numeric :]
        n_options = self._n_levels[at]
        has_value = np.rint(rows[:, at] * (n_options - 1)) == self._options
        choices = np.where(active[:, at], has_value, 1 / n_options) / math.sqrt(2)
        return np.concatenate([places, choices], axis=1)

    # When a condition holds.

    def _met(self, number: int, place: int, rows: Array, held: list[Mask]) -> Mask:
        """Return where an entry's condition is met by a parent that is active itself, as `SearchSpace.holds` says."""
        condition = self.space.ordered[number].conditions[place]
        met = np.zeros(len(rows), dtype=bool)
        for parent in self._parents.get(condition.name, ()):
            if parent >= len(held):  # parents come first; in a circle of conditions one is not known yet
                continue
            entry = self.space.ordered[parent]
            if (at := self._column_of.get(entry)) is None:
                met |= held[parent] & condition.holds(entry.prob_to_value(NEUTRAL))
                continue
            column = self._columns[at]
            if 0 < column.n_levels <= MAX_TABLE:
                if (number, place, parent) not in self._tables:
                    self._tables[number, place, parent] = _answers(condition, column, column.levels())
                met |= held[parent] & self._tables[number, place, parent][column.level(rows[:, at])]
            else:
                asked = np.flatnonzero(held[parent])
                met[asked] |= _answers(condition, column, rows[asked, at])
        return met


class _Column:
    """The places of one hyperparameter's values.

    Attributes:
        n_levels: How many values there are, evenly spaced; 0 where the scale is continuous or whole numbers on a log
            scale.
    """

    def __init__(self, entry: HyperParameter) -> None:
        self.entry = entry
        n_values = entry.n_values
        self.is_whole_log = isinstance(entry, Int) and entry.step is None
        self.n_levels = 0 if n_values is None or self.is_whole_log else n_values
        self.is_continuous = n_values is None
        is_ordered = isinstance(entry, Boolean) or (isinstance(entry, Choice) and entry.ordered)
        self.is_category = isinstance(entry, Choice) and not is_ordered and self.n_levels > 2
        listed = entry.all_values() if isinstance(entry, Boolean | Choice) else ()
        self._listed = sorted(listed) if is_ordered else list(listed)
        self._number_of = {identity(value): number for number, value in enumerate(self._listed)}

    def place(self, value: Value) -> float:
        """Return where a value stands, or what stands for one that the entry does not contain (see `encode`)."""
        entry = self.entry
        if self._listed:
            listed = value if entry.contains(value) else entry.default
            listed = entry.prob_to_value(entry.value_to_prob(listed))  # 1 for 1.0: as it is listed
            return self._number_of[identity(listed)] / max(self.n_levels - 1, 1)
        is_number = isinstance(value, int | float) and not math.isnan(value)
        prob = entry.value_to_prob(value if is_number else entry.default)
        if self.is_whole_log:
            return float(self.nearest(np.array([prob]))[0])
        if self.n_levels:
            return min(int(prob * self.n_levels), self.n_levels - 1) / (self.n_levels - 1)
        return prob

    def value(self, place: float) -> Value:
        """Return the value at a place."""
        if not self.n_levels:
            return self.entry.prob_to_value(place)
        level = round(place * (self.n_levels - 1))
        return fresh(self._listed[level]) if self._listed else self.entry.prob_to_value((level + 0.5) / self.n_levels)

    def levels(self) -> Array:
        """Return the places of all values, where they are evenly spaced."""
        return np.arange(self.n_levels) / (self.n_levels - 1)

    def level(self, places: Array) -> NDArray[np.int_]:
        """Return the number of the value at each place, where they are evenly spaced."""
        return np.rint(places * (self.n_levels - 1)).astype(int)

    def nearest(self, places: Array) -> Array:
        """Return where the whole numbers stand whose shares of a log scale hold these places (see `Scale`)."""
        entry = self.entry
        if not isinstance(entry, Int):
            raise TypeError(f"{entry!r} is no whole number.")
        low, end = entry.min_value, entry.max_value + 1
        start, width = math.log(low), math.log(end) - math.log(low)
        is_reverse = entry.sampling == "reverse_log"
        value = np.exp(start + (1 - places if is_reverse else places) * width)
        value = low + end - value if is_reverse else value
        middle = np.clip(np.floor(value), low, entry.max_value) + 0.5
        share: Array = (np.log(low + end - middle if is_reverse else middle) - start) / width
        return 1 - share if is_reverse else share


def _answers(condition: Condition, column: _Column, places: Array) -> Mask:
    return np.array([condition.holds(column.value(float(place))) for place in places], dtype=bool)


def _mirrored(values: Array, high: Array | float) -> Array:
    """Return values with those outside [0, high] mirrored at the bound that they passed; far ones end at a bound."""
    values = np.abs(values)
    return np.clip(np.where(values > high, 2 * high - values, values), 0.0, high)
