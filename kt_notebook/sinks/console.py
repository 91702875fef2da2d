"""A search's progress as text, for terminals, headless runs and plain scripts.

How it works: the hub calls `receive` on its delivery thread; what is printed goes through the `write` it was made
with. One line for each trial that ends; on a terminal also one live line, which is wiped before anything else is
written, so that a log file never holds half a line or an escape code. Times come from the records, no clock is read.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TextIO

from kt_notebook.core.events import Record, decode_number
from kt_notebook.core.fit_record import format_fit, format_fits, read_fit, slowest
from kt_notebook.core.format import (
    ARROWS,
    format_clock,
    format_count,
    format_duration,
    format_epochs_saved,
    format_metric,
    format_score,
    format_trial_id,
    format_values,
    pad,
    shorten,
    width,
)
from kt_notebook.core.objective import loss_sign
from kt_notebook.core.record import SearchRecord, TrialRecord

__all__ = ["ConsoleSink", "console_on"]

_N_DURATIONS = 50
_ENOUGH_DURATIONS = 2
_MESSAGE_COLUMNS, _N_NAMES = 100, 8
_WORDS = {"FAILED": "failed", "INVALID": "invalid", "STOPPED": "stopped"}
_REASONS = {"timed_out": "out of time", "exhausted": "finished"}
# Whose trials are no combinations: it runs some of them several times, for more epochs each, and tells its plan.
_HYPERBAND = "Hyperband"
# The record keeps no outputs here, the text needs none; and epochs only of trials that run.
_NOT_FOLDED = frozenset({"output_captured", "trial_progressed"})


@dataclass(frozen=True, slots=True)
class _Best:
    trial_id: str
    score: float
    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        return f"{format_score(self.score)} (trial {format_trial_id(self.trial_id)})"


class ConsoleSink:
    """Writes a search's progress, from its start to its end; one that goes on later gets a new one.

    Args:
        write: Takes each piece of text; called on the hub's delivery thread.
        verbose: 0 nothing, 1 a line for each trial, 2 also one for each epoch.
        is_terminal: Whether to keep a live line at the bottom.
        columns: Width of the terminal.
        record: The search so far, for one that goes on.

    Example:
        >>> sink = ConsoleSink(lambda text: print(text, end=""))
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        verbose: int = 1,
        is_terminal: bool = False,
        columns: int = 80,
        record: SearchRecord | None = None,
    ) -> None:
        self._write = write
        self._verbose = verbose
        self._is_terminal = is_terminal
        self._columns = columns
        self._live_width = 0
        self._is_over = False
        self._search = SearchRecord()
        self._now: dict[str, str] = {}  # what each running trial is doing
        self._durations: deque[float] = deque(maxlen=_N_DURATIONS)
        self._counts: Counter[str] = Counter()
        self._fits: Counter[tuple[str, str | None]] = Counter()  # how many trials fitted how, and why not faster
        self._best: _Best | None = None
        if record is not None:
            self._take_over(record)

    def receive(self, records: Sequence[Record]) -> None:
        """Write what these records tell."""
        if self._verbose < 1 or self._is_over:
            return
        lines: list[str] = []
        for record in records:
            if record["kind"] in _NOT_FOLDED:
                self._search.time = record["time"]
            else:
                self._search.fold(record)
            teller = _TELLERS.get(record["kind"])
            if teller is not None:
                lines += teller(self, record)
        live = self._live_line() if self._is_terminal else ""
        if lines or live or self._live_width:
            self._write(self._wiped() + "".join(f"{line}\n" for line in lines) + live)
            self._live_width = width(live)

    def _take_over(self, record: SearchRecord) -> None:
        self._search.search.update(record.search, notes=[])
        ranked = record.ranked()
        if ranked and ranked[0].score is not None:
            self._best = _Best(ranked[0].trial_id, ranked[0].score, ranked[0].values)
        for trial in list(record.trials.values()):
            if trial.ended_at is not None:
                self._count(trial, "pruned" if trial.pruned else trial.status)

    # What each kind of record says.

    def _begin(self, record: Record) -> list[str]:
        parts = [record["tuner"], self._objective_text()]
        if record["max_trials"] is not None or record["tuner"] != _HYPERBAND:
            parts.append(_limit_text(record))
        if record["n_combinations"] is not None and record["n_combinations"] > 1:
            parts.append(f"{format_count(record['n_combinations'])} combinations")
        if record["timeout_s"] is not None:
            parts.append(f"at most {format_clock(record['timeout_s'])}")
        parts.append(f"seed {record['seed']}")
        goes_on = " goes on" if record["resumed"] else ""
        names = [item["config"]["name"] for item in record["space"]]
        shown = ", ".join(names[:_N_NAMES]) + (" …" if len(names) > _N_NAMES else "")
        space = f"{len(names)} hyperparameters: {shown}" if len(names) > 1 else f"1 hyperparameter: {shown}"
        head = f"{record['name']}{goes_on}: {', '.join(filter(None, parts))}"
        return [head, f"  {space}" if names else "  hyperparameters are found as trials meet them"]

    def _start_trial(self, record: Record) -> list[str]:
        self._now[record["trial_id"]] = ""
        return []

    def _choose_fit(self, record: Record) -> list[str]:
        trial, fit = self._search.trials.get(record["trial_id"]), read_fit(record)
        if self._verbose < 2 or trial is None or fit is None:
            return []
        text = format_fit(fit.path, fit.reason)
        # The record holds this one too: what is as before is told once.
        known = [format_fit(former.path, former.reason) for former in trial.fits[:-1]]
        return [] if text in known else [f"  {self._trial_text(record)}  fit: {shorten(text, _MESSAGE_COLUMNS)}"]

    def _end_epoch(self, record: Record) -> list[str]:
        epoch = self._epoch_text(record)
        self._now[record["trial_id"]] = " ".join(filter(None, [epoch, self._metric_text(record["metrics"])]))
        if self._verbose < 2:
            return []
        metrics = "  ".join(f"{name} {format_score(value)}" for name, value in record["metrics"].items())
        return [f"  {self._trial_text(record)}  {epoch}  {metrics}"]

    def _progress(self, record: Record) -> list[str]:
        if record["trial_id"] in self._now:
            of = "" if record["n_steps"] is None else f"/{record['n_steps']}"
            epoch = f"epoch {record['epoch'] + 1} batch {record['step']}{of}"
            self._now[record["trial_id"]] = " ".join(filter(None, [epoch, self._metric_text(record["metrics"])]))
        return []

    def _end_trial(self, record: Record) -> list[str]:
        self._now.pop(record["trial_id"], None)
        trial = self._search.trials.get(record["trial_id"])
        duration = trial.duration_s if trial is not None else None
        self._count(trial, "pruned" if record["pruned"] else record["status"])
        if trial is not None:
            trial.epochs.clear()
            trial.fits.clear()
        if duration is not None:
            self._durations.append(duration)
        self._challenge(record)
        parts = [self._trial_text(record), self._outcome_text(record)]
        if self._best is not None:
            parts.append(f"best {self._best.text}")
        by_hand = "by hand" if trial is not None and trial.enqueued is not None else ""
        parts += [format_duration(duration), by_hand, format_values(record["values"])]
        why = [f"    {record['pruned']['reason']}"] if record["pruned"] and self._verbose > 1 else []
        return ["  ".join(filter(None, parts)), *why]

    def _enqueue(self, record: Record) -> list[str]:
        n = len(self._search.enqueued)
        return [f"by hand: {format_values(record['values']) or 'the defaults'} ({format_count(n)} in line)"]

    def _cut_trial(self, record: Record) -> list[str]:
        self._now.pop(record["trial_id"], None)
        return [f"{self._trial_text(record)}  cut; it runs again when the search goes on"]

    def _note(self, record: Record) -> list[str]:
        line = "" if record["line"] is None else f" (line {record['line']})"
        return [f"{record['level']}{line}: {record['text']}"]

    def _limit(self, record: Record) -> list[str]:
        limits = [_limit_text(record)]
        if record["timeout_s"] is not None:
            limits.append(f"at most {format_clock(record['timeout_s'])}")
        return [f"limits: {', '.join(limits)}"]

    def _stop(self, record: Record) -> list[str]:
        return ["stopping"]

    def _end(self, record: Record) -> list[str]:
        self._is_over = True
        self._now.clear()
        # A line has said "failed" or not; this one sums up.
        words = {"pruned": "pruned", **_WORDS}
        counts = [f"{format_count(n)} {word}" for key, word in words.items() if (n := self._counts[key])]
        of = f" ({', '.join(counts)})" if counts else ""
        n = sum(self._counts.values())
        trials = f"{format_count(n)} trial{'' if n == 1 else 's'}{of}"
        reason = _REASONS.get(record["reason"], record["reason"])
        if record["reason"] == "exhausted" and self._has_tried_all(n):
            reason = f"{reason}, every combination tried"
        sums = [f"{trials} in {format_clock(self._elapsed())}"]
        if (saved := self._search.search["epochs_saved"]) > 0:
            sums.append(format_epochs_saved(saved))
        if fitted := format_fits(self._fits):
            sums.append(fitted)
        lines = [f"{self._search.search['name']} {reason}: {', '.join(sums)}"]
        if record["error"] is not None:
            lines.append(f"  {_error_text(record['error'])}")
        if self._best is not None:
            best = f"  best {self._metric_name()} {self._best.text}"
            lines.append("  ".join(filter(None, [best, format_values(self._best.values)])))
        return lines

    def _count(self, trial: TrialRecord | None, word: str) -> None:
        self._counts[word] += 1
        if trial is not None and (fit := slowest(trial.fits)) is not None:
            self._fits[fit["path"], fit["reason"]] += 1

    def _has_tried_all(self, n_trials: int) -> bool:
        search = self._search.search
        n_combinations = search["n_combinations"]
        return n_combinations is not None and n_trials >= n_combinations and search["tuner"] != _HYPERBAND

    # Pieces of text.

    def _outcome_text(self, record: Record) -> str:
        if record["error"] is not None:
            word = _WORDS.get(record["status"], "failed")
            error = record["error"]
            is_said = error["type"].lower() == word  # "invalid", which is no exception's name
            return f"{word}: {shorten(error['message'], _MESSAGE_COLUMNS) if is_said else _error_text(error)}"
        score = f"{self._metric_name()} {format_score(record['score'])}"
        if record["pruned"]:
            return f"{score}  pruned after epoch {record['pruned']['epoch'] + 1}"
        word = _WORDS.get(record["status"], "")
        return f"{score}  {word}".rstrip()

    def _live_line(self) -> str:
        if not self._now and self._search.state not in {"running", "paused", "stopping"}:
            return ""
        doing = [f"trial {format_trial_id(i)} {text}".rstrip() for i, text in self._now.items()]
        n = sum(self._counts.values())
        of = self._search.search["max_trials"]
        parts = [*doing, f"{format_count(n)} of {format_count(of)}" if of else f"{format_count(n)} trials"]
        if self._best is not None:
            parts.append(f"best {format_score(self._best.score)}")
        parts.append(format_clock(self._elapsed()))
        if waiting := self._search.enqueued:
            parts.append(f"{format_count(len(waiting))} in line")
        if (left := self._left()) is not None:
            parts.append(f"{format_clock(left)} left")
        if self._search.state != "running":
            parts.insert(0, self._search.state)
        return shorten(" · ".join(parts), self._columns - 1)

    def _wiped(self) -> str:
        return f"\r{' ' * self._live_width}\r" if self._live_width else ""

    def _elapsed(self) -> float:
        search = self._search.search
        since = search["active_since"]
        running = max(0.0, self._search.time - since) if since is not None else 0.0
        return float(search["elapsed_s"]) + running

    def _left(self) -> float | None:
        search = self._search.search
        if search["max_trials"] is None or len(self._durations) < _ENOUGH_DURATIONS or search["state"] != "running":
            return None
        n_left = search["max_trials"] - sum(self._counts.values())
        return float(max(0, n_left) * median(self._durations) / max(1, search["workers"] or 1))

    def _trial_text(self, record: Record) -> str:
        most = self._search.search["max_trials"] or 1
        return f"trial {pad(format_trial_id(record['trial_id']), len(str(most - 1)), right=True)}"

    def _epoch_text(self, record: Record) -> str:
        of = "" if record["n_epochs"] is None else f"/{record['n_epochs']}"
        run = f"run {record['execution'] + 1} " if record["execution"] else ""
        return f"{run}epoch {record['epoch'] + 1}{of}"

    def _metric_text(self, metrics: Mapping[str, Any]) -> str:
        objective = self._search.objective
        name = objective[0]["name"] if objective else ""
        return f"{format_metric(name)} {format_score(metrics[name])}" if name in metrics else ""

    def _metric_name(self) -> str:
        objective = self._search.objective or []
        return format_metric(objective[0]["name"]) if len(objective) == 1 else "score"

    def _objective_text(self) -> str:
        objective = self._search.objective or []
        return " + ".join(f"{format_metric(o['name'])} {ARROWS.get(o['direction'], '')}".strip() for o in objective)

    def _challenge(self, record: Record) -> None:
        score = decode_number(record["score"])
        if record["status"] != "COMPLETED" or record["pruned"] or score is None or math.isnan(score):
            return
        sign = loss_sign(self._search.objective)
        if self._best is None or sign * score < sign * self._best.score:
            self._best = _Best(record["trial_id"], float(score), record["values"])


