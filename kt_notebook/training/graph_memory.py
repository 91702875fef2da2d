"""Lets the graphs of ended trials die, which TensorFlow's registry of gradients would hold for ever.

How it works. Each traced training step sums its gradients over the replicas, be it one, through a custom gradient.
TensorFlow registers that under a new name, for ever, as a closure that holds tensors of the step's graph: 4.6 MB of
each traced fit of a small model stay behind, and no collection frees them. Here an entry is tied to its graph instead:
the graph holds the closure, the registry only a weak reference to it. While the graph lives everything is found as
before; when it dies the entry goes with it. That holds for everybody's graphs, so those of the user are safe too.
"""

import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["let_graphs_die"]

_PREFIX = "CustomGradient-"
_FUNCTION = "type"  # TensorFlow's name for the function in an entry.
_HELD = "_kt_notebook_gradients"


def let_graphs_die() -> None:
    """Tie the custom gradients that were registered since the last call to their graphs.

    Without effect where TensorFlow is not loaded, or keeps them in another way than we know.
    """
    module = sys.modules.get("tensorflow.python.framework.ops")
    registry = getattr(getattr(module, "gradient_registry", None), "_registry", None)
    if not isinstance(registry, dict):
        return
    for name in list(registry):
        entry = registry.get(name)
        if not name.startswith(_PREFIX) or not isinstance(entry, dict):
            continue
        function = entry.get(_FUNCTION)
        if function is not None and not isinstance(function, _Tied):
            _tie(registry, name, entry, function)


class _Tied:
    """Calls a function that something else holds.

    Args:
        function: The function.
        forget: Called when it is gone.
    """

    # Any: TensorFlow's operations and tensors, here and below.
    def __init__(self, function: Callable[..., Any], forget: Callable[[], None]) -> None:
        self._reference = weakref.ref(function, lambda _: forget())

    def __call__(self, *args: Any) -> Any:
        function = self._reference()
        if function is None:
            raise LookupError("The graph of this custom gradient is gone.")
        return function(*args)


def _tie(registry: dict[str, Any], name: str, entry: dict[str, Any], function: Callable[..., Any]) -> None:
    graph = _graph_of(function)
    if graph is None:
        return

    def forget() -> None:
        registry.pop(name, None)

    setattr(graph, _HELD, [*getattr(graph, _HELD, ()), function])
    entry[_FUNCTION] = _Tied(function, forget)


def _graph_of(function: Callable[..., Any]) -> Any:
    """Return the outermost function's graph whose tensors a gradient holds, None where it holds none."""
    for outer in _held_by(function):
        for part in _held_by(outer):
            for tensor in part if isinstance(part, list | tuple) else [part]:
                graph = getattr(tensor, "graph", None)
                if graph is not None and _is_of_function(graph):
                    return _outermost(graph)
    return None


def _outermost(graph: Any) -> Any:
    """Return the graph around a graph: that of a loop's body may go before the other, which still may be derived."""
    outer = graph.outer_graph
    return _outermost(outer) if outer is not None and _is_of_function(outer) else graph


def _is_of_function(graph: Any) -> bool:
    return hasattr(graph, "outer_graph")  # TensorFlow's FuncGraph; a plain graph may be the whole program's.


def _held_by(function: Any) -> Iterator[Any]:
    """Yield what a closure holds."""
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # It is empty.
            continue
