"""One line that says how far something is: kept up to date on a terminal, written once a step elsewhere."""

from typing import TextIO

from kt_notebook.core.format import shorten, width

__all__ = ["ProgressLine"]


class ProgressLine:
    """A line of text on a stream.

    Args:
        stream: Where to; where it is a terminal the line is overwritten in place.
        columns: Width of the terminal.
    """

    def __init__(self, stream: TextIO, columns: int = 80) -> None:
        self._stream = stream
        self._columns = columns
        self._is_terminal = stream.isatty()
        self._width = 0

    def show(self, text: str) -> None:
        """Show what is going on now; nothing where it could not be overwritten."""
        if self._is_terminal:
            self._write(shorten(text, self._columns - 1))

    def end(self, text: str) -> None:
        """Show what came of it, for good; an empty text leaves nothing."""
        self._write("")
        if text:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def _write(self, text: str) -> None:
        if text or self._width:
            self._stream.write(f"\r{' ' * self._width}\r{text}")
            self._stream.flush()
        self._width = width(text)
