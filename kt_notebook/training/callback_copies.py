"""Gives each execution callbacks of its own, so that no patience, no best value is carried from trial to trial."""

import copy
import importlib.util
import sys
from collections.abc import Iterable
from typing import Any

from kt_notebook.core.errors import FatalTypeError, FatalValueError
from kt_notebook.core.protocol import Assignment, Reporter
from kt_notebook.training.callback_paths import place_shown, set_apart
from kt_notebook.training.fit_arguments import takes_hp
from kt_notebook.training.hparams import hparams_callback
from kt_notebook.training.kinds import describe

__all__ = ["CallbackCopies", "check_callbacks", "flat_callbacks"]


# Any: Keras' callbacks, lists of them, factories.
def flat_callbacks(callbacks: Any) -> list[Any]:
    """Return the callbacks of a fit's argument as one list: None, one, or nested lists."""
    if callbacks is None:
        return []
    if isinstance(callbacks, list | tuple):
        return [callback for part in callbacks for callback in flat_callbacks(part)]
    return [callbacks]


def check_callbacks(callbacks: Any, *, n_workers: int = 1) -> None:
    """Look at callbacks before anything trains.

    Args:
        callbacks: As `CallbackCopies` takes them.
        n_workers: How many trials are to run at a time with them.

    Raises:
        FatalTypeError: One is neither a callback nor a function that makes one.
        FatalValueError: One needs a package that is not installed, or would be shared by trials that run side by side.
    """
    keras: Any = sys.modules.get("keras")
    if keras is None:
        return
    for callback in flat_callbacks(callbacks):
        if isinstance(callback, keras.callbacks.TensorBoard) and importlib.util.find_spec("tensorboard") is None:
            raise FatalValueError(
                "The TensorBoard callback needs the package tensorboard, which is not installed. "
                "Run: %pip install tensorboard"
            )
        if not isinstance(callback, keras.callbacks.Callback) and not callable(callback):
            raise FatalTypeError(
                f"callbacks holds {describe(callback)}. Give keras.callbacks.Callback instances, or a function that "
                "returns one or a list of them."
            )
        if n_workers > 1 and not _is_factory(callback):
            _refuse_shared(callback, n_workers)


