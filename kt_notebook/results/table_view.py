"""A table of trials as HTML: states with a dot, a thin bar below each number, reasons in words.

How it works: a pure function of a frame and its `attrs`. Text takes the colour of the page, the rest are mid-tones, so
that it reads on light and on dark; names and values are escaped. Where a page takes the style away, a plain table is
left. Bars are backgrounds of cells: what is copied from the table is its text.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from kt_notebook.core.format import ARROWS, format_count, format_duration, format_score, shorten
from kt_notebook.core.palette import PRUNED
from kt_notebook.core.trial_state import STATE_COLOURS, trial_state
from kt_notebook.results.bars import share
from kt_notebook.results.cells import LONGEST_TEXT, LONGEST_VALUE, cell_text, is_missing
from kt_notebook.results.markup import left, page, text

__all__ = ["best_row", "is_of_trials", "own_column", "trials_html"]

_ROWS = 50
_NAME = 24
_TITLE = 600


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the view: its head, and for each row shown the cell with its tag."""

    head: str
    cells: list[str]
    is_left: bool


def own_column(frame: pd.DataFrame, name: str) -> str:
    """Return what a column of ours is called: where a hyperparameter has taken its name, `trial <name>`."""
    return f"trial {name}" if f"trial {name}" in frame.columns else name


def is_of_trials(frame: pd.DataFrame) -> bool:
    """Return whether the rows of a frame are trials: what `describe` or `groupby` makes of a table is another thing."""
    score = frame.attrs.get("objective")
    if frame.empty or frame.index.name != "trial" or frame.columns.nlevels > 1 or not frame.columns.is_unique:
        return False
    return score in frame.columns and _is_number(frame[score])


def best_row(frame: pd.DataFrame) -> int | None:
    """Return the place of the best complete trial in a table of trials; else of the best pruned one; else None."""
    scores = frame[frame.attrs["objective"]].to_numpy(dtype=float, na_value=np.nan)
    is_in = ~np.isnan(scores)
    if "status" in frame.columns:
        is_in &= (frame["status"] == "COMPLETED").to_numpy()
    pruned = own_column(frame, "pruned")
    if pruned in frame.columns and (is_in & frame[pruned].isna().to_numpy()).any():
        is_in &= frame[pruned].isna().to_numpy()
    if not is_in.any():
        return None
    losses = np.where(is_in, -scores if frame.attrs.get("direction") == "max" else scores, np.inf)
    return int(np.flatnonzero(is_in & (losses == losses[is_in].min()))[0])


