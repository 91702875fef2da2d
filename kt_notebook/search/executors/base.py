"""What a session needs of the place where trials run."""

from collections.abc import Callable
from typing import Protocol

from kt_notebook.search.worker import Job

__all__ = ["Executor"]


class Executor(Protocol):
    """Runs jobs, `capacity` of them at a time."""

    capacity: int
    where: str

    def start(self, run: Callable[[Job], None]) -> None:
        """Begin to take jobs; `run` is called with each, on the executor's own thread."""

    def submit(self, job: Job) -> None:
        """Hand over a job. Never more than `capacity` at a time."""

    def close(self) -> None:
        """Take no more jobs and let the threads go once they are idle. Does not wait."""
