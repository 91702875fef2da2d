"""Hyperband inside a trial: its fits train for the epochs they were given, and go on where those of a trial stopped.

How it works: a trial's values say from which epoch to which it trains, and whose training it continues (`core.budget`).
Before a model's first fit it gets the state in which the fit of the same number ended in that trial; after the last
epoch its own state is written for the next. Further fits of the same model, such as fine-tuning, begin with what this
trial has trained, and with their first epoch, as in a trial that was never interrupted. Whoever knows that no trial
will go on from a state removes it (`remove_states`).
"""

import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kt_notebook.core.budget import EPOCHS, Budget
from kt_notebook.core.errors import FatalRuntimeError, StorageError
from kt_notebook.core.protocol import Assignment, Reporter
from kt_notebook.training.model_state import load_state, save_state

__all__ = ["Continuation", "Leg", "remove_states"]

_STEM = "last_epoch"


class Leg:
    """One fit's share of a training that goes on from trial to trial.

    Args:
        model: What is fitted.
        arguments: `epochs` and `initial_epoch`, as Keras' `fit` is to get them.
        path: Where the state after the last epoch is kept, None where nobody will go on from it.
        reporter: Told where the state cannot be kept.
    """

    # Any: a Keras model, here and below.
    def __init__(self, model: Any, arguments: dict[str, int], path: Path | None, reporter: Reporter) -> None:
        self.arguments = arguments
        self._model = None if path is None else model  # Held no longer than needed.
        self._path = path
        self._reporter = reporter
        self._is_checked = False

    def end_epoch(self, model: Any, n_epochs: int | None, *, is_last: bool) -> None:
        """Keep the state where this was the fit's last epoch; say so where the fit has epochs of its own."""
        if not self._is_checked and n_epochs is not None and n_epochs != self.arguments["epochs"]:
            self._reporter.note(
                "warning",
                "epochs_ignored",
                f"A fit has epochs={n_epochs} where Hyperband gives {self.arguments['epochs']}. Pass the keyword "
                "arguments of HyperModel.fit on to model.fit: epochs and initial_epoch are among them.",
            )
        self._is_checked = True
        if is_last:
            self._keep(model)

    def close(self) -> None:
        """Keep the state of a model that was trained without our callback."""
        self._keep(self._model)

    def _keep(self, model: Any) -> None:
        path, self._path, self._model = self._path, None, None
        if path is None or not model.built:
            return
        try:
            save_state(model, path)
        except OSError as error:
            self._reporter.note("error", "state_not_written", f"A trial's last epoch could not be kept: {error}")


class Continuation:
    """What Hyperband asks of one execution of a trial.

    Args:
        assignment: The trial.
        budget: Its epochs, and the trial that it continues.
        execution: Which run of the trial, from 0; it goes on from the run of the same number.
        reporter: The trial's line to the search.
    """

    def __init__(self, assignment: Assignment, budget: Budget, execution: int, reporter: Reporter) -> None:
        self._assignment = assignment
        self._budget = budget
        self._execution = execution
        self._reporter = reporter
        self._legs: list[Leg] = []
        self._fitted: list[weakref.ref[Any]] = []  # Models: held weakly, a loop over folds may build many.
        self._values = _WatchedValues(assignment.hyperparameters.values)
        assignment.hyperparameters.values = self._values

    @property
    def is_heard(self) -> bool:
        """Whether a fit was told how long to train, or the trial's code has asked for that itself."""
        return bool(self._legs) or self._values.is_asked

    @property
    def latest(self) -> Leg | None:
        """The fit that was begun last."""
        return self._legs[-1] if self._legs else None

    def begin(self, model: Any) -> Leg:
        """Bring a model to where the next fit is to go on, and return what that fit needs.

        Where that is not possible the fit begins with the first epoch, and a note says so.
        """
        budget, directory = self._budget, self._assignment.directory
        if any(fitted() is model for fitted in self._fitted):
            for leg in self._legs:
                leg.close()  # Before this fit changes the model: only where our callback was not there to do it.
            return self._add(Leg(model, {"epochs": budget.epochs, "initial_epoch": 0}, None, self._reporter))
        self._fitted.append(weakref.ref(model))
        name = f"{_STEM}.{self._execution}.{len(self._legs)}.npz"
        is_continued = budget.trial_id is not None and self._restore(model, name, budget.trial_id)
        first = budget.initial_epoch if is_continued else 0
        has_next = budget.round < budget.bracket and directory is not None
        path = Path(directory) / name if has_next and directory is not None else None
        arguments = {"epochs": budget.epochs, "initial_epoch": first}
        return self._add(Leg(model, arguments, path, self._reporter))

    def close(self) -> None:
        """End an execution that has come through.

        Raises:
            FatalRuntimeError: It had no fit that could be told how long to train, and did not ask for that itself.
        """
        if not self.is_heard:
            raise FatalRuntimeError(
                f"Hyperband says how many epochs a trial trains, and trial {self._assignment.trial_id} ended without a "
                "Keras fit that it could tell. Return the compiled model and give the data to search(x, y), call "
                f"model.fit(…) in the cell itself, or train for hp.get({EPOCHS!r}) epochs in a loop of your own."
            )
        for leg in self._legs:
            leg.close()

    def _add(self, leg: Leg) -> Leg:
        self._legs.append(leg)
        return leg

    def _restore(self, model: Any, name: str, trial_id: str) -> bool:
        own = self._assignment
        if own.directory is None:
            self._say_anew(trial_id, "nothing is kept on disk")
            return False
        place = _directory_of(Path(own.directory), own.trial_id, trial_id)
        try:
            load_state(model, place / name)
        except StorageError as error:
            self._say_anew(trial_id, str(error))
            return False
        return True

    def _say_anew(self, trial_id: str, reason: str) -> None:
        self._reporter.note(
            "warning",
            "trained_anew",
            f"Trial {self._assignment.trial_id} was to go on with trial {trial_id} from epoch "
            f"{self._budget.initial_epoch} on, but {reason}. It is trained from its first epoch instead.",
        )


def remove_states(directory: Path) -> None:
    """Remove what a trial has left for others to go on from; its best weights stay."""
    for path in directory.glob(f"*{_STEM}.*.npz"):  # Those too that a killed process has begun to write.
        with suppress(OSError):  # A file that stays costs only its room.
            path.unlink()


class _WatchedValues(dict[str, Any]):
    """A trial's values, which remember whether the trial's code asks how long to train."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.is_asked = False

    def __getitem__(self, name: str) -> Any:
        self.is_asked = self.is_asked or name == EPOCHS
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        self.is_asked = self.is_asked or name == EPOCHS
        return super().get(name, default)


def _directory_of(own: Path, own_id: str, trial_id: str) -> Path:
    """Return another trial's directory, which is named as this one's."""
    return own.with_name(own.name.removesuffix(own_id) + trial_id)
