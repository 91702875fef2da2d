"""How a search runs where the user is: beside the notebook with a panel, or blocking, with text or a static table."""

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.errors import OptionError, ProjectLockedError
from kt_notebook.panel.host import FrontEnd, Host, front_end, host_of
from kt_notebook.panel.showing import run_shown, show_feed, show_search
from kt_notebook.search.executors import CallingExecutor, Executor, ThreadExecutor
from kt_notebook.search.output import OutputCapture
from kt_notebook.search.session import Session
from kt_notebook.search.worker import Capture
from kt_notebook.tuners.blocking import run_blocking

__all__ = ["Way", "current_shell", "name_of", "verbosity", "way_of"]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a search is shown and where its trials run.

    Attributes:
        host: This process's searches.
        place: Where we are.
        blocks: Whether the caller waits for the end.
        executor: Where trials run.
        capture: Keeps the trials' output with them; None lets it pass.
        verbose: 0 shows nothing; in text 1 has a line for each trial, 2 also for each epoch.
        cell_file: File name that the cell was compiled with whose search this is, None for another.
    """

    host: Host
    place: FrontEnd
    blocks: bool
    executor: Executor
    capture: Capture | None
    verbose: int = 1
    cell_file: str | None = None

    def show(self, session: Session, tuner: object) -> None:
        """Show a search as it stands."""
        show_search(self.host, self.host.add(session, tuner), self.place)

    def run(self, session: Session, tuner: object, start: Callable[[], None]) -> None:
        """Start a session and show it; where the caller waits, return at its end.

        Raises:
            ProjectLockedError: Somebody else searches in the project; what there is so far is shown.
            Exception: What ended the search, where the caller waits.
        """
        serve: Callable[[Callable[[], None]], None] | None = None
        if isinstance(self.executor, CallingExecutor):
            if self.verbose and self.place in (FrontEnd.TERMINAL, FrontEnd.PLAIN):
                self.executor.before_job = session.hub.drain  # A trial's line comes before what the next one prints.
            serve = functools.partial(run_blocking, session, self.executor)
        elif self.blocks:
            serve = functools.partial(_wait_for, session)
        try:
            run_shown(self.host, session, tuner, self.place, start, serve, self.verbose)
        except ProjectLockedError:
            # Who holds it is in the error; what there is so far can be read all the same.
            if self.verbose:
                show_feed(session.hub, self.place)
            raise


# Any: IPython's shell.
def current_shell() -> Any:
    """Return the shell of the notebook or terminal that we are in, None in a script. Imports nothing."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def name_of(shell: Any, value: object) -> str | None:
    """Return what the notebook calls a value, None where it has no name of its own there."""
    names = {} if shell is None else shell.user_ns
    return next((name for name, held in list(names.items()) if held is value and not name.startswith("_")), None)


def verbosity(verbose: object) -> int:
    """Return how much a search shows: 0 nothing, 1 a panel or a line for each trial, 2 one for each epoch too.

    Args:
        verbose: As Keras' `fit` takes it: 0, 1, 2 or "auto".

    Raises:
        OptionError: It is none of these.
    """
    if verbose == "auto":
        return 1
    if isinstance(verbose, int) and 0 <= verbose <= 2:
        return int(verbose)
    raise OptionError(f"verbose={verbose!r} has no meaning. Give 0 for silence, 1, 2 for each epoch, or 'auto'.")


def way_of(shell: Any, *, wait: bool | None, workers: int = 1, verbose: int = 1, is_cell: bool = True) -> Way:
    """Return the way in which a search runs here, and let pages open their channels.

    Args:
        shell: What `current_shell` gave.
        wait: Whether the caller waits for the end; None: where nobody is watching.
        workers: How many trials run at a time.
        verbose: 0 shows nothing; in text 1 has a line for each trial, 2 also for each epoch.
        is_cell: Whether the trials' code is the cell's own, whose output belongs to the trials in text too.
    """
    place = front_end(shell)
    blocks = wait if wait is not None else place is not FrontEnd.NOTEBOOK
    executor = CallingExecutor() if blocks and workers == 1 else ThreadExecutor(workers)
    host = Host() if shell is None else host_of(shell)
    if shell is not None:
        host.register_target(shell)
    is_kept = is_cell or place in (FrontEnd.NOTEBOOK, FrontEnd.HEADLESS)
    return Way(host, place, blocks, executor, OutputCapture(shell) if is_kept and verbose else None, verbose)


def _wait_for(session: Session, begin: Callable[[], None]) -> None:
    """Begin, and wait for trials that run in threads; an interrupt ends the waiting, not the search."""
    begin()
    session.wait()
    if session.error is not None:
        raise session.error
