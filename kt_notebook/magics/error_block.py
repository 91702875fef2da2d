"""An error as one readable block: the cell's line, what was wrong, what to write instead."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from kt_notebook.core.errors import KTNotebookError
from kt_notebook.search.error_report import show_as, without_own_frames

__all__ = ["error_block", "readable"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_CONTEXT = 1


def error_block(error: BaseException, cell: str | None = None) -> list[str]:
    """Return the lines of the block.

    Args:
        error: What was raised; its `line` says where in the cell, if anywhere.
        cell: The cell's text, the magic's line first.
    """
    lines = [f"{type(error).__name__}: {error}"]
    at = getattr(error, "line", None)
    source = (cell or "").splitlines()
    if isinstance(at, int) and 1 <= at <= len(source) and not str(error).startswith("line "):
        first, last = max(1, at - _CONTEXT), min(len(source), at + _CONTEXT)
        width = len(str(last))
        shown = [f"{'-> ' if n == at else '   '}{n:{width}} | {source[n - 1]}" for n in range(first, last + 1)]
        lines = [*shown, "", *lines]
    return lines


# Any: the magics' object, whose shell is IPython's.
def readable(method: Callable[Concatenate[Any, _P], _T]) -> Callable[Concatenate[Any, _P], _T]:
    """Let a magic's errors show without our code: our own as a block, the user's with the user's frames."""

    @functools.wraps(method)
    def call(magics: Any, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return method(magics, *args, **kwargs)
        except KTNotebookError as error:
            lines = error_block(error, "\n".join(arg for arg in args if isinstance(arg, str)))
            show_as(error, lambda: lines)
            raise
        except Exception as error:
            users = without_own_frames(error.__traceback__)
            if users is not None:  # else the fault is ours, and our frames are what tells it
                show = magics.shell.InteractiveTB.structured_traceback
                show_as(error, functools.partial(show, type(error), error, users, tb_offset=0))
                # IPython shows a group of exceptions in Python's own way, so our frames have to be gone.
                error.__traceback__ = users
            raise

    return call
