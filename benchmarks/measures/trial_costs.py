"""What a trial costs beside KerasTuner and a plain loop of `model.fit`: the ratios, their aims, and the tables.

How it works: a case is one workload at one number of epochs, with the whole search of each contender. Our trials are
told apart by their path: those that took over an earlier trial's graphs, and the others. A ratio is the time that other
contenders took for the same trials over ours; times are added up, so that a slow first trial counts as what it is.
"""

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Aim", "Case", "Ratio", "Run", "Trial", "aims", "as_json", "as_markdown", "as_table", "read_json"]

_REUSED = "reused"
_NOTHING = "–"
_HEADS = (
    *("workload", "epochs"),
    *("taken over", "a trial", "× KerasTuner", "× fit"),
    *("the others", "a trial", "× KerasTuner", "× fit"),
    *("the search", "× KerasTuner", "× fit"),
    "equal",
)


@dataclass(frozen=True)
class Trial:
    """One trial of one contender.

    Attributes:
        seconds: From its beginning to that of the next one.
        val_loss: After the last epoch; None where there is nothing to compare.
        path: Of ours, how its fit ran.
        reason: Of ours, why nothing faster ran.
    """

    seconds: float
    val_loss: float | None = None
    path: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Run:
    """A whole search of one contender."""

    seconds: float
    trials: tuple[Trial, ...]

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> "Run":  # Any: what JSON can hold
        """Return what a contender has printed, or `as_json` has kept."""
        names = Trial.__dataclass_fields__
        trials = [Trial(**{name: value for name, value in trial.items() if name in names}) for trial in held["trials"]]
        return cls(held["seconds"], tuple(trials))

    def of(self, numbers: Sequence[int]) -> float:
        """Return what these trials took in all."""
        return sum(self.trials[number].seconds for number in numbers)


@dataclass(frozen=True)
class Ratio:
    """How often ours would fit into the time of another; None: that one did not run, or there were no such trials."""

    keras_tuner: float | None
    plain: float | None


@dataclass(frozen=True)
class Case:
    """One workload at one number of epochs: the same trials in the same order by each contender."""

    workload: str
    epochs: int
    ours: Run
    plain: Run
    keras_tuner: Run | None

    @property
    def hits(self) -> list[int]:
        """The numbers of the trials that took over a graph."""
        return [number for number, trial in enumerate(self.ours.trials) if trial.path == _REUSED]

    @property
    def misses(self) -> list[int]:
        """The numbers of the other trials."""
        return [number for number, trial in enumerate(self.ours.trials) if trial.path != _REUSED]

    @property
    def n_equal(self) -> int:
        """How many trials ended with the plain loop's validation loss, to the last bit."""
        pairs = zip(self.ours.trials, self.plain.trials, strict=True)
        return sum(a.val_loss is not None and _bits(a.val_loss) == _bits(b.val_loss) for a, b in pairs)

    @property
    def whole(self) -> Ratio:
        """The whole search elsewhere over that here, with all that lies before and between the trials."""
        theirs = None if self.keras_tuner is None else self.keras_tuner.seconds / self.ours.seconds
        return Ratio(theirs, self.plain.seconds / self.ours.seconds)

    def ratio_of(self, numbers: Sequence[int]) -> Ratio:
        """Return what these trials take elsewhere over what they take here."""
        if not numbers:
            return Ratio(None, None)
        mine = self.ours.of(numbers)
        theirs = None if self.keras_tuner is None else self.keras_tuner.of(numbers) / mine
        return Ratio(theirs, self.plain.of(numbers) / mine)


@dataclass(frozen=True)
class Aim:
    """A figure over all cases and what it is to be at least; `value` is None where no case has one."""

    what: str
    value: float | None
    at_least: float

    @property
    def is_met(self) -> bool | None:
        """Whether it is, None without a figure."""
        return None if self.value is None else self.value >= self.at_least


