"""One search's project on disk, as a session writes it and a tuner reads it."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import StorageError
from kt_notebook.core.events import Record
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.trial import Trial
from kt_notebook.storage.broken_json import read_object
from kt_notebook.storage.journal import Journal
from kt_notebook.storage.journal_reader import Recovery, read_journal
from kt_notebook.storage.keras_tuner_import import records_to_take_in
from kt_notebook.storage.keras_tuner_writer import KerasTunerWriter
from kt_notebook.storage.lock import ProjectLock
from kt_notebook.storage.projects import Project

__all__ = ["ProjectStore", "load_record"]


def load_record(project: Project) -> tuple[SearchRecord, Recovery | None]:
    """Return what a project's journal tells, and what was found damaged. Changes nothing on disk.

    What the journal does not know and KerasTuner's files do is taken in, as long as nobody searches there: all of a
    project that KerasTuner wrote, the trials with which it went on with one of ours.

    Raises:
        StorageError: The journal or the lock cannot be read.
    """
    if not project.is_there:
        return SearchRecord(), None
    records, recovery = read_journal(project.journal_path)
    record = _folded(records)
    if project.holder() is None:
        taken, damage = records_to_take_in(project, record)
        for item in taken:
            record.fold(item)
        recovery = replace(recovery, lost_in_files=damage)
    return record, recovery if record.seq or recovery.is_damaged else None


def _folded(records: Sequence[Record]) -> SearchRecord:
    record = SearchRecord()
    for item in records:
        record.fold(item)
    return record


class ProjectStore:
    """Journal, lock, trial folders and KerasTuner's files of one project.

    Args:
        project: Where it is; the folder need not be there yet.
        on_error: Called once, on a thread of its own, where KerasTuner's files cannot be written. The journal is the
            truth, so the search goes on.
        tuner_id: The name of the tuner's own file.
        tuner_state: Gives what that file is to hold.
    """

    def __init__(
        self,
        project: Project,
        on_error: Callable[[StorageError], object],
        *,
        tuner_id: str = "tuner0",
        tuner_state: Callable[[], Mapping[str, Any]] = dict,  # Any: JSON
    ) -> None:
        self.project = project
        self._on_error = on_error
        self._tuner_id = tuner_id
        self._tuner_state = tuner_state
        self._saved: dict[str, Mapping[str, Any]] = {}
        self._files: KerasTunerWriter | None = None
        self._lock: ProjectLock | None = None
        self._journal: Journal | None = None

    def acquire(self, seq: int) -> Journal:
        """Become the project's one writer and open its journal, which must end with the record `seq`.

        What `load_record` took in from KerasTuner's files is written to the journal first.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: The project has changed since it was read, or cannot be written.
        """
        self.project.check_writable()
        lock = self.project.lock()
        try:
            journal = Journal.open(self.project.journal_path)
            last = max((record["seq"] for record in journal.records), default=0)
            if last < seq:
                taken, _ = records_to_take_in(self.project, _folded(journal.records))
                last = max(last, *(item["seq"] for item in taken[-1:]), 0)
                if last == seq:
                    journal.append(taken, durable=True)
            journal.records.clear()
            if last != seq:
                journal.close()
                what = "has gone on since this tuner read it" if last > seq else "lacks what this tuner could not write"
                raise StorageError(
                    f"The project {str(self.project.path)!r} {what} (record {seq} here, {last} on the disk). Make the "
                    "tuner anew, or run the cell again, to go on from what the disk has."
                )
        except BaseException:
            lock.release()
            raise
        self._lock, self._journal = lock, journal
        return journal

    def release(self) -> None:
        """Bring the files up to date, close the journal and let others write."""
        files, journal, lock = self._files, self._journal, self._lock
        self._files = self._journal = self._lock = None
        try:
            if files is not None:
                files.close()
            if journal is not None:
                journal.close()
        finally:
            if lock is not None:
                lock.release()

    @property
    def is_held(self) -> bool:
        """Whether this object is the project's writer now."""
        return self._lock is not None

    def trial_dir(self, trial_id: str) -> Path:
        """Return where a trial may write; the folder need not be there yet."""
        return self.project.trial_dir(trial_id)

    def keep(self, oracle: Oracle, trial: Trial | None) -> None:
        """Bring KerasTuner's files up to date, soon and on a thread of their own.

        Args:
            oracle: Its state is taken where it is due.
            trial: One that has just changed; None at the end of the search, which waits for the files.
        """
        files = self._writer(oracle)
        if trial is not None:
            files.put_trial(trial.get_state())
        if trial is None or files.is_oracle_due():
            files.put_oracle(_state_of(oracle))
        if trial is None:
            files.put_tuner(self._tuner_state(), self._tuner_id)
            files.flush()

    def _writer(self, oracle: Oracle) -> KerasTunerWriter:
        """Return the one writer of a search that runs."""
        if self._files is None:
            self._files = KerasTunerWriter(self.project, self._on_error)
            self._files.adopt({known: held.hyperparameters.values for known, held in oracle.trials.items()})
            self._files.put_tuner(self._tuner_state(), self._tuner_id)
        return self._files

    def _save_soon(self, oracle: Oracle) -> None:
        files = self._writer(oracle)
        for trial in oracle.ongoing_trials.values():  # Those that have ended were put when they did.
            files.put_trial(trial.get_state())
        files.put_oracle(_state_of(oracle))
        files.put_tuner(self._tuner_state(), self._tuner_id)

    def save(self, oracle: Oracle) -> None:
        """Write all of KerasTuner's files now, trials that have not changed since the last call aside.

        No search has to run: `load_record` takes in what the journal does not know. Where one runs, the call is its
        owner's, and costs no more than what has changed: the search's own writer writes it soon, and tells of errors.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: A file cannot be written.
        """
        if self.is_held:
            self._save_soon(oracle)
            return
        states: dict[str, Mapping[str, Any]] = {
            trial_id: trial.get_state() for trial_id, trial in oracle.trials.items()
        }
        with contextlib.ExitStack() as held:
            held.enter_context(self.project.lock())
            failures: list[StorageError] = []
            files = held.enter_context(KerasTunerWriter(self.project, failures.append))
            files.adopt({known: trial.hyperparameters.values for known, trial in oracle.trials.items()})
            for trial_id, state in states.items():
                if self._saved.get(trial_id) != state:
                    files.put_trial(state)
            files.put_oracle(_state_of(oracle))
            files.put_tuner(self._tuner_state(), self._tuner_id)
            files.flush()
        if failures:
            raise failures[0]
        self._saved = states

    # Any: JSON
    def read_tuner(self) -> dict[str, Any] | None:
        """Return what the tuner's own file holds; None where there is none, or a broken one."""
        read = read_object(self.project.path / f"{self._tuner_id}.json")
        return None if read.fault else read.held

    # Any: JSON
    def read_oracle(self) -> dict[str, Any] | None:
        """Return what oracle.json holds; None where there is none, or a broken one."""
        read = read_object(self.project.path / "oracle.json")
        return None if read.fault else read.held


# Any: JSON
def _state_of(oracle: Oracle) -> dict[str, Any]:
    """Return an oracle's state with its objective, which KerasTuner leaves out, and what it asks of a Bayesian one."""
    objective = None if oracle.objective is None else oracle.objective.to_json()
    settings = {name: getattr(oracle, name, None) for name in ("num_initial_points", "alpha", "beta")}
    return {"objective": objective, **settings, **oracle.get_state()}
