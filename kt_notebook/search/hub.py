"""The stream of events: stamped, journalled, folded, then delivered to the listeners.

How it works: `publish` gives each event its number and time, writes it to the journal, folds it into the record and
queues it. One delivery thread hands the queue to the sinks: the first batch at once, then at most eight a second. The
thread lives only while the search runs and somebody listens.
"""

import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from kt_notebook.core.events import Event, Record, SearchNoted
from kt_notebook.core.record import SearchRecord

__all__ = ["Hub", "Journal", "Sink"]

_BATCH_INTERVAL_S = 0.125


class Sink(Protocol):
    """A listener of the event stream."""

    def receive(self, records: Sequence[Record]) -> None:
        """Take a batch of records, in order. Called on one delivery thread; one that raises is detached."""


class Journal(Protocol):
    """Where records are kept."""

    def append(self, records: list[Record], durable: bool) -> None:
        """Write records; durable ones are on the disk when this returns."""


class Hub:
    """The event stream of one search. Any thread may read and attach; the search's owner publishes.

    Args:
        journal: Where records are kept, or None to keep them in memory alone.
        record: The state so far, for a search that goes on.
        clock: Gives unix seconds.
    """

    def __init__(
        self,
        journal: Journal | None = None,
        record: SearchRecord | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.record = record if record is not None else SearchRecord()
        self.journal = journal
        self._clock = clock
        self._lock = threading.Condition()
        self._sinks: list[Sink] = []
        self._pending: list[Record] = []
        self._progress: dict[str, Record] = {}
        self._is_open = False
        self._is_handing_over = self._is_hurried = False
        self._unsynced = False
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to deliver."""
        with self._lock:
            self._is_open = True
            self._start_delivery()

    def close(self) -> None:
        """Deliver what is queued and end the delivery thread."""
        with self._lock:
            self._is_open = False
            thread, self._thread = self._thread, None
            self._lock.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def publish(self, event: Event) -> None:
        """Stamp an event, journal it, fold it and queue it for the sinks.

        Raises:
            StorageError: The journal cannot be written. The event is folded and delivered all the same.
        """
        with self._lock:
            if event.transient:
                if not self._sinks:
                    return
                record = event.to_record(self.record.seq, self._clock())
                self._progress[record["trial_id"]] = record
                self._lock.notify_all()
                return
            record = event.to_record(self.record.seq + 1, self._clock())
            self.record.fold(record)
            if self._sinks:
                self._pending.append(record)
                self._progress.pop(record.get("trial_id", ""), None)
                self._lock.notify_all()
            if self.journal is not None:
                self.journal.append([record], durable=False)
                self._unsynced |= event.durable

    def sync(self) -> None:
        """Have everything published so far on the disk, if the search is to wait for any of it."""
        with self._lock:
            if self.journal is not None and self._unsynced:
                self._unsynced = False
                self.journal.append([], durable=True)

    def drain(self, timeout_s: float = 1.0) -> None:
        """Wait until the sinks have heard everything published so far, or the time is up; not for a sink's thread.

        Text that sinks print so stays before what is printed after this call.
        """
        with self._lock:
            if self._thread is None:
                return
            self._is_hurried = True
            self._lock.notify_all()
            self._lock.wait_for(lambda: not (self._pending or self._is_handing_over), timeout_s)
            self._is_hurried = False

    def attach(self, sink: Sink) -> None:
        """Let a sink hear everything from now on."""
        with self._lock:
            self._sinks.append(sink)
            self._start_delivery()

    def detach(self, sink: Sink) -> None:
        """Let a sink hear no more; one that is not attached is passed over."""
        with self._lock:
            if sink in self._sinks:
                self._sinks.remove(sink)

    # Any: a snapshot is JSON.
    def snapshot(self, limit: int | None = None) -> dict[str, Any]:
        """Return the record's snapshot, consistent with its `seq`."""
        with self._lock:
            return self.record.snapshot(limit)

    def detail(self, trial_id: str) -> dict[str, Any]:
        """Return everything known of one trial.

        Raises:
            KeyError: No trial has this id.
        """
        with self._lock:
            return self.record.detail(trial_id)

    def _start_delivery(self) -> None:
        if self._is_open and self._sinks and self._thread is None:
            self._thread = threading.Thread(target=self._deliver, name="kt_notebook events", daemon=True)
            self._thread.start()

    def _deliver(self) -> None:
        while True:
            with self._lock:
                while self._is_open and not (self._pending or self._progress):
                    self._lock.wait()
                batch, self._pending = self._pending, []
                batch.extend(self._progress.values())
                self._progress.clear()
                sinks = list(self._sinks)
                if not self._is_open and not batch:
                    return
                self._is_handing_over = True
            for sink in sinks:
                self._hand_over(sink, batch)
            with self._lock:
                self._is_handing_over = False
                self._lock.notify_all()
            self._wait_for_next_batch()

    def _wait_for_next_batch(self) -> None:
        deadline = time.monotonic() + _BATCH_INTERVAL_S
        with self._lock:
            while self._is_open and not self._is_hurried and (left := deadline - time.monotonic()) > 0:
                self._lock.wait(left)

    def _hand_over(self, sink: Sink, batch: list[Record]) -> None:
        try:
            sink.receive(batch)
        except Exception as error:  # noqa: BLE001 - A listener must never end the search.
            self.detach(sink)
            text = f"{type(sink).__name__} failed and gets no more events: {type(error).__name__}: {error}"
            # Neither may end this thread, on which the other sinks depend: a full disk ends the search where it is met
            # by its owner, and the user may have made warnings errors.
            with suppress(OSError):
                self.publish(SearchNoted("warning", "sink_detached", text))
            with suppress(Warning):
                warnings.warn(text, RuntimeWarning, stacklevel=2)
