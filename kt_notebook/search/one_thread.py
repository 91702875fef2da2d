"""Linear algebra on one thread while an oracle thinks, for its matrices are too small to be shared out.

A few hundred rows take milliseconds on one thread. On all of them, while a training uses the cores too, each product
waits for the slowest: measured with two cores busy, a proposal took 20 ms on one thread and 410 ms on two.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial

__all__ = ["next_trial", "one_thread"]


def next_trial(oracle: Oracle, worker: str) -> Trial:
    """Return `oracle.create_trial(worker)`; an oracle that thinks about results does so on one thread."""
    if not oracle.proposals_depend_on_results:
        return oracle.create_trial(worker)
    with one_thread():
        return oracle.create_trial(worker)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy and scipy calculate on one thread inside; other threads' products are on one thread meanwhile."""
    libraries = _libraries()
    libraries.enter()
    try:
        yield
    finally:
        libraries.leave()


class _Libraries:
    """This process's libraries of linear algebra, and how many searches hold them to one thread now."""

    def __init__(self) -> None:
        from threadpoolctl import ThreadpoolController  # looks through the process, which takes milliseconds

        self._controller = ThreadpoolController()
        self._lock = Lock()
        self._n_inside = 0
        self._limiter: Any = None  # threadpoolctl has no types

    def enter(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._limiter = self._controller.limit(limits=1, user_api="blas")
            self._n_inside += 1

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._limiter.restore_original_limits()


@cache
def _libraries() -> _Libraries:
    return _Libraries()
