"""Routes what is printed, warned, displayed and plotted: a trial's to the trial, everything else as ever.

How it works: a context variable says which trial the calling code belongs to. While any search runs, the standard
streams, the methods of IPython's display publisher, `warnings.showwarning` and pyplot's state are replaced by ones
that ask it. Threads that a trial starts write to the notebook, save where they run in a copy of its context
(`asyncio.to_thread`, Python 3.14's option). Not captured: what C++ code and child processes write to the file
descriptors, what is written to a stream that the user's code has kept from before, and what a trial puts out while
the user's code has something else in the place of `sys.stdout` or the display publisher (a `%%capture` that began
after the trial did).
"""

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

from kt_notebook.core.protocol import Reporter
from kt_notebook.search.output.figures import PlotState, PyplotRoute
from kt_notebook.search.output.patches import Hook, Patch
from kt_notebook.search.output.streams import RoutedStream, repoint_handlers
from kt_notebook.search.output.transcript import Transcript

__all__ = ["OutputCapture"]

_FLUSH_EVERY_S = 0.25


class OutputCapture:
    """Keeps the output of trials with the trials. Any thread.

    Example:
        >>> capture = OutputCapture()
        >>> with capture.installed(), capture.trial(reporter):  # doctest: +SKIP
        ...     print("kept with the trial")

    Args:
        shell: The notebook's `InteractiveShell`, where there is one: its displays are routed too.
    """

    # Any: IPython is not imported here.
    def __init__(self, shell: Any = None) -> None:
        self._shell = shell
        self._trial: ContextVar[_Scope | None] = ContextVar("kt_notebook_trial", default=None)
        self._lock = threading.Lock()
        self._n_installed = 0
        self._patches: list[Patch] = []
        self._streams: list[RoutedStream] = []
        self._pyplot = PyplotRoute(self._current_plots)
        self._open: dict[Transcript, None] = {}
        self._flusher: _Flusher | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Route output in here; counted, so that several searches may overlap."""
        self._install()
        try:
            yield
        finally:
            self._uninstall()

    def trial(self, reporter: Reporter) -> "_Scope":
        """Return a context in which this thread's output goes to the reporter, figures left open included."""
        return _Scope(self, reporter)

    def _current(self) -> "_Scope | None":
        scope = self._trial.get()
        # A forked child has its parent's context, but nobody there hands on what it writes; nor does anybody hand
        # on what a copy of the context writes after the trial's end.
        return None if scope is None or scope.open_in != os.getpid() else scope

    def _current_transcript(self) -> Transcript | None:
        scope = self._current()
        return None if scope is None else scope.transcript

    def _current_plots(self) -> PlotState | None:
        scope = self._current()
        return None if scope is None else scope.plots

    def _install(self) -> None:
        with self._lock:
            self._n_installed += 1
            if self._n_installed == 1:
                self._hook(warnings, "showwarning", _warn)
                publisher = getattr(self._shell, "display_pub", None)
                if publisher is not None:
                    self._hook(publisher, "publish", _publish)
                    self._hook(publisher, "clear_output", _clear)
            self._hook_what_is_new()

    def _hook_what_is_new(self) -> None:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not any(stream is known for known in self._streams):
                self._route(name, stream)
        self._pyplot.hook()

    # Any: whatever stands in sys.stdout.
    def _route(self, name: str, stream: Any) -> None:
        routed = RoutedStream(stream, name, self._current_transcript)
        self._streams.append(routed)
        self._patches.append(Patch(sys, name, lambda _: routed))
        repoint_handlers(stream, routed)

    # Any: the notebook's own objects.
    def _hook(self, target: Any, name: str, inside: Callable[..., Any]) -> None:
        self._patches.append(Patch(target, name, lambda old: Hook(old, self._current_transcript, inside)))

    def _uninstall(self) -> None:
        with self._lock:
            self._n_installed -= 1
            if self._n_installed:
                return
            for patch in reversed(self._patches):
                patch.remove()
            for stream in self._streams:
                repoint_handlers(stream, stream.standing)
            self._patches.clear()
            self._streams.clear()
            self._pyplot.unhook()
            flusher, self._flusher = self._flusher, None
        if flusher is not None:
            flusher.stop()

    def _enter(self, scope: "_Scope") -> "Token[_Scope | None]":
        self._install()
        self._open[scope.transcript] = None
        return self._trial.set(scope)

    def _exit(self, scope: "_Scope", token: "Token[_Scope | None]") -> None:
        try:
            if scope.plots.figures:
                self._pyplot.capture_open(scope.plots)
        finally:
            scope.open_in = None
            self._trial.reset(token)
            self._open.pop(scope.transcript, None)
            try:
                scope.transcript.close()
            finally:
                self._uninstall()

    def _wake(self) -> None:
        flusher = self._flusher
        if flusher is None:
            with self._lock:
                if self._flusher is None:
                    self._flusher = _Flusher(lambda: list(self._open))
                flusher = self._flusher
        flusher.wake()


class _Scope:
    """The context of one trial: what belongs to it, and how it begins and ends."""

    __slots__ = ("_capture", "_token", "open_in", "plots", "transcript")

    def __init__(self, capture: OutputCapture, reporter: Reporter) -> None:
        self._capture = capture
        self._token: Token[_Scope | None] | None = None
        self.open_in: int | None = os.getpid()
        self.transcript = Transcript(reporter.output, capture._wake)
        self.plots = PlotState(self.transcript)

    def __enter__(self) -> None:
        self._token = self._capture._enter(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        if token is not None:
            self._capture._exit(self, token)


class _Flusher:
    """A thread that hands on what waits, a moment after it began to wait."""

    def __init__(self, transcripts: Callable[[], list[Transcript]]) -> None:
        self._transcripts = transcripts
        self._is_asked = threading.Event()
        self._is_stopped = threading.Event()
        threading.Thread(target=self._run, name="kt_notebook-output", daemon=True).start()

    def wake(self) -> None:
        """Flush in a moment."""
        if not self._is_asked.is_set():
            self._is_asked.set()

    def stop(self) -> None:
        """End the thread."""
        self._is_stopped.set()
        self._is_asked.set()

    def _run(self) -> None:
        while True:
            self._is_asked.wait()
            if self._is_stopped.wait(_FLUSH_EVERY_S):
                return
            self._is_asked.clear()
            for transcript in self._transcripts():
                transcript.flush()


# What is done inside a trial in the place of the original. Any: these take whatever the original would take.


def _warn(
    transcript: Transcript,
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    text = warnings.formatwarning(message, category, filename, lineno, line)
    if file is None:
        transcript.write("warning", text)
    else:
        file.write(text)


def _publish(
    transcript: Transcript,
    data: dict[str, Any],
    metadata: Any = None,
    *_: Any,
    transient: dict[str, Any] | None = None,
    **__: Any,
) -> None:
    transcript.display(data, (transient or {}).get("display_id"))


def _clear(transcript: Transcript, *_: Any, **__: Any) -> None:
    transcript.clear()
