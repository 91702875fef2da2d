"""Trials of another search as the first ones of a new search: its oracle learns from them and none is run again.

How it works: the trials go into the new project's journal before its search begins, under numbers of their own, with
their scores, epochs and seeds, as if a search there had been stopped after them. So opening the project, the panel
and the tables need to know nothing of it; each trial's output says where it comes from.
"""

import math
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.errors import SearchStateError
from kt_notebook.core.events import (
    EpochEnded,
    ErrorInfo,
    Event,
    FitChosen,
    OutputCaptured,
    Record,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from kt_notebook.core.format import format_trial_id
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.parameter import Float, HyperParameter, Int, serialize
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, value_from_json
from kt_notebook.storage.journal import Journal
from kt_notebook.storage.projects import Project

__all__ = ["TakenOver", "fitting_trials", "n_taken_over", "take_over"]

_ENDED = frozenset({"COMPLETED", "FAILED", "INVALID"})
_WEIGHTS = ("checkpoint.weights.h5", "build_config.json")
# Of how many of the best trials the weights are copied where the file system has no second name for a file.
_N_COPIED = 5
_PROVENANCE = "Taken over from trial "


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What was taken over: how many trials, of how many that had ended."""

    n_taken: int
    n_ended: int


def fitting_trials(record: SearchRecord, space: SearchSpace) -> list[TrialRecord]:
    """Return the ended trials whose values a space could give, in the order of their starts.

    A trial fits where its hyperparameters are the very ones that are active in the space with its values, each
    within the range and on a step. Hyperband's trials, which were trained for different times, do not.
    """
    return [t for t in list(record.trials.values()) if t.status in _ENDED and _fits(_values(t.values), space)]


def n_taken_over(record: SearchRecord) -> int:
    """Return how many of a search's trials came from another one."""
    return sum(any(_is_provenance(output) for output in trial.outputs) for trial in list(record.trials.values()))


def take_over(source: Project, record: SearchRecord, project: Project, oracle: Oracle, space: SearchSpace) -> TakenOver:
    """Write the trials that fit into a project that no search has begun in.

    Args:
        source: Where the trials come from; it stays as it is.
        record: Its search.
        project: The new search's.
        oracle: The new search's; only looked at.
        space: What is searched there.

    Raises:
        ProjectLockedError: Somebody searches in the new project.
        SearchStateError: A search has begun there.
        StorageError: The new project cannot be written.
    """
    trials = fitting_trials(record, space)
    n_ended = sum(trial.status in _ENDED for trial in list(record.trials.values()))
    if not trials or record.objective is None:
        return TakenOver(0, n_ended)
    width = len(str(oracle.max_trials)) if oracle.max_trials is not None else 1
    new_ids = {trial.trial_id: f"{number:0{width}d}" for number, trial in enumerate(trials)}
    records = _records(source, record, trials, new_ids, _started(record, project, oracle, space))
    with project.lock(), Journal.open(project.journal_path) as journal:
        if journal.records:
            raise SearchStateError(
                f"A search has begun in {str(project.path)!r} already, so it cannot start from other trials. Run the "
                "cell without --start-from, or with --overwrite to begin anew."
            )
        _keep_weights(source, project, record, new_ids)
        journal.append(records, durable=True)
    return TakenOver(len(trials), n_ended)


def _started(record: SearchRecord, project: Project, oracle: Oracle, space: SearchSpace) -> SearchStarted:
    return SearchStarted(
        search_id=uuid.uuid4().hex,
        name=str(record.search["name"]),
        tuner=type(oracle).__name__.removesuffix("Oracle"),
        objective=record.objective,
        max_trials=oracle.max_trials,
        executions_per_trial=record.search["executions_per_trial"] or 1,
        max_epochs=record.search["max_epochs"],
        seed=oracle.seed,
        workers=1,
        where="taken over",
        timeout_s=None,
        space=[serialize(entry) for entry in space.entries],
        directory=str(project.path),
        resumed=False,
        n_combinations=None,
    )


def _records(
    source: Project,
    record: SearchRecord,
    trials: Sequence[TrialRecord],
    new_ids: Mapping[str, str],
    started: SearchStarted,
) -> list[Record]:
    begun_at = min(trial.started_at for trial in trials)
    stamped: list[tuple[Event, float]] = [(started, begun_at)]
    for trial in trials:
        stamped += [(event, trial.started_at) for event in _run(trial, new_ids[trial.trial_id], source)]
    by_id = {trial.trial_id: trial for trial in trials}
    for trial_id in list(record.end_order):
        if (ended := by_id.get(trial_id)) is not None:
            stamped.append((_end(ended, new_ids[trial_id]), ended.ended_at or ended.started_at))
    # No time passes in between: what the trials took was spent by the other search.
    stamped.append((SearchEnded("stopped"), begun_at))
    return [event.to_record(number, time) for number, (event, time) in enumerate(stamped, 1)]


def _run(trial: TrialRecord, new_id: str, source: Project) -> list[Event]:
    told = f"{_PROVENANCE}{format_trial_id(trial.trial_id)} of {source.name}.\n"
    events: list[Event] = [
        TrialStarted(new_id, trial.drawn_values or trial.values, trial.seed),
        OutputCaptured(new_id, "stdout", told),
    ]
    events += [FitChosen(new_id, fit.execution, fit.stage, fit.path, fit.reason) for fit in trial.fits]
    events += [EpochEnded(new_id, e.execution, e.epoch, trial.n_epochs, e.stage, e.metrics) for e in trial.epochs]
    return events


def _end(trial: TrialRecord, new_id: str) -> TrialEnded:
    error = None if trial.error is None else ErrorInfo(**trial.error)
    metrics, values = dict(trial.metrics), dict(trial.values)
    return TrialEnded(new_id, trial.status, trial.score, trial.best_step, metrics, values, error, trial.pruned)


def _keep_weights(source: Project, project: Project, record: SearchRecord, new_ids: Mapping[str, str]) -> None:
    """Give the trials' weights a second name in the new project, so that their models can be had there too."""
    best = {trial.trial_id for trial in record.ranked()[:_N_COPIED]}
    for old_id, new_id in new_ids.items():
        old, new = source.trial_dir(old_id), project.trial_dir(new_id)
        for name in _WEIGHTS:
            if not (old / name).exists():
                continue
            # What cannot be had is missed, with an error that says so, when the model is asked for.
            with suppress(OSError):
                new.mkdir(parents=True, exist_ok=True)
                try:
                    # Nobody writes into these files: weights are written elsewhere and take the name.
                    os.link(old / name, new / name)
                except OSError:
                    if old_id in best:
                        shutil.copyfile(old / name, new / name)


def _fits(values: Mapping[str, Value], space: SearchSpace) -> bool:
    if len(without_budget(values)) < len(values):
        return False
    active = {entry.name: entry for entry in space.active_entries(values)}
    return active.keys() == values.keys() and all(_takes(entry, values[name]) for name, entry in active.items())


def _takes(entry: HyperParameter, value: Value) -> bool:
    if not entry.contains(value):
        return False
    if not isinstance(entry, Int | Float) or entry.step is None:
        return True
    nearest = float(entry.prob_to_value(entry.value_to_prob(value)))
    return math.isclose(nearest, float(value), rel_tol=1e-9, abs_tol=1e-12)


# Any: JSON
def _values(values: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value_from_json(value) for name, value in values.items()}


def _is_provenance(output: Mapping[str, Any]) -> bool:
    return str(output.get("text") or "").startswith(_PROVENANCE)
