"""One trial in full: what it was given, what it came to and why, as text and as HTML."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kt_notebook.core.budget import Budget, without_budget
from kt_notebook.core.errors import OptionError
from kt_notebook.core.fit_record import FitRecord, format_fit
from kt_notebook.core.format import format_count, format_duration, format_metric, format_score, format_trial_id, shorten
from kt_notebook.core.format import table as aligned
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.trial import trial_number
from kt_notebook.core.trial_state import trial_state
from kt_notebook.core.values import value_from_json
from kt_notebook.results.epochs import EpochsTable, epochs_table
from kt_notebook.results.table import error_text
from kt_notebook.results.trial_page import trial_html

__all__ = ["TrialView", "trial_view"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_CURVE = 40
_EPOCHS = 8
_LINES = 10
_WIDTH = 100


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TrialView:
    """One trial in full; a notebook shows it as a page, a terminal as text.

    Attributes:
        trial_id: Its id.
        search: What the search is called.
        state: One word: complete, pruned, failed, invalid, stopped, running or cut.
        objective: What the score measures, with its direction as an arrow.
        score: Its score, None where there is none.
        rank: Its place among the trials with a score, from 1; None where it has none.
        n_ranked: How many trials have a score.
        values: What it was given, hyperparameters that were not active left out.
        seed: Its seed.
        metrics: Those of its best epoch, averaged over its executions.
        best_epoch: That epoch, counted from 1; None where no epochs were seen.
        epochs: All of its epochs.
        notes: How long it took, how it was fitted, why it was pruned: one line each.
        error: Type, message, traceback and line of what made it fail; None where nothing did.
        output: What it printed.
        output_note: How much of what it printed and displayed.
    """

    trial_id: str
    search: str
    state: str
    objective: str
    score: float | None
    rank: int | None
    n_ranked: int
    values: dict[str, Any]  # Any: values of all kinds
    seed: int
    metrics: dict[str, float]
    best_epoch: int | None
    epochs: EpochsTable
    notes: tuple[str, ...]
    error: Mapping[str, Any] | None  # Any: JSON
    output: str
    output_note: str

    @property
    def title(self) -> str:
        """Trial and search: `Trial 7 of digits`."""
        return f"Trial {format_trial_id(self.trial_id)} of {shorten(self.search, 60)}"

    @property
    def standing(self) -> str:
        """State, score and rank: `complete · val_accuracy ↑ 0.9700 · rank 1 of 20`."""
        parts = [self.state]
        if self.score is not None:
            parts.append(f"{self.objective} {format_score(self.score)}")
        if self.rank is not None:
            parts.append(f"rank {format_count(self.rank)} of {format_count(self.n_ranked)}")
        return " · ".join(parts)

    def curves(self) -> list[str]:
        """Return the objective by epoch as a line of blocks for each execution: `▁▄▆▇█ 0.61 → 0.94`."""
        metric = str(self.epochs.attrs["objective"])
        if metric not in self.epochs.columns:
            return []
        lines: list[str] = []
        runs = self.epochs.groupby("execution")[metric]
        for number, run in runs:
            reached = run.dropna().tolist()
            if len(reached) > 1:
                label = f"run {number}  " if runs.ngroups > 1 else ""
                ends = f"{format_score(reached[0])} → {format_score(reached[-1])}"
                lines.append(f"{label}{_blocks(reached)}  {ends}")
        return lines

    @property
    def n_runs(self) -> int:
        """How many executions have reported epochs."""
        return self.epochs["execution"].nunique()

    def picked_epochs(self) -> pd.DataFrame:
        """Return the first epochs, the best one and the last ones, at most eight; of several executions the mean."""
        epochs = pd.DataFrame(self.epochs.drop(columns=["trial", "execution"]))
        if self.n_runs > 1:
            means = epochs.groupby("epoch", as_index=False).mean()
            epochs = means.assign(stage=epochs.groupby("epoch")["stage"].max().to_numpy())
        if (epochs["stage"] == 1).all():
            epochs = epochs.drop(columns="stage")
        n = len(epochs)
        if n <= _EPOCHS:
            return epochs
        half = _EPOCHS // 2
        best = epochs["epoch"].eq(self.best_epoch or 0).to_numpy().nonzero()[0][:1].tolist()
        return epochs.iloc[sorted({*range(half - 1), *best, *range(n - half, n)})]

    @property
    def epochs_note(self) -> str:
        """What `picked_epochs` shows: `Epochs, 8 of 12, mean of 2 runs`."""
        n, n_shown = self.epochs["epoch"].nunique(), len(self.picked_epochs())
        of = f", {format_count(n_shown)} of {format_count(n)}" if n_shown < n else ""
        return f"Epochs{of}{f', mean of {self.n_runs} runs' if self.n_runs > 1 else ''}"

    def __repr__(self) -> str:
        lines = [f"{self.title}: {self.standing}", *self.notes, ""]
        lines += [f"{name} = {value!r}" for name, value in self.values.items()]
        lines.append(f"# seed {self.seed}")
        if self.metrics:
            epoch = f", epoch {self.best_epoch}" if self.best_epoch is not None else ""
            shown = [[format_metric(name), format_score(value)] for name, value in self.metrics.items()]
            lines += ["", f"Metrics{epoch}", *_indented(aligned(shown, [False, True]))]
        if curves := self.curves():
            lines += ["", self.objective, *_indented(curves)]
        picked = self.picked_epochs()
        if len(picked):
            lines += ["", self.epochs_note, *_indented(_lines_of(picked))]
        if self.error is not None:
            lines += ["", error_text(self.error), *str(self.error["traceback"]).rstrip().splitlines()]
        lines += ["", self.output_note]
        lines += _indented([shorten(line, _WIDTH) for line in self.output.rstrip().splitlines()[-_LINES:]])
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return trial_html(self)


def trial_view(record: SearchRecord, trial_id: str | int) -> TrialView:
    """Return one trial in full.

    Args:
        record: The search.
        trial_id: The trial's id or number, as tables and the panel show it; zeros before it do not count.

    Raises:
        OptionError: There is no such trial.

    Example:
        >>> record = SearchRecord()
        >>> record.trials["07"] = TrialRecord("07", {"units": 8}, seed=3, started_at=0.0, status="IDLE")
        >>> print(trial_view(record, 7))
        Trial 7 of search: cut
        <BLANKLINE>
        units = 8
        # seed 3
        <BLANKLINE>
        This trial printed nothing.
    """
    trial = _find(record, str(trial_id))
    objective = record.objective or []
    # loss_sign: the score of several objectives is their sum, which is made small.
    arrow = "↑" if loss_sign(objective) < 0 else "↓"
    ranks = {held.trial_id: rank for rank, held in enumerate(record.ranked(), start=1)}
    alone = SearchRecord()
    alone.search.update(objective=record.objective)
    alone.trials[trial.trial_id] = trial
    outputs = list(trial.outputs)
    return TrialView(
        trial_id=trial.trial_id,
        search=str(record.search["name"] or "search"),
        state=trial_state(trial.status, is_pruned=trial.pruned is not None),
        objective=f"{format_metric(objective[0]['name']) if len(objective) == 1 else 'score'} {arrow}",
        score=trial.score,
        rank=ranks.get(trial.trial_id),
        n_ranked=len(ranks),
        values={name: value_from_json(value) for name, value in without_budget(trial.values).items()},
        seed=trial.seed,
        metrics=dict(trial.metrics),
        best_epoch=None if trial.best_step is None or not trial.epochs else trial.best_step + 1,
        epochs=epochs_table(alone),
        notes=tuple(_notes(trial)),
        error=trial.error,
        output="".join(item["text"] or "" for item in outputs if item["data"] is None),
        output_note=_output_note(outputs),
    )


def _find(record: SearchRecord, wanted: str) -> TrialRecord:
    # A copy: another thread may begin a trial meanwhile.
    trials = dict(record.trials)
    trial = trials.get(wanted) or next(
        (t for t in trials.values() if trial_number(t.trial_id) == trial_number(wanted)), None
    )
    if trial is not None:
        return trial
    names = list(map(format_trial_id, trials))
    there = "It has none yet" if not names else f"It has {names[0]}" if len(names) == 1 else _between(names)
    raise OptionError(f"{record.search['name'] or 'The search'} has no trial {wanted!r}. {there}.")


def _between(names: Sequence[str]) -> str:
    if all(name.isdecimal() for name in names):
        return f"It has {min(names, key=int)} to {max(names, key=int)}"
    return f"It has {', '.join(names[:5])}{' …' if len(names) > 5 else ''}"


def _notes(trial: TrialRecord) -> list[str]:
    """Return lines on how the trial went."""
    parts: list[str] = []
    if trial.enqueued is not None:
        parts.append("by hand")
    budget = Budget.of(trial.values)
    if budget is not None and budget.trial_id is not None:
        parts.append(f"goes on with trial {format_trial_id(budget.trial_id)}")
    if n := len(trial.epochs):
        parts.append(f"{format_count(n)} epoch{'' if n == 1 else 's'}")
    if trial.duration_s is not None:
        parts.append(format_duration(trial.duration_s))
    lines = [" · ".join(parts)] if parts else []
    lines += _fit_lines(trial.fits)
    if trial.pruned is not None:
        lines.append(f"pruned after epoch {trial.pruned['epoch'] + 1}: {trial.pruned['reason']}")
    return lines


def _fit_lines(fits: Sequence[FitRecord]) -> list[str]:
    counts = Counter((fit.path, fit.reason) for fit in list(fits))
    counted = {how: f" ({n} fits)" if n > 1 else "" for how, n in counts.items()}
    return [f"fit: {format_fit(path, reason)}{n}" for (path, reason), n in counted.items()]


# Any: an output is JSON.
def _output_note(outputs: Sequence[Mapping[str, Any]]) -> str:
    lines: Counter[str] = Counter()
    for item in outputs:
        if item["data"] is not None:
            lines["display"] += 1
        else:
            lines[item["stream"]] += len((item["text"] or "").splitlines())
    words = {"stdout": "line", "stderr": "line of stderr", "warning": "line of warnings", "display": "display"}
    parts = [f"{format_count(n)} {_plural(words.get(s, s), n)}" for s, n in lines.items() if n]
    return f"Output: {', '.join(parts)}" if parts else "This trial printed nothing."


def _plural(word: str, n: int) -> str:
    if n == 1:
        return word
    first, _, rest = word.partition(" ")
    return f"{first}s {rest}".rstrip()


def _blocks(values: Sequence[float]) -> str:
    """Return a curve in blocks, each epoch's or, of many, each stretch's last."""
    if len(values) > _CURVE:
        step = (len(values) - 1) / (_CURVE - 1)
        values = [values[round(i * step)] for i in range(_CURVE)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "·" * len(values)
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((v - low) / span * top)] if math.isfinite(v) else "·" for v in values)


def _lines_of(epochs: pd.DataFrame) -> list[str]:
    heads = [shorten(str(name), 24) for name in epochs.columns]
    columns = [epochs.iloc[:, i].tolist() for i in range(epochs.shape[1])]
    rows = [[str(v) if isinstance(v, int) else format_score(v) for v in row] for row in zip(*columns, strict=True)]
    return aligned([heads, *rows], [True] * len(heads))


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
