"""Calls back once when a search that nobody waits for has ended."""

from collections.abc import Callable, Sequence

from kt_notebook.core.events import Record
from kt_notebook.search.hub import Hub

__all__ = ["EndWatch"]


class EndWatch:
    """A listener that calls back at the end of a search, on the thread of the listeners.

    Args:
        hub: It leaves the hub before it calls.
        call: What is called.
    """

    def __init__(self, hub: Hub, call: Callable[[], object]) -> None:
        self._hub = hub
        self._call = call

    def receive(self, records: Sequence[Record]) -> None:
        """Look for the end among the records."""
        if any(record["kind"] == "search_ended" for record in records):
            self._hub.detach(self)
            self._call()