def trials_html(frame: pd.DataFrame) -> str:
    """Return a table of trials as HTML, at most 50 of them; `is_of_trials` must hold."""
    best = best_row(frame)
    shown = frame.head(_ROWS)
    columns = [_index_column(shown), *_columns(shown)]
    heads = "".join(f"<th{left(column.is_left)}><span>{column.head}</span></th>" for column in columns)
    rows = "".join(
        f"<tr{' class=best' if row == best else ''}>{''.join(column.cells[row] for column in columns)}</tr>"
        for row in range(len(shown))
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return page(f"{table}{_more(frame.iloc[_ROWS:])}{_legend(frame)}")


def _more(rest: pd.DataFrame) -> str:
    """Return how many trials are not shown, and what became of them."""
    if rest.empty:
        return ""
    n = len(rest)
    counts = Counter(_state_words(rest))
    told = ", ".join(f"{format_count(k)} {text(state, _NAME)}" for state, k in counts.items())
    kinds = f": {told}" if counts.keys() - {"complete"} else ""
    return f"<p>{format_count(n)} more trial{'' if n == 1 else 's'}{kinds}</p>"


def _legend(frame: pd.DataFrame) -> str:
    scales = {name: scale for name, scale in frame.attrs.get("bars", {}).items() if name in frame.columns}
    scores = set(_directions(frame))
    parts: list[str] = []
    if scores & scales.keys():
        parts.append("score from worst to best")
    if scales.keys() - scores:
        parts.append("value on its declared range")
    return f'<p class="soft">Bars: {", ".join(parts)}.</p>' if parts else ""


def _directions(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns that are better one way, each with its direction."""
    attrs = frame.attrs
    return {str(attrs["objective"]): str(attrs.get("direction")), **attrs.get("objectives", {})}


def _index_column(shown: pd.DataFrame) -> _Column:
    is_left = not _is_number(shown.index.to_series())
    cells = [f"<th{left(is_left)}>{text(cell_text(value), _NAME)}</th>" for value in shown.index]
    return _Column("trial", cells, is_left)


def _columns(shown: pd.DataFrame) -> list[_Column]:
    pruned, error, time = (own_column(shown, name) for name in ("pruned", "error", "time"))
    reasons = [name for name in (pruned, error) if name in shown.columns]
    made: list[_Column] = []
    for name in shown.columns:
        if name in reasons:
            if name == reasons[0]:
                made += _reasons(shown, reasons)
        elif name == "status":
            made.append(_states(shown))
        elif name == time and _is_number(shown[name]):
            made.append(_plain(shown, name, lambda value: "" if is_missing(value) else format_duration(float(value))))
        else:
            made.append(_values(shown, name))
    return made


def _state_words(frame: pd.DataFrame) -> list[str]:
    if "status" not in frame.columns:
        return []
    pruned = own_column(frame, "pruned")
    are_pruned = frame[pruned].notna() if pruned in frame.columns else pd.Series(False, frame.index)
    return [trial_state(str(s), is_pruned=bool(p)) for s, p in zip(frame["status"], are_pruned, strict=True)]


def _states(shown: pd.DataFrame) -> _Column:
    cells = [
        f'<td class=t><i style="background:{STATE_COLOURS.get(state, PRUNED)}"></i>{text(state, _NAME)}</td>'
        for state in _state_words(shown)
    ]
    return _Column("status", cells, is_left=True)


def _reasons(shown: pd.DataFrame, names: list[str]) -> list[_Column]:
    """Return one column for why trials were pruned and why they failed, or none where there is nothing to say."""
    reasons = [
        next((str(v) for v in row if v is not None and not is_missing(v)), "") for row in shown[names].to_numpy()
    ]
    if not any(reasons):
        return []
    head = " / ".join(text(name, _NAME) for name in names if shown[name].notna().any())
    return [
        _Column(head, [f"<td class=t>{_with_title(reason, LONGEST_TEXT)}</td>" for reason in reasons], is_left=True)
    ]


# Any: a table holds values of all kinds.
def _plain(shown: pd.DataFrame, name: Hashable, told: Callable[[Any], str]) -> _Column:
    return _Column(text(str(name), _NAME), [f"<td>{told(value)}</td>" for value in shown[name]], is_left=False)


def _values(shown: pd.DataFrame, name: Hashable) -> _Column:
    directions = _directions(shown)
    scale: Mapping[str, Any] | None = shown.attrs.get("bars", {}).get(name)
    values = shown[name].tolist()
    is_score, is_main = name in directions, name == shown.attrs["objective"]
    is_left = not is_score and any(not _is_value_number(value) for value in values)
    told = _score if is_score and _is_number(shown[name]) else _value
    cells: list[str] = []
    for value in values:
        inner = told(value)
        inner = f"<b>{inner}</b>" if is_main else inner
        length = None if scale is None else share(scale, value)
        if length is None:
            cells.append(f"<td{left(is_left)}>{inner}</td>")
        else:
            kind = f"{'t ' if is_left else ''}v{' s' if is_score else ''}"
            cells.append(f'<td class="{kind}" style="background-size:{100 * length:.3g}% 2px,100% 2px">{inner}</td>')
    arrow = f" {ARROWS[directions[str(name)]]}" if is_score and directions[str(name)] in ARROWS else ""
    return _Column(text(str(name), _NAME) + arrow, cells, is_left)


# Any, here and below: as above.
def _score(value: Any) -> str:
    return "" if is_missing(value) else format_score(float(value))


def _value(value: Any) -> str:
    return _with_title(cell_text(value), LONGEST_VALUE)


def _with_title(text: str, columns: int) -> str:
    """Return a text cut to so many columns; the pointer shows all of it."""
    short = shorten(text, columns)
    whole = shorten(text, _TITLE)
    return escape(short) if short == whole else f'<span title="{escape(whole)}">{escape(short)}</span>'


def _is_value_number(value: Any) -> bool:
    return value is None or is_missing(value) or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_number(column: "pd.Series[Any]") -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
