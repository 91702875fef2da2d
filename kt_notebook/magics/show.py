"""Shows a search where the user is: a live panel, a static table where nobody watches, text in a terminal."""

import sys
from collections.abc import Callable

from kt_notebook.panel.bundle import SearchDisplay
from kt_notebook.panel.host import FrontEnd, Host, HostedSearch
from kt_notebook.panel.text import to_text
from kt_notebook.sinks.console import console_on

__all__ = ["run_shown", "show_search"]


def show_search(host: Host, search: HostedSearch, place: FrontEnd) -> None:
    """Show a search as it stands; a live one keeps its panel up to date."""
    if place is FrontEnd.NOTEBOOK:
        _panel(host, search).show()
    elif place is FrontEnd.HEADLESS:
        SearchDisplay(search.feed).finish()
    else:
        print(to_text(search.feed.snapshot()))  # noqa: T201 - a terminal's only display


def run_shown(
    host: Host,
    search: HostedSearch,
    place: FrontEnd,
    start: Callable[[], None],
    serve: Callable[[], None] | None,
) -> None:
    """Start a search and show it.

    Args:
        host: This kernel's searches.
        search: The search.
        place: Where we are.
        start: Starts it; what this raises leaves nothing shown.
        serve: Runs its trials here and returns at its end; None where they run in threads.
    """
    display: SearchDisplay | None = None
    console = console_on(sys.stdout, record=search.feed.record)
    if place in (FrontEnd.TERMINAL, FrontEnd.PLAIN):
        search.feed.attach(console)
    try:
        start()
    except BaseException:
        search.feed.detach(console)
        raise
    if place is FrontEnd.NOTEBOOK:
        display = _panel(host, search)
        display.show()
    elif place is FrontEnd.HEADLESS:
        display = SearchDisplay(search.feed)
        if serve is None:
            display.show()
    if serve is None:
        return
    try:
        serve()
    finally:
        if display is not None:
            display.finish()


def _panel(host: Host, search: HostedSearch) -> SearchDisplay:
    from kt_notebook.panel.widget import widget_of  # anywidget is loaded when a panel is made, not before

    return SearchDisplay(search.feed, widget_of(search, host))
