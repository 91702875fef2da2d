r"""What one trial has written and displayed: collected, tidied, and handed on a few times a second.

How it works: text is handed on line by line. A line that a progress bar rewrites (`\r`, `\b`) is kept in its last
state; colours and cursor movements of terminals are left out. The first part of a long output is handed on as it
comes, of what follows only the end is kept, and handed on when the trial ends. A display goes on at once; those of a
trial that clears its output, or updates a display, wait until the trial ends, so that the last state is kept.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from kt_notebook.search.output.mime import clean_bundle, size_of

__all__ = ["Emit", "Transcript"]

_INTERVAL_S = 0.25
_BATCH = 8 << 10
_HEAD = 192 << 10
_TAIL = 64 << 10  # together 256 KB of text for a trial
_MAX_DISPLAYS = 100
_MAX_DISPLAYED = 4 << 20
_MAX_FIGURES = 20
# ECMA-48: control sequences (colours, cursor), and the other escapes
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


class Emit(Protocol):
    """Takes what a trial has put out: `Reporter.output`."""

    # Any: a mime bundle is JSON.
    def __call__(self, stream: str, text: str | None, data: dict[str, Any] | None = None) -> None:
        """Keep it."""


class Transcript:
    """The output of one running trial. Any thread may write.

    Args:
        emit: Where the output goes.
        wake: Called when something waits to be handed on; the listener calls `flush` a moment later.
        clock: Returns seconds.
    """

    def __init__(self, emit: Emit, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._emit = emit
        self._wake = wake
        self._clock = clock
        self._lock = threading.RLock()  # a destructor may print in the midst of a print
        self._unfinished: dict[str, str] = {}
        self._finished: list[tuple[str, str]] = []
        self._n_waiting = 0
        self._handed_on_at = float("-inf")
        self._head_left = _HEAD
        self._tail: deque[tuple[str, str]] = deque()
        self._tail_size = 0
        self._n_cut = 0
        self._held: dict[object, tuple[dict[str, Any], bool]] = {}
        self._clears = False
        self._n_displays = 0
        self._displayed_size = 0
        self._n_figures = 0
        self._n_left_out = 0

    def write(self, stream: str, text: str) -> None:
        """Take text as a stream gets it, in pieces of any length."""
        with self._lock:
            line = self._unfinished.get(stream, "") + text
            head, newline, line = line.rpartition("\n")
            if newline:
                self._finish(stream, _tidy(head) + "\n")
            if "\r" in line:
                line = _last_state(line)
            if len(line) > _BATCH:
                self._finish(stream, _tidy(line))
                line = ""
            self._unfinished[stream] = line
            if not self._finished:
                return
            if self._n_waiting >= _BATCH or self._clock() - self._handed_on_at >= _INTERVAL_S:
                self.flush()
            else:
                self._wake()

    def display(self, data: dict[str, Any], display_id: object = None, *, is_figure: bool = False) -> None:
        """Take a display.

        Args:
            data: A mime bundle.
            display_id: What a later display names to replace this one, or None.
            is_figure: Whether it counts among the figures.
        """
        with self._lock:
            self.flush()
            bundle = clean_bundle(data)
            if display_id is None and not self._clears:
                self._show(bundle, is_figure)
                return
            key = object() if display_id is None else ("id", display_id)
            if key in self._held or len(self._held) < _MAX_DISPLAYS:
                self._held[key] = (bundle, is_figure)
            else:
                self._n_left_out += 1

    def clear(self) -> None:
        """Forget the displays that wait; from now on only those of after the last clearing are kept."""
        with self._lock:
            self._clears = True
            self._held.clear()

    def wants_figure(self) -> bool:
        """Return whether a further figure would be kept; else count it as left out. Drawing one costs 0.1 s."""
        with self._lock:
            if self._clears or self._n_figures < _MAX_FIGURES:
                return True
            self._n_left_out += 1
            return False

    def flush(self) -> None:
        """Hand on the finished lines."""
        with self._lock:
            finished, self._finished = self._finished, []
            self._n_waiting = 0
            if not finished:
                return
            self._handed_on_at = self._clock()
            stream, parts = finished[0][0], [finished[0][1]]
            for other, text in finished[1:]:
                if other != stream:
                    self._hand_on(stream, "".join(parts))
                    stream, parts = other, []
                parts.append(text)
            self._hand_on(stream, "".join(parts))

    def close(self) -> None:
        """Hand on everything; nothing is written after that."""
        with self._lock:
            for stream, line in self._unfinished.items():
                if line:
                    self._finish(stream, _tidy(line))
            self._unfinished.clear()
            self.flush()
            self._hand_on_tail()
            for bundle, is_figure in self._held.values():
                self._show(bundle, is_figure)
            self._held.clear()
            if self._n_left_out:
                self._emit(
                    "display",
                    f"[{self._n_left_out} more displays were left out: {_MAX_DISPLAYS} displays, {_MAX_FIGURES} "
                    f"figures and {_MAX_DISPLAYED >> 20} MB are kept with a trial]\n",
                )

    def _finish(self, stream: str, text: str) -> None:
        self._finished.append((stream, text))
        self._n_waiting += len(text)

    def _hand_on(self, stream: str, text: str) -> None:
        head, rest = text[: self._head_left], text[self._head_left :]
        self._head_left -= len(head)
        if head:
            self._emit(stream, head)
        if not rest:
            return
        self._tail.append((stream, rest))
        self._tail_size += len(rest)
        while self._tail_size > _TAIL:
            old_stream, old = self._tail.popleft()
            n_over = min(len(old), self._tail_size - _TAIL)
            self._tail_size -= n_over
            self._n_cut += n_over
            if n_over < len(old):
                self._tail.appendleft((old_stream, old[n_over:]))

    def _hand_on_tail(self) -> None:
        if self._n_cut:
            kept = (_HEAD + _TAIL) >> 10
            self._emit(
                self._tail[0][0],
                f"\n[{self._n_cut:,} characters were cut here: of a trial's output {kept} KB are kept, the beginning "
                f"and the end. Write more than that to a file.]\n",
            )
        for stream, text in self._tail:
            self._emit(stream, text)
        self._tail.clear()

    def _show(self, bundle: dict[str, Any], is_figure: bool) -> None:
        size = size_of(bundle)
        is_too_much = (
            self._n_displays >= _MAX_DISPLAYS
            or self._displayed_size + size > _MAX_DISPLAYED
            or (is_figure and self._n_figures >= _MAX_FIGURES)
        )
        if is_too_much:
            self._n_left_out += 1
        elif bundle:
            self._n_displays += 1
            self._n_figures += is_figure
            self._displayed_size += size
            self._emit("display", None, bundle)


def _tidy(text: str) -> str:
    """Return lines as a terminal would show them in the end, without colours."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "\r" in text or "\b" in text:
        text = "\n".join(_erased(_last_state(line).rstrip("\r")) for line in text.split("\n"))
    return text


def _last_state(line: str) -> str:
    """Return what a line shows after its last carriage returns; these stay at its end, what follows overwrites."""
    shown = line.rstrip("\r")
    last = shown[shown.rfind("\r") + 1 :]
    return last + "\r" if len(shown) < len(line) else last


def _erased(line: str) -> str:
    """Return a line with its backspaces applied."""
    if "\b" not in line:
        return line
    shown: list[str] = []
    for character in line:
        if character != "\b":
            shown.append(character)
        elif shown:
            shown.pop()
    return "".join(shown)
