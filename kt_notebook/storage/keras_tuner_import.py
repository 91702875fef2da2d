"""Makes journal records of what KerasTuner's files know and the journal does not.

How it works: a project without a journal is taken in whole. Where there is a journal it is the truth; trials that it
does not know, or whose end it does not know, are taken in: KerasTuner has gone on with the project, the journal was
damaged, or somebody saved an oracle by hand. The records are a function of the files and the journal, so that whoever
reads a project and whoever then writes them to the journal get the same ones.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from kt_notebook.core.events import (
    EpochEnded,
    ErrorInfo,
    Event,
    ObjectiveChosen,
    Record,
    SearchEnded,
    SearchNoted,
    SearchStarted,
    SpaceGrown,
    TrialCut,
    TrialEnded,
    TrialStarted,
)
from kt_notebook.core.oracle import trial_seed
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import TrialStatus
from kt_notebook.storage.keras_tuner_reader import FoundProject, FoundTrial, read_files
from kt_notebook.storage.keras_tuner_settings import found_objective, found_seed, found_space
from kt_notebook.storage.projects import Project

__all__ = ["records_to_take_in"]

_KERAS_TUNER = "KerasTuner"
_N_NAMED = 20


def records_to_take_in(project: Project, record: SearchRecord) -> tuple[list[Record], str]:
    """Return the records that a project's journal lacks, and what was found damaged, an empty text if nothing.

    Args:
        project: Whose files are read.
        record: The journal, folded; it is not changed.
    """
    found = read_files(project, {project.trial_dir(trial_id).name for trial_id in record.end_order})
    if found is None:
        return [], ""
    return _whole(project, found) if record.seq == 0 else _rest(found, record)


class _Stream:
    """Records, numbered on from the journal's last."""

    def __init__(self, seq: int) -> None:
        self._seq = seq
        self.records: list[Record] = []

    def add(self, event: Event, time: float) -> Record:
        self._seq += 1
        self.records.append(event.to_record(self._seq, time))
        return self.records[-1]


def _whole(project: Project, found: FoundProject) -> tuple[list[Record], str]:
    """Return the records of a project that has no journal."""
    space, lost = found_space(found)
    objective, seed = found_objective(found), found_seed(found)
    times = _start_times(found, 0.0)
    begun_at = min(times.values(), default=0.0)
    stream = _Stream(0)
    started = _started(project, found, objective, seed or 0, space)
    # A seed that is lost is drawn anew, not 0.
    stream.add(started, begun_at)["seed"] = seed
    for waiting in found.waiting:
        stream.add(waiting, begun_at)
    _add_trials(stream, found, times, seed or 0, _single(objective))
    taken = f"{_counted(len(found.trials))} read from KerasTuner's files, {len(found.end_order)} of them to their end."
    text = _damage((*found.faults, *lost), taken)
    _add_notes(stream, "" if text or not found.trials else taken, text, begun_at)
    stream.add(SearchEnded("stopped"), max((trial.changed_at for trial in found.trials), default=begun_at))
    return stream.records, text


def _started(
    project: Project,
    found: FoundProject,
    objective: list[dict[str, str]] | None,
    seed: int,
    space: list[dict[str, Any]],  # Any: JSON
) -> SearchStarted:
    max_epochs = found.oracle.get("max_epochs")
    is_hyperband = "brackets" in found.oracle
    known = HyperParameters.from_config({"space": space, "values": {}})
    return SearchStarted(
        search_id=hashlib.blake2b(str(project.path.resolve()).encode(), digest_size=16).hexdigest(),
        name=project.name,
        tuner="Hyperband" if is_hyperband else _KERAS_TUNER,
        objective=objective,
        max_trials=None,
        executions_per_trial=1,
        max_epochs=max_epochs if is_hyperband and isinstance(max_epochs, int) else None,
        seed=seed,
        workers=1,
        where=_KERAS_TUNER,
        timeout_s=None,
        space=space,
        directory=str(project.path),
        resumed=False,
        n_combinations=known.n_combinations() if space else None,
    )


def _rest(found: FoundProject, record: SearchRecord) -> tuple[list[Record], str]:
    """Return the records of what KerasTuner's files know beyond the journal."""
    trials = [trial for trial in found.trials if _is_news(trial, record)]
    told = " ".join(note["text"] for note in record.search["notes"])
    # The journal is the truth: only what may be a trial that it does not know is missed.
    faults = [fault for fault in found.faults if "/trial.json " in fault and "is missing" not in fault]
    space, lost = found_space(found, record.search["space"] or ()) if trials else (record.search["space"], ())
    faults = [fault for fault in (*faults, *lost) if fault not in told]
    stream = _Stream(record.seq)
    objective = record.objective
    if trials:
        ids = {trial.trial_id for trial in trials}
        found = replace(found, trials=trials, end_order=[trial_id for trial_id in found.end_order if trial_id in ids])
        if space != record.search["space"]:
            stream.add(SpaceGrown(trials[-1].trial_id, space), record.time)
        if objective is None and (objective := found_objective(found)) is not None:
            stream.add(ObjectiveChosen(objective), record.time)
        times = _start_times(found, record.time)
        _add_trials(stream, found, times, record.search["seed"] or 0, _single(objective), record)
    taken = f"{_counted(len(trials))} taken in from KerasTuner's files that the journal did not know."
    text = _damage(faults, taken)
    _add_notes(stream, "" if text or not trials else taken, text, record.time)
    return stream.records, text


