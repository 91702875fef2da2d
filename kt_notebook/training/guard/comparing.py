"""Finds the first thing in which two ways of training differ: by a bit, or by more than their noise explains."""

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["first_difference"]

# Two ways may be this many times further apart than two runs of one way are.
_MOST_TIMES_NOISE = 10.0
# And by this part of what was learnt, or of the value: two runs may happen to agree.
_OF_CHANGE, _OF_VALUE = 1e-3, 1e-5


# Any: arrays of any type, here and below.
def first_difference(
    expected: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    noisy: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> str | None:
    """Return what differs first, with both values, None where nothing does. NaN is as good as NaN.

    Args:
        expected: What Keras' own steps came to, by name.
        found: What the fused ones came to.
        noisy: Where runs differ by themselves: what Keras' own steps came to at another time, and what was before
            them. None: all has to be equal to the last bit.
    """
    for name in [*expected, *(name for name in found if name not in expected)]:
        if name not in expected or name not in found:
            where = "by Keras' own fit" if name in expected else "with fused steps"
            return f"{_plain(name)} is there only {where}"
        a, b = np.asarray(expected[name]), np.asarray(found[name])
        if _is_same(a, b):
            continue
        if noisy is not None and _is_noise(a, b, again=noisy[0].get(name), before=noisy[1].get(name)):
            continue
        return _told(name, a, b)
    return None


def _is_same(a: Any, b: Any) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind not in "fcV":  # bfloat16 and its like are of kind V.
        return bool(np.array_equal(a, b))
    return a.tobytes() == b.tobytes() or bool(np.all(_equal(a, b)))


def _equal(a: Any, b: Any) -> Any:
    return ((a == b) & (np.signbit(a.real) == np.signbit(b.real))) | (np.isnan(a) & np.isnan(b))


def _is_noise(a: Any, b: Any, *, again: Any, before: Any) -> bool:
    """Return whether two arrays are no further apart than runs of one way are."""
    if again is None or a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind not in "fV":
        return False
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return False
    one, other, third = (np.nan_to_num(np.asarray(value, "float64")) for value in (a, b, again))
    change = 0.0 if before is None else _size(one - np.nan_to_num(np.asarray(before, "float64")))
    allowed = _MOST_TIMES_NOISE * _size(one - third) + _OF_CHANGE * change + _OF_VALUE * _size(one)
    return _size(one - other) <= allowed


def _size(values: Any) -> float:
    return float(np.sqrt(np.sum(np.square(values))))


def _told(name: str, a: Any, b: Any) -> str:
    if a.shape != b.shape or a.dtype != b.dtype:
        a, b = (f"{array.dtype}{list(array.shape)}" for array in (a, b))
        return f"{_plain(name)} is {a} by Keras' own fit and {b} with fused steps"
    if a.size == 1:
        return f"{_plain(name)} is {a.item()!r} by Keras' own fit and {b.item()!r} with fused steps"
    differ = ~_equal(a, b) if a.dtype.kind in "fcV" else a != b
    place = tuple(int(index[0]) for index in np.nonzero(differ))
    return (
        f"{int(differ.sum())} of {a.size} numbers of {_plain(name)} differ, the first is {a[place].item()!r} by Keras' "
        f"own fit and {b[place].item()!r} with fused steps"
    )


def _plain(name: str) -> str:
    """Return a variable's name without the number that makes it another than the rest."""
    number, _, rest = name.partition(" ")
    return rest if rest and number.isdigit() else name
