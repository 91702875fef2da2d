"""Notices that a name which other cells' functions read was given another value while the search runs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from kt_notebook.core.protocol import Assignment, Reporter, Result, TrialFunction

__all__ = ["names_read_by_functions", "watching_names"]

_MISSING = object()


# Any: the notebook's names stand for anything, here and below.
def watching_names(reads: Iterable[str], namespace: Mapping[str, Any]) -> Callable[[TrialFunction], TrialFunction]:
    """Return what wraps a trial function so that the user hears from which trial on another value counts.

    Args:
        reads: Names that the cell reads; functions among them live in the notebook and see its names as they are.
        namespace: The notebook's names, live.
    """
    readers = names_read_by_functions(reads, namespace)

    def wrap(function: TrialFunction) -> TrialFunction:
        return _Watch(function, readers, namespace) if readers else function

    return wrap


def names_read_by_functions(reads: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, str]:
    """Return, for each global that functions of the notebook read, the name of such a function."""
    readers: dict[str, str] = {}
    waiting = [name for name in reads if _is_own(namespace.get(name))]
    seen = set(waiting)
    while waiting:
        function = waiting.pop()
        for name in _globals_of(namespace[function].__code__):
            if name not in namespace or name.startswith("__"):
                continue
            readers.setdefault(name, function)
            if name not in seen and _is_own(namespace[name]):
                seen.add(name)
                waiting.append(name)
    return readers


def _is_own(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__module__ == "__main__"


def _globals_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_of(constant)


class _Watch:
    """A trial function that compares the notebook's names with those at the start, before each run."""

    def __init__(self, function: TrialFunction, readers: Mapping[str, str], namespace: Mapping[str, Any]) -> None:
        self._function = function
        self._readers = readers
        self._namespace = namespace
        self._values = {name: namespace.get(name, _MISSING) for name in readers}

    def __call__(self, assignment: Assignment, reporter: Reporter) -> Result:
        """Run the trial, after a note on each name that has another value now."""
        for name, value in list(self._values.items()):
            now = self._namespace.get(name, _MISSING)
            if now is not value:
                self._values[name] = now
                reader = self._readers[name]
                reporter.note(
                    "warning",
                    "rebound",
                    f"{name} has another value from trial {assignment.trial_id} on, and {reader}() reads it. The "
                    "trials before are of another search; run the cell with --overwrite to begin anew.",
                )
        return self._function(assignment, reporter)
