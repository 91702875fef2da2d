"""Notices that a trial changes the notebook's data in place, which would make every later trial wrong."""

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from kt_notebook.core.errors import FatalDataError
from kt_notebook.core.protocol import Assignment, Reporter, Result, TrialFunction
from kt_notebook.magics.fingerprint import array_fingerprint

__all__ = ["lines_of_changes", "names_filled", "watching_data"]

_FILLING_METHODS = frozenset({"append", "extend", "insert", "update", "setdefault", "clear", "pop", "remove"})
_CHANGING_METHODS = frozenset({"fill", "sort", "partition", "put", "resize", "itemset", "shuffle"})


# Any: the notebook's names stand for anything.
def watching_data(
    reads: Iterable[str], namespace: Mapping[str, Any], lines: Mapping[str, int]
) -> Callable[[TrialFunction], TrialFunction]:
    """Return what wraps a trial function so that its first trial is checked for changes of the arrays it reads.

    Args:
        reads: Names that the cell reads.
        namespace: The notebook's names.
        lines: For a name, the cell's line that may change it.
    """
    arrays = {name: namespace[name] for name in reads if type(namespace.get(name)) is np.ndarray}

    def wrap(function: TrialFunction) -> TrialFunction:
        before = {name: array_fingerprint(array) for name, array in arrays.items()}
        return _Watch(function, arrays, before, dict(lines)) if arrays else function

    return wrap


class _Watch:
    """A trial function that looks at the arrays after its first run."""

    def __init__(
        self,
        function: TrialFunction,
        arrays: dict[str, "np.ndarray[Any, Any]"],
        before: dict[str, str],
        lines: dict[str, int],
    ) -> None:
        self._function = function
        self._arrays = arrays
        self._before = before
        self._lines = lines
        self._is_checked = False

    def __call__(self, assignment: Assignment, reporter: Reporter) -> Result:
        """Run the trial.

        Raises:
            FatalDataError: The first trial has changed an array of the notebook.
        """
        try:
            return self._function(assignment, reporter)
        finally:
            if not self._is_checked:
                self._is_checked = True
                self._check()

    def _check(self) -> None:
        for name, array in self._arrays.items():
            if array_fingerprint(array) != self._before[name]:
                line = self._lines.get(name)
                where = f" in line {line}" if line else ""
                raise FatalDataError(
                    f"The trial changes the notebook's array {name!r} in place{where}: the next trial would start from "
                    f"changed data. Work on a copy, such as `{name} = {name} / 255`, and make {name} anew before you "
                    "run this cell again.",
                    line,
                )


def names_filled(tree: ast.AST) -> frozenset[str]:
    """Return the names of containers that a cell's code puts something into: `scores.append(x)`, `seen[key] = x`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FILLING_METHODS:
            found.update(_names([node.func.value]))
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.update(_names([node]))
    return frozenset(found)


def lines_of_changes(tree: ast.AST) -> dict[str, int]:
    """Return, for each name that a cell's code may change in place, the first such line."""
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        for name in _changed_by(node):
            lines.setdefault(name, getattr(node, "lineno", 0))
    return lines


def _changed_by(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.AugAssign):
        return _names([node.target])
    if isinstance(node, ast.Assign):
        return _names([target for target in node.targets if isinstance(target, ast.Subscript)])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING_METHODS:
        return _names([node.func.value, *node.args])
    if isinstance(node, ast.keyword) and node.arg == "out":
        return _names([node.value])
    return ()


def _names(nodes: Iterable[ast.AST]) -> list[str]:
    found = []
    for node in nodes:
        inner = node
        while isinstance(inner, ast.Subscript | ast.Attribute):
            inner = inner.value
        if isinstance(inner, ast.Name):
            found.append(inner.id)
    return found
