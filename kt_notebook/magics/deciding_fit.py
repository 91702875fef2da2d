"""Whether the first epoch of a cell's fit settles the objective, or a later fit or value of the cell may."""

import ast

__all__ = ["has_one_deciding_fit"]

_KERAS_FIT_TAKES = 2  # data and labels; `scaler.fit(x)` has one argument and no keyword
_SILENT = frozenset({"print", "display"})
_REPEATING = (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp)


def has_one_deciding_fit(tree: ast.Module) -> bool:
    """Return whether a cell has one Keras fit, as far as can be read, and its value can be nothing but that fit's."""
    fits = [node for node in ast.walk(tree) if _is_fit(node)]
    repeated = {id(inner) for node in ast.walk(tree) if isinstance(node, _REPEATING) for inner in ast.walk(node)}
    if len(fits) != 1 or id(fits[0]) in repeated:
        return False
    last = tree.body[-1]
    if not isinstance(last, ast.Expr) or _is_fit(last.value):
        return True
    value = last.value
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _SILENT
    return isinstance(value, ast.Name) and _is_bound_to_fit_alone(tree, value.id)


def _is_fit(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fit"
    return is_call and (bool(node.keywords) or len(node.args) >= _KERAS_FIT_TAKES)  # type: ignore[attr-defined]


def _is_bound_to_fit_alone(tree: ast.Module, name: str) -> bool:
    """Return whether `history` in `history = model.fit(…)` is never anything else."""
    bound = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name and _is_store(node)]
    from_fit = [
        target
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_fit(node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == name
    ]
    return bool(bound) and len(bound) == len(from_fit)


def _is_store(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
