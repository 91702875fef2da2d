"""What drives any library: an adapter is asked for a job, told of its epochs, told how it ended."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from benchmarks.search_quality.problems.problem import Curve, Problem
from benchmarks.search_quality.space import Config

__all__ = ["Adapter", "Answer", "Job"]


class Answer(Enum):
    """What an adapter answers that has no job."""

    WAIT = "nothing to run until a running trial ends"
    STOP = "the search is over"


@dataclass(slots=True, eq=False)
class Job:
    """One trial to run.

    Attributes:
        config: Its values.
        handle: What the adapter knows the trial by.
        start: The epoch to start at, above 0 where an earlier trial is continued.
        end: The epoch to stop at, None for a whole training.
        resumed: The trial that is continued.
        curve: What its training shows, epoch by epoch; the harness fills it in.
    """

    config: Config
    handle: Any = None  # Any: the library's own trial
    start: int = 0
    end: int | None = None
    resumed: "Job | None" = None
    curve: Curve | None = None


class Adapter:
    """One search by one method.

    Args:
        problem: What is searched; an adapter looks at its space, its direction and its epochs only.
        seed: The search's seed.
        max_trials: How many trials there may be.
        n_workers: How many trials run at once.
        has_epochs: Whether each epoch is reported and a trial may be stopped.
    """

    def __init__(
        self, problem: Problem, seed: int, max_trials: int, n_workers: int = 1, *, has_epochs: bool = False
    ) -> None:
        self.space, self.direction, self.max_epochs = problem.space, problem.direction, problem.epochs
        self.metric = problem.metric
        self.seed, self.max_trials, self.n_workers, self.has_epochs = seed, max_trials, n_workers, has_epochs
        self.setup()

    def setup(self) -> None:
        """Begin the search."""

    def ask(self) -> Job | Answer:
        """Return the next trial."""
        raise NotImplementedError

    def report(self, job: Job, epoch: int, value: float) -> bool:
        """Take an epoch's value, in the problem's direction; return whether the trial is to stop."""
        return False

    def tell(self, job: Job, value: float | None) -> None:
        """Take a trial's value, in the problem's direction; None for one that failed."""

    def close(self) -> None:
        """Put away what the search holds."""
