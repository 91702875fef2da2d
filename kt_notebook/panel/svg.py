"""Two small pictures of a search as SVG without script: scores by trial, and learning curves.

How it works: pure functions from rows to text. Colours are such that they can be read on light and on dark paper,
and everything else takes the colour of the text around it, so that one picture fits both.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from kt_notebook.core.format import format_score
from kt_notebook.core.palette import GOOD, PRUNED, RUN
from kt_notebook.panel.rows import Row

__all__ = ["curves_svg", "history_svg", "sparkline"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 430, 180, 46, 8, 8, 20
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_POINTS = 54, 16, 18

Point = tuple[float, float]


def history_svg(rows: Sequence[Row], steps: Sequence[Row], *, max_dots: int) -> str:
    """Return the scores in the order of the trials, with the best so far as a line; "" where there are too few.

    Args:
        rows: All trials.
        steps: Those of them that were the best so far.
        max_dots: Draw this many scores at most; every step of the line is kept.
    """
    scored = [row for row in rows if row.has_score and row.score is not None and math.isfinite(row.score)]
    if len(scored) < 2 or max_dots < 1:
        return ""
    scores = [row.score for row in scored if row.score is not None]
    line = [(float(row.index), row.score) for row in steps if row.score is not None and math.isfinite(row.score)]
    best = line[-1][1] if line else scores[0]
    axes = _Axes((0.0, float(len(rows) - 1)), _range(scores, best))
    every = math.ceil(len(scored) / max_dots)
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{1.6 if len(scored) > 150 else 2.2}"/>'
        for x, y in map(axes.place, [(float(row.index), row.score or 0.0) for row in scored[::every]])
    )
    stairs = [line[0]] if line else []
    for (_, low), (x, high) in pairwise(line):
        stairs += [(x, low), (x, high)]
    if stairs:
        stairs.append((float(len(rows) - 1), stairs[-1][1]))
    body = f'<g fill="{PRUNED}" fill-opacity=".6">{dots}</g>' + _line(map(axes.place, stairs), GOOD, 2.2)
    return _picture(f"Scores of {len(scored)} trials, and the best so far", axes.draw() + body)


def curves_svg(ranked: Sequence[Row], running: Sequence[Row]) -> str:
    """Return the learning curves of these trials, the best in front; "" where no trial has two epochs."""
    rows = [row for row in [*ranked, *running] if len(_finite(row.curve)) > 0]
    if max((len(row.curve) for row in rows), default=0) < 2:
        return ""
    longest = max(len(row.curve) for row in rows)
    axes = _Axes((1.0, float(longest)), _range_of_curves(rows))
    lines: list[str] = []
    for row in reversed(rows):
        points = list(map(axes.place, _thin(_finite(row.curve), 60)))
        if row is rows[0] and row.state != "running":
            lines.append(_line(points, GOOD, 2.2))
        elif row.state == "running":
            lines.append(_line(points, RUN, 1.6))
        else:
            lines.append(_line(points, PRUNED, 1, opacity=0.75))
    return _picture(f"Learning curves of {len(rows)} trials", axes.draw() + "".join(lines))


def sparkline(row: Row) -> str:
    """Return a trial's learning curve as small as a word, on its own scale; "" where it has fewer than two epochs."""
    points = _thin(_finite(row.curve), _SPARK_POINTS)
    if len(points) < 2:
        return ""
    last = points[-1][0]
    low, high = min(y for _, y in points), max(y for _, y in points)
    span = (high - low) or 1.0
    path = " ".join(
        f"{(x - 1) / max(1, last - 1) * (_SPARK_WIDTH - 2) + 1:.0f},"
        f"{(_SPARK_HEIGHT - 2) - (y - low) / span * (_SPARK_HEIGHT - 4):.1f}"
        for x, y in points
    )
    colour = PRUNED if row.state == "pruned" else RUN
    return (
        f'<svg width="{_SPARK_WIDTH}" height="{_SPARK_HEIGHT}" aria-hidden="true">'
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.4" points="{path}"/></svg>'
    )


