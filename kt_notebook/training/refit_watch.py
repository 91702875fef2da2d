"""Watches a fit that belongs to no search: how far it is, and what the user should know of it."""

from collections.abc import Callable, Mapping
from typing import Any

from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.objective import AnyObjective

__all__ = ["RefitWatch"]


class RefitWatch:
    """The `Reporter` of a fit that belongs to no search.

    Args:
        objective: The search's.
        epochs: How many the fit is asked for.
        on_epoch: Told after each epoch how many there have been, and of how many.

    Attributes:
        objective: As given.
        is_stopping: Never.
        notes: What the user should know.
        n_validated: How many epochs had a validation.
    """

    def __init__(self, objective: AnyObjective, epochs: int, on_epoch: Callable[[int, int], object]) -> None:
        self.objective: AnyObjective | None = objective
        self.notes: list[str] = []
        self.n_validated = 0
        self.is_stopping = False
        self._epochs = epochs
        self._on_epoch = on_epoch
        self._last = 0

    def choose_objective(self, objective: AnyObjective) -> None:
        """Keep the search's."""

    def report(
        self,
        execution: int,
        epoch: int,
        metrics: Mapping[str, float],
        *,
        stage: int = 0,
        n_epochs: int | None = None,
    ) -> None:
        """An epoch has ended."""
        self._last = epoch + 1
        self.n_validated += any(name.startswith("val_") for name in metrics)
        self._on_epoch(self._last, self._epochs)

    def look_at_epochs(self) -> None:
        """Say so where another number of epochs was trained than asked for."""
        if self._last and self._last != self._epochs:
            self.notes.append(f"A fit ended after {self._last} of {self._epochs} epochs.")

    def progress(
        self, execution: int, epoch: int, step: int, n_steps: int | None, metrics: Mapping[str, float]
    ) -> None:
        """Batches are not shown."""

    def fit_chosen(self, execution: int, stage: int, path: FitPath, reason: str | None) -> None:
        """How a fit runs is not shown."""

    def note(self, level: str, code: str, text: str, line: int | None = None) -> None:
        """Keep what the user should know of the results; advice on the search was given there."""
        if level != "advice":
            self.notes.append(text)

    # Any: a mime bundle is JSON.
    def output(self, stream: str, text: str | None, data: dict[str, Any] | None = None) -> None:
        """Nothing is captured."""

    def hold(self) -> None:
        """Nobody pauses."""
