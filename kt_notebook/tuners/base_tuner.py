"""BaseTuner: one search with its oracle, its trials' code and its project, seen from Python.

How it works: making a tuner reads the project and brings the oracle to where the search left off. `search` makes a
session, which owns the oracle while it runs; methods that need the end of a search wait for it.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kt_notebook.core.duration import duration_s
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.given_values import Given
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner
from kt_notebook.core.pareto import pareto_trials
from kt_notebook.core.protocol import TrialFunction
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.results.epochs import EpochsTable, epochs_table
from kt_notebook.results.table import BestValues, ResultsTable, best_values, results_table
from kt_notebook.search.executors import Executor
from kt_notebook.search.hub import Hub
from kt_notebook.search.oracle_client import OracleClient
from kt_notebook.search.session import Session
from kt_notebook.search.worker import Capture
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.folds import Folds
from kt_notebook.training.hypermodel import as_hypermodel
from kt_notebook.training.trial_function import make_trial_function
from kt_notebook.tuners.advice import advice_on_search
from kt_notebook.tuners.arguments import check_arguments, fit_way_of, refuse_no_hypermodel
from kt_notebook.tuners.chief_worker import refuse_chief_and_worker
from kt_notebook.tuners.found_space import find_space, find_space_of_own
from kt_notebook.tuners.known_now import known_now
from kt_notebook.tuners.own_trials import OwnTrials
from kt_notebook.tuners.project_search import ProjectSearch
from kt_notebook.tuners.stateful import Stateful
from kt_notebook.tuners.summaries import tuner_text
from kt_notebook.tuners.summary_display import show_results_summary, show_space_summary
from kt_notebook.tuners.way import Way, current_shell, name_of, verbosity, way_of

if TYPE_CHECKING:
    from kt_notebook.results.figures.plots import Plots

__all__ = ["BaseTuner"]

_DEFAULT_PROJECT = "untitled_project"
_DEFAULT_TUNER_ID = "tuner0"  # KerasTuner's name for the one worker.


class BaseTuner(Stateful):
    """A search: an oracle, what a trial does, and where results are kept.

    Args:
        oracle: Chooses the trials.
        hypermodel: A function of `hp`, or a `HyperModel`.
        directory: Where projects are kept; the working directory by default.
        project_name: The project's folder there; "untitled_project" by default.
        overwrite: Start anew; an old project is kept as `<project_name>.old`. Else it goes on.
        prune: "auto", "median", "halving", or an object with `judge(trial, epoch, oracle)`, ends trials that cannot
            win; "none" lets each run to its end, and None leaves that to the oracle.
        logger: Has no effect, as in KerasTuner 1.4.
        tuner_id: A name for this worker, for subclasses to use.

    Raises:
        OptionError: An argument is unknown, or the oracle is none.
        ProjectLockedError: `overwrite` while somebody searches in the project.

    Attributes:
        hypermodel: What a trial does.
        model_settings: What is done to each model that was built.
        name: What the search is called in the panel; the project's name by default.
        best_names: The names that the best trial of a `%%tune --keep` cell left behind, else None.
    """

    executions_per_trial: int = 1  # How often each trial is run.
    way: Way | None = None  # How `search` runs while %%tune calls it.
    cell: object | None = None  # The %%tune cell it came from, for %tune to read.

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any = None,  # a function of hp, a HyperModel or None; narrowed by as_hypermodel
        directory: str | os.PathLike[str] | None = None,
        project_name: str | None = None,
        overwrite: bool = False,
        prune: str | Pruner | None = None,
        logger: object = None,
        tuner_id: str | None = None,
        **kwargs: Any,  # refused, with the nearest name that there is
    ) -> None:
        check_arguments(type(self), oracle, kwargs, logger)
        refuse_chief_and_worker(os.environ)
        self._oracle = oracle
        if prune is not None:
            oracle.pruner = create_pruner(prune)
        self.hypermodel = as_hypermodel(hypermodel)
        self.directory = os.fspath(directory) if directory is not None else "."
        self.project_name = project_name or _DEFAULT_PROJECT
        self.tuner_id = tuner_id or _DEFAULT_TUNER_ID
        self.logger = logger
        self.model_settings = ModelSettings()
        self.name = self.project_name
        self._own = OwnTrials(self)
        path = Path(self.directory) / self.project_name
        self._project = ProjectSearch(path, oracle, self.tuner_id, self.get_state, overwrite=overwrite)
        self._take_own_state()
        self._advice: list[SearchNoted] = []
        self.best_names: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """Return the search in one line: what chooses trials, its state, how far it is and its best. Never waits."""
        kind = type(self._oracle).__name__.removesuffix("Oracle")
        return tuner_text(self.name, kind, self._project.record, is_running=self._project.is_running)

    @property
    def oracle(self) -> Oracle:
        """What chooses the trials. While a search runs, calls from other threads go to its owner."""
        session = self._project.session
        if session is None or session.is_owner or not (session.is_running or session.is_inside):
            return self._oracle
        # It answers as the oracle does, isinstance included.
        return cast(Oracle, OracleClient(self._oracle, session, self._own.hold))

    # Searching.

    # Any: arguments of Keras' fit, here and below.
    def search(
        self,
        *fit_args: Any,
        block: bool = True,
        cv: Any = None,
        timeout: float | str | None = None,
        fit: str = "auto",
        **fit_kwargs: Any,
    ) -> None:
        """Run trials until the oracle has no more.

        Args:
            *fit_args: Handed to each trial's `fit`. An argument that is a function of `hp` gives the trial's own value.
            block: Whether to run them on this thread and return at the end; else a thread of its own runs them, and
                this returns at once.
            cv: Train on all folds of the data but one and validate on that one, for each; the score is the mean. A
                number (rows of one of `groups=` stay together), a splitter of scikit-learn, or pairs of indices.
            timeout: Stop after so many seconds, or a text such as "30m". None: no limit.
            fit: "auto" runs a Keras fit faster where it gives the same as Keras' own, "plain" never; "fused" ends the
                search at a fit that could not run faster, with the reason.
            **fit_kwargs: Handed to each trial's `fit`, as `fit_args`. `verbose` counts here too: 0 shows nothing, 1 a
                panel in a notebook and a line for each trial elsewhere, 2 also one for each epoch; "auto" is 1.

        Raises:
            OptionError: `timeout`, `fit` or `verbose` has no meaning.
            KeyboardInterrupt: The user interrupted twice; what has ended is kept.
            Exception: What ended the search, such as three first trials that failed alike.
        """
        shell = current_shell()
        self._oracle.verbose = verbosity(fit_kwargs.get("verbose", self._oracle.verbose))
        way = self.way or way_of(shell, wait=block, verbose=self._oracle.verbose, is_cell=False)
        if self.name == _DEFAULT_PROJECT:
            self.name = name_of(shell, self) or self.name
        session = self.open_session(
            fit_args,
            fit_kwargs,
            executor=way.executor,
            capture=way.capture,
            timeout_s=duration_s("timeout", timeout),
            fit_way=fit_way_of(fit),
            cell_file=way.cell_file,
            cv=cv,
        )
        self.run_session(session, way)

    def enqueue(self, values: Given = None, *, again: bool = False) -> int:
        """Let the next trials to start have these values, before a search or during it; return how many that are.

        Args:
            values: A dict, a HyperParameters, or a list of these. What is left out, without any all, is at its default.
            again: Whether to try also what a trial was, or is to be, already.

        Raises:
            SpaceError: The space, where it is known, cannot take them.
            SearchStateError: `max_trials` leaves no room for them.
        """
        return self.oracle.enqueue(values, again=again)

    def run_session(self, session: Session, way: Way) -> None:
        """Run a session that `open_session` gave, with the hooks around it.

        Raises:
            KeyboardInterrupt: The user interrupted twice; what has ended is kept.
            Exception: What ended the search, where the caller waits for the end.
        """
        self.on_search_begin()
        at_end = None if way.blocks else self.on_search_end
        try:
            way.run(session, self, lambda: self._project.start(session, self.opening_notes(), at_end))
        finally:
            if way.blocks:
                self._project.mark_told(session)
        if way.blocks:
            self.on_search_end()

    def open_session(
        self,
        fit_args: tuple[Any, ...],
        fit_kwargs: dict[str, Any],
        *,
        executor: Executor,
        capture: Capture | None = None,
        timeout_s: float | None = None,
        max_epochs: int | None = None,
        fit_way: FitWay = FitWay.AUTO,
        cell_file: str | None = None,
        uses_keras: bool | None = None,
        cv: Any = None,
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
            fit_way: How Keras' fits run.
            cell_file: File name that the cell was compiled with.
            uses_keras: Whether Keras is imported before the first trial; None: where it plainly is used.
            cv: Into which folds the data are split, as `search` takes it.
            wrap: Put around the trial function.

        Raises:
            SearchStateError: The search is running already.
        """
        self._project.refuse_running(self.name)
        folds = None if cv is None else Folds(cv, fit_args, fit_kwargs, seed=self._oracle.seed)
        own = self._own
        self._advice = advice_on_search(
            self._oracle, self.hypermodel, fit_args, fit_kwargs, runs_trials=own.runs_trials, has_folds=cv is not None
        )
        if own.runs_trials:
            find_space_of_own(self._project, self.hypermodel, self.model_settings, has_data=bool(fit_args))
        else:
            refuse_no_hypermodel(type(self), self.hypermodel)
        trial_function = make_trial_function(
            self.hypermodel,
            fit_args,
            fit_kwargs,
            max_epochs=max_epochs,
            fit_way=fit_way,
            uses_keras=uses_keras,
            model_settings=self.model_settings,
            folds=folds,
            make_callbacks=own.callbacks_for,
            n_workers=executor.capacity,
            run_trial=functools.partial(own.run, fit_args=fit_args, fit_kwargs=fit_kwargs) if own.runs_trials else None,
        )
        return self._project.open(
            self.name,
            trial_function if wrap is None else wrap(trial_function),
            executor,
            capture,
            own if own.watches_trials else None,
            executions_per_trial=self.executions_per_trial * (1 if folds is None else folds.n_folds),
            max_epochs=max_epochs,
            timeout_s=timeout_s,
            cell_file=cell_file,
        )

    def opening_notes(self, *, is_starting: bool = True) -> list[SearchNoted]:
        """Return what to know from the start, once; starting moves damaged lines out of the journal."""
        advice, self._advice = self._advice, []
        return [*self._project.opening_notes(is_starting=is_starting), *(advice if is_starting else [])]

    # Hooks for subclasses.

    def run_trial(self, trial: Trial, *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Run a trial and return its result. Override it; it runs on the trial's thread.

        Args:
            trial: The trial's own copy: `hyperparameters`, `trial_id`.
            *fit_args: As given to `search`.
            **fit_kwargs: As given to `search`.

        Returns:
            A number, a dict of numbers, a Keras History, or a list of these, which are averaged. None where the trial
            has reported its metrics with `self.oracle.update_trial(trial.trial_id, {…}, step)`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no run_trial(trial, …). Write one, or use Tuner.")

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """Keep a trial's model, so that `load_model` finds it. Override it."""
        raise NotImplementedError(f"{type(self).__name__} has no save_model(…). Write one, or use Tuner.")

    def load_model(self, trial: Trial) -> Any:
        """Return a trial's model as it was at its best epoch. Override it."""
        raise NotImplementedError(f"{type(self).__name__} has no load_model(trial). Write one, or use Tuner.")

    def on_search_begin(self) -> None:
        """Override it to do something before the first trial; on the thread that called `search`."""

    def on_search_end(self) -> None:
        """Override it to do something when the search has ended."""

    def pre_create_trial(self) -> None:
        """Override it to do something before the oracle is asked for a trial; on the search's own thread."""

    def on_trial_begin(self, trial: Trial) -> None:
        """Override it to do something before a trial runs; on the trial's thread."""

    def on_trial_end(self, trial: Trial) -> None:
        """Override it to do something with a trial that has ended and is scored; on the trial's thread."""

    @known_now
    def session(self) -> Session | None:
        """The latest session, None before the first search of this object."""
        return self._project.session

    # What is known now.

    @known_now
    def hub(self) -> Hub:
        """The search's event stream and record."""
        return self._project.hub

    @known_now
    def objective(self) -> AnyObjective | None:
        """What the search makes best; None while it is left to the first result."""
        return self._oracle.objective

    @known_now
    def results(self) -> ResultsTable:
        """The trials so far, best first, as a pandas DataFrame. Never waits."""
        return results_table(self._project.record)

    @known_now
    def epochs(self) -> EpochsTable:
        """The epochs so far, one row for each epoch of each execution, as a pandas DataFrame. Never waits."""
        return epochs_table(self._project.record)

    @known_now
    def plot(self) -> "Plots":
        """Figures of the trials so far: `tuner.plot.history()`, `tuner.plot.importance()`, … Never waits."""
        from kt_notebook.results.figures.plots import Plots  # What it works out with, scipy, takes a second.

        return Plots(lambda: self._project.record)

    @known_now
    def pareto(self) -> list[Trial]:
        """The completed trials, without pruned ones, that none surpasses, by the first objective. Never waits."""
        return pareto_trials(list(self._oracle.trials.values()), self._oracle.objective)

    @known_now
    def best(self) -> BestValues:
        """The best trial's values so far. Never waits."""
        return best_values(self._project.record)

    @property
    def remaining_trials(self) -> int | None:
        """How many trials may still start, None without a limit."""
        return self._oracle.remaining_trials()

    def search_space_summary(self, extended: bool = False) -> None:
        """Show the search space; where nothing is known of it yet, models are built to find it, which joins it."""
        find_space(self._project, self.hypermodel, self.model_settings)
        show_space_summary(self.oracle.get_space(), extended=extended)

    # What needs the end of the search.

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the search has ended; return whether it has within `timeout` seconds.

        Raises:
            Exception: What ended the search, where it failed.
        """
        return self._project.wait(self.name, timeout)

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """Return the best trials' hyperparameters, best first, after the end of the search."""
        return [trial.hyperparameters.copy() for trial in self._best_trials(num_trials)]

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """Return the best trials' models, best first, with the weights of their best epochs; see `load_model`."""
        return [self.load_model(trial) for trial in self._best_trials(num_models)]

    def results_summary(self, num_trials: int = 10) -> None:
        """Show the best trials, after the end of the search."""
        best = self._best_trials(num_trials)
        show_results_summary(self.project_dir, self._oracle.objective, best, num_trials)

    def _best_trials(self, n: int) -> list[Trial]:
        self.wait()
        return self.oracle.get_best_trials(n)
