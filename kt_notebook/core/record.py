"""A search's record: what folding its journal gives, the same in Python and in the browser.

How it works: `SearchRecord.fold` takes one journal record after the other and changes plain fields; nothing else
changes them. `snapshot` turns the state into columns for a view. `labextension/src/store.ts` follows the same rules,
and both are held to `tests/golden`.
"""

from dataclasses import dataclass, field
from typing import Any

from kt_notebook.core.events import Record, decode_number, encode_number
from kt_notebook.core.fit_record import FitRecord, read_fit, slowest
from kt_notebook.core.objective import AnyObjective, loss_sign
from kt_notebook.core.savings import NO_SAVINGS, counted, epochs_saved

__all__ = ["EpochRecord", "SearchRecord", "TrialRecord"]

_SETTINGS = (
    "search_id", "name", "tuner", "objective", "max_trials", "executions_per_trial", "max_epochs", "seed",
    "workers", "where", "timeout_s", "space", "directory", "n_combinations",
)  # fmt: skip
_ENDED = frozenset({"finished", "stopped", "timed_out", "failed"})
_STATE_OF_REASON = {"finished": "finished", "exhausted": "finished"}


@dataclass(slots=True)
class EpochRecord:
    """The metrics of one epoch of one execution."""

    execution: int
    epoch: int
    stage: int
    metrics: dict[str, float]


@dataclass(slots=True)
class TrialRecord:
    """One trial as the journal tells it; values are in JSON form, times in unix seconds.

    Attributes:
        values: With what was declared while it ran.
        drawn_values: As the oracle gave them.
        enqueued: Of a trial by hand, its number in the line and the values asked for, in JSON form; else None.
        fits: How its Keras fits ran, in the order of their beginning; empty where no journal tells.
    """

    trial_id: str
    values: dict[str, Any]
    seed: int
    started_at: float
    status: str = "RUNNING"
    score: float | None = None
    best_step: int | None = None
    ended_at: float | None = None
    n_epochs: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    epochs: list[EpochRecord] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    pruned: dict[str, Any] | None = None
    drawn_values: dict[str, Any] = field(default_factory=dict)
    enqueued: dict[str, Any] | None = None
    fits: list[FitRecord] = field(default_factory=list)

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, None while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    def objective_curve(self, objective: AnyObjective) -> dict[int, float]:
        """Return the objective of the first execution by epoch, for the epochs that have it."""
        return {
            epoch.epoch: objective.get_value(epoch.metrics)
            for epoch in self.epochs
            if epoch.execution == 0 and objective.has_value(epoch.metrics)
        }

    def curves(self, metric: str | None) -> list[list[Any]]:
        """Return, for each execution, the metric epoch by epoch in JSON form."""
        curves: list[list[Any]] = []
        if metric is None:
            return curves
        for epoch in self.epochs:
            while len(curves) <= epoch.execution:
                curves.append([])
            curve = curves[epoch.execution]
            while len(curve) <= epoch.epoch:
                curve.append(None)
            curve[epoch.epoch] = encode_number(epoch.metrics.get(metric))
        return curves


