"""pyplot, one registry for each trial: figures of trials and of the notebook do not meet.

How it works: pyplot keeps its open figures in the class attribute `Gcf.figs`, and the inline backend keeps what to
draw after the cell in attributes of its function `show`. Both are replaced by objects that look at who asks. Nothing
is imported here: what the user's code has not imported is not there to be replaced, so `hook` is called again before
each trial. A trial may be the first to import pyplot; pyplot imports the registry and then much else, so an entry in
`sys.meta_path` that finds nothing, but looks whether the registry is there by now, replaces it before the first figure.
"""

import io
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from kt_notebook.search.output.patches import Hook, Patch, Replacement
from kt_notebook.search.output.transcript import Transcript

__all__ = ["PlotState", "PyplotRoute"]

_REGISTRY = "matplotlib._pylab_helpers"
_PYPLOT = "matplotlib.pyplot"
_INLINE = "matplotlib_inline.backend_inline"
_DPI = 80


# Any, in this file: matplotlib's figures and managers; matplotlib is not imported.
class PlotState:
    """A trial's own part of pyplot's state.

    Attributes:
        transcript: Where its figures go.
        figures: Its open figures' managers by number, as in `Gcf.figs`.
        to_draw: Its part of the inline backend's `show._to_draw`.
        draw_called: Its part of the inline backend's `show._draw_called`.
    """

    __slots__ = ("draw_called", "figures", "to_draw", "transcript")

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.figures: OrderedDict[Any, Any] = OrderedDict()
        self.to_draw: list[Any] = []
        self.draw_called = False


_Current = Callable[[], PlotState | None]


class PyplotRoute:
    """Routes pyplot's state while it is hooked.

    Args:
        current: Returns the state of the calling thread's trial, or None outside of trials.
    """

    def __init__(self, current: _Current) -> None:
        self._current = current
        self._lock = threading.Lock()
        self._patches: dict[str, Patch] = {}
        self._watch: _ImportWatch | None = None

    def hook(self) -> None:
        """Replace what has been imported by now, and what will be."""
        with self._lock:
            self._hook(_REGISTRY, "Gcf.figs", lambda figs: _Figures(figs, self._current))
            self._hook(_PYPLOT, "show", lambda show: Hook(show, self._current, self._show))
            self._hook(_INLINE, "show", lambda show: _Show(show, self._current, self._show))
            if _REGISTRY not in self._patches and self._watch is None:
                self._watch = _ImportWatch(self.hook)
                sys.meta_path.insert(0, self._watch)

    def unhook(self) -> None:
        """Put everything back."""
        with self._lock:
            patches, self._patches = self._patches, {}
            for patch in patches.values():
                patch.remove()
            if self._watch is not None:
                # a list that an import goes through just now must not shrink under it
                sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self._watch]
                self._watch = None

    def capture_open(self, state: PlotState) -> None:
        """Keep a trial's open figures as pictures, and close them. Call it inside the trial's own context."""
        self._show(state)

    def _hook(self, module: str, name: str, make: Callable[[Any], Replacement]) -> None:
        target: Any = sys.modules.get(module)
        if target is None or module in self._patches:
            return
        *path, attribute = name.split(".")
        for part in path:
            target = getattr(target, part, None)
        if hasattr(target, attribute):  # else a thread is in the midst of importing it
            self._patches[module] = Patch(target, attribute, make)

    @staticmethod
    def _show(state: PlotState, *_: Any, **__: Any) -> None:
        managers = list(state.figures.values())
        if not managers:
            return
        gcf: Any = sys.modules[_REGISTRY]
        try:
            for manager in managers:
                if state.transcript.wants_figure():
                    _keep(manager.canvas.figure, state.transcript)
        finally:
            for manager in managers:
                gcf.Gcf.destroy(manager)
            state.to_draw = []
            state.draw_called = False


class _Figures(Replacement):
    """Stands for `Gcf.figs`: the calling thread's trial's figures, or the notebook's."""

    def __init__(self, original: Any, current: _Current) -> None:
        super().__init__(original)
        self._current = current

    def _figures(self) -> Any:
        state = self._current()
        return self.original if state is None else state.figures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._figures(), name)

    def __contains__(self, number: object) -> bool:
        return number in self._figures()

    def __getitem__(self, number: Any) -> Any:
        return self._figures()[number]

    def __setitem__(self, number: Any, manager: Any) -> None:
        self._figures()[number] = manager

    def __delitem__(self, number: Any) -> None:
        del self._figures()[number]

    def __iter__(self) -> Iterator[Any]:
        yield from self._figures()

    def __reversed__(self) -> Iterator[Any]:
        yield from reversed(self._figures())

    def __len__(self) -> int:
        return len(self._figures())

    def __repr__(self) -> str:
        return repr(self._figures())


class _Show(Hook):
    """Stands for the inline backend's `show`, with the attributes that the backend keeps on it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    @property
    def _to_draw(self) -> Any:
        state = self._current()
        return self.original._to_draw if state is None else state.to_draw

    @_to_draw.setter
    def _to_draw(self, figures: Any) -> None:
        state = self._current()
        if state is None:
            self.original._to_draw = figures
        else:
            state.to_draw = figures

    @property
    def _draw_called(self) -> Any:
        state = self._current()
        return self.original._draw_called if state is None else state.draw_called

    @_draw_called.setter
    def _draw_called(self, is_called: Any) -> None:
        state = self._current()
        if state is None:
            self.original._draw_called = is_called
        else:
            state.draw_called = is_called


class _ImportWatch:
    """Stands in `sys.meta_path`, finds nothing, and calls back once the registry has been imported."""

    def __init__(self, hook: Callable[[], None]) -> None:
        self._hook = hook
        self._is_done = False

    def find_spec(self, *_: object) -> None:
        """Say that this finder has no such module."""
        if not self._is_done and hasattr(sys.modules.get(_REGISTRY), "Gcf"):
            self._is_done = True
            self._hook()


def _keep(figure: Any, transcript: Transcript) -> None:
    buffer = io.BytesIO()
    try:
        figure.savefig(buffer, format="png", dpi=_DPI, bbox_inches="tight")
    except Exception as error:  # noqa: BLE001 - A figure that cannot be drawn (bad TeX, say) must not cost the trial.
        transcript.write("stderr", f"A figure of this trial could not be drawn: {error!r}\n")
        return
    transcript.display({"image/png": buffer.getvalue(), "text/plain": repr(figure)}, is_figure=True)
