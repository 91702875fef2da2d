"""How findings say their numbers."""

import math
from collections.abc import Sequence

from kt_notebook.core.format import format_count, format_score, format_value
from kt_notebook.core.values import Value, value_to_json

__all__ = ["listed", "number", "percent", "shown", "trials_text"]


def number(value: float) -> str:
    """Return a measured number."""
    return format_score(value)


def shown(value: Value) -> str:
    """Return a hyperparameter's value as Python would write it.

    Example:
        >>> shown("relu"), shown(0.0001)
        ("'relu'", '1e-4')
    """
    return repr(value) if isinstance(value, str) else format_value(value_to_json(value))


def percent(share: float) -> str:
    """Return a share as a whole percentage, never more certain than it was found.

    Example:
        >>> percent(0.997), percent(0.004)
        ('more than 99 %', 'less than 1 %')
    """
    if share > 0.99:
        return "more than 99 %"
    return "less than 1 %" if share < 0.01 else f"{math.floor(share * 100 + 0.5)} %"


def trials_text(n: int) -> str:
    """Return a number of trials in words."""
    return f"{format_count(n)} trial{'' if n == 1 else 's'}"


def listed(items: Sequence[str]) -> str:
    """Return texts as an enumeration.

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
