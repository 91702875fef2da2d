"""How a trial's fits ran, as the journal tells it: the slowest of them, and the words for it.

How it works: pure functions; `labextension/src/fits.ts` follows the same rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.events import Record
from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.format import format_count

__all__ = ["FitRecord", "format_fit", "format_fits", "read_fit", "slowest"]

_WORDS = {
    FitPath.PLAIN.value: "plain (Keras)",
    FitPath.FUSED.value: "fused",
    FitPath.REUSED.value: "fused, graph taken over",
}
_RANKS = {path: rank for rank, path in enumerate(_WORDS)}  # slowest first


@dataclass(frozen=True, slots=True)
class FitRecord:
    """How one fit ran.

    Attributes:
        path: One of `FitPath`.
        reason: Why no faster one.
    """

    execution: int
    stage: int
    path: str
    reason: str | None

    # Any: JSON.
    def to_json(self) -> dict[str, Any]:
        """Return it as a trial's detail holds it."""
        return {"execution": self.execution, "stage": self.stage, "path": self.path, "reason": self.reason}


def read_fit(record: Record) -> FitRecord | None:
    """Return what a record of a fit's beginning tells, None where this version knows no such path."""
    if record["path"] not in _RANKS:
        return None
    return FitRecord(record["execution"], record["stage"], record["path"], record["reason"])


# Any: JSON.
def slowest(fits: Iterable[FitRecord]) -> dict[str, Any] | None:
    """Return path and reason of the slowest of a trial's fits, the first of several; None where there is none.

    A trial is as fast as that: it counts as one that took over a graph where all its fits did.
    """
    found = min(fits, key=lambda fit: _RANKS[fit.path], default=None)
    return None if found is None else {"path": found.path, "reason": found.reason}


def format_fit(path: str, reason: str | None) -> str:
    """Return how a fit ran: `plain (Keras) – the data come as a generator`."""
    return _WORDS[path] if reason is None else f"{_WORDS[path]} – {reason}"


def format_fits(counts: Mapping[str, int]) -> str:
    """Return how many trials fitted faster than Keras' own way: `fused 7 of 12 trials, graph taken over in 5`.

    Args:
        counts: How many trials there are of each path.

    Returns:
        Nothing where none did: that is no news.
    """
    n_plain, n_fused, n_reused = (counts.get(path, 0) for path in _WORDS)
    n_fast = n_fused + n_reused
    if n_fast == 0:
        return ""
    n = n_fast + n_plain
    text = f"fused {format_count(n_fast)} of {format_count(n)} trial{'' if n == 1 else 's'}"
    return f"{text}, graph taken over in {format_count(n_reused)}" if n_reused else text
