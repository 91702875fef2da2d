"""The searches of one project: what is known of it, its event stream and its latest session."""

import dataclasses
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import SearchStateError, StorageError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.protocol import TrialFunction
from kt_notebook.core.record import SearchRecord
from kt_notebook.search.error_report import show_as_block
from kt_notebook.search.executors import Executor
from kt_notebook.search.hub import Hub
from kt_notebook.search.resume import OracleFiles, restore_oracle
from kt_notebook.search.session import Session
from kt_notebook.search.settings import SessionSettings
from kt_notebook.search.worker import Capture, Hooks
from kt_notebook.storage.project_store import ProjectStore, load_record
from kt_notebook.storage.projects import Project
from kt_notebook.tuners.end_watch import EndWatch

__all__ = ["ProjectSearch"]


class ProjectSearch:
    """One project on disk with what is known of it. Making it reads the project and brings the oracle to its end.

    Args:
        path: The project's folder; it need not be there yet.
        oracle: Chooses the trials; it is bound to the project.
        tuner_id: Names the tuner's own file.
        tuner_state: Gives what that file is to hold.
        overwrite: Start anew; an old project is kept as `<name>.old`.

    Raises:
        ProjectLockedError: `overwrite` while somebody searches in the project.
        OptionError: The oracle has another objective than the project.
        StorageError: The project cannot be read.

    Attributes:
        oracle: Chooses the trials.
        store: The project on disk.
        hub: The event stream, with the record.
        session: The latest session, None before the first search of this object.
    """

    # Any: the state is JSON.
    def __init__(
        self, path: Path, oracle: Oracle, tuner_id: str, tuner_state: Callable[[], dict[str, Any]], *, overwrite: bool
    ) -> None:
        self.oracle = oracle
        self.store = ProjectStore(Project(path), self._note_of, tuner_id=tuner_id, tuner_state=tuner_state)
        if overwrite:
            self.store.project.archive()
        record, self._recovery = load_record(self.store.project)
        self.hub = Hub(record=record)
        self.session: Session | None = None
        self._told: Session | None = None  # whose failure the user has seen
        self._end_watch: EndWatch | None = None
        restore_oracle(oracle, record, self.store.read_oracle())
        oracle.bind(OracleFiles(self.store))

    def read_again(self) -> None:
        """Take what is known of the search from the disk anew."""
        self.hub.record, self._recovery = load_record(self.store.project)

    @property
    def record(self) -> SearchRecord:
        """What is known of the search."""
        return self.hub.record

    @property
    def is_running(self) -> bool:
        """Whether a session is at work here."""
        return self.session is not None and self.session.is_running

    def refuse_running(self, name: str) -> None:
        """Refuse a second search at the same time.

        Raises:
            SearchStateError: The search is running already.
        """
        if self.is_running:
            raise SearchStateError(f"{name} is searching already. Wait for it with %tune wait, or stop it.")

    def open(
        self,
        name: str,
        function: TrialFunction,
        executor: Executor,
        capture: Capture | None,
        hooks: Hooks | None,
        *,
        executions_per_trial: int,
        max_epochs: int | None,
        timeout_s: float | None,
        cell_file: str | None,
    ) -> Session:
        """Return a session that has not begun; see there and in `SessionSettings` for the arguments."""
        settings = SessionSettings(
            search_id=self.record.search["search_id"] or uuid.uuid4().hex,
            name=name,
            tuner=type(self.oracle).__name__.removesuffix("Oracle"),
            executions_per_trial=executions_per_trial,
            max_epochs=max_epochs,
            timeout_s=timeout_s,
            directory=str(self.store.project.path),
            cell_file=cell_file,
        )
        self.session = Session(settings, self.oracle, function, executor, self.hub, self.store, capture, hooks)
        return self.session

    def start(self, session: Session, notes: Iterable[SearchNoted], at_end: Callable[[], object] | None) -> None:
        """Start a session.

        Args:
            session: One that `open` gave.
            notes: What the user should know from the start.
            at_end: Called once when the session has ended, on a thread of its own; None: nothing is.

        Raises:
            SearchStateError: It is running already, or another search has its oracle.
            ProjectLockedError: Another process searches in the project.
        """
        session.start(notes)
        self._end_watch = None if at_end is None else EndWatch(session, at_end)

    def opening_notes(self, *, is_starting: bool) -> list[SearchNoted]:
        """Return what opening the project found that the user should know; empty when asked again.

        Args:
            is_starting: Whether the search goes on now, which moves damaged lines out of the journal.
        """
        recovery, self._recovery = self._recovery, None
        if recovery is None or not recovery.is_damaged:
            return []
        if is_starting:
            recovery = dataclasses.replace(recovery, moved_to=self.store.project.corrupt_path)
        return [SearchNoted("warning", "journal_recovered", recovery.describe())]

    def wait(self, name: str, timeout: float | None) -> bool:
        """Wait until the search has ended; return whether it has within `timeout` seconds.

        A trial's own code cannot wait for its search: it goes on at once. The thread that started the
        search waits for its `at_end` too.

        Raises:
            Exception: What ended the search, where it failed.
        """
        session = self.session
        if session is None:
            return True
        if session.is_running and session.is_inside:
            return False
        if session.is_running and timeout is None:
            # One line, so that a waiting cell does not look stuck.
            print(f"Waiting for {name}. Interrupting ends the waiting, not the search.")  # noqa: T201
        deadline = None if timeout is None else time.monotonic() + timeout
        has_ended = session.wait(timeout)
        if has_ended and self._end_watch is not None:
            self._end_watch.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        if has_ended and session.error is not None and self._is_to_be_told(session):
            show_as_block(session.error, session.settings.cell_file)
            raise session.error
        return has_ended

    def mark_told(self, session: Session) -> None:
        """Take note that the user has seen how a session ended."""
        self._told = session

    def _is_to_be_told(self, session: Session) -> bool:
        """Return whether a failure is still news: where there are results, it is told once."""
        is_news = self._told is not session
        self._told = session
        return is_news or not self.record.ranked()

    def _note_of(self, error: StorageError) -> None:
        self.hub.publish(SearchNoted("warning", "files_not_written", str(error)))
