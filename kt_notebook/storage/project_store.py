"""One search's project on disk, as a session writes it and a tuner reads it."""

from collections.abc import Callable
from pathlib import Path

from kt_notebook.core.errors import StorageError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord
from kt_notebook.core.trial import Trial
from kt_notebook.storage.journal import Journal
from kt_notebook.storage.journal_reader import Recovery, read_journal
from kt_notebook.storage.keras_tuner_writer import KerasTunerWriter
from kt_notebook.storage.lock import ProjectLock
from kt_notebook.storage.projects import Project

__all__ = ["ProjectStore", "load_record"]


def load_record(project: Project) -> tuple[SearchRecord, Recovery | None]:
    """Return what a project's journal tells, and what was found damaged in it. Changes nothing on disk.

    Raises:
        StorageError: The journal cannot be read.
    """
    record = SearchRecord()
    if not project.journal_path.exists():
        return record, None
    records, recovery = read_journal(project.journal_path)
    for item in records:
        record.fold(item)
    return record, recovery


class ProjectStore:
    """Journal, lock, trial folders and KerasTuner's files of one project.

    Args:
        project: Where it is; the folder need not be there yet.
        on_error: Called once, on a thread of its own, where KerasTuner's files cannot be written. The journal is the
            truth, so the search goes on.
    """

    def __init__(self, project: Project, on_error: Callable[[StorageError], object]) -> None:
        self.project = project
        self._on_error = on_error
        self._files: KerasTunerWriter | None = None
        self._lock: ProjectLock | None = None
        self._journal: Journal | None = None

    def acquire(self, seq: int) -> Journal:
        """Become the project's one writer and open its journal, which must end with the record `seq`.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: The project has changed since it was read, or cannot be written.
        """
        self.project.check_writable()
        self._lock = self.project.lock()
        try:
            journal = Journal.open(self.project.journal_path)
            last = max((record["seq"] for record in journal.records), default=0)
            journal.records.clear()
            if last != seq:
                journal.close()
                what = "has gone on since this tuner read it" if last > seq else "lacks what this tuner could not write"
                raise StorageError(
                    f"The project {str(self.project.path)!r} {what} (record {seq} here, {last} on the disk). Make the "
                    "tuner anew, or run the cell again, to go on from what the disk has."
                )
        except BaseException:
            self._lock.release()
            raise
        self._journal = journal
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

    def trial_dir(self, trial_id: str) -> Path:
        """Return where a trial may write; the folder need not be there yet."""
        return self.project.trial_dir(trial_id)

    def keep(self, oracle: Oracle, trial: Trial | None) -> None:
        """Bring KerasTuner's files up to date, soon and on a thread of their own.

        Args:
            oracle: Its state is taken where it is due.
            trial: One that has just changed; None at the end of the search, which waits for the files.
        """
        if self._files is None:
            self._files = KerasTunerWriter(self.project, self._on_error)
            self._files.adopt({known: held.hyperparameters.values for known, held in oracle.trials.items()})
            self._files.put_tuner({})
        if trial is not None:
            self._files.put_trial(trial.get_state())
        if trial is None or self._files.is_oracle_due():
            self._files.put_oracle(oracle.get_state())
        if trial is None:
            self._files.flush()
