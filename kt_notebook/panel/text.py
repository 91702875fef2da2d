"""A search as plain text: what a terminal, and a front end that knows nothing else, shows."""

from collections.abc import Mapping
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.format import format_count, format_duration, format_score, format_value, shorten, table
from kt_notebook.panel.rows import Row, pick_rows, rank, rows_of, summarize

__all__ = ["to_text"]

_ROWS, _VALUES, _WIDTH, _NOTE = 10, 8, 24, 300
_LEVELS = {"advice": "hint", "warning": "warning", "error": "error"}


# Any: a snapshot is JSON.
def to_text(snapshot: Mapping[str, Any]) -> str:
    """Return the search as a few aligned lines: what came out, and its best ten trials."""
    rows = rows_of(snapshot)
    summary = summarize(snapshot, rows, rank(rows, snapshot))
    search = snapshot["search"]
    head = [shorten(summary.name, 40), summary.state, summary.trials_text, summary.elapsed_text]
    if summary.best is not None:
        head.insert(2, f"{summary.best_label} {summary.best_text} (trial {summary.best.trial_id})")
    lines = [" · ".join(head)]
    if search["error"] is not None:
        lines.append(_error_text(search["error"], 200))
    lines += [f"{_LEVELS[note['level']]}: {shorten(note['text'], _NOTE)}" for note in search["notes"]]
    picked = pick_rows(rows, snapshot, _ROWS)
    if picked:
        lines += ["", *_lines(snapshot, picked, summary.metric)]
    if len(picked) < snapshot["n_trials"]:
        lines.append(f"… {format_count(snapshot['n_trials'] - len(picked))} more")
    return "\n".join(lines)


def _lines(snapshot: Mapping[str, Any], picked: list[Row], objective: str) -> list[str]:
    names = list(without_budget(snapshot["trials"]["values"]))[:_VALUES]
    heads = ["trial", "state", shorten(objective, _WIDTH), "epochs", "time", *(shorten(n, _WIDTH) for n in names)]
    body = [
        [
            row.trial_id,
            row.state,
            _error_text(row.error, _WIDTH) if row.error is not None else format_score(row.score),
            str(row.epochs),
            format_duration(row.duration_s),
            *(shorten(format_value(row.values[n]), _WIDTH) if n in row.values else "" for n in names),
        ]
        for row in picked
    ]
    texts = [any(not isinstance(row.values.get(n), int | float | None) for row in picked) for n in names]
    return table([heads, *body], [True, False, True, True, True, *(not is_text for is_text in texts)])


def _error_text(error: Mapping[str, Any], columns: int) -> str:
    line = f", line {error['line']}" if error["line"] is not None else ""
    return shorten(f"{error['type']}{line}: {error['message']}", columns)
