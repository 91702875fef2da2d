"""Shows a search where the user is: a live panel, a static table where nobody watches, text in a terminal."""

import sys
from collections.abc import Callable, Sequence

from kt_notebook.core.events import Record
from kt_notebook.panel.bundle import SearchDisplay
from kt_notebook.panel.channel import Feed
from kt_notebook.panel.host import FrontEnd, Host, HostedSearch
from kt_notebook.panel.text import to_text
from kt_notebook.search.hub import Hub, Sink
from kt_notebook.search.session import Session
from kt_notebook.sinks.console import console_on

__all__ = ["run_shown", "show_feed", "show_search"]


def show_search(host: Host, search: HostedSearch, place: FrontEnd) -> None:
    """Show a search as it stands; a live one keeps its panel up to date."""
    if place is FrontEnd.NOTEBOOK:
        _panel(host, search).show()
    else:
        show_feed(search.feed, place)


def show_feed(feed: Feed, place: FrontEnd) -> None:
    """Show once what is known of a search, without anything live."""
    if place in (FrontEnd.NOTEBOOK, FrontEnd.HEADLESS):
        SearchDisplay(feed).finish()
    else:
        print(to_text(feed.snapshot()))  # noqa: T201 - a terminal's only display


def run_shown(
    host: Host,
    session: Session,
    tuner: object,
    place: FrontEnd,
    start: Callable[[], None],
    serve: Callable[[Callable[[], None]], None] | None,
    verbose: int = 1,
) -> None:
    """Start a search and show it.

    Args:
        host: This kernel's searches; the search is added once it has started.
        session: The search.
        tuner: What the user holds.
        place: Where we are.
        start: Starts it; what this raises leaves nothing shown.
        serve: Calls what it is given to begin, then runs the trials here until the end; None where they run in threads.
        verbose: 0 shows nothing; 1 shows the search, in text by a line for each trial; 2 in text also for each epoch.
    """
    displays: list[SearchDisplay] = []
    is_text = place in (FrontEnd.TERMINAL, FrontEnd.PLAIN)
    console = console_on(sys.stdout, verbose=verbose, record=session.hub.record) if is_text else None

    def begin() -> None:
        start()
        search = host.add(session, tuner)
        if not verbose:
            return
        if place is FrontEnd.NOTEBOOK:
            displays.append(_panel(host, search))
            displays[0].show()
        elif place is FrontEnd.HEADLESS:
            displays.append(SearchDisplay(session.hub))
            if serve is None:
                displays[0].show()

    listeners: list[Sink] = [] if console is None else [console, _UntilEnd(session.hub, console)]
    for listener in listeners:
        session.hub.attach(listener)
    try:
        if serve is None:
            begin()
            listeners.clear()  # They go on until the search ends.
        else:
            serve(begin)
    finally:
        for listener in listeners:
            session.hub.detach(listener)
        if serve is not None and displays:
            displays[0].finish()


def _panel(host: Host, search: HostedSearch) -> SearchDisplay:
    from kt_notebook.panel.widget import widget_of  # anywidget is loaded when a panel is made, not before

    return SearchDisplay(search.feed, widget_of(search, host))


class _UntilEnd:
    """A listener that takes another one, and itself, off the hub when the search has ended.

    Args:
        hub: Where both listen.
        sink: The other one; it hears of the end.
    """

    def __init__(self, hub: Hub, sink: Sink) -> None:
        self._hub = hub
        self._sink = sink

    def receive(self, records: Sequence[Record]) -> None:
        """Look for the end among the records."""
        if any(record["kind"] == "search_ended" for record in records):
            self._hub.detach(self._sink)
            self._hub.detach(self)
