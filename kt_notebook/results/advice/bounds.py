"""Other ranges for a hyperparameter: one that goes on beyond an end, and one that keeps a part of it."""

import math
from typing import Literal

from kt_notebook.core.parameter import Float, HyperParameter, Int
from kt_notebook.results.advice.findings import Change

__all__ = ["Number", "as_number", "change_of_scale", "extended", "fixed", "has_natural_end", "narrowed"]

Number = Float | Int
End = Literal["low", "high"]

# How much of a range is added to it, in the range's own scale.
_SHARE_ADDED = 0.5
_MIN_FACTOR, _MAX_FACTOR = 2.0, 100.0
# An upper end as near to 1 as this is where a share ends: momentum 0.99.
_NEAR_ONE = 0.9
# A momentum of 1 never comes to rest.
_SHORT_OF_ONE = 0.99


def fixed(name: str, value: object) -> Change:
    """Return the change to one value."""
    return Change(name, "Fixed", {"value": value})


def has_natural_end(entry: Number, end: End) -> bool:
    """Return whether a range cannot go on: a share ends at 0 and 1, a count at 1.

    Example:
        >>> has_natural_end(Float("dropout", 0, 0.5), "low"), has_natural_end(Float("dropout", 0, 0.5), "high")
        (True, False)
    """
    return extended(entry, end) is None


def extended(entry: Number, end: End) -> Change | None:
    """Return the change to a range that goes on by half at one end; None where it cannot.

    Example:
        >>> extended(Float("lr", 1e-4, 1e-2, sampling="log"), "high").arguments
        {'max_value': 0.1}
        >>> extended(Int("units", 32, 256, step=32), "high").arguments
        {'max_value': 384}
    """
    if entry.sampling == "reverse_log" or entry.min_value == entry.max_value:
        return None
    bound = _beyond_on_steps(entry, end) if _has_steps(entry) else _beyond(entry, end)
    bound = _within_nature(entry, end, bound)
    if bound is None:
        return None
    argument = "min_value" if end == "low" else "max_value"
    return Change(entry.name, type(entry).__name__, {argument: int(bound) if isinstance(entry, Int) else float(bound)})


def narrowed(entry: Number, low: float, high: float) -> Change | None:
    """Return the change to the part of a range between two values; None where that is nearly all of it.

    The new ends are round numbers outside of the part, and on the steps where there are any.

    Example:
        >>> narrowed(Float("rate", 0, 10), 2.13, 3.37).arguments
        {'min_value': 2.0, 'max_value': 3.4}
    """
    low, high = max(low, entry.min_value), min(high, entry.max_value)
    if low >= high:
        return None
    if _has_steps(entry):
        levels = entry.all_values()
        low = max((level for level in levels if level <= low), default=levels[0])
        high = min((level for level in levels if level >= high), default=levels[-1])
    elif entry.sampling == "linear":
        unit = max(_unit((high - low) / 4), 1 if isinstance(entry, Int) else 0)
        low, high = math.floor(low / unit + 1e-9) * unit, math.ceil(high / unit - 1e-9) * unit
    else:
        low, high = _rounded(low, up=False), _rounded(high, up=True)
    if isinstance(entry, Int):
        low, high = math.floor(low), math.ceil(high)
    else:
        low, high = float(f"{low:.6g}"), float(f"{high:.6g}")
    low, high = max(low, entry.min_value), min(high, entry.max_value)
    changed = {"min_value": low, "max_value": high}
    held = {"min_value": entry.min_value, "max_value": entry.max_value}
    arguments = {name: value for name, value in changed.items() if value != held[name]}
    if not arguments or low >= high:
        return None
    return Change(entry.name, type(entry).__name__, arguments)


def change_of_scale(entry: Number) -> Change:
    """Return the change to a log scale; a step, which is a factor there, goes."""
    arguments: dict[str, object] = {"sampling": "log"}
    if entry.step is not None:
        arguments["step"] = None
    return Change(entry.name, type(entry).__name__, arguments)


def _has_steps(entry: Number) -> bool:
    """Return whether a range's ends must be on steps; whole numbers are no such steps."""
    return entry.step is not None and not (isinstance(entry, Int) and entry.step == 1)


def _beyond_on_steps(entry: Number, end: End) -> float | None:
    levels = entry.all_values()
    n_more = max(1, round(len(levels) * _SHARE_ADDED))
    last, step = (levels[0] if end == "low" else levels[-1]), float(entry.step or 1)
    if entry.sampling == "log":
        return last * step**n_more if end == "high" else last / step**n_more
    if end == "high":
        return float(f"{last + n_more * step:.12g}")
    floor = 0.0 if entry.min_value > 0 else -math.inf
    possible = [last - n * step for n in range(n_more, 0, -1) if last - n * step > floor + 1e-12]
    return float(f"{possible[0]:.12g}") if possible else None


def _beyond(entry: Number, end: End) -> float:
    low, high = entry.min_value, entry.max_value
    if entry.sampling == "log":
        factor = min(max((high / low) ** _SHARE_ADDED, _MIN_FACTOR), _MAX_FACTOR)
        return _usual(high * factor) if end == "high" else _usual(low / factor)
    added = (high - low) * _SHARE_ADDED
    unit = _unit(added)
    if end == "high":
        bound = math.ceil((high + added) / unit - 1e-9) * unit
        return float(f"{high / 2 if high < 0 <= bound else bound:.12g}")
    bound = math.floor((low - added) / unit + 1e-9) * unit
    return float(f"{low / 2 if low > 0 >= bound else bound:.12g}")


def _within_nature(entry: Number, end: End, bound: float | None) -> float | None:
    """Return a bound cut at where such a range ends by nature; None where the range is there already."""
    if bound is None:
        return None
    low, high = entry.min_value, entry.max_value
    if isinstance(entry, Int):
        if entry.sampling == "log" and entry.step is not None and bound != int(bound):
            return None
        if end == "low":
            return None if 0 <= low <= 1 else (max(bound, 1) if low > 0 else math.floor(bound))
        return bound
    if end == "low":
        return None if low == 0 else bound
    is_share = low >= 0 and high <= 1 and entry.sampling == "linear"
    if not is_share:
        return bound
    if high > _NEAR_ONE:
        return None
    return min(bound, _SHORT_OF_ONE if high == _NEAR_ONE and not _has_steps(entry) else 1.0)


def _unit(width: float) -> float:
    """Return a round number, 1, 2 or 5 times a power of ten, of which a width has some."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in (5, 2, 1) if factor * power <= width * (1 + 1e-9))


def _rounded(value: float, *, up: bool) -> float:
    """Return the next number of one digit, or two where one would move it by more than a third."""
    found = [_cut(value, digits, up=up) for digits in (0, 1)]
    return next((number for number in found if max(number / value, value / number) <= 4 / 3), found[-1])


def _usual(value: float) -> float:
    """Return the nearest number that people give a log scale: 1, 2, 3 or 5 times a power of ten."""
    power = math.floor(math.log10(value))
    near = [float(f"{factor}e{power}") for factor in (1, 2, 3, 5, 10)]
    return min(near, key=lambda number: abs(math.log(number / value)))


def _cut(value: float, digits: int, *, up: bool) -> float:
    power = 10.0 ** (math.floor(math.log10(value)) - digits)
    steps = value / power
    return float(f"{(math.ceil(steps - 1e-6) if up else math.floor(steps + 1e-6)) * power:.6g}")


def as_number(entry: HyperParameter) -> Number | None:
    """Return a hyperparameter that is a number on a scale, None for any other."""
    return entry if isinstance(entry, Float | Int) else None
