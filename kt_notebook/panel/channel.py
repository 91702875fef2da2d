"""One open view of a search: its messages from and to the browser, in order, with no record lost or sent twice.

How it works: on "open" the channel listens to the feed first and takes the snapshot then; records that arrive in
between wait and go out after the snapshot, those that it already holds are left out. Records come on the feed's
delivery thread, answers on whichever thread brought the question; one lock keeps what is sent in order, and the feed
is never asked while it is held. A view that cannot be reached any more loses its channel, nothing else.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from kt_notebook.core.events import Record, TrialProgressed
from kt_notebook.core.record import SearchRecord

__all__ = ["Channel", "Feed", "Message", "Sink", "Watched"]

# Any: a message is JSON, and narrowed where it is read.
Message = dict[str, Any]

MAX_RECORDS_IN_MESSAGE = 500
# Folding this many records takes the browser longer than drawing a snapshot of 10,000 trials.
MAX_BACKLOG = 2_000

_TRANSIENT = frozenset({TrialProgressed.kind})

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """What a feed delivers to."""

    def receive(self, records: Sequence[Record], /) -> None:
        """Take the next records, in order."""


class Feed(Protocol):
    """What a view needs of a search's hub."""

    @property
    def record(self) -> SearchRecord:
        """The state of the search; read one field of it, or take a snapshot."""

    def attach(self, sink: Sink, /) -> None:
        """Deliver every record from now on to this sink."""

    def detach(self, sink: Sink, /) -> None:
        """Deliver to this sink no more."""

    def snapshot(self, limit: int | None = None) -> Message:
        """Return the state of the search."""

    def detail(self, trial_id: str, /) -> Message:
        """Return all that is known of one trial."""


class Watched(Protocol):
    """A search as a channel sees it."""

    @property
    def feed(self) -> Feed:
        """The search's hub."""

    def command(self, message: Mapping[str, Any], /) -> str | None:
        """Pass a command on; the reason is returned where it is refused."""

    def bundle(self) -> Message:
        """Return the mime bundle as it is to be saved now."""


class Channel:
    """The kernel's end of one view.

    Args:
        search_id: Which search the view shows.
        find: Returns that search, or None while this kernel does not have it.
        send: Sends one message to the view; may raise, which ends the channel.
    """

    def __init__(self, search_id: str, find: Callable[[], Watched | None], send: Callable[[Message], None]) -> None:
        self.search_id = search_id
        self._find = find
        self._send = send
        self._opening = threading.Lock()
        self._sending = threading.Lock()
        self._feed: Feed | None = None
        self._seq = 0  # the last record sent
        self._seq_of_snapshot = 0
        self._waiting: list[Record] | None = None  # records behind a snapshot that is being made
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the view is gone."""
        return self._is_closed

    # Any: the message comes from a browser.
    def handle(self, message: Any) -> None:
        """Answer one message of the view; any thread, never raises."""
        try:
            self._answer(message)
        except Exception:  # noqa: BLE001 - the boundary to the browser: a message must not end the kernel's message loop
            _log.exception("A message of the panel could not be answered")

    def open(self) -> None:
        """Send a snapshot, and from then on every record."""
        search = self._find()
        if search is None:
            self.send({"type": "unknown", "search_id": self.search_id})
            return
        with self._opening:
            with self._sending:
                self._waiting = []
            if self._feed is not search.feed:
                self.leave()
                self._seq = 0
                self._feed = search.feed
                self._feed.attach(self)
        self._send_snapshot(search.feed)
        if self._is_closed:
            self.leave()

    def receive(self, records: Sequence[Record]) -> None:
        """Pass records on to the view; called by the feed on its delivery thread."""
        feed = self._feed
        if feed is None or self._is_closed:
            return
        if len(records) > MAX_BACKLOG:
            self._send_snapshot(feed)
            return
        with self._sending:
            if self._waiting is not None:
                self._waiting.extend(records)
            else:
                self._pass_on(records)

    def send(self, message: Message) -> None:
        """Send one message to the view, after all that was sent before."""
        with self._sending:
            self._send_one(message)

    def close(self) -> None:
        """Forget the view."""
        self._is_closed = True
        self.leave()

    def _answer(self, message: Any) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "open":
            self.open()
            return
        search = self._find()
        if search is None:
            self.send({"type": "unknown", "search_id": self.search_id})
        elif kind == "detail":
            self._send_detail(search.feed, message.get("trial_id"))
        elif kind == "bundle":
            self.send({"type": "bundle", "data": search.bundle()})
        elif kind == "command":
            command = message.get("command")
            command = command if isinstance(command, dict) else {}
            reason = search.command(command)
            if reason is not None:
                self.send({"type": "refused", "id": command.get("id"), "reason": reason})

    def _send_detail(self, feed: Feed, trial_id: Any) -> None:
        try:
            detail = feed.detail(trial_id)
        except KeyError:
            _log.info("The panel asked for a trial that is not there: %r", trial_id)
            return
        self.send({"type": "detail", **detail})

    def _send_snapshot(self, feed: Feed) -> None:
        with self._sending:
            if self._waiting is None:
                self._waiting = []
        snapshot = feed.snapshot()
        with self._sending:
            waiting, self._waiting = self._waiting or [], None
            # Two threads may be here; the older snapshot would take the view back.
            if snapshot["seq"] >= self._seq:
                self._seq = self._seq_of_snapshot = snapshot["seq"]
                self._send_one({"type": "snapshot", "snapshot": snapshot})
            self._pass_on(waiting)

    def _pass_on(self, records: Sequence[Record]) -> None:
        fresh: list[Record] = []
        for record in records:
            seq = record["seq"]
            if record["kind"] in _TRANSIENT:
                # It carries the number of the record before it, which may have gone out long ago.
                if seq >= self._seq_of_snapshot:
                    fresh.append(record)
            elif seq > self._seq:
                self._seq = seq
                fresh.append(record)
        for start in range(0, len(fresh), MAX_RECORDS_IN_MESSAGE):
            self._send_one({"type": "records", "records": fresh[start : start + MAX_RECORDS_IN_MESSAGE]})

    def _send_one(self, message: Message) -> None:
        if self._is_closed:
            return
        try:
            self._send(message)
        except Exception:  # noqa: BLE001 - the boundary to the front end: a view that is gone must not stop the search
            self._is_closed = True
            _log.warning("A view of the search %s is gone, it gets no more news", self.search_id, exc_info=True)

    def leave(self) -> None:
        """Hear no more of the search; the view may open it again."""
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.detach(self)
