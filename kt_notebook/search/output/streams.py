"""The standard streams, and the logging handlers that hold them, routed to trials.

How it works: the stream in `sys.stdout` is replaced by one that asks who writes. IPython, too, replaces things while a
cell runs: it puts its own function in the stream's `write`, to keep a copy of the cell's output, and puts back what
it found there when the cell ends. So setting `write` here puts that function between this stream and the notebook's,
where a trial's text does not come by; and replacing `write` of the notebook's own stream would not last longer than
the cell that started the search. A logging handler holds on to the stream that it was made with, so it is given the
other one for the time of the search.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kt_notebook.search.output.patches import Replacement
from kt_notebook.search.output.transcript import Transcript

__all__ = ["RoutedStream", "repoint_handlers"]

_Current = Callable[[], Transcript | None]


# Any, in this file: whatever stands in sys.stdout, and what is written to it.
class RoutedStream(Replacement):
    """Stands for a stream: what a trial writes is kept with it, everything else passes.

    Args:
        original: The stream replaced.
        name: What a trial's text is kept as, "stdout" or "stderr".
        current: Returns the transcript of the calling code's trial, or None outside of trials.
    """

    def __init__(self, original: Any, name: str, current: _Current) -> None:
        super().__init__(original)
        self._name = name
        self._current = current
        self._route = _Route(name, current, self._pass)

    @property
    def write(self) -> Callable[..., Any]:
        """The function that writes."""
        return self._route

    @write.setter
    def write(self, function: Callable[..., Any]) -> None:
        if isinstance(function, _Route):
            self._route = function
        else:
            self._route = _Route(self._name, self._current, function)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand on what waits; a trial's text is handed on by itself."""
        if self._current() is None:
            self.original.flush()

    def isatty(self) -> bool:
        """Return whether the text goes to a terminal."""
        return self._current() is None and bool(self.original.isatty())

    def _pass(self, text: Any, *args: Any, **kwargs: Any) -> Any:
        # looked up each time: what stands there while a cell runs is gone after it
        return self.original.write(text, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __repr__(self) -> str:
        return f"<routed {self.original!r}>"


class _Route:
    """Writes to the trial, or to the function that stood for `write` when this was made."""

    __slots__ = ("_current", "_name", "_outside")

    def __init__(self, name: str, current: _Current, outside: Callable[..., Any]) -> None:
        self._name = name
        self._current = current
        self._outside = outside

    def __call__(self, text: Any, *args: Any, **kwargs: Any) -> Any:
        transcript = self._current()
        if transcript is None:
            return self._outside(text, *args, **kwargs)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        transcript.write(self._name, text)
        return len(text)


def repoint_handlers(old: Any, new: Any) -> None:
    """Let the logging handlers that write to one stream write to another."""
    for handler in list(_handlers()):
        if isinstance(handler, logging.StreamHandler) and handler.stream is old:
            handler.setStream(new)


def _handlers() -> Iterator[logging.Handler]:
    yield from logging.getLogger().handlers
    for logger in list(logging.getLogger().manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield from logger.handlers
