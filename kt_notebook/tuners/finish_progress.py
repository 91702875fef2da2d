"""Shows how far `finish` is: one line that is kept up to date, in a notebook as on a terminal."""

import sys
import time
import uuid
from collections.abc import Callable
from shutil import get_terminal_size

from kt_notebook.core.format import format_trial_id
from kt_notebook.panel.host import FrontEnd, front_end
from kt_notebook.sinks.progress_line import ProgressLine
from kt_notebook.tuners.way import current_shell

__all__ = ["FinishProgress"]

_INTERVAL_S = 0.25


class FinishProgress:
    """A `results.refit.Progress`.

    Args:
        verbose: 0 shows nothing.
        clock: Seconds that only grow.
    """

    def __init__(self, *, verbose: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = _line() if verbose else None
        self._clock = clock
        self._head = ""
        self._due = 0.0

    def begin_fit(self, number: int, of: int, trial_id: str) -> None:
        """A fit begins, counted from 1."""
        self._head = f"Fit {number} of {of}: trial {format_trial_id(trial_id)}"
        self._show(self._head)

    def end_epoch(self, done: int, of: int) -> None:
        """An epoch of it has ended."""
        if self._clock() >= self._due:
            self._show(f"{self._head}, epoch {done} of {of}")

    def end(self, text: str) -> None:
        """There is no more to come."""
        if self._line is not None:
            self._line.end(text)

    def _show(self, text: str) -> None:
        self._due = self._clock() + _INTERVAL_S
        if self._line is not None:
            self._line.show(text)


class _DisplayLine:
    """A line of a notebook's output, updated in place."""

    def __init__(self) -> None:
        self._id = f"kt_notebook_finish_{uuid.uuid4().hex}"
        self._is_shown = False

    def show(self, text: str) -> None:
        """Show a text in the place of the one before."""
        from IPython.display import display

        # IPython's function is half typed.
        display({"text/plain": text}, raw=True, display_id=self._id, update=self._is_shown)  # type: ignore[no-untyped-call]
        self._is_shown = True

    def end(self, text: str) -> None:
        """Show the last text."""
        if text or self._is_shown:
            self.show(text)


def _line() -> _DisplayLine | ProgressLine:
    place = front_end(current_shell())
    if place in (FrontEnd.NOTEBOOK, FrontEnd.HEADLESS):
        return _DisplayLine()
    return ProgressLine(sys.stdout, get_terminal_size().columns)
