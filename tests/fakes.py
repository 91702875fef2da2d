"""Small hand-written stand-ins that several rooms' tests use."""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from kt_notebook.core.errors import TrialStoppedError
from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.objective import AnyObjective, create_objective
from kt_notebook.core.protocol import Assignment
from kt_notebook.core.space import HyperParameters


class FakeReporter:
    """A `Reporter` that remembers. `stop_at(n)` lets the n-th `hold` raise; `on_report` is called with each epoch."""

    def __init__(self, objective: Any = None, on_report: Callable[["FakeReporter"], None] | None = None) -> None:
        self.objective: AnyObjective | None = create_objective(objective)
        self.on_report = on_report
        self.epochs: list[tuple[int, int, dict[str, float]]] = []
        self.stages: list[int] = []
        self.n_epochs: list[int | None] = []
        self.steps: list[tuple[int, int, int, int | None, dict[str, float]]] = []
        self.fits: list[tuple[int, int, FitPath, str | None]] = []
        self.notes: list[tuple[str, str, str]] = []
        self.outputs: list[tuple[str, str | None]] = []
        self.order: list[str] = []
        self.n_holds = 0
        self.is_stopping = False
        self._stop_at: int | None = None

    def choose_objective(self, objective: AnyObjective) -> None:
        self.order.append("objective")
        if self.objective is None:
            self.objective = objective

    def report(
        self,
        execution: int,
        epoch: int,
        metrics: Mapping[str, float],
        *,
        stage: int = 0,
        n_epochs: int | None = None,
    ) -> None:
        self.order.append("epoch")
        self.epochs.append((execution, epoch, dict(metrics)))
        self.stages.append(stage)
        self.n_epochs.append(n_epochs)
        if self.on_report is not None:
            self.on_report(self)

    def progress(
        self, execution: int, epoch: int, step: int, n_steps: int | None, metrics: Mapping[str, float]
    ) -> None:
        self.steps.append((execution, epoch, step, n_steps, dict(metrics)))

    def fit_chosen(self, execution: int, stage: int, path: FitPath, reason: str | None) -> None:
        self.fits.append((execution, stage, path, reason))

    def note(self, level: str, code: str, text: str, line: int | None = None) -> None:
        self.notes.append((level, code, text))

    def output(self, stream: str, text: str | None, data: dict[str, Any] | None = None) -> None:
        self.outputs.append((stream, text))

    def hold(self) -> None:
        self.n_holds += 1
        if self._stop_at is not None and self.n_holds >= self._stop_at:
            raise TrialStoppedError("stopped by the test")

    def stop_at(self, n_holds: int) -> None:
        self._stop_at = n_holds

    def column(self, name: str) -> list[float | None]:
        return [metrics.get(name) for _, _, metrics in self.epochs]


def assignment(
    hp: HyperParameters | None = None,
    *,
    trial_id: str = "0",
    seed: int = 1,
    directory: PurePath | None = None,
    executions: int = 1,
) -> Assignment:
    """Return an assignment with what a test does not care about filled in."""
    return Assignment(trial_id, hp or HyperParameters(), seed, directory, executions)
