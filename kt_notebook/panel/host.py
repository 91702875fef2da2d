"""Which front end we are in, and this kernel's searches, for the browser and for `%tune` to find.

How it works: the IPython shell holds one `Host`. A search is found by its id as long as it runs, and so are the
latest that have ended, so that a page opened again still shows them; of an ended search the host holds the record
only, not the tuner with the user's data. A command reaches `Host.command` on two ways, as a message of a view and by
`apply` on the control channel, and is passed on once.
"""

import json
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from kt_notebook.core.commands import Command, parse_command
from kt_notebook.core.errors import KTNotebookError
from kt_notebook.panel.bundle import search_bundle
from kt_notebook.panel.channel import Channel, Feed, Message

__all__ = ["COMM_TARGET", "FrontEnd", "Host", "HostedSearch", "Owner", "apply", "front_end", "host_of"]

COMM_TARGET = "kt_notebook"
_ATTRIBUTE = "_kt_notebook_host"
_MAX_ENDED = 20
# A reloaded page says no goodbye: of the views of one search only the latest are served.
_MAX_VIEWS = 16
_MAX_COMMANDS_KNOWN = 1_000

_log = logging.getLogger(__name__)


class FrontEnd(StrEnum):
    """Where the code runs, as far as showing a search is concerned."""

    NOTEBOOK = "notebook"  # somebody watches: JupyterLab, Notebook 7, VS Code, Colab
    HEADLESS = "headless"  # a kernel that nobody watches: nbclient, nbconvert, papermill
    TERMINAL = "terminal"  # IPython in a terminal
    PLAIN = "plain"  # a script, or a log file


# Any: IPython's shell; its kernel and its dictionary are looked at, nothing more.
def front_end(shell: Any) -> FrontEnd:
    """Return where we are; to be called in the thread of the cell that asks.

    Args:
        shell: What `IPython.get_ipython()` returns, None outside IPython.
    """
    if shell is None:
        return FrontEnd.PLAIN
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return FrontEnd.TERMINAL if sys.stdout.isatty() else FrontEnd.PLAIN
    return FrontEnd.NOTEBOOK if _allows_stdin(kernel) else FrontEnd.HEADLESS


def _allows_stdin(kernel: Any) -> bool:
    # The request that runs the cell, not `_allow_stdin`: a request on the control channel, such as our own "stop",
    # sets that attribute while the cell still runs (ipykernel 7.4).
    try:
        content = kernel.get_parent("shell").get("content") or {}
    except Exception:  # noqa: BLE001 - kernels other than ipykernel know no such method, or know it differently
        content = {}
    asked = content.get("allow_stdin")
    return bool(asked if asked is not None else getattr(kernel, "_allow_stdin", True))


class Owner(Protocol):
    """What the host needs of a session."""

    @property
    def search_id(self) -> str:
        """The search's id."""

    @property
    def hub(self) -> Feed:
        """The search's event stream."""

    @property
    def state(self) -> str:
        """running, paused, stopping, finished, stopped, timed_out or failed."""

    def post(self, command: Command, /) -> None:
        """Ask for something."""


class HostedSearch:
    """One search of this kernel, with its views.

    Args:
        session: Who runs it; held weakly, its own thread keeps it alive while it runs.
        tuner: What the user holds, held weakly too, for `%tune`.
    """

    def __init__(self, session: Owner, tuner: object | None = None) -> None:
        self.search_id = session.search_id
        self.channels: list[Channel] = []
        self.widget: object | None = None
        self._commands_known: dict[str, None] = {}
        self._lock = threading.Lock()
        self.renew(session, tuner)

    def renew(self, session: Owner, tuner: object | None) -> None:
        """Let another session go on with this search."""
        self._feed = session.hub
        self._session = weakref.ref(session)
        self._tuner = weakref.ref(tuner) if tuner is not None else None

    @property
    def feed(self) -> Feed:
        """The search's hub."""
        return self._feed

    @property
    def session(self) -> Owner | None:
        """Who runs it, None once nobody holds it any more."""
        return self._session()

    @property
    def tuner(self) -> object | None:
        """The user's tuner, None where it is gone."""
        return self._tuner() if self._tuner is not None else None

    @property
    def name(self) -> str:
        """The search's name."""
        return str(self._feed.record.search["name"])

    @property
    def state(self) -> str:
        """running, paused, stopping, finished, stopped, timed_out or failed."""
        return self._feed.record.state

    @property
    def is_ended(self) -> bool:
        """Whether it runs no more."""
        return self._feed.record.is_ended

    def bundle(self) -> Message:
        """Return what the notebook's file should hold now; the widget's view stays what it is there."""
        return search_bundle(self._feed)

    def command(self, message: Mapping[str, Any]) -> str | None:
        """Check a command and pass it on, once for each id; return why it was refused."""
        try:
            command = parse_command(message)
            with self._lock:
                if command.id in self._commands_known:
                    return None
                self._commands_known[command.id] = None
                if len(self._commands_known) > _MAX_COMMANDS_KNOWN:
                    del self._commands_known[next(iter(self._commands_known))]
            session = self.session
            if session is None:
                return f"The search {self.name!r} has ended. Run its cell again to go on."
            session.post(command)
        except KTNotebookError as error:
            return str(error)
        return None

    def refuse(self, command_id: object, reason: str) -> None:
        """Tell every view that a command was refused."""
        for channel in list(self.channels):
            channel.send({"type": "refused", "id": command_id, "reason": reason})


