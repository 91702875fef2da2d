"""An error as one readable block: the cell's line, what was wrong, what to write instead."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from kt_notebook.core.errors import KTNotebookError

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


def readable(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Let a magic's own errors show as a block instead of a traceback through our code."""

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return method(*args, **kwargs)
        except KTNotebookError as error:
            lines = error_block(error, "\n".join(arg for arg in args if isinstance(arg, str)))
            shown: Any = error
            # IPython asks an exception for this before it makes a traceback of its own.
            shown._render_traceback_ = lambda: lines
            raise

    return call
