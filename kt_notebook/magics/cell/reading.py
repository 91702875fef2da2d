"""Follows a whole cell, by its form, and gathers what it declares."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from kt_notebook.magics.cell import access, calls, expressions, hp_calls, statements
from kt_notebook.magics.cell.access import find_member
from kt_notebook.magics.cell.collector import Collector
from kt_notebook.magics.cell.forms import Shape, last_name
from kt_notebook.magics.cell.functions import Arguments, call_function, instantiate
from kt_notebook.magics.cell.machine import Machine
from kt_notebook.magics.cell.names import Names
from kt_notebook.magics.cell.naming import DECLARING, NameTemplate, is_anonymous_by_shape
from kt_notebook.magics.cell.plan import CellForm, TargetKind
from kt_notebook.magics.cell.stock import TooLongError
from kt_notebook.magics.cell.syntax import Cell, ancestors
from kt_notebook.magics.cell.values import Abstract, Class, Function, Hp, Ref

__all__ = ["Reading", "read_space"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Reading:
    """What following a cell has found: the collector, and the derived names by call."""

    collector: Collector
    names: Mapping[ast.Call, NameTemplate]


def read_space(cell: Cell, names: Names, namespace: Mapping[str, Any], shape: Shape, hp_name: str = "hp") -> Reading:
    """Follow a cell.

    Args:
        cell: The parsed cell.
        names: Its names.
        namespace: The notebook's variables; only looked at.
        shape: The cell's form and trial.
        hp_name: The name that stands for the hyperparameters.

    Raises:
        CellError: A declaration cannot be, or two contradict each other.
    """
    m = _machine(cell, names, namespace, hp_name)
    m.hp_is_free = shape.form is CellForm.INLINE
    is_whole = True
    if shape.form is not CellForm.TUNER_SEARCH:
        try:
            m.run_block(cell.tree.body)
            if shape.target is not None:
                _follow_target(m, shape)
        except (TooLongError, RecursionError):
            is_whole = False
    _sweep(m, shape, is_whole=is_whole)
    return Reading(m.collector, m.anonymous)


def _machine(cell: Cell, names: Names, namespace: Mapping[str, Any], hp_name: str) -> Machine:
    m = Machine(cell, names, namespace, hp_name, Collector(cell))
    m.evaluate = partial(expressions.evaluate, m)
    m.assign = partial(access.assign, m)
    m.truth_of = partial(expressions.truth_of, m)
    m.call = partial(calls.call, m)
    m.hp_value = partial(hp_calls.hp_value, m)
    m.run_block = partial(statements.run_block, m)
    return m


def _follow_target(m: Machine, shape: Shape) -> None:
    target, node = shape.target, shape.target_node
    if target is None or node is None:
        return
    if m.is_dead:
        m.load(m.save())
    held = m.store.get((m.module.number, target.name))
    if target.kind is TargetKind.FUNCTION:
        function = held if isinstance(held, Function) else m.decorated.get(node)
        if function is not None:
            call_function(m, function, Arguments(keywords={m.hp_name: Hp()}), node)
        return
    if isinstance(held, Class):
        held = instantiate(m, held, Arguments(), node)
    if not isinstance(held, Ref) or held.made_by is None:
        m.collector.add_unsettled(node, f"what {target.name} declares stands outside this cell")
        return
    for name in ("declare_hyperparameters", "build", "fit"):
        method: Abstract | None = find_member(m, held.made_by, name)
        if isinstance(method, Function):
            bound = Function(method.node, method.frame, method.defaults, held)
            call_function(m, bound, Arguments([Hp()]), node)
        elif name == "build":
            m.collector.add_unsettled(node, f"the build method of {target.name} stands outside this cell")


def _sweep(m: Machine, shape: Shape, *, is_whole: bool) -> None:
    """Note the declarations that were never reached, and name those that leave their names out."""
    read = {reading.name for reading in m.names.readings}
    for node in ast.walk(m.cell.tree):
        if not isinstance(node, ast.Call) or node in m.visited or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in DECLARING or last_name(node.func.value) != m.hp_name:
            continue
        if node not in m.anonymous and is_anonymous_by_shape(node, node.func.attr):
            m.anonymous[node] = hp_calls.name_of_anonymous(m, node)
        if shape.form is CellForm.TUNER_SEARCH:
            continue
        if not is_whole:
            m.collector.add_unsettled(node, "the cell takes too many steps to follow to this line")
            continue
        function = next((part for part in ancestors(node, m.cell.parents) if isinstance(part, _FUNCTIONS)), None)
        if function is None or function in m.visited:
            continue
        name = getattr(function, "name", None)
        is_wrapped = function in m.decorated and name in read
        if m.loose[function] > 0 or is_wrapped or isinstance(m.cell.parents.get(function), ast.ClassDef):
            what = "a lambda" if name is None else f"`{name}`"
            m.collector.add_unsettled(node, f"it stands in {what}, which other code calls")
