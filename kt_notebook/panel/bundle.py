"""The output of a search in a notebook: one mime bundle, shown once and brought up to date once, at its end.

How it works: our own mime type comes first (the extension draws it, with and without a kernel), then the widget for
other hosts, then HTML without script and plain text for whoever knows neither. A display that is updated while a
widget lives is drawn anew by the page and leaks, so the one update comes at the end, when the widget has no more to
say; until then whatever is live asks the kernel itself.
"""

import json
import threading
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import uuid4

from kt_notebook.core.events import Record, SearchEnded
from kt_notebook.panel.channel import Feed, Message
from kt_notebook.panel.static import to_html
from kt_notebook.panel.text import to_text

__all__ = ["MIME_TYPE", "SearchDisplay", "View", "search_bundle"]

MIME_TYPE = "application/vnd.kt-notebook.search+json"
_WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"
_LIMITS = (500, 250, 100, 40, 10)
_MAX_BYTES = 1_000_000


class View(Protocol):
    """A live widget, as far as a bundle names it."""

    @property
    def model_id(self) -> str:
        """Where its model is found in the page."""


def search_bundle(feed: Feed, widget: View | None = None) -> Message:
    """Return the mime bundle of a search as it stands.

    Args:
        feed: The search's hub.
        widget: Shown by hosts that do not have the extension; None where no kernel stays.
    """
    snapshot = feed.snapshot()
    bundle: Message = {
        MIME_TYPE: {
            "version": 1,
            "search_id": snapshot["search"]["search_id"],
            "snapshot": _saved_snapshot(feed),
        }
    }
    if widget is not None:
        bundle[_WIDGET_TYPE] = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    bundle["text/html"] = to_html(snapshot)
    bundle["text/plain"] = to_text(snapshot)
    return bundle


class SearchDisplay:
    """One output of a search. `show` is called in the cell, `receive` by the hub, `finish` by either.

    Args:
        feed: The search's hub.
        widget: The live panel, None where nobody watches.
    """

    def __init__(self, feed: Feed, widget: View | None = None) -> None:
        self._feed = feed
        self._widget = widget
        self._display_id = f"kt-notebook-{uuid4().hex}"
        self._lock = threading.Lock()  # the end of the search may come while the cell still shows its beginning
        self._is_shown = False
        self._is_finished = False

    def show(self) -> None:
        """Publish the output in this cell; the end of the search brings it up to date."""
        with self._lock:
            self._is_shown = True
            # The record knows of the end before any listener does.
            self._is_finished = self._feed.record.is_ended
            if not self._is_finished:
                self._feed.attach(self)
            self._publish(update=False)

    def finish(self) -> None:
        """Publish the last state, in place of what was shown or, where nothing was, as this cell's output."""
        with self._lock:
            if self._is_finished:
                return
            self._is_finished = True
            self._feed.detach(self)
            self._publish(update=self._is_shown)

    def receive(self, records: Sequence[Record]) -> None:
        """Finish when the search ends."""
        if any(record["kind"] == SearchEnded.kind for record in records):
            self.finish()

    def _publish(self, *, update: bool) -> None:
        from IPython.display import publish_display_data

        transient = {"display_id": self._display_id}
        bundle = search_bundle(self._feed, self._widget)
        # IPython's function is half typed.
        publish_display_data(bundle, transient=transient, update=update)  # type: ignore[no-untyped-call]


# Any: the snapshot is JSON.
def _saved_snapshot(feed: Feed) -> Any:
    """Return the snapshot that the notebook's file holds, of a size that it can bear."""
    snapshot: Message = {}
    for limit in _LIMITS:
        snapshot = feed.snapshot(limit)
        if len(json.dumps(snapshot, ensure_ascii=False).encode()) <= _MAX_BYTES:
            return snapshot
    # Few trials and still too large: it is their curves.
    snapshot["trials"]["curves"] = [[] for _ in snapshot["trials"]["trial_id"]]
    return snapshot
