"""A whole cell as the trial: run in names of its own, with `hp` among them."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kt_notebook.core.errors import CellError, TrialStoppedError
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.cell import FIT_HOOK_NAME, InlineTrial
from kt_notebook.training.execution import Execution, current_execution
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.hypermodel import HyperModel
from kt_notebook.training.kinds import is_model
from kt_notebook.training.refit_arguments import GivenFit

__all__ = ["InlineHyperModel"]

_SLOW_PRELUDE_S = 0.5
_ROWS_MADE = (
    "The cell makes the rows that it fits with itself, out of the notebook's. finish hands x_train and x_test to the "
    "model as they are: give them as the model is to see them."
)


class _FitReachedError(TrialStoppedError):
    """Ends a build at the cell's first fit, past the cell's own `except Exception`."""

    # Any: a Keras model.
    def __init__(self, model: Any, given: GivenFit | None = None) -> None:
        super().__init__("The model is built.")
        self.model = model
        self.given = given or GivenFit()


class InlineHyperModel(HyperModel):
    """A cell that uses `hp` in its own lines.

    Args:
        trial: The compiled cell.
        namespace: The notebook's names; a shallow copy is taken now, and each trial works in a copy of that.
        hp_name: The name that stands for the hyperparameters.
        keep: Whether the names that the best trial leaves behind are kept.
        fits_decide: Whether the cell returns nothing but its fit, so that the fit settles an objective left out.

    Attributes:
        names_of: The names that each trial left behind, by trial id, where `keep` is on.
    """

    last_fit_counts = True

    # Any: the notebook's names stand for anything.
    def __init__(
        self,
        trial: InlineTrial,
        namespace: Mapping[str, Any],
        *,
        hp_name: str = "hp",
        keep: bool = False,
        fits_decide: bool = True,
    ) -> None:
        super().__init__("cell")
        self.fits_decide = fits_decide
        self._trial = trial
        self._namespace = dict(namespace)
        self._hp_name = hp_name
        self._keep = keep
        self._has_run = False
        self.names_of: dict[str, dict[str, Any]] = {}

    def run(self, hp: HyperParameters, *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Run the cell and return the value of its last expression."""
        names = self._names(hp, fit_hook)
        execution = current_execution()
        begun = time.perf_counter()
        exec(self._trial.prelude, names)
        if execution is not None:
            self._advise(execution, time.perf_counter() - begun)
        value = self._trial.run_rest(names)
        if self._keep and execution is not None:
            given = {self._hp_name, FIT_HOOK_NAME, "__builtins__"}
            own = {n: v for n, v in names.items() if n not in given and v is not self._namespace.get(n, names)}
            self.names_of[execution.assignment.trial_id] = own
        return value

    def _advise(self, execution: Execution, prelude_s: float) -> None:
        """Say when lines without hp take long in every trial. The first one does not count: it does the imports."""
        lines = self._trial.prelude_lines
        if self._has_run and lines is not None and prelude_s >= _SLOW_PRELUDE_S:
            execution.reporter.note(
                "advice",
                "slow_prelude",
                f"Lines {lines[0]} to {lines[1]} do not use {self._hp_name}, and take {prelude_s:.1f} s in every "
                "trial. Move them to a cell above.",
                lines[0],
            )
        self._has_run = True

    def forget_all_but(self, trial_ids: Collection[str]) -> None:
        """Let go of what other trials left behind."""
        for trial_id in set(self.names_of) - set(trial_ids):
            del self.names_of[trial_id]

    def build(self, hp: HyperParameters) -> Any:
        """Run the cell up to its first fit and return the model that is to be fitted.

        Raises:
            CellError: The cell ends without a Keras fit.
        """

        def stop_at_fit(owner: Any) -> Any:
            if is_model(owner):
                raise _FitReachedError(owner)
            return owner.fit

        return self._run_to_fit(hp, stop_at_fit).model

    def reach_fit(self, hp: HyperParameters) -> tuple[Any, GivenFit, Sequence[str]]:
        """Run the cell up to its first fit; return the model, what the fit is given, and what to know of its rows.

        Raises:
            CellError: The cell ends without a Keras fit.
        """

        def stop_in_fit(owner: Any) -> Any:
            def stop(*args: Any, **kwargs: Any) -> None:
                raise _FitReachedError(owner, GivenFit(args, kwargs))

            return stop if is_model(owner) else owner.fit

        reached = self._run_to_fit(hp, stop_in_fit)
        own = reached.given.named.get("x")
        parts = own.values() if isinstance(own, dict) else own if isinstance(own, list | tuple) else [own]
        held = {id(value) for value in self._namespace.values()}
        is_made = id(own) not in held and any(id(part) not in held for part in parts)
        return reached.model, reached.given, [_ROWS_MADE] if is_made else []

    @property
    def definition(self) -> str:
        """The cell's text, by which what it does is known again."""
        return self._trial.source

    def _run_to_fit(self, hp: HyperParameters, hook: Any) -> _FitReachedError:
        try:
            self._trial.run(self._names(hp, hook))
        except _FitReachedError as reached:
            return reached
        raise CellError(
            "The cell has no model to give back: it ends without a Keras fit. Take its values from tuner.best instead."
        )

    def _names(self, hp: HyperParameters, hook: Any) -> dict[str, Any]:
        return {**self._namespace, self._hp_name: hp, FIT_HOOK_NAME: hook}