class Host:
    """This kernel's searches by id, and the door for views from the browser."""

    def __init__(self) -> None:
        self._searches: dict[str, HostedSearch] = {}
        self._channels: dict[str, list[Channel]] = {}  # also of searches that this kernel does not have
        self._lock = threading.Lock()
        self._target_is_registered = False

    def add(self, session: Owner, tuner: object | None = None) -> HostedSearch:
        """Let the browser find a search; one that is known by its id goes on in its views."""
        with self._lock:
            search = self._searches.pop(session.search_id, None)
            if search is None:
                search = HostedSearch(session, tuner)
                search.channels = self._channels.setdefault(session.search_id, [])
            else:
                search.renew(session, tuner)
            self._searches[session.search_id] = search  # the latest last
            forgotten = self._surplus(search)
            for old in forgotten:
                del self._searches[old.search_id]
                for channel in old.channels:
                    channel.leave()  # It would keep the search's whole record.
            channels = list(search.channels)
        for channel in channels:
            channel.open()
        return search

    def get(self, search_id: str) -> HostedSearch | None:
        """Return a search, or None where this kernel does not have it."""
        return self._searches.get(search_id)

    def searches(self) -> list[HostedSearch]:
        """Return all searches, the one that began last at the end."""
        with self._lock:
            return list(self._searches.values())

    def connect(self, search_id: str, send: Callable[[Message], None]) -> Channel:
        """Return a channel for a new view, which may be of a search that this kernel does not have yet."""
        channel = Channel(search_id, lambda: self.get(search_id), send)
        with self._lock:
            channels = self._channels.setdefault(search_id, [])
            channels[:] = [old for old in channels if not old.is_closed]
            surplus = channels[: max(0, len(channels) + 1 - _MAX_VIEWS)]
            del channels[: len(surplus)]
            channels.append(channel)
        for old in surplus:
            old.close()
        return channel

    def disconnect(self, channel: Channel) -> None:
        """Forget a view."""
        channel.close()
        with self._lock:
            channels = self._channels.get(channel.search_id, [])
            channels[:] = [other for other in channels if other is not channel]

    def register_target(self, shell: Any) -> None:
        """Let pages open channels to this kernel; again or without a kernel it does nothing."""
        if self._target_is_registered or getattr(shell, "kernel", None) is None:
            return
        from comm import get_comm_manager

        self._target_is_registered = True
        get_comm_manager().register_target(COMM_TARGET, self._accept)

    # Any: the comm and its message are Jupyter's.
    def _accept(self, comm: Any, message: Any) -> None:
        data = message["content"].get("data")
        search_id = data.get("search_id") if isinstance(data, dict) else None
        if not isinstance(search_id, str):
            comm.close()
            return
        channel = self.connect(search_id, _sender(comm))
        comm.on_msg(lambda message: channel.handle(message["content"].get("data")))
        comm.on_close(lambda message: self.disconnect(channel))

    def _surplus(self, latest: HostedSearch) -> list[HostedSearch]:
        ended = [search for search in self._searches.values() if search is not latest and search.is_ended]
        return ended[: max(0, len(ended) - _MAX_ENDED)]


def _sender(comm: Any) -> Callable[[Message], None]:
    """Return how to send on a comm, from any thread, with the message that opened it as the parent.

    ipykernel 7 lets answers of the browser go to the subshell of what was last published on the comm. A thread of
    ours would publish for the latest cell, so that a view could ask for nothing while a cell runs.
    """
    from contextvars import copy_context

    context = copy_context()
    # A context can be entered by one thread at a time, hence the copy.
    return lambda message: context.copy().run(comm.send, message)


def host_of(shell: Any) -> Host:
    """Return the shell's host, made at the first call."""
    host: Host = vars(shell).setdefault(_ATTRIBUTE, Host())
    return host


def apply(search_id: str, command_json: str) -> None:
    """Carry out a command that came over the control channel; any thread, never raises.

    A command that is refused is answered on the search's channels.
    """
    try:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        search = host_of(shell).get(search_id) if shell is not None else None
        if search is None:
            return
        try:
            message = json.loads(command_json)
        except ValueError:
            message = None
        message = message if isinstance(message, dict) else {}
        reason = search.command(message)
        if reason is not None:
            search.refuse(message.get("id"), reason)
    except Exception:  # noqa: BLE001 - the boundary to the browser: nothing may be shown in the user's notebook
        _log.exception("A command of the panel could not be carried out")
