"""Numbers, values and times as text, the same as in the browser (`labextension/src/format.ts`).

How it works: pure functions on what a snapshot holds. `tests/golden/format.json` holds both languages to one result.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import combining, east_asian_width

from kt_notebook.core.budget import without_budget
from kt_notebook.core.events import decode_number
from kt_notebook.core.objective import DEFAULT_OBJECTIVE_NAME

__all__ = [
    "ARROWS",
    "NOTHING",
    "format_clock",
    "format_count",
    "format_duration",
    "format_epochs_saved",
    "format_metric",
    "format_score",
    "format_trial_id",
    "format_value",
    "format_values",
    "pad",
    "shorten",
    "table",
    "width",
]

NOTHING = "–"
ARROWS = {"max": "↑", "min": "↓"}
_DIGITS = 4
_VALUE_COLUMNS = 32
# Blanks are folded: this many characters fill a column at most.
_LONGEST_LOOK = 8
_SMALLEST_SCORE, _SMALLEST_VALUE, _LARGEST, _LARGEST_WHOLE = 1e-3, 1e-2, 1e7, 1e9
_SECONDS_IN_HOUR = 3600


def format_score(value: float | int | str | None) -> str:
    """Return a metric's value with four significant digits, an exponent for the very small and the very large."""
    number = decode_number(value)
    if number is None:
        return NOTHING
    if not math.isfinite(number):
        return _special(number)
    size = abs(number)
    if size != 0 and not _SMALLEST_SCORE <= size < _LARGEST:
        return _exponent(number, _DIGITS - 1)
    return _significant(number)


# Any: a value is what JSON can hold.
def format_metric(name: str) -> str:
    """Return what a metric is called: the number that a trial returns, which has no name, is its score."""
    return "score" if name == DEFAULT_OBJECTIVE_NAME else name


def format_value(value: Any) -> str:
    """Return a hyperparameter's value, in JSON form, as Python would write it; floats as short as they can be."""
    return value if isinstance(value, str) else _format_inner(value)


# Any: as above.
def format_values(values: Mapping[str, Any]) -> str:
    """Return the values of hyperparameters, in JSON form, in one line: `units=64 lr=1e-3`."""
    shown = without_budget(values).items()
    return " ".join(f"{name}={shorten(format_value(value), _VALUE_COLUMNS)}" for name, value in shown)


def format_trial_id(trial_id: str) -> str:
    """Return the id without the zeros that pad it."""
    return trial_id.lstrip("0") or "0" if trial_id.isdecimal() else trial_id


def format_count(n: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{n:,}"


def format_epochs_saved(n: int) -> str:
    """Return how many epochs less were trained, for trials that were ended early: `1,024 epochs saved`."""
    return f"{format_count(n)} epoch{'' if n == 1 else 's'} saved"


def format_clock(seconds: float) -> str:
    """Return a time span as `1:42` or `1:02:03`."""
    whole = max(0, math.floor(seconds + 0.5))
    hours, rest = divmod(whole, _SECONDS_IN_HOUR)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def format_duration(seconds: float | None) -> str:
    """Return how long a trial took: `30 ms`, `5.7 s`, `42 s`, `1:42`."""
    if seconds is None:
        return NOTHING
    if seconds < 0.0995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 59.5 else format_clock(seconds)


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes; 한 takes two."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return the text filled with blanks, on its left if it is to stand on the right."""
    blanks = " " * max(0, columns - width(text))
    return blanks + text if right else text + blanks


def shorten(text: str, columns: int) -> str:
    """Return the text in one line of at most so many columns, … where it was cut, � for what steers a terminal."""
    head = text[: _LONGEST_LOOK * columns]
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(head.split()))
    if len(head) == len(text) and width(line) <= columns:
        return line
    kept, used = "", 1
    for character in line:
        used += width(character)
        if used > columns:
            break
        kept += character
    return kept + "…"


def table(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Return the rows as aligned lines, two blanks between columns.

    Args:
        rows: Texts of one line each; every row has as many as `right`.
        right: For each column, whether it stands on the right.
    """
    widths = [max((width(row[i]) for row in rows), default=0) for i in range(len(right))]
    return [
        "  ".join(pad(cell, w, right=r) for cell, w, r in zip(row, widths, right, strict=True)).rstrip() for row in rows
    ]


def _format_inner(value: Any) -> str:
    match value:
        case None | bool():
            return str(value)
        case int() | float():
            return _format_number(value)
        case {"__tuple__": list() as items}:
            inner = ", ".join(map(_format_inner, items))
            return f"({inner},)" if len(items) == 1 else f"({inner})"
        case list():
            return f"[{', '.join(map(_format_inner, value))}]"
        case dict():
            return "{" + ", ".join(f"{_quote(key)}: {_format_inner(item)}" for key, item in value.items()) + "}"
        case _:
            return _quote(value)


def _format_number(value: float) -> str:
    if not math.isfinite(value):
        return _special(value)
    size = abs(value)
    # JSON does not tell 96.0 from 96.
    if value == math.floor(value) and size < _LARGEST_WHOLE:
        return str(int(value))
    if not _SMALLEST_VALUE <= size < _LARGEST:
        return _strip_zeros(_exponent(value, _DIGITS - 2))
    return _strip_zeros(_significant(value))


def _significant(value: float) -> str:
    """Return the number with four significant digits, whole ones in full."""
    power = int(f"{value:.{_DIGITS - 1}e}".partition("e")[2])  # after rounding: 0.99996 is 1.000
    return f"{value:.{max(0, _DIGITS - 1 - power)}f}"


def _exponent(value: float, decimals: int) -> str:
    """Return the number as JavaScript writes it: `2.31e-3`."""
    mantissa, _, exponent = f"{value:.{decimals}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _strip_zeros(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + e + exponent


def _special(value: float) -> str:
    return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")


def _quote(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