def _damage(faults: Sequence[str], taken: str) -> str:
    """Return some sentences for the user about files that are damaged, an empty text where there are none."""
    if not faults:
        return ""
    named = "; ".join(faults[:_N_NAMED]) + (f"; and {len(faults) - _N_NAMED} more" if len(faults) > _N_NAMED else "")
    return f"Some of the project's files are damaged: {named}. {taken}"


def _single(objective: list[dict[str, str]] | None) -> str | None:
    """Return the name of the objective where it is one metric."""
    return objective[0]["name"] if objective is not None and len(objective) == 1 else None


def _is_news(trial: FoundTrial, record: SearchRecord) -> bool:
    """Return whether a file knows more of a trial than the journal, to which it has not ended."""
    known = record.trials.get(trial.trial_id)
    if known is None:
        return True
    if not trial.has_ended:
        return False
    if trial.status in (TrialStatus.COMPLETED, TrialStatus.STOPPED):
        return True
    # A trial that failed may be the earlier run of one that was begun again.
    return not trial.ours and trial.changed_at > known.started_at


def _add_trials(
    stream: _Stream,
    found: FoundProject,
    times: dict[str, float],
    seed: int,
    objective: str | None,
    record: SearchRecord | None = None,
) -> None:
    """Add the trials in the order of their starts, each end as soon as the ends before it are there."""
    waiting = list(found.end_order)
    begun: dict[str, FoundTrial] = {}
    for trial in found.trials:
        begun[trial.trial_id] = trial
        known = record is not None and trial.trial_id in record.trials
        if not (known and trial.ours):  # Then its epochs are in the journal.
            own_seed = trial.ours.get("seed")
            number = trial_seed(seed, trial.trial_id) if own_seed is None else own_seed
            started = TrialStarted(trial.trial_id, trial.values, number, trial.ours.get("enqueued"))
            stream.add(started, times[trial.trial_id])
            for epoch in _epochs(trial, objective):
                stream.add(epoch, trial.changed_at)
        if not trial.has_ended:
            stream.add(TrialCut(trial.trial_id), trial.changed_at)
        while waiting and waiting[0] in begun:
            ended = begun[waiting.pop(0)]
            stream.add(_end(ended), ended.changed_at)


def _epochs(trial: FoundTrial, objective: str | None) -> Iterator[EpochEnded]:
    """Yield a trial's epochs where its file has them: KerasTuner keeps the best one alone, unless told otherwise."""
    n_epochs = trial.ours.get("n_epochs")
    curve = trial.ours.get("curve")
    if curve and objective is not None:
        for epoch, value in curve:
            yield EpochEnded(trial.trial_id, 0, epoch, n_epochs, 0, {objective: value})
        return
    lengths = [len(values) for steps in trial.steps.values() for values in steps.values()]
    n_executions = max(lengths, default=0)
    if n_executions < 2 and all(len(steps) < 2 for steps in trial.steps.values()):
        return
    steps = sorted({step for by_step in trial.steps.values() for step in by_step})
    for execution in range(n_executions):
        for step in steps:
            metrics = {
                name: values[execution]
                for name, by_step in trial.steps.items()
                if execution < len(values := by_step.get(step, []))
            }
            if metrics:
                yield EpochEnded(trial.trial_id, execution, step, None, 0, metrics)


def _end(trial: FoundTrial) -> TrialEnded:
    return TrialEnded(
        trial_id=trial.trial_id,
        status=trial.status.value,
        score=trial.score,
        best_step=trial.best_step,
        metrics=trial.metrics(),
        values=trial.values,
        error=_error(trial),
        pruned=trial.ours.get("pruned"),
    )


def _error(trial: FoundTrial) -> ErrorInfo | None:
    """Return why a trial failed: the exception that KerasTuner's message, a traceback, ends with."""
    if trial.status not in (TrialStatus.FAILED, TrialStatus.INVALID):
        return None
    if trial.message is None:
        is_number = trial.score is None or not math.isnan(trial.score)
        text = "It is not known why." if is_number else f"The objective came out as {trial.score}."
        return ErrorInfo("Invalid" if not is_number else "Error", text, text)
    lines = trial.message.strip().splitlines() or [""]
    first = max((at for at, line in enumerate(lines) if line.startswith("  ")), default=-1) + 1
    kind, colon, text = "\n".join(lines[first:] or lines[-1:]).partition(": ")
    if not colon and not kind.isidentifier():
        kind, text = "Error", kind
    return ErrorInfo(kind.rpartition(".")[2], text, trial.message)


def _add_notes(stream: _Stream, advice: str, warning: str, time: float) -> None:
    if advice:
        stream.add(SearchNoted("advice", "trials_taken_in", advice), time)
    if warning:
        # As the tuner says it when it opens the project: a note that is there already is not shown twice.
        stream.add(SearchNoted("warning", "journal_recovered", warning), time)


def _counted(n: int) -> str:
    return f"{n} trial was" if n == 1 else f"{n} trials were"


def _start_times(found: FoundProject, at_least: float) -> dict[str, float]:
    """Return when each trial began; where nobody knows, when the one before it was over."""
    times: dict[str, float] = {}
    free_at = at_least
    for trial in found.trials:
        end = trial.changed_at
        start = found.started_at.get(trial.trial_id)
        if start is None:
            start = free_at if 0.0 < free_at <= end else end
        times[trial.trial_id] = min(start, end)
        free_at = max(free_at, end)
    return times
