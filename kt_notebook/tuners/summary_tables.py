"""The summaries as HTML tables: what a notebook shows in the place of KerasTuner's text.

How it works: pure functions. Text takes the colour of the page and lines are mid-tones, so a table reads on light and
on dark; names and values are escaped. Where a page takes the style away, a plain table is left.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.conditions import Condition, Parent, Predicate
from kt_notebook.core.format import ARROWS, format_count, format_metric, format_score, format_value, shorten
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.metrics import MetricsTracker
from kt_notebook.core.objective import AnyObjective, MultiObjective, number_objective
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial
from kt_notebook.core.values import value_to_json
from kt_notebook.panel.rows import pruned_text

__all__ = ["results_summary_html", "space_summary_html"]

_MOST_ROWS = 100
_COLUMNS_OF_TEXT = 80

# As the panel's static picture has it; JupyterLab styles tables of its own accord.
_STYLE = """<style>
.kt-t{max-width:1080px;font:13px/1.45 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-x:auto}
.kt-t table{border-collapse:collapse;margin:6px 0;border:0;color:inherit;font-size:13px}
.kt-t tr,.kt-t thead{background:none!important;border:0}
.kt-t th,.kt-t td{padding:3px 10px;text-align:left!important;white-space:nowrap;border:0}
.kt-t th{font-weight:500;opacity:.7;font-size:12px}.kt-t td{border-top:1px solid #8883}
.kt-t .n{text-align:right!important}.kt-t .best td{background:#3b7ff01f}.kt-t .soft{opacity:.7}
</style>"""


def space_summary_html(space: HyperParameters) -> str:
    """Return the search space as a table: names, kinds, values, defaults, and when each one counts."""
    rows = [
        [
            _text(entry.name),
            type(entry).__name__,
            _text(_range(entry)),
            _text(_value(entry.default)),
            _text(_when(entry)),
        ]
        for entry in space.space
    ]
    n_names = len({entry.name for entry in space.space})
    parts = [_counted(n_names, "hyperparameter")]
    n_combinations = space.n_combinations() if rows else None
    if n_combinations is not None:
        parts.append(_counted(n_combinations, "combination"))
    heads = ["name", "kind", "values", "default", "when"]
    return _page("Search space", ", ".join(parts), _table(heads, rows, [False] * len(heads)))


def results_summary_html(
    project_dir: str, objective: AnyObjective | None, trials: Sequence[Trial], num_trials: int
) -> str:
    """Return the best trials as a table: rank, trial, score, values and state.

    Args:
        project_dir: The project's folder.
        objective: What the search makes best; None while the first result is to decide.
        trials: The best trials, best first.
        num_trials: How many were asked for.
    """
    shown = trials[: min(num_trials, _MOST_ROWS)]
    configurations = [without_budget(trial.hyperparameters.values) for trial in shown]
    names = list(dict.fromkeys(name for values in configurations for name in values))
    parts = objective.objectives if isinstance(objective, MultiObjective) else ()
    rows = [
        [
            str(rank),
            _text(trial.trial_id),
            f"<b>{format_score(trial.score)}</b>",
            *(format_score(_metric(trial.metrics, part.name)) for part in parts),
            _state(trial),
            *(_text(_value(values[name])) if name in values else "" for name in names),
        ]
        for rank, (trial, values) in enumerate(zip(shown, configurations, strict=True), start=1)
    ]
    heads = ["", "trial", _score_head(objective), *(_arrow(part.name, part.direction) for part in parts), "state"]
    are_numbers = [False, False, *[True] * (1 + len(parts)), False, *(_are_numbers(configurations, n) for n in names)]
    table = _table([*heads, *map(_text, names)], rows, are_numbers, best=0)
    caption = "the best trial" if len(trials) == 1 else f"the best {format_count(len(trials))} trials"
    if not trials:
        caption = "no trial is complete yet"
    elif len(shown) < len(trials):
        caption += f", {format_count(len(shown))} shown; tuner.results has all"
    return _page("Results", f"{caption}, in {_text(project_dir)}", table if trials else "")


def _range(entry: HyperParameter) -> str:
    config = entry.get_config()
    if "min_value" in config:
        text = f"{_value(config['min_value'])} to {_value(config['max_value'])}"
        if config["step"] is not None and not (config["step"] == 1 and isinstance(config["step"], int)):
            text += f", {'step' if config['sampling'] == 'linear' else 'times'} {_value(config['step'])}"
        return text if config["sampling"] == "linear" else f"{text}, {config['sampling']}"
    return ", ".join(_value(value) for value in entry.values)


def _when(entry: HyperParameter) -> str:
    return " and ".join(map(_condition, entry.conditions)) or "always"


def _condition(condition: Condition) -> str:
    if isinstance(condition, Parent):
        values = [_value(value) for value in condition.values]
        return f"{condition.name} = {values[0]}" if len(values) == 1 else f"{condition.name} in {', '.join(values)}"
    return f"{condition.name}: {condition.label}" if isinstance(condition, Predicate) else repr(condition)


# Any: a value is what a hyperparameter takes.
def _value(value: Any) -> str:
    return format_value(value_to_json(value))


def _metric(metrics: MetricsTracker, name: str) -> float | None:
    return metrics.get_best_value(name) if metrics.exists(name) else None


def _state(trial: Trial) -> str:
    if trial.pruned is None:
        return "complete" if trial.status == "COMPLETED" else _text(trial.status.lower())
    return f'<span title="{_text(pruned_text(trial.pruned))}">pruned</span>'


def _score_head(objective: AnyObjective | None) -> str:
    if isinstance(objective, MultiObjective):
        return "score"
    known = objective or number_objective()
    return _arrow(known.name, known.direction)


def _arrow(name: str, direction: str) -> str:
    return f"{_text(format_metric(name))} {ARROWS[direction]}"


def _are_numbers(configurations: Iterable[dict[str, Any]], name: str) -> bool:
    values = [values[name] for values in configurations if name in values]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _counted(n: int, noun: str) -> str:
    return f"{format_count(n)} {noun}{'' if n == 1 else 's'}"


def _page(title: str, caption: str, table: str) -> str:
    return f'{_STYLE}<div class="kt-t"><b>{title}</b> <span class="soft">{caption}</span>{table}</div>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], best: int | None = None) -> str:
    """Return a table of cells that are HTML already; `best` is the row to mark."""
    if not rows:
        return ""
    classes = [' class="n"' if is_right else "" for is_right in right]
    head = "".join(f'<th scope="col"{kind}>{text}</th>' for text, kind in zip(heads, classes, strict=True))
    lines = [
        ('<tr class="best">' if number == best else "<tr>")
        + "".join(f"<td{kind}>{text}</td>" for text, kind in zip(row, classes, strict=True))
        + "</tr>"
        for number, row in enumerate(rows)
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _text(value: object) -> str:
    return escape(shorten(str(value), _COLUMNS_OF_TEXT))
