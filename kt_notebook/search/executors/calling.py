"""Runs trials on the thread that called `search()`, so that scopes, debuggers and Ctrl-C work as users expect."""

import threading
from collections import deque
from collections.abc import Callable

from kt_notebook.search.worker import Job

__all__ = ["CallingExecutor"]


class CallingExecutor:
    """Takes jobs from the session and runs them in `serve`, which the caller's thread is in.

    An interrupt may fall between any two instructions of `serve`. So a job stays in line until it has run: taken from
    a queue it could be lost between the queue and its trial, and the session would wait for it for ever. What an
    interrupt left undone of a job is done when `serve` or `abandon` comes upon it.
    """

    capacity = 1
    where = "calling"

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._is_closed = self._is_abandoned = False
        self._changed = threading.Event()
        self._run: Callable[[Job], None] | None = None
        self.before_job: Callable[[], object] | None = None  # Called before each job, on its thread.

    def start(self, run: Callable[[Job], None]) -> None:
        """Keep what is to be called with each job."""
        self._run = run
        self._jobs.clear()
        self._is_closed = self._is_abandoned = False

    def submit(self, job: Job) -> None:
        """Hand a job to the caller's thread."""
        self._jobs.append(job)
        if self._is_abandoned:
            self._call_off(job)
        self._changed.set()

    def close(self) -> None:
        """Let `serve` return."""
        self._is_closed = True
        self._changed.set()

    def abandon(self) -> None:
        """Answer every job as interrupted, those to come included: nobody serves any more. Twice is as once."""
        self._is_abandoned = True  # Before looking: a job that comes after this line is called off by `submit`.
        for job in list(self._jobs):
            self._call_off(job)

    def _call_off(self, job: Job) -> None:
        job.has_begun = True  # So that running it means no more than sending what the session waits for.
        if self._run is not None and not job.is_over:
            self._run(job)

    def serve(self) -> None:
        """Run jobs on this thread until the executor is closed; after an interrupt it may be called again.

        Raises:
            KeyboardInterrupt: The user interrupted.
        """
        while True:
            self._changed.clear()  # Before looking: what comes after this line wakes `wait`.
            while self._jobs:
                job = self._jobs[0]
                if self._run is not None and not job.is_over:
                    if self.before_job is not None:
                        self.before_job()
                    self._run(job)
                self._jobs.popleft()
            if self._is_closed:
                return
            self._changed.wait()
