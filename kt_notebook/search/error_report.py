"""An exception of a trial as the user is to see it: their own frames, and the cell's line."""

import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from kt_notebook.core.errors import KTNotebookError
from kt_notebook.core.events import ErrorInfo

__all__ = ["describe_error", "show_as", "show_as_block", "without_own_frames"]

_OWN_FOLDER = str(Path(__file__).resolve().parents[1])
_LIBRARIES = "site-packages"


def describe_error(exception: BaseException, cell_file: str | None = None) -> ErrorInfo:
    """Return an exception as it is kept with a trial or a search.

    Args:
        exception: What was raised.
        cell_file: File name that the cell was compiled with, None for code that is no cell.
    """
    line = getattr(exception, "line", None)
    for frame, number in traceback.walk_tb(exception.__traceback__):
        if cell_file is not None and frame.f_code.co_filename == cell_file:
            line = number
    report = traceback.TracebackException.from_exception(exception)
    _keep_users_frames(report, is_ours=isinstance(exception, KTNotebookError))
    return ErrorInfo(type(exception).__name__, _message(exception), "".join(report.format()), line)


def _message(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # noqa: BLE001 - The user's own exception: whatever making its text raises.
        return "(this exception has no text)"


def _keep_users_frames(report: traceback.TracebackException, *, is_ours: bool) -> None:
    """Take our own frames out, and those of libraries where the error is one that we have raised on purpose."""
    kept = [
        frame
        for frame in report.stack
        if not frame.filename.startswith(_OWN_FOLDER) and not (is_ours and _LIBRARIES in frame.filename)
    ]
    if kept or is_ours:
        report.stack = traceback.StackSummary.from_list(kept)
    for linked in (report.__cause__, report.__context__):
        if linked is not None:
            _keep_users_frames(linked, is_ours=is_ours)


def without_own_frames(tb: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is not ours, None where all are."""
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        tb = tb.tb_next
    return tb


def show_as_block(exception: BaseException, cell_file: str | None = None) -> None:
    """Let IPython show an exception of a trial with the user's frames alone."""
    lines = describe_error(exception, cell_file).traceback.rstrip().splitlines()
    show_as(exception, lambda: lines)


def show_as(exception: BaseException, render: Callable[[], list[str]]) -> None:
    """Let IPython show an exception as `render` says; elsewhere nothing changes."""
    with suppress(AttributeError, TypeError):  # an exception class of the user's that takes no attributes
        # IPython asks for this method before it makes a traceback of its own.
        exception._render_traceback_ = render  # type: ignore[attr-defined]
