"""Runs trials in threads of this process, so that the caller and the kernel stay free."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from kt_notebook.core.errors import OptionError
from kt_notebook.search.worker import Job

__all__ = ["ThreadExecutor"]


class ThreadExecutor:
    """Runs jobs on daemon threads.

    Args:
        capacity: How many trials run at a time, 1 or more.

    Raises:
        OptionError: `capacity` is below 1.
    """

    where = "thread"

    def __init__(self, capacity: int = 1) -> None:
        if capacity < 1:
            raise OptionError(f"workers={capacity} runs nothing. Give 1 or more.")
        self.capacity = capacity
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()

    def start(self, run: Callable[[Job], None]) -> None:
        """Start the threads."""
        for number in range(self.capacity):
            name = f"kt_notebook trials {number}"
            threading.Thread(target=self._serve, args=(run,), name=name, daemon=True).start()

    def submit(self, job: Job) -> None:
        """Hand a job to the next idle thread."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let each thread end after its job."""
        for _ in range(self.capacity):
            self._jobs.put(None)

    def _serve(self, run: Callable[[Job], None]) -> None:
        while (job := self._jobs.get()) is not None:
            run(job)
