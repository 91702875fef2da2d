"""Notices that a trial changes the notebook's data in place, which would make every later trial wrong."""

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kt_notebook.core.errors import FatalDataError
from kt_notebook.core.protocol import Assignment, Reporter, Result, TrialFunction
from kt_notebook.magics.fingerprint import data_fingerprint

__all__ = ["lines_of_changes", "names_filled", "watching_data"]

_FILLING_METHODS = frozenset({"append", "extend", "insert", "update", "setdefault", "clear", "pop", "remove"})
_CHANGING_METHODS = frozenset({"fill", "sort", "partition", "put", "resize", "itemset", "shuffle"})


# Any: the notebook's names stand for anything.
def watching_data(
    reads: Iterable[str], namespace: Mapping[str, Any], lines: Mapping[str, int]
) -> Callable[[TrialFunction], TrialFunction]:
    """Return what wraps a trial function so that its first trial is checked for changes of the data it reads.

    Args:
        reads: Names that the cell reads.
        namespace: The notebook's names.
        lines: For a name, the cell's line that may change it.
    """
    values = {name: namespace[name] for name in reads if name in namespace}

    def wrap(function: TrialFunction) -> TrialFunction:
        before = {name: text for name, value in values.items() if (text := data_fingerprint(value)) is not None}
        data = {name: values[name] for name in before}
        return _Watch(function, data, before, dict(lines)) if data else function

    return wrap


class _Watch:
    """A trial function that looks at arrays and tables after its first run."""

    def __init__(
        self,
        function: TrialFunction,
        data: dict[str, Any],
        before: dict[str, str],
        lines: dict[str, int],
    ) -> None:
        self._function = function
        self._data = data
        self._before = before
        self._lines = lines
        self._is_checked = False

    def __call__(self, assignment: Assignment, reporter: Reporter) -> Result:
        """Run the trial.

        Raises:
            FatalDataError: The first trial has changed data of the notebook.
        """
        try:
            return self._function(assignment, reporter)
        finally:
            if not self._is_checked:
                self._is_checked = True
                self._check()

    def _check(self) -> None:
        for name, value in self._data.items():
            if data_fingerprint(value) != self._before[name]:
                line = self._lines.get(name)
                where = f" in line {line}" if line else ""
                kind, copy = ("array", f"{name} / 255") if hasattr(value, "dtype") else ("table", f"{name}.copy()")
                raise FatalDataError(
                    f"The trial changes the notebook's {kind} {name!r} in place{where}: the next trial would start "
                    f"from changed data. Work on a copy, such as `{name} = {copy}`, and make {name} anew before you "
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
