"""The scales of the bars in a table: from the worst score to the best, and a value's declared range.

How it works: a scale is a dict that JSON can hold, as it rides in a table's `attrs`, where pandas copies and keeps it
through slicing, pickling and parquet. `share` says how long a bar is.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kt_notebook.core.scale import Scale
from kt_notebook.core.values import value_from_json

__all__ = ["range_of_scores", "ranges_of_space", "share"]

# Scores worse than the median by more than this many times what the best is better have an empty bar.
_REACH = 3.0

# Any, in this file: a scale, and the space that it comes from, are JSON.
BarScale = Mapping[str, Any]


def ranges_of_space(space: Iterable[Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    """Return the scale of each hyperparameter that is a number, or a choice of numbers.

    Args:
        space: The space as a record holds it. A name that is declared several times has the range of all.

    Example:
        >>> config = {"name": "lr", "min_value": 0.001, "max_value": 0.1, "step": None, "sampling": "log"}
        >>> ranges_of_space([{"class_name": "Float", "config": config}])
        {'lr': {'low': 0.001, 'high': 0.1, 'sampling': 'log'}}
    """
    found: dict[str, dict[str, Any]] = {}
    refused: set[str] = set()
    for entry in space or ():
        config = entry["config"]
        name = str(config["name"])
        scale = _scale_of(config)
        if scale is None or name in refused:
            refused.add(name)
            found.pop(name, None)
        elif name in found:
            found[name] = _widened(found[name], scale)
        else:
            found[name] = scale
    return found


def _scale_of(config: Mapping[str, Any]) -> dict[str, Any] | None:
    if "min_value" in config:
        return {
            "low": config["min_value"],
            "high": config["max_value"],
            "sampling": (config.get("sampling") or "linear").lower(),
        }
    if config.get("ordered"):
        return {"values": sorted({float(value_from_json(value)) for value in config["values"]})}
    return None


def _widened(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    if "values" in first and "values" in second:
        return {"values": sorted({*first["values"], *second["values"]})}
    low = min(min(scale.get("values") or [scale["low"]]) for scale in (first, second))
    high = max(max(scale.get("values") or [scale["high"]]) for scale in (first, second))
    same = first.get("sampling") == second.get("sampling")
    return {"low": low, "high": high, "sampling": first.get("sampling", "linear") if same else "linear"}


def range_of_scores(scores: Iterable[float | None], *, is_max: bool) -> dict[str, Any] | None:
    """Return the scale from the worst score to the best, far outliers at its empty end; None for fewer than two.

    Args:
        scores: As records have them; what is None, NaN or infinite is passed over.
        is_max: Whether larger is better. Else the scale's `high` is its smallest number: longer bars are better.

    Example:
        >>> range_of_scores([0.9, None, 0.7], is_max=True)
        {'low': 0.7, 'high': 0.9, 'sampling': 'linear'}
    """
    ordered = sorted((score for score in scores if score is not None and math.isfinite(score)), reverse=is_max)
    if len(ordered) < 2 or ordered[0] == ordered[-1]:
        return None
    best, worst, median = ordered[0], ordered[-1], ordered[len(ordered) // 2]
    limit = median + _REACH * (median - best)
    if median != best:
        worst = max(worst, limit) if is_max else min(worst, limit)
    return {"low": worst, "high": best, "sampling": "linear"}


# Any: a table holds values of all kinds.
def share(scale: BarScale, value: Any) -> float | None:
    """Return how long a value's bar is, from 0.0 to 1.0; None for what is no number.

    Example:
        >>> share({"low": 0.001, "high": 0.1, "sampling": "log"}, 0.01)
        0.5
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
        return None
    number = float(value)
    values: Sequence[float] | None = scale.get("values")
    if values is not None:
        return min(1.0, sum(other < number for other in values) / (len(values) - 1)) if len(values) > 1 else None
    low, high = float(scale["low"]), float(scale["high"])
    if low == high:
        return None
    if low > high:  # a score to minimise
        return 1.0 - Scale(high, low, None, "linear", is_whole=False).encode(number)
    return Scale(low, high, None, scale["sampling"], is_whole=False).encode(number)