def aims(cases: Sequence[Case]) -> list[Aim]:
    """Return the medians over the cases, and the worst case of what takes nothing over, beside their aims."""
    hits = [case.ratio_of(case.hits) for case in cases]
    misses = [case.ratio_of(case.misses).plain for case in cases]
    whole = [case.whole for case in cases]
    return [
        Aim("a trial that takes over a graph × KerasTuner, median", _median(r.keras_tuner for r in hits), 10.0),
        Aim("a trial that takes over a graph × fit, median", _median(r.plain for r in hits), 5.0),
        Aim("the others × fit, the worst case", min((r for r in misses if r is not None), default=None), 0.97),
        Aim("the search × KerasTuner, median", _median(r.keras_tuner for r in whole), 10.0),
        Aim("the search × fit, median", _median(r.plain for r in whole), 5.0),
    ]


def as_table(cases: Sequence[Case]) -> str:
    """Return the cases, the aims, and why trials took a slower path, as text."""
    rows = [_HEADS, *(_row(case) for case in cases)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *cells]))
    lines.append("")
    for aim in aims(cases):
        met = {None: _NOTHING, True: "yes", False: "NO"}[aim.is_met]
        lines.append(f"{aim.what:<52}  {_times(aim.value):>6}  aim ≥ {aim.at_least:<5g}  {met}")
    trials = [trial for case in cases for trial in case.ours.trials]
    n_equal = sum(case.n_equal for case in cases)
    lines += [f"val_loss equal to fit's to the last bit: {n_equal} of {len(trials)} trials", ""]
    paths = Counter((trial.path, trial.reason) for trial in trials)
    lines += [
        f"{n:>5} × {path or 'not said'}{f': {reason}' if reason else ''}" for (path, reason), n in paths.most_common()
    ]
    return "\n".join(lines)


def as_markdown(cases: Sequence[Case]) -> str:
    """Return the table for a README: a row for each case, and one of the medians."""
    kept = [column for column, head in enumerate(_HEADS) if head != "a trial"]
    rows = [[_row(case)[column] for column in kept] for case in cases]
    by_name = [aim.value for aim in aims(cases)]
    others = [case.ratio_of(case.misses) for case in cases]
    medians = [
        "",
        *(_times(value) for value in by_name[:2]),
        "",
        *(_times(_median(values)) for values in zip(*((r.keras_tuner, r.plain) for r in others), strict=True)),
        "",
        *(_times(value) for value in by_name[3:]),
        f"{sum(case.n_equal for case in cases)} of {sum(len(case.ours.trials) for case in cases)}",
    ]
    heads = [_HEADS[column] for column in kept]
    bold = ["**median**", *(f"**{cell}**" if cell else "" for cell in ["", *medians])]
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *rows, bold])


def as_json(on: str, cases: Sequence[Case]) -> str:
    """Return the cases, with each trial, and the aims as JSON."""
    judged = [{**asdict(aim), "is_met": aim.is_met} for aim in aims(cases)]
    return json.dumps(
        {"title": "trial_cost", "machine": on, "aims": judged, "cases": [asdict(c) for c in cases]}, indent=1
    )


def read_json(text: str) -> tuple[str, list[Case]]:
    """Return what `as_json` was given."""
    held = json.loads(text)
    runs = ("ours", "plain", "keras_tuner")
    cases = [Case(**{**c, **{name: c[name] and Run.from_json(c[name]) for name in runs}}) for c in held["cases"]]
    return held["machine"], cases


def _row(case: Case) -> tuple[str, ...]:
    hits, misses = case.ratio_of(case.hits), case.ratio_of(case.misses)
    n = len(case.ours.trials)
    return (
        *(case.workload, str(case.epochs)),
        *(f"{len(case.hits)} of {n}", _mean(case.ours, case.hits), _times(hits.keras_tuner), _times(hits.plain)),
        *(str(len(case.misses)), _mean(case.ours, case.misses), _times(misses.keras_tuner), _times(misses.plain)),
        *(_seconds(case.ours.seconds), _times(case.whole.keras_tuner), _times(case.whole.plain)),
        f"{case.n_equal} of {n}",
    )


def _mean(run: Run, numbers: Sequence[int]) -> str:
    return _seconds(run.of(numbers) / len(numbers)) if numbers else _NOTHING


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 9.95 else f"{value:.0f} s"


def _times(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.2f}" if value < 1.995 else f"{value:.1f}"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _bits(value: float | None) -> str | None:
    """Return a text that is the same for the same bits; NaN is the same as NaN."""
    return None if value is None else float(value).hex()
