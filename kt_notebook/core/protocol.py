"""What a search asks of a trial, and what a trial may tell the search while it runs.

How it works: a worker calls a `TrialFunction` with an `Assignment` and a `Reporter` and gets a `Result`. Everything
that users write (a cell, a function of `hp`, a HyperModel, a Tuner's `run_trial`) is turned into such a function.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Protocol

from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.space import HyperParameters

__all__ = ["Assignment", "Reporter", "Result", "TrialFunction"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One trial to run.

    Attributes:
        trial_id: The trial's id.
        hyperparameters: The trial's own copy, with its values; it grows as the trial declares more.
        seed: The trial's seed, 0 to 2**31 - 1.
        directory: Where the trial may write, or None where nothing is kept on disk.
        executions: How often the trial is to be run, each time with a seed of its own.
    """

    trial_id: str
    hyperparameters: HyperParameters
    seed: int
    directory: PurePath | None
    executions: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial came to.

    Attributes:
        metrics: Each execution's metrics at its best epoch, averaged over the executions. Empty where the trial has
            reported its result itself, through the oracle.
        best_step: Mean best epoch, counted from 0, or None where no epochs were seen.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    best_step: int | None = None


class Reporter(Protocol):
    """A running trial's line to its search. No call waits for the search, `hold` aside."""

    @property
    def objective(self) -> AnyObjective | None:
        """The search's objective, or None while it is left to the first result."""

    def choose_objective(self, objective: AnyObjective) -> None:
        """Settle an objective that was left out; without effect where there is one already."""

    def report(
        self,
        execution: int,
        epoch: int,
        metrics: Mapping[str, float],
        *,
        stage: int = 0,
        n_epochs: int | None = None,
    ) -> None:
        """Tell the metrics of an epoch that has ended.

        Args:
            execution: Which run of the trial, from 0.
            epoch: The epoch, from 0 and counting on over several fits.
            metrics: Names to numbers.
            stage: Which fit of this execution, from 0.
            n_epochs: The epoch count that the execution plans to reach, where known.
        """

    def progress(
        self, execution: int, epoch: int, step: int, n_steps: int | None, metrics: Mapping[str, float]
    ) -> None:
        """Tell where a running epoch stands. Cheap: the latest wins, and most are dropped. `step` counts from 1."""

    def fit_chosen(self, execution: int, stage: int, path: FitPath, reason: str | None) -> None:
        """Tell how a fit is going to run.

        Args:
            execution: Which run of the trial, from 0.
            stage: Which fit of this execution, from 0.
            path: The way it takes.
            reason: Why none that is faster, in words that a user can act on; None where there is none.
        """

    def note(self, level: str, code: str, text: str, line: int | None = None) -> None:
        """Leave a note (advice, warning, error) for the user, shown once."""

    # Any: a mime bundle is JSON.
    def output(self, stream: str, text: str | None, data: dict[str, Any] | None = None) -> None:
        """Keep something that the trial printed ("stdout", "stderr", "warning") or displayed ("display")."""

    def hold(self) -> None:
        """Return at once, or wait while the search is paused. Call it at each batch.

        Raises:
            TrialStoppedError: The trial is to end now.
        """

    @property
    def is_stopping(self) -> bool:
        """Whether the trial was asked to end, now or at the end of this epoch."""


class TrialFunction(Protocol):
    """Runs one trial."""

    def __call__(self, assignment: Assignment, reporter: Reporter) -> Result:
        """Run the trial and return its result.

        Raises:
            FatalError: The search is to end.
            Exception: The trial has failed; the search goes on.
        """
