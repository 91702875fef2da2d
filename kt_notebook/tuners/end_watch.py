"""Calls back once when a search that nobody waits for has ended."""

import threading
from collections.abc import Callable

from kt_notebook.search.session import Session

__all__ = ["EndWatch"]


class EndWatch:
    """Waits for the end of a session on a thread of its own, and calls there: what is called may ask for anything.

    Args:
        session: One that has begun.
        call: What is called.
    """

    def __init__(self, session: Session, call: Callable[[], object]) -> None:
        self._session = session
        self._maker = threading.get_ident()
        self._thread = threading.Thread(
            target=self._watch, args=(call,), name=f"kt_notebook end of {session.settings.name}", daemon=True
        )
        self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the call has returned, on the thread that made this watch; others go on at once.

        What is called, and threads that it starts, may wait for the search and must not wait for themselves.
        """
        if threading.get_ident() == self._maker:
            self._thread.join(timeout)

    def _watch(self, call: Callable[[], object]) -> None:
        self._session.wait()
        call()
