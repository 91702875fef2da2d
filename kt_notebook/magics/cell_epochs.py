"""How many epochs a cell's Keras fit asks for: what Hyperband gives its best trials, where the line does not say."""

import ast
from collections.abc import Mapping
from typing import Any

__all__ = ["epochs_of"]


# Any: the notebook's names stand for anything, and so may an argument of fit.
def epochs_of(tree: ast.Module, fit_kwargs: Mapping[str, Any], namespace: Mapping[str, Any]) -> int | None:
    """Return the one number of epochs that the cell asks for, None where that is not plain.

    Args:
        tree: The cell.
        fit_kwargs: What the cell's `search(…)` was given.
        namespace: The notebook's names, for `epochs=n_epochs`.
    """
    if "epochs" in fit_kwargs:
        found = {_whole(fit_kwargs["epochs"])}
    else:
        found = {
            _whole(_value(keyword.value, namespace))
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fit"
            for keyword in node.keywords
            if keyword.arg == "epochs"
        }
    return found.pop() if len(found) == 1 else None


def _value(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    return namespace.get(node.id) if isinstance(node, ast.Name) else None


def _whole(value: Any) -> int | None:
    return int(value) if hasattr(value, "__index__") and not isinstance(value, bool) and value >= 1 else None
