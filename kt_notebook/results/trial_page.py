"""One trial in full as HTML: head, values and metrics side by side, epochs, error and output to unfold."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from kt_notebook.core.format import format_metric, format_score
from kt_notebook.core.palette import BAD, PRUNED
from kt_notebook.core.trial_state import STATE_COLOURS
from kt_notebook.results.cells import LONGEST_TEXT, LONGEST_VALUE, cell_text
from kt_notebook.results.markup import grid, page, text

if TYPE_CHECKING:
    from kt_notebook.results.trial_view import TrialView

__all__ = ["trial_html"]

_NOTE, _MESSAGE, _CHARACTERS = 400, 600, 20_000


def trial_html(trial: "TrialView") -> str:
    """Return a trial as HTML, safe whatever its names, values and output hold."""
    dot = f'<i style="background:{STATE_COLOURS.get(trial.state, PRUNED)}"></i>'
    side_by_side = "display:flex;flex-wrap:wrap;gap:0 28px;align-items:flex-start"
    parts = [
        f"<p><b>{text(trial.title, 80)}</b> &nbsp;{dot}{text(trial.standing, 120)}</p>",
        *(f'<p class="soft">{text(note, _NOTE)}</p>' for note in trial.notes),
        _error(trial.error),
        f'<div style="{side_by_side}">{_values(trial)}{_metrics(trial)}{_epochs(trial)}</div>',
        _output(trial),
    ]
    return page("".join(parts))


def _values(trial: "TrialView") -> str:
    rows = [[text(name, LONGEST_VALUE), _value(value)] for name, value in trial.values.items()]
    return grid(["value", ""], [*rows, ['<span class="soft">seed</span>', str(trial.seed)]], [True, False])


# Any: a value is what a hyperparameter takes.
def _value(value: Any) -> str:
    """Return a value with all its digits, to be copied."""
    return text(repr(value) if isinstance(value, float) else cell_text(value), LONGEST_TEXT)


def _metrics(trial: "TrialView") -> str:
    if not trial.metrics:
        return ""
    epoch = "" if trial.best_epoch is None else f"epoch {trial.best_epoch}"
    rows = [[text(format_metric(n), LONGEST_VALUE), format_score(value)] for n, value in trial.metrics.items()]
    return grid(["metric", epoch], rows, [True, False])


def _epochs(trial: "TrialView") -> str:
    picked = trial.picked_epochs()
    if picked.empty:
        return ""
    columns = [picked.iloc[:, i].tolist() for i in range(picked.shape[1])]
    rows = [
        [str(value) if isinstance(value, int) else format_score(value) for value in row]
        for row in zip(*columns, strict=True)
    ]
    is_best = (picked["epoch"] == (trial.best_epoch or 0)).tolist()
    best = is_best.index(True) if True in is_best else -1
    heads = [text(str(name), LONGEST_VALUE) for name in picked.columns]
    curves = "".join(f'<p class="soft">{escape(line)}</p>' for line in trial.curves())
    note = f'<p class="soft">{escape(trial.epochs_note)}</p>'
    return f"<div>{grid(heads, rows, [False] * len(heads), best=best)}{note}{curves}</div>"


# Any: an error is JSON.
def _error(error: Mapping[str, Any] | None) -> str:
    if error is None:
        return ""
    line = "" if error["line"] is None else f", line {error['line']}"
    head = f"<b>{text(error['type'], LONGEST_TEXT)}</b>{line}: {text(error['message'], _MESSAGE)}"
    traceback = _folded("Traceback", str(error["traceback"]), is_open=True)
    return f'<div style="border-left:3px solid {BAD};padding:2px 10px;margin:6px 0">{head}{traceback}</div>'


def _output(trial: "TrialView") -> str:
    return _folded(trial.output_note, trial.output) or f'<p class="soft">{text(trial.output_note, _NOTE)}</p>'


def _folded(title: str, content: str, *, is_open: bool = False) -> str:
    """Return a text to unfold, the end of a long one; "" where there is none."""
    content = content.rstrip()
    if not content:
        return ""
    shown = content if len(content) <= _CHARACTERS else f"…{content[-_CHARACTERS:]}"
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{text(title, _NOTE)}</summary><pre>{escape(shown)}</pre></details>"
