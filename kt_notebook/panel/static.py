"""A search as HTML without script: what GitHub, nbviewer and an exported notebook show.

How it works: `to_html` is a pure function of a snapshot. It takes no colour of the page's for granted (text takes the
colour around it, the rest are mid-tones), so that one picture reads on light and on dark. Where the page takes the
style away, a plain table is left. What does not fit into 64 KB is left out step by step, and the text says what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.fit_record import format_fit
from kt_notebook.core.format import format_count, format_duration, format_score, format_value, shorten
from kt_notebook.core.palette import BAD, GOOD, PRUNED, RUN
from kt_notebook.core.trial_state import STATE_COLOURS
from kt_notebook.panel.rows import STATES, Row, Summary, best_so_far, pick_rows, pruned_text, rank, rows_of, summarize
from kt_notebook.panel.svg import curves_svg, history_svg, sparkline

__all__ = ["MAX_BYTES", "to_html"]

MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Budget:
    """How much of everything to show; lengths in columns of text."""

    rows: int
    values: int
    curves: int
    dots: int
    text: int
    notes: int
    traceback: int


_BUDGETS = (
    _Budget(rows=50, values=12, curves=10, dots=300, text=60, notes=30, traceback=6_000),
    _Budget(rows=50, values=10, curves=8, dots=200, text=32, notes=20, traceback=3_000),
    _Budget(rows=30, values=8, curves=5, dots=120, text=24, notes=10, traceback=1_500),
    _Budget(rows=15, values=6, curves=3, dots=60, text=24, notes=5, traceback=600),
    _Budget(rows=5, values=4, curves=0, dots=0, text=16, notes=2, traceback=0),
)

_PILLS = {"finished": GOOD, "failed": BAD, "running": RUN, "stopping": RUN}

# One rule for each thing, not a style in each cell: 50 rows would not fit otherwise.
_STYLE = f"""<style>
.kt-s{{max-width:1080px;border:1px solid #8886;border-radius:8px;overflow:hidden;font:13px/1.45 system-ui,sans-serif;
font-variant-numeric:tabular-nums;text-align:left}}
.kt-s header,.kt-s .b{{padding:10px 16px}}.kt-s .soft{{opacity:.7}}
.kt-s .row{{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center}}
.kt-s .pill{{font-size:11px;font-weight:600;padding:0 8px;border:1px solid;border-radius:10px}}
.kt-s .bar{{display:flex;height:6px;border-radius:3px;overflow:hidden;background:#8884;margin:8px 0}}
.kt-s .stats{{display:flex;flex-wrap:wrap;gap:6px 28px}}.kt-s .stats b{{font-size:17px;font-weight:600;display:block}}
.kt-s .stats small{{font-size:11px;opacity:.7}}
.kt-s .pics{{display:flex;flex-wrap:wrap;gap:10px 28px;border-top:1px solid #8884}}
.kt-s .pics>div{{flex:1 1 300px;min-width:0;max-width:480px}}.kt-s svg{{vertical-align:middle}}
.kt-s .tab{{overflow-x:auto;border-top:1px solid #8884}}
.kt-s table{{border-collapse:collapse;width:100%;margin:0;table-layout:auto;font-size:13px;border:0;color:inherit}}
.kt-s tr,.kt-s thead{{background:none!important;border:0}}
.kt-s th,.kt-s td{{padding:3px 10px;text-align:right;white-space:nowrap;border:0;max-width:none}}
.kt-s th{{font-weight:500;opacity:.7;font-size:12px}}.kt-s td{{border-top:1px solid #8883}}
.kt-s table .t{{text-align:left!important}}.kt-s .best td{{background:#3b7ff01f}}
.kt-s i{{display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:6px}}
.kt-s .bar i{{border-radius:0;height:6px;margin:0}}
.kt-s .err{{border-left:3px solid {BAD};margin:0 16px 10px;padding:2px 10px}}
.kt-s pre{{font:12px/1.5 ui-monospace,monospace;overflow-x:auto;margin:4px 0;padding:8px;color:inherit;
background:#8881}}
.kt-s .foot{{border-top:1px solid #8884;background:#8881}}.kt-s summary{{cursor:pointer}}
.kt-s ul{{margin:4px 0 0;padding-left:20px}}
</style>"""


# Any, here and below: a snapshot is JSON.
def to_html(snapshot: Mapping[str, Any]) -> str:
    """Return the search as HTML of at most 64 KB, without script, safe to show whatever its names and values are."""
    html = ""
    for budget in _BUDGETS:
        html = _page(snapshot, budget)
        if len(html.encode()) <= MAX_BYTES:
            break
    return html


def _page(snapshot: Mapping[str, Any], budget: _Budget) -> str:
    rows = rows_of(snapshot)
    ranked = rank(rows, snapshot)
    summary = summarize(snapshot, rows, ranked)
    parts = [
        _STYLE,
        f'<div class="kt-s" role="region" aria-label="Search {_text(summary.name, budget.text)}">',
        _head(snapshot["search"], summary, budget),
        _error(snapshot["search"]["error"], budget),
        _pictures(snapshot, rows, ranked, summary, budget),
        _table(snapshot, rows, summary, budget),
        _notes(snapshot["search"]["notes"], budget),
        "</div>",
    ]
    return "".join(parts)


def _head(search: Mapping[str, Any], summary: Summary, budget: _Budget) -> str:
    colour = _PILLS.get(search["state"])
    pill = f'<span class="pill"{f" style=color:{colour}" if colour else ""}>{_text(summary.state, 20)}</span>'
    objective = summary.objective or "objective not known yet"
    meta = f"{search['tuner']} · {objective}" if search["tuner"] else objective
    best = "–" if summary.best is None else f'<span style="color:{GOOD}">{summary.best_text}</span>'
    of_trial = "" if summary.best is None else f"trial {_text(summary.best.trial_id, budget.text)}"
    count, _, of = summary.n_text.partition(" ")
    rest = " · ".join([*([of] if of else []), *summary.parts])
    return (
        f'<header><div class="row"><b>{_text(summary.name, budget.text)}</b>{pill}'
        f'<span class="soft">{_text(meta, 2 * budget.text)}</span></div>{_bar(summary)}<div class="stats">'
        f"<div><small>{_text(summary.best_label, budget.text)}</small><b>{best}</b><small>{of_trial}</small></div>"
        f"<div><small>trials</small><b>{count}</b><small>{escape(rest)}</small></div>"
        f"<div><small>elapsed</small><b>{summary.elapsed_text}</b></div></div></header>"
    )


def _bar(summary: Summary) -> str:
    shown = sum(summary.counts.values())
    if not shown:
        return '<div class="bar"></div>'
    # A cut snapshot tells the shares, not the numbers.
    scale = 100 * min(1.0, summary.n_trials / max(summary.n_trials, summary.max_trials or 0)) / shown
    shares = "".join(
        f'<i style="width:{n * scale:.4g}%;background:{STATE_COLOURS.get(state, PRUNED)}"></i>'
        for state in STATES
        if (n := summary.counts.get(state, 0))
    )
    return f'<div class="bar">{shares}</div>'


def _error(error: Mapping[str, Any] | None, budget: _Budget) -> str:
    if error is None:
        return ""
    line = _line(error["line"])
    message = f"<b>{_text(error['type'], budget.text)}</b>{line}: {_text(error['message'], 10 * budget.text)}"
    traceback = error["traceback"][-budget.traceback :] if budget.traceback else ""
    # The end of a traceback is what matters.
    cut = "…" if len(traceback) < len(error["traceback"]) else ""
    folded = f"<details><summary>Traceback</summary><pre>{cut}{escape(traceback)}</pre></details>" if traceback else ""
    return f'<div class="err">{message}{folded}</div>'


def _pictures(
    snapshot: Mapping[str, Any], rows: Sequence[Row], ranked: Sequence[Row], summary: Summary, budget: _Budget
) -> str:
    history = ""
    # A cut snapshot does not hold the trials in between.
    if len(rows) == snapshot["n_trials"]:
        history = history_svg(rows, best_so_far(rows, snapshot), max_dots=budget.dots)
    running = [row for row in rows if row.state == "running"]
    curves = curves_svg(ranked[: budget.curves], running[: budget.curves])
    if not history and not curves:
        return ""
    name = _text(summary.metric, budget.text)
    parts: list[str] = []
    if history:
        parts.append(_picture("Scores", f"{name} by trial, and the best so far", history))
    if curves:
        parts.append(_picture("Learning curves", "by epoch, the best in front", curves))
    return f'<div class="pics b">{"".join(parts)}</div>'


def _picture(title: str, caption: str, svg: str) -> str:
    return f'<div><b>{title}</b> <span class="soft">{caption}</span><br>{svg}</div>'


def _table(snapshot: Mapping[str, Any], rows: Sequence[Row], summary: Summary, budget: _Budget) -> str:
    picked = pick_rows(rows, snapshot, budget.rows)
    if not picked:
        return f'<div class="b soft">{_nothing_yet(snapshot)}</div>'
    names = list(without_budget(snapshot["trials"]["values"]))
    shown, hidden = names[: budget.values], names[budget.values :]
    texts = {n for n in shown if any(not isinstance(r.values.get(n), int | float | None) for r in picked)}
    sparks = {row.trial_id: sparkline(row) for row in picked}
    has_sparks = any(sparks.values())
    lines: list[str] = []
    for row in picked:
        values = "".join(f"<td{_left(name in texts)}>{_value(row, name, budget)}" for name in shown)
        dot = f'<i style="background:{STATE_COLOURS.get(row.state, PRUNED)}"></i>{_state(row, budget)}'
        best = ' class="best"' if summary.best is not None and row.index == summary.best.index else ""
        lines.append(
            f"<tr{best}><td{_left(True)}>{_text(row.trial_id, budget.text)}<td{_left(True)}>{dot}"
            f"<td>{_score(row, budget)}{f'<td>{sparks[row.trial_id]}' if has_sparks else ''}"
            f"<td>{row.epochs}<td{_fit(row, budget)}>{format_duration(row.duration_s)}{values}"
        )
    heads = (
        f"<th{_left(True)}>#<th{_left(True)}>state<th>{_text(summary.metric, budget.text)}"
        f"{'<th>curve' if has_sparks else ''}<th>epochs<th>time"
        + "".join(f"<th{_left(n in texts)}>{_text(n, budget.text)}" for n in shown)
    )
    table = f'<div class="tab"><table><thead><tr>{heads}</thead><tbody>{"".join(lines)}</tbody></table></div>'
    return table + _left_out(len(picked), summary, hidden, budget)


def _value(row: Row, name: str, budget: _Budget) -> str:
    return _text(format_value(row.values[name]), budget.text) if name in row.values else ""


def _left(is_left: bool) -> str:
    return " class=t" if is_left else ""


def _score(row: Row, budget: _Budget) -> str:
    if row.error is None:
        score = format_score(row.score)
        return f"<b>{score}</b>" if row.has_score else f'<span class="soft">{score}</span>'
    line = _line(row.error["line"])
    kind, message = _text(row.error["type"], budget.text), _text(row.error["message"], 6 * budget.text)
    return f'<span class="soft" title="{message}">{kind}{line}</span>'


def _state(row: Row, budget: _Budget) -> str:
    if row.pruned is None:
        return _text(row.state, 20)
    why = _text(pruned_text(row.pruned), 6 * budget.text)
    return f'<span title="{why}">{_text(row.state, 20)}</span>'


def _fit(row: Row, budget: _Budget) -> str:
    if row.fit is None:
        return ""
    told = f"fit: {format_fit(row.fit['path'], row.fit['reason'])}"
    return f' title="{_text(told, 6 * budget.text)}"'


def _line(line: int | None) -> str:
    return "" if line is None else f", line {line}"


def _nothing_yet(snapshot: Mapping[str, Any]) -> str:
    if snapshot["search"]["state"] in {"running", "stopping"}:
        return "Waiting for the first trial"
    return "Paused before the first trial" if snapshot["search"]["state"] == "paused" else "No trial was run"


def _left_out(n_rows: int, summary: Summary, hidden: Sequence[str], budget: _Budget) -> str:
    said: list[str] = []
    if n_rows < summary.n_trials:
        shown, of = format_count(n_rows), format_count(summary.n_trials)
        said.append(f"{shown} of {of} trials: the best, and some without a score")
    if hidden:
        names = ", ".join(_text(name, budget.text) for name in hidden[: budget.values])
        more = " …" if len(hidden) > budget.values else ""
        plural = "s are" if len(hidden) > 1 else " is"
        said.append(f"{len(hidden)} hyperparameter{plural} not shown: {names}{more}")
    return f'<div class="b soft">{" · ".join(said)}</div>' if said else ""


def _notes(notes: Sequence[Mapping[str, Any]], budget: _Budget) -> str:
    if not notes:
        return ""
    items = "".join(
        f"<li>{_text(note['text'], 8 * budget.text)}<span class=soft>{_line(note['line'])}</span>"
        for note in notes[: budget.notes]
    )
    left_out = len(notes) - budget.notes
    if left_out > 0:
        items += f"<li>and {format_count(left_out)} more"
    words = {"error": "error", "warning": "warning", "advice": "hint"}
    counts = [
        f"{n} {word}{'s' if n > 1 else ''}"
        for level, word in words.items()
        if (n := sum(note["level"] == level for note in notes))
    ]
    return f'<details class="b foot"><summary>{", ".join(counts) or "notes"}</summary><ul>{items}</ul></details>'


def _text(value: object, columns: int) -> str:
    return escape(shorten(str(value), columns))
