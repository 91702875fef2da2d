"""The scale of each hyperparameter in a picture: what its axis shows and where a value stands on it."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.discrete import Boolean, Choice
from kt_notebook.core.errors import OptionError
from kt_notebook.core.format import format_value
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.numerical import Float, Int
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.values import Value, identity, value_to_json
from kt_notebook.results.analysis.surface import space_of
from kt_notebook.results.analysis.trials import Trials

__all__ = ["ParameterScale", "chosen_scale", "scales_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ParameterScale:
    """The scale of one hyperparameter.

    Attributes:
        name: The hyperparameter's.
        column: Its column in the results table.
        low: The lower end; of categories -0.5.
        high: The upper end; of categories their number less a half.
        is_log: Whether equal ratios are equally far apart.
        is_whole: Whether the values are whole numbers.
        categories: The values of a choice as texts, in order; empty for numbers. Value k stands at k.
    """

    name: str
    column: str
    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False
    categories: tuple[str, ...] = ()
    _keys: tuple[object, ...] = ()

    def places(self, values: Iterable[Value]) -> Array:
        """Return where values stand on the axis: numbers as they are, categories at their number; NaN for none."""
        if not self.categories:
            return np.array([_number(value) for value in values], dtype=np.float64)
        at = {key: float(place) for place, key in enumerate(self._keys)}
        return np.array([at.get(_key(value), math.nan) for value in values], dtype=np.float64)

    def shares(self, places: Array) -> Array:
        """Return where places stand between the ends, 0 to 1, on the axis's own scale."""
        if self.is_log:
            with np.errstate(divide="ignore", invalid="ignore"):
                shares: Array = np.log(places / self.low) / math.log(self.high / self.low)
            return shares
        low, high = (0.0, len(self.categories) - 1.0) if self.categories else (self.low, self.high)
        return (places - low) / (high - low) if high > low else np.where(np.isnan(places), np.nan, 0.5)

    def at_shares(self, shares: Array) -> Array:
        """Return the places at shares of the axis, for numbers."""
        if self.is_log:
            grown: Array = self.low * (self.high / self.low) ** shares
            return grown
        return self.low + shares * (self.high - self.low)


def scales_of(record: SearchRecord, trials: Trials) -> list[ParameterScale]:
    """Return the scale of each hyperparameter that has more than one value, in the order of the space.

    What the space does not know, or a name with declarations of several kinds, has the values that the trials had.
    """
    by_name = space_of(record).by_name
    names = [*by_name, *(name for name in trials.columns if name not in by_name)]
    found = []
    for name in names:
        column = trials.columns.get(name, name)
        values = trials.table[column].tolist() if column in trials.table and name in trials.columns else []
        scale = _scale(name, column, by_name.get(name, ()), values)
        if scale is not None:
            found.append(scale)
    return found


def chosen_scale(scales: Sequence[ParameterScale], name: str) -> ParameterScale:
    """Return the scale of the hyperparameter of that name.

    Raises:
        OptionError: There is none.
    """
    found = next((scale for scale in scales if scale.name == name), None)
    if found is not None:
        return found
    names = [scale.name for scale in scales]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names) or 'none'}."
    raise OptionError(f"No hyperparameter with more than one value is called {name!r}. {hint}")


def _scale(name: str, column: str, entries: Sequence[HyperParameter], values: Sequence[Value]) -> ParameterScale | None:
    if entries and all(isinstance(entry, Int | Float) for entry in entries):
        return _numbers(name, column, [entry for entry in entries if isinstance(entry, Int | Float)])
    present = [value for value in values if not _is_none(value)]
    listed: list[Value] = []
    if entries and all(isinstance(entry, Boolean | Choice) for entry in entries):
        for entry in entries:
            known = list(entry.all_values())
            ordered = isinstance(entry, Boolean) or (isinstance(entry, Choice) and entry.ordered)
            listed += sorted(known) if ordered else known
    elif present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        low, high = min(present), max(present)
        return ParameterScale(name, column, float(low), float(high)) if low < high else None
    by_key = {_key(value): value for value in [*listed, *present]}
    if len(by_key) < 2:
        return None
    texts = tuple(format_value(value_to_json(value)) for value in by_key.values())
    return ParameterScale(name, column, -0.5, len(texts) - 0.5, categories=texts, _keys=tuple(by_key))


def _numbers(name: str, column: str, entries: Sequence[Int | Float]) -> ParameterScale | None:
    low = min(float(entry.min_value) for entry in entries)
    high = max(float(entry.max_value) for entry in entries)
    if low == high:
        return None
    is_log = all(entry.sampling == "log" for entry in entries)
    return ParameterScale(name, column, low, high, is_log, all(isinstance(entry, Int) for entry in entries))


def _number(value: Value) -> float:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return float(value) if is_number else math.nan


def _is_none(value: Value) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _key(value: Value) -> object:
    """Return what tells values apart as a table's column holds them: whole numbers beside gaps become floats there."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, int | float) and not isinstance(plain, bool):
        return ("number", float(plain))
    return identity(plain)
