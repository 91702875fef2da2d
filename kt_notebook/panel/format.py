"""Numbers, values and times as text, the same as in the browser (`labextension/src/format.ts`).

How it works: pure functions on what a snapshot holds. `tests/golden/format.json` holds both languages to one result.
"""

import json
import math
from collections.abc import Sequence
from typing import Any
from unicodedata import combining, east_asian_width

from kt_notebook.core.events import decode_number

__all__ = [
    "ARROWS",
    "NOTHING",
    "format_clock",
    "format_count",
    "format_duration",
    "format_score",
    "format_value",
    "pad",
    "shorten",
    "table",
    "width",
]

NOTHING = "–"
ARROWS = {"max": "↑", "min": "↓"}
_DIGITS = 4
_SECONDS_IN_HOUR = 3600


def format_score(value: float | int | str | None) -> str:
    """Return a metric's value with four significant digits, trailing zeros kept so that columns line up."""
    number = decode_number(value)
    if number is None:
        return NOTHING
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("∞" if number > 0 else "−∞")
    if number == 0:
        return "0"
    size = abs(number)
    if not 1e-3 <= size < 1e6:
        return _exponent(number)
    power = int(f"{size:.{_DIGITS - 1}e}".partition("e")[2])  # after rounding: 0.99996 is 1.000
    decimals = max(0, _DIGITS - 1 - power)
    return f"{number:.{decimals}f}"


# Any: a value is what JSON can hold.
def format_value(value: Any) -> str:
    """Return a hyperparameter's value, in JSON form, as Python would write it, floats with four significant digits."""
    match value:
        case None | bool():
            return str(value)
        case int():
            return str(value)
        case float():
            return _plain_float(value)
        case str():
            return value
        case {"__tuple__": list() as items}:
            inner = ", ".join(map(_quoted, items))
            return f"({inner},)" if len(items) == 1 else f"({inner})"
        case {"__str__": str() as text}:
            return text
        case list():
            return f"[{', '.join(map(_quoted, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def format_count(n: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{n:,}"


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
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.0005 else "<1 ms"
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
    """Return the text in one line and at most so many columns, with … where it was cut."""
    text = " ".join(text.split())
    if width(text) <= columns:
        return text
    kept, used = "", 1
    for character in text:
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


def _plain_float(value: float) -> str:
    if not math.isfinite(value) or value == 0:
        return format_score(value)
    if not 1e-2 <= abs(value) < 1e6:
        return _exponent(value)
    # Trailing zeros say nothing in a value that was set.
    text = format_score(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(value: float) -> str:
    """Return the number as JavaScript writes it: `2.31e-3`."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _quoted(value: Any) -> str:
    return repr(value) if isinstance(value, str) else format_value(value)
