"""BaseTuner: one search with its oracle, its trials' code and its project, seen from Python.

How it works: making a tuner reads the project and brings the oracle to where the search left off. `search` makes a
session, which owns the oracle while it runs; methods that need the end of a search wait for it.
"""

import dataclasses
import difflib
import os
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import OptionError, SearchStateError, StorageError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner
from kt_notebook.core.pareto import pareto_trials
from kt_notebook.core.protocol import TrialFunction
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.results.table import BestValues, ResultsTable, best_values, results_table
from kt_notebook.search.error_report import show_as_block
from kt_notebook.search.executors import CallingExecutor, Executor
from kt_notebook.search.hub import Hub
from kt_notebook.search.resume import restore_oracle
from kt_notebook.search.session import Session
from kt_notebook.search.settings import SessionSettings
from kt_notebook.search.worker import Capture
from kt_notebook.sinks.console import console_on
from kt_notebook.storage.project_store import ProjectStore, load_record
from kt_notebook.storage.projects import Project
from kt_notebook.training.discovery import build_once
from kt_notebook.training.hypermodel import as_hypermodel
from kt_notebook.training.trial_function import make_trial_function
from kt_notebook.tuners.blocking import run_blocking
from kt_notebook.tuners.summaries import results_summary_text, space_summary_text, tuner_text

__all__ = ["BaseTuner"]

_KNOWN_KWARGS = ("logger", "tuner_id")


