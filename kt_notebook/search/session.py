"""The session: the one owner of the oracle, from the first trial to the last.

How it works: one thread takes messages from one inbox (reports and outcomes from workers, commands from users) and
applies them in order. It asks the oracle for a trial when a worker is idle, publishes every change as an event, and
ends when the oracle has no more trials or somebody asks for it. An ended session can be started again.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from queue import Empty, SimpleQueue
from typing import TypeVar

from kt_notebook.core.commands import AddTrials, Command, Enqueue, Pause, Resume, Stop, StopNow, StopTrial
from kt_notebook.core.errors import SearchStateError
from kt_notebook.core.events import (
    EpochEnded,
    Event,
    LimitsChanged,
    SearchEnded,
    SearchNoted,
    SearchPaused,
    SearchResumed,
    StopRequested,
)
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.protocol import Assignment, TrialFunction
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.search.books import Books
from kt_notebook.search.by_hand import started
from kt_notebook.search.calls import Call, snapshot
from kt_notebook.search.deadline import Deadline
from kt_notebook.search.endings import FailureWatch, as_error, no_score_error, reason_of_end
from kt_notebook.search.error_report import describe_error
from kt_notebook.search.executors import Executor
from kt_notebook.search.hub import Hub
from kt_notebook.search.messages import HooksTold, ObjectiveSettled, Outcome, OutcomeKind, SpaceMet
from kt_notebook.search.ownership import Ownership
from kt_notebook.search.reporter import StopLevel
from kt_notebook.search.running import RunningTrials
from kt_notebook.search.settings import SessionSettings, Store
from kt_notebook.search.worker import Capture, Hooks, Job, Worker

__all__ = ["Session"]

_T = TypeVar("_T")


class Session:
    """Runs a search. `post`, `interrupt`, `wait` and the properties are for any thread.

    Args:
        settings: Names and limits.
        oracle: Owned by the session while it runs.
        trial_function: Runs one trial.
        executor: Where trials run; its capacity is the number of workers.
        hub: Takes the events.
        store: The project on disk, None to keep nothing.
        capture: Keeps the trials' output with them, None to let it pass.
        hooks: Told of trials, None where nobody asks.
    """

    def __init__(
        self,
        settings: SessionSettings,
        oracle: Oracle,
        trial_function: TrialFunction,
        executor: Executor,
        hub: Hub,
        store: Store | None = None,
        capture: Capture | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.settings = settings
        self.oracle = oracle
        self.hub = hub
        self.error: BaseException | None = None
        self._executor = executor
        self._store = store
        self._capture = capture
        self._hooks = hooks
        self.books = Books(oracle, hub.record, self._publish)
        self._inbox: SimpleQueue[object] = SimpleQueue()
        self._worker = Worker(trial_function, capture, hooks, self._inbox.put, self._look_at, settings.cell_file)
        self._ownership = Ownership(oracle, settings.title)
        self._ended = threading.Event()
        self._ended.set()
        self._thread: threading.Thread | None = None
        self._commands_seen: set[str] = set()
        self._reset()

    def _reset(self) -> None:
        self.error = None
        self._running = RunningTrials(self._executor.capacity, self._inbox.put)
        self._reason: str | None = None  # why the search is to end, once that is known
        self._is_exhausted = False
        ended = (trial.status for trial in self.hub.record.trials.values() if trial.ended_at is not None)
        self._failures = FailureWatch(is_over=any(status != TrialStatus.FAILED for status in ended))
        self._deadline = Deadline(None)

    # For any thread.

    @property
    def search_id(self) -> str:
        """The search's id, the same in every view and after a resume."""
        return self.settings.search_id

    @property
    def state(self) -> str:
        """running, paused, stopping, finished, stopped, timed_out or failed."""
        return self.hub.record.state

    @property
    def is_running(self) -> bool:
        """Whether the session's thread is at work."""
        return not self._ended.is_set()

    @property
    def is_owner(self) -> bool:
        """Whether this code runs on the session's thread, which may use the oracle directly."""
        return threading.current_thread() is self._thread

    @property
    def is_inside(self) -> bool:
        """Whether this code runs on a thread that the search itself needs to go on: the session's, or a trial's."""
        return self.is_owner or self._worker.is_here

    def start(self, notes: Iterable[SearchNoted] = ()) -> None:
        """Start the search, or go on with it.

        Args:
            notes: What the user should know from the start.

        Raises:
            SearchStateError: It is running already, or another search has its oracle.
            ProjectLockedError: Another process searches in the project.
        """
        if self.is_running:
            raise SearchStateError(f"Search {self.settings.name!r} is running already. Wait for it, or stop it first.")
        self._ownership.take()
        name = f"kt_notebook search {self.settings.name}"
        self._thread = thread = threading.Thread(target=self._main, name=name, daemon=True)
        try:
            if self._store is not None:
                self.hub.journal = self._store.acquire(self.hub.record.seq)
            self._reset()
            self._ended.clear()
            self.hub.open()
            self._publish(self.settings.started(self.oracle, self._executor, resumed=bool(self.hub.record.seq)))
            for note in notes:
                self._publish(note)
            self._executor.start(self._worker.run)
            thread.start()
        except BaseException as error:  # An interrupt, or no more threads: nobody else would free the project.
            if self._ended.is_set():
                self._release()
            elif not thread.is_alive():
                self._fail(error)
                self._finish()
            raise

    def post(self, command: Command) -> None:
        """Ask for something; a command's id is applied once.

        Raises:
            SearchStateError: The search has ended, or there is no place for a trial by hand.
        """
        if not self.is_running:
            raise SearchStateError(
                f"Search {self.settings.name!r} has ended ({self.state}), {type(command).__name__} does nothing now. "
                "Run the cell again to go on."
            )
        self.books.by_hand.check(command)
        self._inbox.put(command)
        if isinstance(command, StopNow):
            # It does not wait behind other messages; but it is in the inbox before any outcome that it brings about.
            self._running.stop_all(StopLevel.NOW)
            self._running.release()

    def interrupt(self) -> None:
        """Stop at the end of the running epochs; the trials are cut and run again when the search goes on."""
        self._inbox.put(Stop())
        self._running.stop_all(StopLevel.END_OF_EPOCH)

    def call(self, function: Callable[[], _T]) -> _T:
        """Return, or raise, what a function gives that reads or changes the oracle: its owner runs it, in order."""
        if self.is_owner or not self.is_running:
            return function()
        call = Call(function)
        self._inbox.put(call)
        return call.wait(self._ended)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; return whether it has come within `timeout` seconds."""
        return self._ended.wait(timeout)

    # The session's own thread.

    def _main(self) -> None:
        try:
            with nullcontext() if self._capture is None else self._capture.installed():
                self._loop()
        except BaseException as error:  # noqa: BLE001 - Boundary: an oracle's fault ends the search in good order.
            self._fail(as_error(error))
            self._running.stop_all(StopLevel.NOW)
            self.books.cut_all()
        finally:
            self._finish()

    def _loop(self) -> None:
        self._deadline = Deadline(self.settings.timeout_s)
        while True:
            self._fill_workers()
            self.hub.sync()
            if not self._running and (self._reason is not None or self._is_exhausted):
                return
            wait_s = self._look_at_clock()
            try:
                message = self._inbox.get(timeout=wait_s)
            except Empty:
                continue
            self._apply(message)

    def _look_at_clock(self) -> float | None:
        """End the search when its time is up, and return the seconds that are left, None without a limit."""
        left_s = self._deadline.left_s
        if left_s is None or left_s > 0:
            return left_s
        self._deadline.remove()
        self._publish(StopRequested(now=True))
        self._reason = self._reason or "timed_out"
        self._running.stop_all(StopLevel.NOW)
        return None

    def _apply(self, message: object) -> None:
        match message:
            case Outcome():
                self._take_outcome(message)
            case Call():
                message.answer()
            case EpochEnded():
                if self.books.take_epoch(message, is_ending=self._running.is_ending(message.trial_id)):
                    self._running.stop(message.trial_id)
            case Command():
                if message.id not in self._commands_seen:
                    self._commands_seen.add(message.id)
                    self._obey(message)
            case SpaceMet():
                self.books.grow(message)
            case ObjectiveSettled():
                self.books.settle(message.objective)
            case HooksTold():
                self._take_hooks(message)
            case Event():
                self._publish(message)

    def _fill_workers(self) -> None:
        self._tell_limit()
        self.books.by_hand.tell()
        while self._may_begin() and (worker := self._running.idle_worker) is not None:
            if self._hooks is not None:
                self._hooks.before_trial()
                if not self._may_begin():  # Somebody has asked for the end meanwhile.
                    return
            trial = self.books.by_hand.next_trial(worker)
            if trial.status is TrialStatus.RUNNING:
                self._is_exhausted = False
                self._start_trial(trial)
                continue
            if trial.status is TrialStatus.STOPPED:
                self._is_exhausted = True
            elif not self._running:
                raise SearchStateError(
                    f"{type(self.oracle).__name__} waits (IDLE) though no trial is running. "
                    "Its populate_space must propose a trial or return STOPPED."
                )
            return

    def _may_begin(self) -> bool:
        return self._reason is None and not self._deadline.is_held and not self._running.is_stopping

    def _tell_limit(self) -> None:
        """Make known that the limit of trials has moved, whoever moved it: a command, or the user's own code."""
        if self.oracle.max_trials != self.hub.record.search["max_trials"]:
            self._is_exhausted = False
            self._publish(LimitsChanged(self.oracle.max_trials, self.settings.timeout_s))

    def _start_trial(self, trial: Trial) -> None:
        self._publish(started(trial))
        reporter = self._running.begin(trial, self.oracle.objective)
        directory = None if self._store is None else self._store.trial_dir(trial.trial_id)
        executions = self.settings.executions_per_trial
        assignment = Assignment(trial.trial_id, reporter.hyperparameters, trial.seed, directory, executions)
        self._executor.submit(Job(assignment, reporter))

    def _look_at(self, trial_id: str) -> Trial:
        twin: Trial = self.call(lambda: snapshot(self.oracle.get_trial(trial_id)))
        return twin

    def _take_outcome(self, outcome: Outcome) -> None:
        if outcome.trial_id not in self._running:  # What an interrupt came upon may be told twice.
            return
        tells = self._hooks is not None and outcome.kind is not OutcomeKind.INTERRUPTED
        reporter = self._running.end(outcome.trial_id, leaves=not tells)
        trial = self.oracle.get_trial(outcome.trial_id)
        trial.hyperparameters = outcome.hyperparameters.copy()
        if outcome.hyperparameters.version != reporter.space_version:
            self.books.grow(SpaceMet(outcome.trial_id, outcome.hyperparameters))
        if outcome.kind is OutcomeKind.INTERRUPTED:
            self._reason = self._reason or "stopped"
        is_stopped = outcome.kind in (OutcomeKind.STOPPED, OutcomeKind.INTERRUPTED)
        if is_stopped and self._reason is not None and not reporter.ends_alone:
            self.books.cut(outcome.trial_id)
            return
        outcome, ended, too_many = self.books.close(trial, outcome, is_stopped=is_stopped)
        if self._store is not None:
            self._store.keep(self.oracle, trial)
        if ended is not None:
            self._publish(ended)
        if too_many is not None:
            self._fail(too_many)
        if (failure := self._failures.look(trial.status, outcome, has_ended=ended is not None)) is not None:
            self._fail(failure)
            self._running.stop_all(StopLevel.NOW)

    def _take_hooks(self, told: HooksTold) -> None:
        if self._running.leave(told.trial_id) and told.is_interrupted:
            self._reason = self._reason or "stopped"
        if told.error is not None:
            self._fail(told.error)

    def _obey(self, command: Command) -> None:
        match command:
            case Pause() if not self._deadline.is_held and self._reason is None:
                self._deadline.hold()
                self._running.hold()
                self._publish(SearchPaused())
            case Resume() if self._deadline.is_held:
                self._leave_pause()
                self._publish(SearchResumed())
            case Stop() | StopNow():
                self._leave_pause()
                now = isinstance(command, StopNow)
                self._publish(StopRequested(now))
                self._reason = self._reason or "stopped"
                if now:
                    self._running.stop_all(StopLevel.NOW)
            case AddTrials(n=n):
                if self.oracle.max_trials is not None:
                    self.oracle.max_trials += n
            case Enqueue():
                self.books.by_hand.enqueue(command)
            case StopTrial(trial_id=trial_id) if trial_id in self._running:
                self._running.stop(trial_id)

    def _leave_pause(self) -> None:
        self._deadline.release()
        self._running.release()

    def _fail(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error
        self._reason = "failed"

    def _publish(self, event: Event) -> None:
        """Publish; a journal that cannot be written ends the search, with everything so far still in memory."""
        try:
            self.hub.publish(event)
        except OSError as error:
            self.hub.journal = None
            self._fail(error)
            self._running.stop_all(StopLevel.NOW)

    def _finish(self) -> None:
        self._running.release()
        self._executor.close()
        # The journal is closed last: what the files or a listener have to say goes into it.
        for step in (self._tell_end, self.hub.sync, self._keep_files, self.hub.close, self._release):
            try:
                step()
            except BaseException as error:  # noqa: BLE001 - Boundary: whatever fails, the project is freed and waiting ends.
                self.error = self.error or as_error(error)
        self._ended.set()

    def _tell_end(self) -> None:
        if self.error is None and self._reason is None and not self.hub.record.ranked():
            self.error = self._failures.first_error or no_score_error(self.hub.record)
        reason = reason_of_end(self._reason, self.error, self.oracle)
        info = None if self.error is None else describe_error(self.error, self.settings.cell_file)
        self._publish(SearchEnded(reason, info))

    def _keep_files(self) -> None:
        if self._store is not None:
            self._store.keep(self.oracle, None)

    def _release(self) -> None:
        self._ownership.release()
        self.hub.journal = None
        if self._store is not None:
            self._store.release()
