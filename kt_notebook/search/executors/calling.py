"""Runs trials on the thread that called `search()`, so that scopes, debuggers and Ctrl-C work as users expect."""

from collections.abc import Callable
from queue import SimpleQueue

from kt_notebook.search.worker import Job

__all__ = ["CallingExecutor"]


class CallingExecutor:
    """Takes jobs from the session and runs them in `serve`, which the caller's thread is in."""

    capacity = 1
    where = "calling"

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._run: Callable[[Job], None] | None = None

    def start(self, run: Callable[[Job], None]) -> None:
        """Keep what is to be called with each job."""
        self._run = run
        self._jobs = SimpleQueue()

    def submit(self, job: Job) -> None:
        """Hand a job to the caller's thread."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let `serve` return."""
        self._jobs.put(None)

    def serve(self) -> None:
        """Run jobs on this thread until the executor is closed; after an interrupt it may be called again.

        Raises:
            KeyboardInterrupt: The user interrupted a trial.
        """
        while (job := self._jobs.get()) is not None:
            if self._run is not None:
                self._run(job)
        self._jobs.put(None)