class BaseTuner:
    """A search: an oracle, what a trial does, and where results are kept.

    Args:
        oracle: Chooses the trials.
        hypermodel: A function of `hp`, or a `HyperModel`.
        directory: Where projects are kept; the working directory by default.
        project_name: The project's folder there; "untitled_project" by default.
        overwrite: Start anew; an old project is kept as `<project_name>.old`. Else it goes on.
        prune: "auto", "median", "halving", or an object with `judge(trial, epoch, oracle)`, ends trials that cannot
            win; "none" lets each run to its end, and None leaves that to the oracle.

    Raises:
        OptionError: An argument is unknown.
        ProjectLockedError: `overwrite` while somebody searches in the project.

    Attributes:
        oracle: Chooses the trials.
        hypermodel: What a trial does.
        name: What the search is called in the panel; the project's name by default.
        best_names: The names that the best trial of a `%%tune --keep` cell left behind, else None.
    """

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any = None,  # a function of hp, a HyperModel or None; narrowed by as_hypermodel
        directory: str | os.PathLike[str] | None = None,
        project_name: str | None = None,
        overwrite: bool = False,
        prune: str | Pruner | None = None,
        **kwargs: Any,  # KerasTuner's logger and tuner_id; anything else is refused
    ) -> None:
        _refuse_unknown(type(self), kwargs)
        self.oracle = oracle
        if prune is not None:
            oracle.pruner = create_pruner(prune)
        self.hypermodel = as_hypermodel(hypermodel)
        self.directory = os.fspath(directory) if directory is not None else "."
        self.project_name = project_name or "untitled_project"
        self.name = self.project_name
        self._store = ProjectStore(Project(Path(self.directory) / self.project_name), self._note_of)
        if overwrite:
            self._store.project.archive()
        record, recovery = load_record(self._store.project)
        self._hub = Hub(record=record)
        self._session: Session | None = None
        self._told: Session | None = None  # whose failure the user has seen
        restore_oracle(oracle, record)
        self._recovery = recovery
        self.best_names: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """Return the search in one line: what chooses trials, its state, how far it is and its best. Never waits."""
        session = self._session
        is_running = session is not None and session.is_running
        kind = type(self.oracle).__name__.removesuffix("Oracle")
        return tuner_text(self.name, kind, self._hub.record, is_running=is_running)

    # Searching.

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Run trials until the oracle has no more, on this thread.

        Args:
            *fit_args: Handed to each trial's `fit`.
            **fit_kwargs: Handed to each trial's `fit`. `verbose` counts here too: 0 prints nothing, 1 a line for each
                trial, 2 also one for each epoch; "auto", the default, is 1.

        Raises:
            KeyboardInterrupt: The user interrupted twice; what has ended is kept.
            Exception: What ended the search, such as three first trials that failed alike.
        """
        executor = CallingExecutor()
        verbose = fit_kwargs.get("verbose", "auto")
        level = 1 if verbose == "auto" else int(verbose)
        session = self.open_session(fit_args, fit_kwargs, executor=executor)
        console = console_on(sys.stdout, verbose=level, record=self._hub.record)
        self._hub.attach(console)
        try:
            run_blocking(session, executor, lambda: session.start(self.opening_notes()))
        finally:
            self._told = session
            self._hub.detach(console)

    # Any: arguments of Keras' fit.
    def open_session(
        self,
        fit_args: tuple[Any, ...],
        fit_kwargs: dict[str, Any],
        *,
        executor: Executor,
        capture: Capture | None = None,
        timeout_s: float | None = None,
        max_epochs: int | None = None,
        cell_file: str | None = None,
        uses_keras: bool | None = None,
        wrap: Callable[[TrialFunction], TrialFunction] | None = None,
    ) -> Session:
        """Return a session that has not begun: `start()` begins it, and a `CallingExecutor` has to be served then.

        Args:
            fit_args: Positional arguments of `search`.
            fit_kwargs: Its keyword arguments.
            executor: Where trials run.
            capture: Keeps the trials' output with them.
            timeout_s: Seconds after which the search stops.
            max_epochs: Most epochs of each fit.
            cell_file: File name that the cell was compiled with.
            uses_keras: Whether Keras is imported before the first trial; None: where it plainly is used.
            wrap: Put around the trial function.

        Raises:
            SearchStateError: The search is running already.
        """
        if self._session is not None and self._session.is_running:
            raise SearchStateError(f"{self.name} is searching already. Wait for it with %tune wait, or stop it.")
        settings = SessionSettings(
            search_id=self._hub.record.search["search_id"] or uuid.uuid4().hex,
            name=self.name,
            tuner=type(self.oracle).__name__.removesuffix("Oracle"),
            executions_per_trial=self.executions_per_trial,
            max_epochs=max_epochs,
            timeout_s=timeout_s,
            directory=str(self._store.project.path),
            cell_file=cell_file,
        )
        if self.hypermodel is None:
            raise OptionError(f"{type(self).__name__} has no hypermodel. Give a function of hp, or a HyperModel.")
        trial_function: TrialFunction = make_trial_function(
            self.hypermodel, fit_args, fit_kwargs, max_epochs=max_epochs, uses_keras=uses_keras
        )
        if wrap is not None:
            trial_function = wrap(trial_function)
        self._session = Session(settings, self.oracle, trial_function, executor, self._hub, self._store, capture)
        return self._session

    def _note_of(self, error: StorageError) -> None:
        self._hub.publish(SearchNoted("warning", "files_not_written", str(error)))

    def opening_notes(self, *, is_starting: bool = True) -> list[SearchNoted]:
        """Return what opening the project found that the user should know; empty when asked again.

        Args:
            is_starting: Whether the search goes on now, which moves damaged lines out of the journal.
        """
        recovery, self._recovery = self._recovery, None
        if recovery is None or not recovery.is_damaged:
            return []
        if is_starting:
            recovery = dataclasses.replace(recovery, moved_to=self._store.project.corrupt_path)
        return [SearchNoted("warning", "journal_recovered", recovery.describe())]

    @property
    def executions_per_trial(self) -> int:
        """How often each trial is run."""
        return 1

    @property
    def session(self) -> Session | None:
        """The latest session, None before the first search of this object."""
        return self._session

    # What is known now.

    @property
    def hub(self) -> Hub:
        """The search's event stream and record."""
        return self._hub

    @property
    def objective(self) -> AnyObjective | None:
        """What the search makes best; None while it is left to the first result."""
        return self.oracle.objective

    @property
    def results(self) -> ResultsTable:
        """The trials so far, best first, as a pandas DataFrame. Never waits."""
        return results_table(self._hub.record)

    @property
    def pareto(self) -> list[Trial]:
        """The completed trials so far that none surpasses in all objectives, in the order of the first. Never waits.

        Pruned trials are not compared. With one objective these are the best trial and those that are as good.
        """
        return pareto_trials(list(self.oracle.trials.values()), self.objective)

    @property
    def best(self) -> BestValues:
        """The best trial's values so far. Never waits."""
        return best_values(self._hub.record)

    @property
    def project_dir(self) -> str:
        """The project's folder."""
        return str(self._store.project.path)

    @property
    def remaining_trials(self) -> int | None:
        """How many trials may still start, None without a limit."""
        return self.oracle.remaining_trials()

    def get_trial_dir(self, trial_id: str) -> str:
        """Return a trial's folder."""
        return str(self._store.trial_dir(trial_id))

    def search_space_summary(self, extended: bool = False) -> None:
        """Print the search space; where nothing is known of it yet, the hypermodel is built once to find it.

        What is found joins the oracle's space, and nothing is trained beyond what building does. An error of the
        user's own function is raised as it is.
        """
        if self.hypermodel is not None and self._session is None and self._hub.record.search["started_at"] is None:
            space = self.oracle.get_space()
            if not space.space:
                build_once(self.hypermodel, space)
                self.oracle.update_space(space)
        # KerasTuner's summary methods print.
        print(space_summary_text(self.oracle.get_space(), extended=extended))  # noqa: T201

    # What needs the end of the search.

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the search has ended; return whether it has within `timeout` seconds.

        Raises:
            Exception: What ended the search, where it failed.
        """
        session = self._session
        if session is None:
            return True
        if session.is_running and timeout is None:
            # One line, so that a waiting cell does not look stuck.
            print(f"Waiting for {self.name}. Interrupting ends the waiting, not the search.")  # noqa: T201
        has_ended = session.wait(timeout)
        if has_ended and session.error is not None and self._is_to_be_told(session):
            show_as_block(session.error, session.settings.cell_file)
            raise session.error
        return has_ended

    def _is_to_be_told(self, session: Session) -> bool:
        """Return whether a failure is still news: where there are results, it is told once."""
        is_news = self._told is not session
        self._told = session
        return is_news or not self._hub.record.ranked()

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """Return the best trials' hyperparameters, best first, after the end of the search."""
        return [trial.hyperparameters.copy() for trial in self._best_trials(num_trials)]

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """Return the best trials' models, best first, with the weights of their best epochs.

        Raises:
            ResultError: A trial trained no Keras model.
            StorageError: A trial's weights are not there.
        """
        return [self.load_model(trial) for trial in self._best_trials(num_models)]

    def load_model(self, trial: Trial) -> Any:  # a Keras model
        """Return a trial's model as it was at its best epoch."""
        raise NotImplementedError(f"{type(self).__name__} has no load_model(trial). Write one, or use Tuner.")

    def results_summary(self, num_trials: int = 10) -> None:
        """Print the best trials, after the end of the search."""
        best = self._best_trials(num_trials)
        # KerasTuner's summary methods print.
        print(results_summary_text(self.project_dir, self.oracle.objective, best, num_trials))  # noqa: T201

    def _best_trials(self, n: int) -> list[Trial]:
        self.wait()
        return self.oracle.get_best_trials(n)


# Any: whatever a user passed by mistake.
def _refuse_unknown(kind: type, kwargs: dict[str, Any]) -> None:
    for name, value in kwargs.items():
        if name not in _KNOWN_KWARGS:
            known = ("objective", "max_trials", "hypermodel", "directory", "project_name", "overwrite", "seed", "prune")
            near = difflib.get_close_matches(name, [*known, "executions_per_trial", "hyperparameters"], n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            shown = f"kt_notebook.{kind.__name__}" if kind.__module__.startswith("kt_notebook.") else kind.__name__
            raise OptionError(f"{kind.__name__} has no argument {name}={value!r}.{hint} See help({shown}).")