class CallbackCopies:
    """Makes each execution's callbacks from those given to the search.

    A callback is copied, together with those that it shares something with; one that cannot be copied is set back to
    how it was and used itself, which needs trials that run one after another (`check_callbacks`). A function is called
    for each execution, with the trial's `hp` where its one argument is called that. Files that Keras' callbacks write
    get a place for each execution.

    Args:
        callbacks: None, a callback, a function that makes one or a list of them, or lists of these.
    """

    def __init__(self, callbacks: Any) -> None:
        self._callbacks = flat_callbacks(callbacks)
        self._of_trial: frozenset[int] = frozenset()  # ids of what was made for one trial
        self._first_states: dict[int, dict[str, Any]] = {}
        self._first_states_of_trial: dict[int, dict[str, Any]] = {}
        self._told: set[str] = set()

    def replaced(self, callbacks: Any) -> "CallbackCopies":
        """Return what makes the callbacks that a `run_trial` has put in the place of the search's.

        Those that are new were made for the trial, so a path of theirs that names the trial is left as it is.

        Args:
            callbacks: As for this class; some or all may be the search's own.
        """
        given, known = flat_callbacks(callbacks), {id(callback) for callback in self._callbacks}
        other = CallbackCopies(given)
        other._of_trial = frozenset(id(callback) for callback in given if id(callback) not in known)
        other._first_states = self._first_states  # What one trial finds out of the search's own holds for all.
        other._told = self._told
        return other

    def make(self, assignment: Assignment, execution: int, reporter: Reporter) -> list[Any]:
        """Return fresh callbacks.

        Args:
            assignment: The trial.
            execution: Which run of the trial, from 0.
            reporter: Told once of what the user should know.

        Raises:
            FatalError: As `check_callbacks`, for what a function returned.
            OSError: The folder for a callback's files cannot be made.
        """
        copies = self._copies(reporter)
        made = []
        for callback in self._callbacks:
            if _is_factory(callback):
                fresh = flat_callbacks(callback(assignment.hyperparameters) if takes_hp(callback) else callback())
                check_callbacks(fresh)
            else:
                fresh = [copies[id(callback)]]
            for one in fresh:
                self._tell_place(one, assignment, reporter)
                set_apart(one, assignment, execution, is_of_trial=id(callback) in self._of_trial)
            made.extend(fresh)
        boards = [callback for callback in made if isinstance(callback, _tensorboard_class())]
        trial_id, hp = assignment.trial_id, assignment.hyperparameters
        return [*made, *(hparams_callback(board.log_dir, hp, trial_id) for board in boards)]

    def _copies(self, reporter: Reporter) -> dict[int, Any]:
        """Return this execution's own of each callback that is no factory, by the id of the one given."""
        given = [callback for callback in self._callbacks if not _is_factory(callback)]
        copied: dict[int, Any] = {}
        plain = [callback for callback in given if id(callback) not in self._states(callback)]
        try:
            # In one go: callbacks that hold something in common still do.
            fresh = copy.deepcopy(plain, _shared_models(plain))
        except Exception:  # noqa: BLE001  # The users' own objects: whatever their copying raises.
            for callback in plain:
                copied[id(callback)] = self._copied_alone(callback, reporter)
        else:
            copied.update(zip(map(id, plain), fresh, strict=True))
        for callback in given:
            if id(callback) in self._states(callback):
                copied[id(callback)] = _set_back(callback, self._states(callback)[id(callback)])
        return copied

    def _copied_alone(self, callback: Any, reporter: Reporter) -> Any:
        try:
            return copy.deepcopy(callback, _shared_models([callback]))
        except Exception:  # noqa: BLE001  # As above.
            self._states(callback)[id(callback)] = _copied_state(vars(callback))
            reporter.note(
                "advice",
                "callback_not_copied",
                f"The callback {type(callback).__name__} cannot be copied (it holds a lock, a file or the like). "
                "The same object is set back and used in every trial. Give a function that makes a new one: "
                f"callbacks=[lambda: {type(callback).__name__}(…)].",
            )
            return callback

    def _states(self, callback: Any) -> dict[int, dict[str, Any]]:
        return self._first_states_of_trial if id(callback) in self._of_trial else self._first_states

    def _tell_place(self, callback: Any, assignment: Assignment, reporter: Reporter) -> None:
        place = place_shown(callback, with_execution=assignment.executions > 1)
        if place is not None and place not in self._told:
            self._told.add(place)
            reporter.note("advice", "callback_files", f"{place}, so that no trial overwrites another's file.")


def _refuse_shared(callback: Any, n_workers: int) -> None:
    """Refuse a callback that cannot be copied: one trial would set it back while another one uses it."""
    try:
        copy.deepcopy(callback, _shared_models([callback]))
    except Exception as error:  # The users' own objects: whatever their copying raises.
        kind = type(callback).__name__
        raise FatalValueError(
            f"The callback {kind} cannot be copied ({type(error).__name__}: {error}), and {n_workers} trials that run "
            f"at a time cannot share it. Give a function that makes a new one, callbacks=[lambda: {kind}(…)], or run "
            "one trial at a time."
        ) from error


def _tensorboard_class() -> Any:
    keras: Any = sys.modules.get("keras")
    return () if keras is None else keras.callbacks.TensorBoard


def _is_factory(callback: Any) -> bool:
    keras: Any = sys.modules.get("keras")
    return callable(callback) and not isinstance(callback, keras.callbacks.Callback)


def _shared_models(callbacks: Iterable[Any]) -> dict[int, Any]:
    """Return what lets `deepcopy` share the models of an earlier fit, which the next fit replaces anyway."""
    models = [vars(callback).get("_model") for callback in callbacks if hasattr(callback, "__dict__")]
    return {id(model): model for model in models if model is not None}


def _set_back(callback: Any, state: dict[str, Any]) -> Any:
    vars(callback).clear()
    vars(callback).update(_copied_state(state))
    return callback


def _copied_state(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name == "_model" else _copied(value) for name, value in state.items()}


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001  # The part that cannot be copied (a lock, a file) stays the same object.
        return value
