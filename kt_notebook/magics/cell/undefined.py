"""Names that a cell needs and nobody has defined: known before a trial is spent on a NameError."""

import ast
import difflib
from collections.abc import Collection

from kt_notebook.magics.cell.names import read_names
from kt_notebook.magics.cell.plan import CellPlan
from kt_notebook.magics.cell.syntax import ancestors

__all__ = ["refuse_undefined"]

# Code in here may never run, or means to find out whether a name is there.
_DOUBTFUL = (ast.If, ast.IfExp, ast.Try, ast.TryStar, ast.While, ast.Match, ast.BoolOp)


def refuse_undefined(plan: CellPlan, known: Collection[str]) -> None:
    """Refuse a cell that reads a name which neither the cell nor the notebook defines.

    Only what is sure to run counts, and a cell with `from … import *` is let pass.

    Args:
        plan: What reading the cell has found.
        known: The notebook's names, and Python's own.

    Raises:
        CellError: A name is not defined; the line, and the nearest name there is.
    """
    names = read_names(plan.cell.tree)
    if names.star_imports:
        return
    for reading in names.global_readings():
        is_ours = reading.name in (plan.hp_name, "search")
        if is_ours or reading.name in known or names.global_bindings(reading.name):
            continue
        if any(isinstance(node, _DOUBTFUL) for node in ancestors(reading.node, plan.cell.parents)):
            continue
        near = difflib.get_close_matches(reading.name, [*names.module.bound, *known], 1, 0.75)
        hint = f"Did you mean {near[0]}?" if near else "Run the cell that defines it first."
        raise plan.cell.fault(f"{reading.name} is not defined in this notebook. {hint} No trial was run.", reading.node)
