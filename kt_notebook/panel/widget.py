"""The live panel as an anywidget, for hosts that do not have the JupyterLab extension.

How it works: importing this loads anywidget, so it is imported where a panel is made and nowhere else. The widget's
traits are set once, when it is made; everything later goes through a `Channel` as custom messages, which touch no
trait and may come from any thread.
"""

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from kt_notebook.core.errors import StorageError
from kt_notebook.panel.host import Host, HostedSearch

__all__ = ["SearchWidget", "widget_of"]

_BUNDLE = Path(__file__).parent / "static" / "panel.js"
# The first picture; the whole list comes when the view opens its channel.
_FIRST_TRIALS = 30


class SearchWidget(anywidget.AnyWidget):
    """A search's live panel; one for each search, shown as often as one likes.

    Args:
        search: What to show.
        host: Opens the channel.

    Attributes:
        search_id: Which search it shows.
        snapshot: The state when the widget was made, for the first picture.

    Raises:
        StorageError: The panel's bundle is missing.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    search_id = traitlets.Unicode().tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(self, search: HostedSearch, host: Host) -> None:
        super().__init__(
            _esm=_read_bundle(_BUNDLE),
            search_id=search.search_id,
            snapshot=search.feed.snapshot(_FIRST_TRIALS),
        )
        self._channel = host.connect(search.search_id, self.send)
        self.on_msg(self._on_message)

    # Any: the message comes from a browser; the widget and the buffers are ipywidgets'.
    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        self._channel.handle(content)


def widget_of(search: HostedSearch, host: Host) -> SearchWidget:
    """Return the search's one widget, made at the first call; in the main thread."""
    if not isinstance(search.widget, SearchWidget):
        search.widget = SearchWidget(search, host)
    return search.widget


def _read_bundle(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"The panel's bundle {path} cannot be read ({error.strerror}). In a checkout of the sources run "
            "`python labextension/bundles.py build`; elsewhere install kt-notebook again."
        ) from error
