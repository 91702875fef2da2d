"""What a cell says beside its ranges: two cells that differ in ranges alone have results that can be compared."""

import ast
import copy

from kt_notebook.magics.cell.plan import CellPlan, Span
from kt_notebook.magics.cell.syntax import identity_of

__all__ = ["skeleton_of"]


def skeleton_of(plan: CellPlan) -> str:
    r"""Return a hash of a cell in which a settled declaration counts by the names that it declares alone.

    Example:
        >>> from kt_notebook.magics.cell import read_cell
        >>> one, other = (read_cell(f"\nx = hp.{call}\nx + 1", {}) for call in ("Int(1, 8)", "Fixed(3)"))
        >>> skeleton_of(one) == skeleton_of(other)
        True
    """
    names: dict[Span, list[str]] = {}
    for declaration in plan.declarations:
        if declaration.settled:
            names.setdefault(declaration.span, []).append(declaration.name)
    tree = _Masking(names).visit(copy.deepcopy(plan.cell.tree))
    return identity_of(tree)


class _Masking(ast.NodeTransformer):
    """Puts a name in the place of each call that declares."""

    def __init__(self, names: dict[Span, list[str]]) -> None:
        self._names = names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        declared = self._names.get(Span.of(node))
        if declared is None:
            return self.generic_visit(node)
        return ast.Name(f"hp: {', '.join(sorted(declared))}", ast.Load())
