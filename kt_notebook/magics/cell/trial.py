"""The cell as a trial runs it: names filled in, `.fit(` calls observed, nothing else changed.

How it works: the syntax tree is copied, three kinds of call are rewritten, and the copy is compiled with the positions
of the original, so that a traceback shows the cell's own lines. `X.fit(…)` becomes `__kt_fit__(X)(…)`: X is evaluated
first and the arguments after it, as before. The caller puts the hooks into the globals.
"""

import __future__

import ast
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from kt_notebook.magics.cell.naming import NameTemplate
from kt_notebook.magics.cell.plan import CellForm, CellPlan

__all__ = [
    "FIT_HOOK_NAME",
    "SEARCH_HOOK_NAME",
    "TUNER_SEARCH_HOOK_NAME",
    "InlineTrial",
    "compile_definitions",
    "compile_inline",
]

# `__kt_fit__(x)` returns what is called in the place of `x.fit`
FIT_HOOK_NAME = "__kt_fit__"
# called in the place of `search`
SEARCH_HOOK_NAME = "__kt_search__"
# `__kt_tuner_search__(x)` returns what is called in the place of `x.search`
TUNER_SEARCH_HOOK_NAME = "__kt_tuner_search__"

_FUTURES = 0
for _feature in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _feature).compiler_flag


@dataclass(frozen=True, slots=True)
class InlineTrial:
    """A compiled cell.

    Attributes:
        filename: The name under which tracebacks look for the source.
        source: The cell's text, to be registered with `linecache` under that name.
        prelude: The statements before the first that uses hp: they do the same in every trial.
        prelude_lines: First and last line of the prelude, None where it is empty.
        body: The code from there up to the last expression.
        last: The last expression, or None where the cell ends with something else.
    """

    filename: str
    source: str
    prelude: CodeType
    prelude_lines: tuple[int, int] | None
    body: CodeType
    last: CodeType | None

    @property
    def returns_value(self) -> bool:
        """Whether the cell ends with an expression, whose value is what it returns."""
        return self.last is not None

    def run(self, names: dict[str, Any]) -> Any:  # whatever the user's cell ends with
        """Run the cell with these globals and return the value of its last expression.

        Args:
            names: The globals, hooks included; the cell changes them.

        Returns:
            The value, or None where the cell ends with a statement.
        """
        exec(self.prelude, names)
        return self.run_rest(names)

    def run_rest(self, names: dict[str, Any]) -> Any:
        """Run what follows the prelude, which the caller has run with the same globals; else as `run`."""
        exec(self.body, names)
        return None if self.last is None else eval(self.last, names)


def compile_inline(plan: CellPlan, filename: str) -> InlineTrial:
    """Return an inline cell as a trial runs it; FIT_HOOK_NAME must be among its globals.

    Args:
        plan: What reading the cell has found.
        filename: The name for tracebacks.
    """
    statements = _rewritten(plan).body
    n_before = sum(1 for _ in itertools.takewhile(lambda node: not _uses(node, plan.hp_name), statements))
    before, rest = statements[:n_before], statements[n_before:]
    prelude = _code(ast.Module(before, []), filename, "exec")
    flags = prelude.co_flags & _FUTURES
    last = rest.pop() if rest and isinstance(rest[-1], ast.Expr) else None
    return InlineTrial(
        filename,
        plan.cell.text,
        prelude,
        (before[0].lineno, before[-1].end_lineno or before[-1].lineno) if before else None,
        _code(ast.Module(rest, []), filename, "exec", flags),
        _code(ast.Expression(last.value), filename, "eval", flags) if isinstance(last, ast.Expr) else None,
    )


def _uses(node: ast.stmt, name: str) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))


def compile_definitions(plan: CellPlan, filename: str) -> CodeType:
    """Return the code of a builder, objective or tuner cell, to be run once in the notebook's namespace.

    Its `search(…)` is a call of SEARCH_HOOK_NAME, and `X.search(…)` of what TUNER_SEARCH_HOOK_NAME gives for X. Those
    hooks and FIT_HOOK_NAME must be among the globals, the latter for as long as the definitions live.

    Args:
        plan: What reading the cell has found.
        filename: The name for tracebacks.
    """
    return _code(_rewritten(plan), filename, "exec")


def _rewritten(plan: CellPlan) -> ast.Module:
    return ast.fix_missing_locations(_Rewriter(plan).rewritten(plan.cell.tree))


def _code(tree: ast.Module | ast.Expression, filename: str, mode: str, flags: int = 0) -> CodeType:
    code: CodeType = compile(tree, filename, mode, flags=flags, dont_inherit=True)
    return code


class _Rewriter:
    """Copies a tree with the three kinds of call rewritten."""

    def __init__(self, plan: CellPlan) -> None:
        self._names: Mapping[ast.Call, NameTemplate] = plan.names
        self._search = plan.search_node
        self._is_tuner = plan.form is CellForm.TUNER_SEARCH

    def rewritten(self, tree: ast.Module) -> ast.Module:
        """Return a copy of a cell's tree."""
        return ast.Module([self._copy(node) for node in tree.body], [])  # type: ignore[misc]  # a copy is of the same kind

    def _copy(self, node: ast.AST) -> ast.AST:
        fields = {name: self._copied(value) for name, value in ast.iter_fields(node)}
        copy = type(node)(**fields)
        ast.copy_location(copy, node)
        return self._call(node, copy) if isinstance(node, ast.Call) and isinstance(copy, ast.Call) else copy

    def _copied(self, value: object) -> object:
        if isinstance(value, ast.AST):
            return self._copy(value)
        return [self._copied(item) for item in value] if isinstance(value, list) else value

    def _call(self, node: ast.Call, copy: ast.Call) -> ast.Call:
        if node in self._names:
            copy.args.insert(0, self._names[node].expression(node))
        elif node is self._search and not self._is_tuner:
            copy.func = ast.copy_location(ast.Name(SEARCH_HOOK_NAME, ast.Load()), node.func)
        elif isinstance(copy.func, ast.Attribute):
            hook = {"fit": FIT_HOOK_NAME}.get(copy.func.attr)
            hook = TUNER_SEARCH_HOOK_NAME if node is self._search else hook
            if hook is not None:
                name = ast.copy_location(ast.Name(hook, ast.Load()), node.func)
                copy.func = ast.copy_location(ast.Call(name, [copy.func.value], []), node.func)
        return copy
