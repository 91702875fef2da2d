"""A search that blocks: trials on the caller's thread, where Ctrl-C first asks and then insists."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from types import FrameType

from kt_notebook.core.commands import StopNow
from kt_notebook.core.errors import SearchStateError
from kt_notebook.search.executors import CallingExecutor
from kt_notebook.search.session import Session

__all__ = ["run_blocking"]


def run_blocking(session: Session, executor: CallingExecutor, begin: Callable[[], None]) -> None:
    """Start a session and serve its trials on this thread until it has ended.

    The first interrupt stops at the end of the running epoch, the second is `KeyboardInterrupt` in the trial.

    Args:
        session: The search.
        executor: The session's own.
        begin: Starts the session. It is called here, so that no interrupt can fall between starting and serving.

    Raises:
        KeyboardInterrupt: The user interrupted twice; what has ended is kept. With a third interrupt this does not
            wait for an oracle or a hook at work: the session ends by itself when that has returned.
        Exception: What `begin` raises, or what ended the search.
    """
    command = StopNow()
    try:
        with _polite_interrupt(session):
            begin()
            executor.serve()
    except BaseException:
        try:
            _let_go(session, executor, command)
            session.wait()
        finally:
            _let_go(session, executor, command)  # The third interrupt may have come upon the first call.
        raise
    session.wait()
    if session.error is not None:
        raise session.error


def _let_go(session: Session, executor: CallingExecutor, command: StopNow) -> None:
    """Leave a session, which may be anywhere between its start and its end, to end by itself; twice is as once."""
    executor.abandon()
    if session.is_running:
        with suppress(SearchStateError):  # It may just have ended by itself.
            session.post(command)


@contextmanager
def _polite_interrupt(session: Session) -> Iterator[None]:
    """Let the first interrupt ask the session to stop. Only the main thread can see interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        # The user needs to see that the key was heard; outside the trial's context, which would keep it for itself.
        Context().run(print, "\nStopping at the end of this epoch. Interrupt again to stop now.")
        session.interrupt()

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
