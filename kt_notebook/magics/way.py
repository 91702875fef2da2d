"""How a search runs where the user is: beside the notebook with a panel, or blocking, with text or a static table."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.errors import ProjectLockedError
from kt_notebook.magics.options import TuneOptions
from kt_notebook.magics.show import run_shown, show_feed, show_search
from kt_notebook.panel.host import FrontEnd, Host, front_end, host_of
from kt_notebook.search.executors import CallingExecutor, Executor, ThreadExecutor
from kt_notebook.search.session import Session
from kt_notebook.tuners import Tuner
from kt_notebook.tuners.blocking import run_blocking

__all__ = ["Way", "way_of"]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a search is shown and where its trials run.

    Attributes:
        host: This kernel's searches.
        place: Where we are.
        blocks: Whether the cell waits for the end.
        executor: Where trials run.
    """

    host: Host
    place: FrontEnd
    blocks: bool
    executor: Executor

    def show(self, session: Session, tuner: Tuner) -> None:
        """Show a search as it stands."""
        show_search(self.host, self.host.add(session, tuner), self.place)

    def run(self, session: Session, tuner: Tuner, start: Callable[[], None]) -> None:
        """Start a session and show it; where the cell blocks, return at its end.

        Raises:
            ProjectLockedError: Somebody else searches in the project; what there is so far is shown.
            Exception: What ended the search, where the cell blocks.
        """
        serve: Callable[[Callable[[], None]], None] | None = None
        if isinstance(self.executor, CallingExecutor):
            serve = functools.partial(run_blocking, session, self.executor)
        elif self.blocks:
            serve = functools.partial(_wait_for, session)
        try:
            run_shown(self.host, session, tuner, self.place, start, serve)
        except ProjectLockedError:
            # Who holds it is in the error; what there is so far can be read all the same.
            show_feed(tuner.hub, self.place)
            raise


# Any: IPython's shell.
def way_of(shell: Any, options: TuneOptions) -> Way:
    """Return the way that a cell's options mean here, and let pages open their channels."""
    place = front_end(shell)
    blocks = options.wait if options.wait is not None else place is not FrontEnd.NOTEBOOK
    executor = CallingExecutor() if blocks and options.workers == 1 else ThreadExecutor(options.workers)
    host = host_of(shell)
    host.register_target(shell)
    return Way(host, place, blocks, executor)


def _wait_for(session: Session, begin: Callable[[], None]) -> None:
    """Begin, and wait for trials that run in threads; an interrupt ends the waiting, not the search."""
    begin()
    session.wait()
    if session.error is not None:
        raise session.error
