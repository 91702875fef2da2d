"""One trial at work: its executions one after another, or the user's own `run_trial` around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from kt_notebook.core.budget import EPOCHS, Budget
from kt_notebook.core.errors import FatalResultError, FatalRuntimeError, TrialStoppedError
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.protocol import Assignment, Reporter, Result
from kt_notebook.training.callback_copies import CallbackCopies
from kt_notebook.training.checkpoints import BestWeights
from kt_notebook.training.compiling import ModelSettings
from kt_notebook.training.continuation import Continuation
from kt_notebook.training.execution import Execution, entered
from kt_notebook.training.fit_arguments import resolve_fit_arguments
from kt_notebook.training.folds import Folds
from kt_notebook.training.guard.guard import Guard
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.keras_state import KerasScope, KerasSettings
from kt_notebook.training.memory import ModelMemory
from kt_notebook.training.outcome import average, interpret
from kt_notebook.training.reuse.pool import Loans, TemplatePool
from kt_notebook.training.seeding import execution_seed, seeded
from kt_notebook.training.weights_file import WeightsFiles

__all__ = ["TrialPlan", "TrialRun"]


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """What all trials of a search do.

    Attributes:
        hypermodel: Decides what an execution does; None where only `run_trial` of the user's own knows.
        fit_args, fit_kwargs: As given to `search`, `callbacks` among them.
        keras_settings: Of the thread that started the search.
        max_epochs: No fit goes beyond this epoch.
        model_settings: What is done to each model that was built.
        folds: The data's folds, each of which is an execution; None: the data are not split.
        make_callbacks: Gives further callbacks for the fits of a trial, by its id.
        callbacks: Makes each execution's own from those given to `search`.
        seen_generators: Generators that trials of this search have fitted with.
        memory: Frees the models of ended trials.
        fit_way: How Keras' fits are to run.
        templates: Graphs that trials of this search have had traced.
        weights_files: Writes the trials' best weights.
        guard: Checks fits that are not Keras' own.
    """

    # Any: Keras objects and arguments of its `fit`.
    hypermodel: HyperModel | None
    fit_args: tuple[Any, ...]
    fit_kwargs: dict[str, Any]
    keras_settings: KerasSettings
    max_epochs: int | None = None
    model_settings: ModelSettings = field(default_factory=ModelSettings)
    folds: Folds | None = None
    make_callbacks: Callable[[str], Sequence[Any]] | None = None
    callbacks: CallbackCopies = field(default_factory=lambda: CallbackCopies(None))
    seen_generators: "WeakSet[Any]" = field(default_factory=WeakSet)
    memory: ModelMemory = field(default_factory=ModelMemory)
    fit_way: FitWay = FitWay.AUTO
    templates: TemplatePool = field(default_factory=TemplatePool)
    weights_files: WeightsFiles = field(default_factory=WeightsFiles)
    guard: Guard = field(default_factory=Guard)


class TrialRun:
    """One trial at work.

    A `run_trial` of the user's own may run the executions several times: they are numbered on, so that each has its
    seed, its curve and its files. What it fits itself is an execution too, with the next number.

    Args:
        plan: What all trials do.
        assignment: The trial.
        reporter: Its line to the search.

    Attributes:
        has_reported: Whether the trial's own code has reported its result through the oracle.
    """

    def __init__(self, plan: TrialPlan, assignment: Assignment, reporter: Reporter) -> None:
        self.assignment = assignment
        self.reporter = reporter
        self._plan = plan
        self.has_reported = False
        self._weights = BestWeights(assignment.directory, plan.weights_files)
        self._n_executions = 0  # that have begun
        self._around: Execution | None = None  # the one that a run_trial of the user's own is, with its fits
        self._known: list[tuple[Any, Result]] = []  # What executions returned, and what that means.

    def hold(self, *, is_amid: bool) -> None:
        """Return at once, or wait while the search is paused: for a training loop of the user's own.

        Args:
            is_amid: Whether an epoch has ended of which there are several.

        Raises:
            TrialStoppedError: The trial is to end.
        """
        self.reporter.hold()
        if is_amid and self.reporter.is_stopping:
            raise TrialStoppedError("The trial was stopped at the end of an epoch.")

    # Any: arguments of `fit` and what a trial returns, here and below.
    def run(self) -> Result:
        """Run all executions with the search's own arguments and return the trial's result.

        Raises:
            TrialStoppedError: The trial was asked to end; its best weights so far are written.
            Exception: The trial has failed, or the search is to end.
        """
        self.run_executions(self._plan.fit_args, self._plan.fit_kwargs)
        return average([result for _, result in self._known])

    def run_executions(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """Run all executions and return what each of them returned.

        Args:
            args: Positional arguments of `fit`.
            kwargs: Its keyword arguments.

        Raises:
            TrialStoppedError: The trial was asked to end; its best weights so far are written.
            Exception: The trial has failed, or the search is to end.
        """
        callbacks = self._callbacks_of(kwargs)
        values = []
        with self._weights.training(), self._numbered_on():
            for number in range(self.assignment.executions):
                if number and self.reporter.is_stopping:
                    raise TrialStoppedError(f"Trial {self.assignment.trial_id} was stopped between two executions.")
                values.append(self._execute(number, args, kwargs, callbacks))
                self._plan.memory.tidy()
        return values

    @contextmanager
    def _numbered_on(self) -> Iterator[None]:
        """Keep the numbers of the executions in this block apart from that of the `run_trial` around them."""
        around = self._around
        if around is not None and around.stages and around.index == self._n_executions:
            self._n_executions += 1  # Its own fits have this number.
        try:
            yield
        finally:
            if around is not None and not around.stages:
                around.index = self._n_executions
                around.continuation = self._continuation(around.index)

    def run_own(self, run_trial: Callable[[], Any]) -> Result:
        """Run the user's own `run_trial` and return what it came to; it may run the executions.

        Raises:
            TrialStoppedError: The trial was asked to end; its best weights so far are written.
            Exception: The trial has failed, or the search is to end.
        """
        with self._entered(0) as execution:
            self._around = execution
            value = run_trial()
            self._look_at_fits(execution)
            if not self._known:
                if self._plan.folds is not None:
                    raise FatalRuntimeError(
                        "cv= splits the data of the tuner's own run_trial, and this run_trial does not call "
                        "super().run_trial(trial, …). Split the data in it, or call that."
                    )
                self._look_at_budget(execution)
            return self._result_of(value, execution)

    def _look_at_fits(self, execution: Execution) -> None:
        """Say so where fused fits only are wanted, and a `run_trial` may have fitted past us."""
        if self._plan.fit_way is FitWay.FUSED and not execution.stages and not self._known:
            self.reporter.note(
                "warning",
                "fits_unseen",
                "fit='fused' was asked for, and no fit of run_trial could be seen: one that calls model.fit itself is "
                "Keras' own. Call super().run_trial(trial, …) for fused fits.",
            )

    def _look_at_budget(self, execution: Execution) -> None:
        """Say so where Hyperband's epochs were never asked for: the trial counts, as with KerasTuner."""
        if execution.continuation is not None and not execution.continuation.is_heard:
            self.reporter.note(
                "warning",
                "epochs_not_asked",
                "run_trial never asks how many epochs Hyperband gives a trial, so a round that was to train on trains "
                f"anew as long as the one before. Train for trial.hyperparameters.get({EPOCHS!r}) epochs, or use "
                "another tuner.",
            )

    def _result_of(self, value: Any, execution: Execution) -> Result:
        if self.has_reported:
            return Result()  # Then it does not matter what else is returned, as with KerasTuner.
        known = self._known_results(value if isinstance(value, list | tuple) else [value])
        if known:
            return average(known)
        if value is None and self._known:
            raise FatalResultError(
                "run_trial returned None after it had run its executions. Return what super().run_trial(…) gave it, a "
                "number, or a dict of numbers."
            )
        return interpret(value, execution, may_be_none=True, averages_numbers=True)

    def _known_results(self, parts: Sequence[Any]) -> list[Result]:
        """Return what the parts of a value mean, if all of them came from executions; of equal ones the latest."""
        left, results = list(reversed(self._known)), []
        for part in parts:
            places = [place for place, (value, _) in enumerate(left) if value is part]
            if not places:
                return []
            # None, or a number, may have come from several: each counts once.
            results.append(left.pop(places[0])[1] if len(places) > 1 else left[places[0]][1])
        return results

    def _execute(self, number: int, args: Sequence[Any], kwargs: Mapping[str, Any], callbacks: CallbackCopies) -> Any:
        hypermodel = self._plan.hypermodel
        if hypermodel is None:
            raise FatalRuntimeError(
                "The tuner has no hypermodel, so there is no model to train. Give a function of hp or a HyperModel, or "
                "return the score from run_trial without calling super().run_trial(…)."
            )
        index = self._n_executions
        self._n_executions += 1
        with self._entered(index) as execution:
            folds = self._plan.folds
            if folds is not None:
                args, kwargs = folds.arguments(number % folds.n_folds, args, kwargs)
            args, made = resolve_fit_arguments(args, kwargs, self.assignment.hyperparameters)
            if "callbacks" in made:
                made["callbacks"] = callbacks.make(self.assignment, index, self.reporter)
            value = hypermodel.run(self.assignment.hyperparameters, *args, **made)
            _close(execution)
            own_fit = type(hypermodel).fit is not HyperModel.fit
            result = interpret(value, execution, last_fit_counts=hypermodel.last_fit_counts, averages_numbers=own_fit)
            self._known.append((value, result))
            return value

    @contextmanager
    def _entered(self, index: int) -> Iterator[Execution]:
        """Give one execution Keras' state, seed and budget; write the best weights at its end."""
        plan, assignment = self._plan, self.assignment
        with ExitStack() as stack:
            scope = stack.enter_context(KerasScope(plan.keras_settings))
            stack.enter_context(seeded(execution_seed(assignment.seed, index)))
            execution = Execution(
                assignment,
                self.reporter,
                index,
                best_weights=self._weights,
                max_epochs=plan.max_epochs,
                fits_decide=plan.hypermodel is not None and plan.hypermodel.fits_decide,
                keras_scope=scope,
                seen_generators=plan.seen_generators,
                memory=plan.memory,
                continuation=self._continuation(index),
                model_settings=plan.model_settings,
                make_callbacks=plan.make_callbacks,
                fit_way=plan.fit_way,
                loans=Loans(plan.templates),
                guard=plan.guard,
            )
            stack.enter_context(entered(execution))
            try:
                yield execution
            except TrialStoppedError:
                _write(self._weights, self.reporter)
                raise
            _write(self._weights, self.reporter)

    def _continuation(self, index: int) -> Continuation | None:
        budget = Budget.of(self.assignment.hyperparameters.values)
        return None if budget is None else Continuation(self.assignment, budget, index, self.reporter)

    def _callbacks_of(self, kwargs: Mapping[str, Any]) -> CallbackCopies:
        """Return the maker of callbacks: the search's own, or one for those that `run_trial` has put in their place."""
        return self._plan.callbacks.replaced(kwargs.get("callbacks"))


def _close(execution: Execution) -> None:
    if execution.continuation is not None:
        execution.continuation.close()


def _write(weights: BestWeights, reporter: Reporter) -> None:
    """Write the best weights; a full disk costs the file, not the trial."""
    try:
        weights.write()
    except OSError as error:
        reporter.note("error", "weights_not_written", f"The best weights could not be written: {error}")
