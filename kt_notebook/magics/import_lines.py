"""The import lines of a notebook that loads KerasTuner, and what each becomes here.

How it works: cells are read as syntax trees, so that a line is found however it is written, also inside a function. A
cell that is no Python is passed over.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["changed_imports", "import_advice"]

_THEIRS = ("keras_tuner", "kerastuner")  # the second up to 1.0.3
_OURS = "kt_notebook"


def changed_imports(cells: Iterable[str]) -> list[tuple[str, str]]:
    """Return each different import of KerasTuner in these cells, with what to write instead.

    Args:
        cells: Python source, as IPython ran it.
    """
    found: dict[str, str] = {}
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError):  # ValueError: a null byte
            continue
        for node in ast.walk(tree):
            changed = _changed(node)
            if changed is not None:
                found[ast.unparse(node)] = ast.unparse(changed)
    return list(found.items())


def import_advice(cells: Iterable[str]) -> str:
    """Return what to say in a notebook whose kernel has loaded KerasTuner."""
    lines = changed_imports(cells)
    if not lines:
        return (
            f"keras_tuner is loaded too. To use {_OURS} instead, change `import keras_tuner as kt` to "
            f"`import {_OURS} as kt`, and `from keras_tuner.X import Y` to `from {_OURS}.X import Y`."
        )
    what = "this line" if len(lines) == 1 else "these lines"
    head = f"keras_tuner is loaded too. To use {_OURS} instead, change {what} and run the notebook from its top:"
    return "\n".join([head, *_aligned(lines)])


def _aligned(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max(len(before) for before, _ in lines)
    return (f"    {before:{width}}  →  {after}" for before, after in lines)


def _changed(node: ast.AST) -> ast.Import | ast.ImportFrom | None:
    if isinstance(node, ast.ImportFrom):
        module = _ours(node.module or "") if node.level == 0 else None
        return None if module is None else ast.ImportFrom(module, node.names, 0)
    if not isinstance(node, ast.Import) or all(_ours(alias.name) is None for alias in node.names):
        return None
    return ast.Import([alias for each in node.names for alias in _aliases(each)])


def _aliases(alias: ast.alias) -> list[ast.alias]:
    """Return an import with the same names bound as before; `import keras_tuner.X` binds keras_tuner."""
    module = _ours(alias.name)
    if module is None:
        return [alias]
    if alias.asname is not None:
        return [ast.alias(module, alias.asname)]
    first = ast.alias(_OURS, alias.name.partition(".")[0])
    return [first] if module == _OURS else [first, ast.alias(module, None)]


def _ours(module: str) -> str | None:
    """Return the module's name here, None for another package's."""
    root, _, rest = module.partition(".")
    if root not in _THEIRS:
        return None
    rest = rest.removeprefix("src.")
    return f"{_OURS}.{rest}" if rest and rest != "src" else _OURS