class _Axes:
    """Where a point of the data lies in the picture."""

    def __init__(self, x_range: Point, y_range: Point) -> None:
        self._x0, self._x1 = x_range
        self._y0, self._y1 = y_range

    def place(self, point: Point) -> tuple[str, str]:
        """Return the place of a point; what lies outside goes to the border."""
        x = (point[0] - self._x0) / (self._x1 - self._x0)
        y = min(1.0, max(0.0, (point[1] - self._y0) / (self._y1 - self._y0)))
        return _short(_LEFT + x * (_WIDTH - _LEFT - _RIGHT)), _short(_HEIGHT - _BOTTOM - y * (_HEIGHT - _TOP - _BOTTOM))

    def draw(self) -> str:
        """Return grid lines and labels."""
        parts: list[str] = []
        ticks = _ticks(self._y0, self._y1, 6)
        for tick, label in zip(ticks, _labels(ticks), strict=True):
            y = self.place((self._x0, tick))[1]
            parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity=".14"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{float(y) + 3.5:g}" text-anchor="end">{label}</text>')
        for tick in _whole_ticks(self._x0, self._x1):
            x = self.place((tick, self._y0))[0]
            anchor = "end" if tick == self._x1 else "middle"
            parts.append(f'<text x="{x}" y="{_HEIGHT - 5}" text-anchor="{anchor}">{tick:.0f}</text>')
        return f'<g font-size="11" fill="currentColor" fill-opacity=".7">{"".join(parts)}</g>'


def _picture(label: str, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" aria-label="{label}" '
        f'style="max-width:100%;height:auto;font-family:inherit">{body}</svg>'
    )


def _line(places: Iterable[tuple[str, str]], colour: str, width: float, opacity: float = 1.0) -> str:
    points = " ".join(f"{x},{y}" for x, y in places)
    fade = f' stroke-opacity="{opacity}"' if opacity < 1 else ""
    return f'<polyline fill="none" stroke="{colour}" stroke-width="{width}"{fade} points="{points}"/>'


def _finite(curve: Sequence[float | None]) -> list[Point]:
    return [(i + 1.0, value) for i, value in enumerate(curve) if value is not None and math.isfinite(value)]


def _thin(points: list[Point], n: int) -> list[Point]:
    """Return at most about n of the points, the last always among them."""
    if len(points) <= n:
        return points
    step = (len(points) - 1) / (n - 1)
    return [points[round(i * step)] for i in range(n)]


def _range(values: Sequence[float], best: float) -> Point:
    """Return the range to show: all values, but far outliers at the border, and the best inside."""
    ordered = sorted(values)
    last = len(ordered) - 1
    low, high = ordered[0], ordered[last]
    q1, q3 = ordered[round(last * 0.1)], ordered[round(last * 0.9)]
    reach = 1.5 * (q3 - q1)
    if reach > 0:
        low, high = max(low, q1 - reach), min(high, q3 + reach)
    low, high = min(low, best), max(high, best)
    margin = 0.04 * (high - low) or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _range_of_curves(rows: Sequence[Row]) -> Point:
    """Return the range to show: where the curves end up, and of their beginning what does not make that a flat line."""
    curves = [_finite(row.curve) for row in rows]
    late = [y for curve in curves for _, y in curve[len(curve) // 4 :]]
    all_values = [y for curve in curves for _, y in curve]
    low, high = min(late), max(late)
    reach = 15 * (high - low)
    low, high = max(min(all_values), low - reach), min(max(all_values), high + reach)
    margin = 0.04 * (high - low) or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float, n: int) -> list[float]:
    """Return round numbers within the range, about n of them."""
    rough = (high - low) / n
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 5) if m * power >= rough), 10 * power)
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]


def _labels(ticks: Sequence[float]) -> list[str]:
    """Return the numbers with as many decimals as tell them apart."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    if not 1e-4 < step < 1e5:
        return [format_score(tick) for tick in ticks]
    decimals = max(0, -math.floor(math.log10(step * 1.0001)))
    return [f"{tick + 0.0:.{decimals}f}" for tick in ticks]


def _whole_ticks(low: float, high: float) -> list[float]:
    """Return the first, the last and some whole numbers between them."""
    if high - low <= 1:
        return [low, high]
    ticks = [t for t in _ticks(low, high, 5) if t == math.floor(t) and low < t < high]
    gap = (high - low) / 12
    return [low, *(t for t in ticks if t - low > gap and high - t > gap), high]


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
