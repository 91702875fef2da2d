"""Calls of an oracle from other threads: carried out by its owner, answered with copies."""

import copy
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial

__all__ = ["Call", "snapshot"]

_T = TypeVar("_T")
_LOOK_INTERVAL_S = 0.05  # how soon a caller notices that the owner has gone without answering


class Call(Generic[_T]):
    """A function for the oracle's owner to run, and the place where its answer comes.

    Args:
        function: Called once, on the owner's thread or, when that has ended, on the caller's.
    """

    def __init__(self, function: Callable[[], _T]) -> None:
        self._function = function
        self._future: Future[_T] = Future()

    def answer(self) -> None:
        """Run the function; what it raises goes to the caller."""
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            value = self._function()
        except BaseException as error:  # noqa: BLE001 - Boundary: it is the caller's, who gets it, sys.exit() too.
            self._future.set_exception(error)
        else:
            self._future.set_result(value)

    def wait(self, owner_has_ended: threading.Event) -> _T:
        """Return the answer.

        Raises:
            Exception: What the function raises.
        """
        while True:
            wait([self._future], _LOOK_INTERVAL_S)
            if self._future.done():
                return self._future.result()
            if owner_has_ended.is_set() and self._future.cancel():
                return self._function()


# Any: whatever an oracle's method returns.
def snapshot(value: Any) -> Any:
    """Return a value so that what its owner does later cannot change it: trials and spaces are copied."""
    if isinstance(value, Trial):
        twin = copy.copy(value)
        twin.hyperparameters, twin.metrics = value.hyperparameters.copy(), value.metrics.copy()
        twin.curve = dict(value.curve)
        return twin
    if isinstance(value, HyperParameters):
        return value.copy()
    if isinstance(value, list):
        return [snapshot(part) for part in value]
    if isinstance(value, dict):
        return {key: snapshot(part) for key, part in value.items()}
    return value
