"""How many epochs a cell's Keras fit asks for: what Hyperband gives its best trials, where the line does not say."""

import ast
import operator
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["epochs_of"]

_PLACE_IN_FIT = 3  # Keras: fit(x, y, batch_size, epochs)
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


# Any: the notebook's names stand for anything, and so may an argument of fit.
def epochs_of(tree: ast.Module, fit_kwargs: Mapping[str, Any], namespace: Mapping[str, Any]) -> int | None:
    """Return the one number of epochs that the cell asks for, None where that is not plain.

    Args:
        tree: The cell.
        fit_kwargs: What the cell's `search(…)` was given.
        namespace: The notebook's names, for `epochs=n_epochs`.
    """
    if "epochs" in fit_kwargs:
        return _whole(fit_kwargs["epochs"])
    numbers = _Numbers(tree, namespace)
    found = {numbers.of(node) for node in _epochs_given(tree)}
    return found.pop() if len(found) == 1 else None


def _epochs_given(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        is_fit = isinstance(node.func, ast.Attribute) and node.func.attr == "fit"
        if not is_fit and not (isinstance(node.func, ast.Name) and node.func.id == "search"):
            continue
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "epochs")
        before = node.args[: _PLACE_IN_FIT + 1]
        if len(before) > _PLACE_IN_FIT and not any(isinstance(argument, ast.Starred) for argument in before):
            yield before[_PLACE_IN_FIT]


class _Numbers:
    """Reads expressions of whole numbers: constants, arithmetic, and names of the cell or the notebook."""

    def __init__(self, tree: ast.Module, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._bound: set[str] = set()
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._assigned.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, ast.arg):
                self._bound.add(node.arg)
        stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        # A name that gets a value twice, or from a loop, is not plain.
        self._bound |= {name for name in stored if stored.count(name) > 1 or name not in self._assigned}

    def of(self, node: ast.expr) -> int | None:
        return _whole(self._value(node, frozenset()))

    def _value(self, node: ast.expr, seen: frozenset[str]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            if node.id in seen or node.id in self._bound:
                return None
            if node.id in self._assigned:
                return self._value(self._assigned[node.id][0], seen | {node.id})
            return self._namespace.get(node.id)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = _number(self._value(node.left, seen)), _number(self._value(node.right, seen))
            if left is not None and right is not None and (right or isinstance(node.op, ast.Add | ast.Sub | ast.Mult)):
                return _OPERATORS[type(node.op)](left, right)
        return None


def _number(value: Any) -> int | None:
    return int(value) if hasattr(value, "__index__") and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return number if number is not None and number >= 1 else None
