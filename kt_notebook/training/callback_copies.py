"""Gives each execution callbacks of its own, so that no patience, no best value is carried from trial to trial."""

import copy
import importlib.util
import sys
from pathlib import Path
from typing import Any

from kt_notebook.core.errors import FatalTypeError, FatalValueError
from kt_notebook.core.protocol import Assignment, Reporter
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


def check_callbacks(callbacks: Any) -> None:
    """Look at callbacks before anything trains.

    Raises:
        FatalTypeError: One is neither a callback nor a function that makes one.
        FatalValueError: One needs a package that is not installed.
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


class CallbackCopies:
    """Makes each execution's callbacks from those given to the search.

    Args:
        callbacks: None, a callback, a factory, or lists of these. A factory is called for each execution; a callback
            is copied; one that cannot be copied is set back to how it was and used itself.
    """

    def __init__(self, callbacks: Any) -> None:
        self._callbacks = flat_callbacks(callbacks)
        self._first_states: dict[int, dict[str, Any]] = {}

    def make(self, assignment: Assignment, execution: int, reporter: Reporter) -> list[Any]:
        """Return fresh callbacks.

        Raises:
            FatalError: As `check_callbacks`, for what a factory returned.
        """
        made = []
        for callback in self._callbacks:
            if _is_factory(callback):
                fresh = flat_callbacks(callback())
                check_callbacks(fresh)
                made.extend(fresh)
            else:
                made.append(self._copy(callback, reporter))
        for callback in made:
            _give_own_log_directory(callback, assignment, execution)
        return made

    def _copy(self, callback: Any, reporter: Reporter) -> Any:
        if id(callback) not in self._first_states:
            try:
                return copy.deepcopy(callback)
            except Exception:  # noqa: BLE001  # The user's own object: whatever its copying raises.
                self._first_states[id(callback)] = _state_of(callback)
                reporter.note(
                    "advice",
                    "callback_not_copied",
                    f"The callback {type(callback).__name__} cannot be copied (it holds a lock, a file or the like). "
                    "The same object is set back and used in every trial. Give a function that makes a new one: "
                    f"callbacks=[lambda: {type(callback).__name__}(…)].",
                )
        vars(callback).clear()
        vars(callback).update(_copied_state(self._first_states[id(callback)]))
        return callback


def _is_factory(callback: Any) -> bool:
    keras: Any = sys.modules.get("keras")
    return callable(callback) and not isinstance(callback, keras.callbacks.Callback)


def _state_of(callback: Any) -> dict[str, Any]:
    return _copied_state(vars(callback))


def _copied_state(state: dict[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) for name, value in state.items()}


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001  # The part that cannot be copied (a lock, a file) stays the same object.
        return value


def _give_own_log_directory(callback: Any, assignment: Assignment, execution: int) -> None:
    """Let TensorBoard write each execution apart, where KerasTuner's users look for it."""
    keras: Any = sys.modules.get("keras")
    if isinstance(callback, keras.callbacks.TensorBoard):
        callback.log_dir = str(Path(callback.log_dir) / assignment.trial_id / f"execution{execution}")