class SearchRecord:
    """The state of a search, folded from its records.

    Attributes:
        search: The search's settings and state, as in a snapshot.
        trials: Trials by id, in the order of their first start.
        end_order: Ids of the trials that have ended, in the order in which they did.
        seq: Number of the last record folded.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.time = 0.0
        self.trials: dict[str, TrialRecord] = {}
        self.end_order: list[str] = []
        self.search: dict[str, Any] = {
            **dict.fromkeys(_SETTINGS),
            "state": "running",
            "reason": None,
            "error": None,
            "started_at": None,
            "active_since": None,
            "elapsed_s": 0.0,
            "epochs_saved": 0,
            "savings": NO_SAVINGS,
            "enqueued": [],
            "notes": [],
        }

    @property
    def state(self) -> str:
        """running, paused, stopping, finished, stopped, timed_out or failed."""
        return str(self.search["state"])

    @property
    def is_ended(self) -> bool:
        """Whether the search runs no more; it may go on later."""
        return self.state in _ENDED

    @property
    def objective(self) -> list[dict[str, str]] | None:
        """Names and directions, or None while undecided."""
        objective: list[dict[str, str]] | None = self.search["objective"]
        return objective

    # Any: JSON
    @property
    def enqueued(self) -> list[dict[str, Any]]:
        """The trials by hand that wait in line, each its `number` and `values`."""
        waiting: list[dict[str, Any]] = self.search["enqueued"]
        return waiting

    def fold(self, record: Record) -> None:
        """Apply one record; a kind that is not known is passed over."""
        seq = record["seq"]
        self.seq = max(self.seq, seq)
        if record["kind"] == "search_started":
            self._close_stretch(self.time)  # Open still: the search before was killed, after its last record.
        self.time = record["time"]
        handler = _FOLDS.get(record["kind"])
        if handler is not None:
            handler(self, record)

    def snapshot(self, limit: int | None = None) -> dict[str, Any]:
        """Return the state as a view starts from it: the search and its trials in columns.

        Args:
            limit: Keep this many trials at most: half of them the best, half the latest.
        """
        trials = list(self.trials.values())
        if limit is not None and len(trials) > limit:
            trials = self._cut(trials, limit)
        search = dict(self.search)
        search["notes"] = list(self.search["notes"])
        return {
            "seq": self.seq,
            "time": self.time,
            "search": search,
            "n_trials": len(self.trials),
            "trials": self._columns(trials),
        }

    def detail(self, trial_id: str) -> dict[str, Any]:
        """Return everything known of one trial.

        Raises:
            KeyError: No trial has this id.
        """
        trial = self.trials[trial_id]
        return {
            "trial_id": trial_id,
            "epochs": [
                {
                    "execution": e.execution,
                    "epoch": e.epoch,
                    "stage": e.stage,
                    "metrics": {name: encode_number(value) for name, value in e.metrics.items()},
                }
                for e in trial.epochs
            ],
            "fits": [fit.to_json() for fit in list(trial.fits)],
            "outputs": list(trial.outputs),
            "error": trial.error,
            "values": dict(trial.values),
            "seed": trial.seed,
            "metrics": {name: encode_number(value) for name, value in trial.metrics.items()},
        }

    def ranked(self) -> list[TrialRecord]:
        """Return the completed trials with a score, best first; pruned ones come last."""
        sign = loss_sign(self.objective)
        # A copy: another thread may begin a trial meanwhile.
        trials = list(self.trials.values())
        scored = [t for t in trials if t.status == "COMPLETED" and t.score is not None and t.score == t.score]
        return sorted(scored, key=lambda t: (t.pruned is not None, sign * (t.score or 0.0)))

    def _cut(self, trials: list[TrialRecord], limit: int) -> list[TrialRecord]:
        keep = {t.trial_id for t in trials[-(limit - limit // 2) :]}
        for trial in self.ranked():
            if len(keep) >= limit:
                break
            keep.add(trial.trial_id)
        return [t for t in trials if t.trial_id in keep]

    def _columns(self, trials: list[TrialRecord]) -> dict[str, Any]:
        objective = self.objective
        metric = objective[0]["name"] if objective else None
        names: dict[str, None] = {}
        for trial in trials:
            names.update(dict.fromkeys(trial.values))
        return {
            "trial_id": [t.trial_id for t in trials],
            "status": [t.status for t in trials],
            "score": [encode_number(t.score) for t in trials],
            "best_step": [t.best_step for t in trials],
            "started_at": [t.started_at for t in trials],
            "ended_at": [t.ended_at for t in trials],
            "seed": [t.seed for t in trials],
            "n_epochs": [t.n_epochs for t in trials],
            "error": [_short(t.error) for t in trials],
            "pruned": [t.pruned for t in trials],
            "enqueued": [None if t.enqueued is None else t.enqueued["number"] for t in trials],
            "fit": [slowest(t.fits) for t in trials],
            "values": {name: [t.values.get(name) for t in trials] for name in names},
            "curves": [t.curves(metric) for t in trials],
        }

    def _begin(self, record: Record) -> None:
        search = self.search
        for name in _SETTINGS:
            search[name] = record.get(name)
        if search["started_at"] is None:
            search["started_at"] = record["time"]
        search.update(state="running", reason=None, error=None, active_since=record["time"])
        self._idle_running_trials()

    def _choose_objective(self, record: Record) -> None:
        self.search["objective"] = record["objective"]

    def _grow(self, record: Record) -> None:
        self.search["space"] = record["space"]

    def _start_trial(self, record: Record) -> None:
        trial_id = record["trial_id"]
        values = record["values"]
        if trial_id in self.trials and trial_id in self.end_order:  # It failed, and runs again.
            self.end_order.remove(trial_id)
        enqueued = record.get("enqueued")
        self.trials[trial_id] = TrialRecord(
            trial_id, values, record["seed"], record["time"], drawn_values=values, enqueued=enqueued
        )
        if enqueued is not None:
            self._leave_line(enqueued["number"])

    def _enqueue(self, record: Record) -> None:
        waiting = {"number": record["number"], "values": record["values"]}
        # A new list: snapshots share it.
        self.search["enqueued"] = [*self.search["enqueued"], waiting]

    def _drop(self, record: Record) -> None:
        self._leave_line(record["number"])

    def _leave_line(self, number: int) -> None:
        self.search["enqueued"] = [waiting for waiting in self.search["enqueued"] if waiting["number"] != number]

    def _end_epoch(self, record: Record) -> None:
        trial = self.trials.get(record["trial_id"])
        if trial is not None:
            trial.n_epochs = record["n_epochs"]
            metrics = {name: decode_number(value) for name, value in record["metrics"].items()}
            numbers = {name: value for name, value in metrics.items() if value is not None}
            trial.epochs.append(EpochRecord(record["execution"], record["epoch"], record["stage"], numbers))

    def _choose_fit(self, record: Record) -> None:
        trial, fit = self.trials.get(record["trial_id"]), read_fit(record)
        if trial is not None and fit is not None:
            trial.fits.append(fit)

    def _capture(self, record: Record) -> None:
        trial = self.trials.get(record["trial_id"])
        if trial is not None:
            trial.outputs.append({"stream": record["stream"], "text": record["text"], "data": record["data"]})

    def _end_trial(self, record: Record) -> None:
        trial = self.trials.get(record["trial_id"])
        if trial is None:
            return
        trial.status = record["status"]
        score = decode_number(record["score"])
        trial.score = None if score is None else float(score)
        trial.best_step = record["best_step"]
        decoded = {name: decode_number(value) for name, value in record["metrics"].items()}
        trial.metrics = {name: value for name, value in decoded.items() if value is not None}
        trial.values = record["values"]
        trial.error = record["error"]
        trial.pruned = record["pruned"]
        trial.ended_at = record["time"]
        if trial.status == "COMPLETED":
            self._count_epochs(trial)
        self.end_order.append(trial.trial_id)

    def _count_epochs(self, trial: TrialRecord) -> None:
        search = self.search
        lengths = [0] * (search["executions_per_trial"] or 1)
        for epoch in trial.epochs:
            if epoch.execution < len(lengths):
                lengths[epoch.execution] = max(lengths[epoch.execution], epoch.epoch + 1)
        search["savings"] = counted(
            search["savings"],
            trial.values,
            lengths,
            n_epochs=trial.n_epochs,
            is_pruned=trial.pruned is not None,
            max_epochs=search["max_epochs"],
        )
        search["epochs_saved"] = epochs_saved(search["savings"])

    def _cut_trial(self, record: Record) -> None:
        trial = self.trials.get(record["trial_id"])
        if trial is not None:
            trial.status = "IDLE"

    def _pause(self, record: Record) -> None:
        self._close_stretch(record["time"])
        self.search["state"] = "paused"

    def _resume(self, record: Record) -> None:
        self.search.update(state="running", active_since=record["time"])

    def _limit(self, record: Record) -> None:
        self.search.update(max_trials=record["max_trials"], timeout_s=record["timeout_s"])

    def _stopping(self, record: Record) -> None:
        if self.search["active_since"] is None:
            self.search["active_since"] = record["time"]
        self.search["state"] = "stopping"

    def _note(self, record: Record) -> None:
        note = {key: record.get(key) for key in ("level", "code", "text", "line")}
        if note not in self.search["notes"]:
            self.search["notes"].append(note)

    def _end(self, record: Record) -> None:
        self._close_stretch(record["time"])
        reason = record["reason"]
        self.search.update(state=_STATE_OF_REASON.get(reason, reason), reason=reason, error=record["error"])
        self._idle_running_trials()

    def _close_stretch(self, time: float) -> None:
        if self.search["active_since"] is not None:
            self.search["elapsed_s"] += max(0.0, time - self.search["active_since"])
            self.search["active_since"] = None

    def _idle_running_trials(self) -> None:
        for trial in self.trials.values():
            if trial.status == "RUNNING":
                trial.status = "IDLE"


def _short(error: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if error is None else {key: error[key] for key in ("type", "message", "line")}


_FOLDS = {
    "search_started": SearchRecord._begin,
    "objective_chosen": SearchRecord._choose_objective,
    "space_grown": SearchRecord._grow,
    "trial_enqueued": SearchRecord._enqueue,
    "trial_dropped": SearchRecord._drop,
    "trial_started": SearchRecord._start_trial,
    "fit_chosen": SearchRecord._choose_fit,
    "epoch_ended": SearchRecord._end_epoch,
    "output_captured": SearchRecord._capture,
    "trial_ended": SearchRecord._end_trial,
    "trial_cut": SearchRecord._cut_trial,
    "search_paused": SearchRecord._pause,
    "search_resumed": SearchRecord._resume,
    "limits_changed": SearchRecord._limit,
    "stop_requested": SearchRecord._stopping,
    "search_noted": SearchRecord._note,
    "search_ended": SearchRecord._end,
}
