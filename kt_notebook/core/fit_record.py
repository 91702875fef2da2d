"""How trials' fits ran, as the journal tells it: the slowest of each trial, and the words for it.

How it works: pure functions; `labextension/src/fits.ts` follows the same rules.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.events import Record
from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.format import format_count, shorten

__all__ = ["FitRecord", "format_fit", "format_fits", "read_fit", "slowest"]

_WORDS = {
    FitPath.PLAIN.value: "plain (Keras)",
    FitPath.FUSED.value: "fused",
    FitPath.REUSED.value: "fused, graph taken over",
}
_RANKS = {path: rank for rank, path in enumerate(_WORDS)}  # slowest first
_REASON_COLUMNS = 160


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


def format_fits(counts: Mapping[tuple[str, str | None], int]) -> str:
    """Return how many trials fitted faster than Keras' own way: `fused 7 of 12 trials, graph taken over in 5`.

    Args:
        counts: How many trials there are of each path and reason.

    Returns:
        Where none did, the commonest reason: `plain: 4 of 4 trials – the data come as a generator`; nothing where
        there is none, as the user has wanted it so.
    """
    paths: Counter[str] = Counter()
    for (path, _), n in counts.items():
        paths[path] += n
    n_plain, n_fused, n_reused = (paths[path] for path in _WORDS)
    n_fast = n_fused + n_reused
    n = n_fast + n_plain
    of = f"of {format_count(n)} trial{'' if n == 1 else 's'}"
    if n_fast == 0:
        return _why_plain(counts, of)
    text = f"fused {format_count(n_fast)} {of}"
    return f"{text}, graph taken over in {format_count(n_reused)}" if n_reused else text


def _why_plain(counts: Mapping[tuple[str, str | None], int], of: str) -> str:
    reasons = {reason: n for (_, reason), n in counts.items() if reason is not None}
    if not reasons:
        return ""
    why = max(reasons, key=lambda reason: reasons[reason])  # the first of several
    return f"plain: {format_count(sum(counts.values()))} {of} – {shorten(why, _REASON_COLUMNS)}"