def console_on(stream: TextIO, *, verbose: int = 1, record: SearchRecord | None = None) -> ConsoleSink:
    """Return a sink that writes to a stream, with a live line if that is a terminal.

    Args:
        stream: Such as `sys.stdout`.
        verbose: 0 nothing, 1 a line for each trial, 2 also one for each epoch.
        record: The search so far, for one that goes on.
    """
    from shutil import get_terminal_size

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    is_terminal = stream.isatty()
    return ConsoleSink(
        write, verbose=verbose, is_terminal=is_terminal, columns=get_terminal_size().columns, record=record
    )


def _limit_text(record: Record) -> str:
    n = record["max_trials"]
    return "no limit of trials" if n is None else f"{format_count(n)} trial{'' if n == 1 else 's'}"


def _error_text(error: Mapping[str, Any]) -> str:
    line = "" if error["line"] is None else f", line {error['line']}"
    return shorten(f"{error['type']}{line}: {error['message']}", _MESSAGE_COLUMNS)


_Teller = Callable[[ConsoleSink, Record], list[str]]
_TELLERS: dict[str, _Teller] = {
    "search_started": ConsoleSink._begin,
    "trial_enqueued": ConsoleSink._enqueue,
    "trial_started": ConsoleSink._start_trial,
    "fit_chosen": ConsoleSink._choose_fit,
    "epoch_ended": ConsoleSink._end_epoch,
    "trial_progressed": ConsoleSink._progress,
    "trial_ended": ConsoleSink._end_trial,
    "trial_cut": ConsoleSink._cut_trial,
    "search_noted": ConsoleSink._note,
    "limits_changed": ConsoleSink._limit,
    "stop_requested": ConsoleSink._stop,
    "search_paused": lambda sink, record: ["paused"],
    "search_resumed": lambda sink, record: ["goes on"],
    "search_ended": ConsoleSink._end,
}
