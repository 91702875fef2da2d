"""A length of time as users write it."""

import math
import re
from typing import Any

from kt_notebook.core.errors import OptionError

__all__ = ["duration_s", "parse_duration"]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(flag: str, text: str) -> float:
    """Return the seconds that a text such as `90`, `30s`, `30m` or `1h30m` means.

    Raises:
        OptionError: The text is no duration, or is zero.
    """
    seconds = _seconds(text)
    if seconds <= 0:
        raise OptionError(f"{flag} {text} is no time. Write seconds, or 30s, 30m, 2h, 1h30m.")
    return seconds


def duration_s(name: str, value: Any) -> float | None:  # Any: whatever a user passes; narrowed here, once
    """Return the seconds that an argument means: a number, a text such as "30m", or None for no limit.

    Raises:
        OptionError: It is none of these, or not above zero.
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    seconds = _seconds(value) if isinstance(value, str) else float(value) if is_number else 0.0
    if not math.isfinite(seconds) or seconds <= 0:
        raise OptionError(f"{name}={value!r} is no time. Give seconds above 0, or a text such as '30m' or '1h30m'.")
    return seconds


def _seconds(text: str) -> float:
    """Return what a text means, 0 where that is nothing."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.lower())
    whole = "".join(number + unit for number, unit in parts)
    # 1h30 could mean minutes or seconds: a number without a unit stands alone.
    is_known = all(unit in _UNITS and (unit or len(parts) == 1) for _, unit in parts)
    if not is_known or whole != text.lower().replace(" ", ""):
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
