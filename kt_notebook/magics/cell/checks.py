"""What is refused in a cell before it runs, and what is advised."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from kt_notebook.core.errors import CellError
from kt_notebook.magics.cell.forms import Shape, last_name
from kt_notebook.magics.cell.names import Names
from kt_notebook.magics.cell.naming import DECLARING
from kt_notebook.magics.cell.objects import is_one_shot, plain_value
from kt_notebook.magics.cell.plan import CellForm, Note, OneShot
from kt_notebook.magics.cell.syntax import Cell, ancestors

__all__ = ["advise", "find_one_shots", "find_tensorboard", "has_fit_call", "refuse"]

# line magics that show or set how things are shown, and leave the trial's names and the kernel alone
_HARMLESS_MAGICS = frozenset({
    "config", "history", "lsmagic", "magic", "matplotlib", "page", "pdoc", "pfile", "pinfo", "pinfo2", "pprint",
    "precision", "psearch", "psource", "pwd", "quickref", "who", "who_ls", "whos",
})  # fmt: skip
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SHARES = ("acc", "auc", "precision", "recall", "f1", "iou")
_DATA_KEYWORDS = {"x", "y", "validation_data"}
# with these a name may be read without being written out
_LOOKS_UP = {"locals", "globals", "vars", "eval", "exec", "dir"}


def refuse(cell: Cell, names: Names, shape: Shape, namespace: Mapping[str, Any]) -> None:
    """Raise where the cell does what cannot be done in a trial.

    Raises:
        CellError: A top-level `await`; in the inline form also `input()` and lines that change the kernel.
    """
    for node in _top_level_awaits(cell):
        raise cell.fault(
            "`await` at the top level cannot run in a %%tune cell, whose trials run in a thread of their own. Move it "
            "to a cell before this one, or into an async function that you run with asyncio.run(…).",
            node,
        )
    if shape.form is not CellForm.INLINE:
        return
    for reading in names.global_readings("input"):
        call = cell.parents.get(reading.node)
        is_ours = names.global_bindings("input") or "input" in namespace
        if isinstance(call, ast.Call) and call.func is reading.node and not is_ours:
            raise cell.fault(
                "input() would wait for an answer in every trial, where nobody can give one. Ask in a cell before this "
                "one and use the variable here.",
                call,
            )
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Call) and last_name(node.func) == "get_ipython":
            _refuse_magic(cell, node)


def _top_level_awaits(cell: Cell) -> Iterator[ast.AST]:
    for node in ast.walk(cell.tree):
        is_waiting = isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
        is_waiting = is_waiting or (isinstance(node, ast.comprehension) and bool(node.is_async))
        if is_waiting and not any(isinstance(part, _FUNCTIONS) for part in ancestors(node, cell.parents)):
            yield node if hasattr(node, "lineno") else cell.parents[node]


def _refuse_magic(cell: Cell, node: ast.Call) -> None:
    attribute = cell.parents.get(node)
    call = cell.parents.get(attribute) if attribute is not None else None
    if not isinstance(attribute, ast.Attribute) or not isinstance(call, ast.Call):
        raise _magic_error(cell, "get_ipython()", node)
    words = [argument.value if isinstance(argument, ast.Constant) else "…" for argument in call.args]
    name = str(words[0]) if words else ""
    if attribute.attr == "run_line_magic":
        if name not in _HARMLESS_MAGICS:
            raise _magic_error(cell, "%" + " ".join(map(str, words)).strip(), call)
    elif attribute.attr == "run_cell_magic":
        raise _magic_error(cell, f"%%{name}", call)
    elif attribute.attr in {"system", "getoutput"}:
        raise _magic_error(cell, f"!{name}", call)
    else:
        raise _magic_error(cell, f"get_ipython().{attribute.attr}(…)", call)


def _magic_error(cell: Cell, what: str, node: ast.Call) -> CellError:
    first = node.lineno
    return CellError(
        f"line {first}: {what}\nThis line would run again in every trial, beside the notebook that it changes. Move it "
        "to a cell before this one.",
        first,
    )


def has_fit_call(cell: Cell) -> bool:
    """Return whether `.fit(` is called anywhere."""
    return any(_is_call_of(node, "fit") for node in ast.walk(cell.tree))


def find_tensorboard(cell: Cell, names: Names) -> int | None:
    """Return the line of the first TensorBoard callback."""
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Call) and last_name(node.func) == "TensorBoard":
            made_here = [held for held in names.global_bindings("TensorBoard") if not isinstance(held, ast.ImportFrom)]
            if not made_here:
                return node.lineno
    return None


def find_one_shots(cell: Cell, names: Names, shape: Shape, namespace: Mapping[str, Any]) -> tuple[OneShot, ...]:
    """Return the data that only the first trial could read.

    These are iterators of the notebook handed to `fit` or `search`, and generator expressions handed to `search`:
    its arguments are made once. What a trial makes itself is new in every trial.
    """
    found: dict[tuple[str, int], OneShot] = {}
    for call in ast.walk(cell.tree):
        if not isinstance(call, ast.Call):
            continue
        is_search = call is shape.search_node
        if not is_search and not _is_call_of(call, "fit"):
            continue
        data = [*call.args[:2], *(word.value for word in call.keywords if word.arg in _DATA_KEYWORDS)]
        for value in data:
            if (is_search and _is_generator(cell, names, value)) or _is_iterator(names, namespace, value):
                found.setdefault((cell.source(value), value.lineno), OneShot(cell.source(value), value.lineno))
    return tuple(found.values())


def _is_generator(cell: Cell, names: Names, value: ast.expr) -> bool:
    if isinstance(value, ast.GeneratorExp):
        return True
    if not isinstance(value, ast.Name):
        return False
    return any(
        isinstance(made := cell.parents.get(binding), ast.Assign) and isinstance(made.value, ast.GeneratorExp)
        for binding in names.global_bindings(value.id)
    )


def _is_iterator(names: Names, namespace: Mapping[str, Any], value: ast.expr) -> bool:
    if not isinstance(value, ast.Name) or names.global_bindings(value.id):
        return False
    return value.id in namespace and is_one_shot(namespace[value.id])


# ---- advice


def advise(cell: Cell, names: Names, namespace: Mapping[str, Any], hp_name: str) -> tuple[Note, ...]:
    """Return what to tell about a cell that can run."""
    return (*_unused(cell, names, hp_name), *_baselines(cell, names, namespace))


def _unused(cell: Cell, names: Names, hp_name: str) -> Iterator[Note]:
    if any(reading.name in _LOOKS_UP for reading in names.readings) or _asks_by_name(cell, hp_name):
        return
    for node in ast.walk(cell.tree):
        if not _is_declaration(node, hp_name):
            continue
        statement = cell.parents.get(node)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name) as target]) | ast.AnnAssign(target=ast.Name(id=name) as target):
                if not _is_read(cell, names, target):
                    yield Note(
                        "unused",
                        f"{name} is declared and never used, so its values change nothing. Use {name}, or take the "
                        "line out.",
                        node.lineno,
                    )
            case ast.Expr() if statement is not cell.tree.body[-1]:
                yield Note(
                    "unused",
                    f"`{cell.source(node)}` is declared and its value is not used. Assign it and use it, or take the "
                    "line out.",
                    node.lineno,
                )


def _is_read(cell: Cell, names: Names, target: ast.Name) -> bool:
    opening = (part for part in ancestors(target, cell.parents) if part in names.scopes)
    opened = names.scopes[next(opening)]
    owner = names.owner(target.id, opened)
    return any(
        reading.name == target.id and names.owner(reading.name, reading.scope) is owner for reading in names.readings
    )


def _asks_by_name(cell: Cell, hp_name: str) -> bool:
    """Tell whether values are asked for by name, so that a declaration alone is of use."""
    for node in ast.walk(cell.tree):
        match node:
            case ast.Attribute(value=holder, attr="get" | "values") | ast.Subscript(value=holder):
                if last_name(holder) == hp_name:
                    return True
    return False


def _is_declaration(node: ast.AST, hp_name: str) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Attribute(value=holder, attr=method)):
            return method in DECLARING and last_name(holder) == hp_name
    return False


def _baselines(cell: Cell, names: Names, namespace: Mapping[str, Any]) -> Iterator[Note]:
    for node in ast.walk(cell.tree):
        if not isinstance(node, ast.Call) or last_name(node.func) != "EarlyStopping":
            continue
        words = {word.arg: word.value for word in node.keywords}
        monitor = words.get("monitor") or (node.args[0] if node.args else None)
        named = monitor.value if isinstance(monitor, ast.Constant) and isinstance(monitor.value, str) else ""
        baseline = _number(words.get("baseline"), names, namespace)
        if baseline is not None and baseline > 1 and any(part in named.lower() for part in _SHARES):
            yield Note(
                "baseline",
                f"EarlyStopping waits for {named} to pass baseline={baseline:g}, but a share never passes 1: "
                f"training stops early each time. Write baseline={baseline / 100:g} if per cent was meant.",
                node.lineno,
            )


def _number(node: ast.expr | None, names: Names, namespace: Mapping[str, Any]) -> float | None:
    value: Any = None  # a plain value of the user's
    if isinstance(node, ast.Constant):
        value = node.value
    elif isinstance(node, ast.Name) and not names.global_bindings(node.id):
        value = plain_value(namespace.get(node.id))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_call_of(node: ast.AST, method: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
