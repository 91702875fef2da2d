"""What a session is given when it is made: names, limits and the project on disk."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

from kt_notebook.core.events import SearchStarted
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial
from kt_notebook.search.executors import Executor
from kt_notebook.search.hub import Journal

__all__ = ["SessionSettings", "Store"]


class Store(Protocol):
    """The project on disk, as far as a session needs it."""

    def acquire(self, seq: int) -> Journal:
        """Become the project's one writer and open its journal, which must end with the record `seq`.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: The project has changed since it was read, or cannot be written.
        """

    def release(self) -> None:
        """Bring the files up to date and let others write."""

    def trial_dir(self, trial_id: str) -> PurePath:
        """Return where a trial may write."""

    def keep(self, oracle: Oracle, trial: Trial | None) -> None:
        """Bring the view files up to date: soon and elsewhere where a trial has just changed, at once without one."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What stays the same while a search runs."""

    search_id: str
    name: str
    tuner: str
    executions_per_trial: int = 1
    max_epochs: int | None = None
    timeout_s: float | None = None
    directory: str | None = None
    cell_file: str | None = None

    @property
    def title(self) -> str:
        """The search's name with its folder, as an error has it."""
        return repr(self.name) if self.directory is None else f"{self.name!r} in {self.directory!r}"

    def started(self, oracle: Oracle, executor: Executor, *, resumed: bool) -> SearchStarted:
        """Return the event with which a search begins, or goes on."""
        space = oracle.hyperparameters
        return SearchStarted(
            search_id=self.search_id,
            name=self.name,
            tuner=self.tuner,
            objective=oracle.objective.to_json() if oracle.objective is not None else None,
            max_trials=oracle.max_trials,
            executions_per_trial=self.executions_per_trial,
            max_epochs=self.max_epochs if self.max_epochs is not None else getattr(oracle, "max_epochs", None),
            seed=oracle.seed,
            workers=executor.capacity,
            where=executor.where,
            timeout_s=self.timeout_s,
            space=space.get_config()["space"],
            directory=self.directory,
            resumed=resumed,
            n_combinations=space.n_combinations() if space.space else None,
        )
