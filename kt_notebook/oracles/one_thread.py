"""Linear algebra on one thread, for matrices that are too small to be shared out.

A few hundred rows take milliseconds on one thread. On all of them, while a training uses the cores too, each product
waits for the slowest: measured with two cores busy, a proposal took 20 ms on one thread and 410 ms on two.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy and scipy calculate on one thread inside; other threads' products are on one thread meanwhile."""
    libraries, lock = _libraries()
    # One after the other: of two that overlap, the second would take the first one's limit for what was there before.
    with lock, libraries.limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> tuple[ThreadpoolController, Lock]:
    """Return the libraries of this process, which takes milliseconds to find out, and their lock."""
    return ThreadpoolController(), Lock()
