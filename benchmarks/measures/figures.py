"""A figure with its aim, and the tables and JSON that figures are printed as."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

__all__ = ["Figure", "as_json", "as_table", "machine", "median", "percentile"]


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        group: The heading that it stands under.
        what: What was measured.
        value: The figure, in `unit`.
        unit: "ms", "×", "%", "MB" or "KB".
        at_most: The aim, None for a figure that stands beside another one.
        note: What else there is to say, in a few words.
    """

    group: str
    what: str
    value: float
    unit: str
    at_most: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the figure keeps to its aim, None without one."""
        return None if self.at_most is None else self.value <= self.at_most


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """Return in one line what the figures were measured on."""
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores{load}"


def as_table(figures: Sequence[Figure]) -> str:
    """Return the figures as text, a heading for each group."""
    lines: list[str] = []
    width = max((max(len(figure.what) + 2, len(figure.group)) for figure in figures), default=0)
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines += ["", f"{group:<{width}}  {'figure':>10}  {'aim':>10}  met"]
        aim = "" if figure.at_most is None else f"≤ {_text(figure.at_most, figure.unit)}"
        met = {None: "", True: "yes", False: "NO"}[figure.is_met]
        line = (
            f"  {figure.what:<{width - 2}}  {_text(figure.value, figure.unit):>10}  {aim:>10}  {met:<3}  {figure.note}"
        )
        lines.append(line.rstrip())
    judged = [figure.is_met for figure in figures if figure.is_met is not None]
    lines += ["", f"{judged.count(True)} of {len(judged)} aims met."]
    return "\n".join(lines)


def as_json(title: str, on: str, figures: Sequence[Figure]) -> str:
    """Return the figures as JSON."""
    held = [{**asdict(figure), "is_met": figure.is_met} for figure in figures]
    return json.dumps({"title": title, "machine": on, "figures": held}, indent=2)


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return float(statistics.median(values))


def _text(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.995 else 3
    return f"{value:.{digits}f} {unit}"
