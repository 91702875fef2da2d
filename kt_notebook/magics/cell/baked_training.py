"""What a baked cell does in the place of `search(…)`: it builds the model and fits it, or calls the objective."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from kt_notebook.magics.cell.baked_keeping import Kept, removal
from kt_notebook.magics.cell.baked_text import Edit, RawText
from kt_notebook.magics.cell.forms import last_name
from kt_notebook.magics.cell.names import read_names
from kt_notebook.magics.cell.plan import CellPlan, TargetKind
from kt_notebook.magics.cell.syntax import ancestors

__all__ = ["Training", "call_edits", "data_edits", "free_name", "read_training"]

# Arguments of a search that Keras' fit does not have.
_OF_SEARCH = ("block", "cv", "fit", "timeout")
# Ends in a blank line, or in a comment that stands alone, which belongs to what comes below.
_SET_OFF = re.compile(r"(?:\r\n|\r|\n|\A)[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)\Z")
# Arguments of fit that a search also takes as functions which make them.
_MADE = ("x", "validation_data", "callbacks")


@dataclass(slots=True)
class Training:
    """The lines that train.

    Attributes:
        edits: The changes of the user's `search(…)`.
        appended: Lines for the end of a cell without one.
        needs_hp: Whether the lines hand `hp` over.
        notes: What the user should know.
    """

    edits: list[Edit] = field(default_factory=list)
    appended: list[str] = field(default_factory=list)
    needs_hp: bool = False
    notes: list[str] = field(default_factory=list)


# Any: the notebook's names stand for anything; here they are only looked at.
def read_training(
    plan: CellPlan, text: RawText, kept: Kept, seed_line: str | None, namespace: Mapping[str, Any]
) -> Training | None:
    """Return the lines that train, None where `search(…)` does not stand in the user's own text.

    Args:
        plan: What reading the cell has found, of the builder or objective form.
        text: The user's text.
        kept: What became of the uses of `hp`.
        seed_line: The line that sets the trial's seed, to stand right before.
        namespace: The notebook's names.
    """
    training = Training()
    before, function = _before(plan, kept, training)
    lines = [*([seed_line] if seed_line else []), *before]
    call = plan.search_node
    if call is None or not _gives_data(call):
        score = free_name(plan, "score")
        lines += [f"{score} = {function}", score]
        return _in_place(plan, text, lines, training) if call is not None else _at_end(lines, training)
    statement = next(node for node in ancestors(call, plan.cell.parents) if isinstance(node, ast.stmt))
    place, start, name = text.place(call), text.position(statement), text.place(call.func)
    if place is None or start is None or name is None:
        return None
    own = _own_fit(plan, function)
    model = free_name(plan, "model")
    lines.append(f"{model} = {function}")
    lines.append(
        f"{free_name(plan, 'history' if own is None else 'result')} = " if isinstance(statement, ast.Expr) else ""
    )
    bracket = text.raw.index("(", name[1]) + 1
    if own is None:
        fit = Edit(*name, f"{model}.fit")
    else:
        fit = Edit(name[0], bracket, f"{own}({plan.hp_name}, {model}," + " " * (not text.raw[bracket].isspace()))
    edits = [Edit(start, start, _joined(lines, text, start)), fit]
    training.edits += [*edits, *call_edits(plan, text, call, kept, training, namespace)]
    return training


def _joined(lines: Sequence[str], text: RawText, start: int) -> str:
    """Return statements for a place: one below the other, set off from what is above, or in one line within a line."""
    indentation = text.indentation(start)
    if indentation is None:
        return "; ".join(lines)
    above = text.raw[:start].rstrip(" \t")
    is_set_off = bool(indentation) or not above or re.search(_SET_OFF, above) is not None
    return ("" if is_set_off else "\n") + f"\n{indentation}".join(lines)


def _before(plan: CellPlan, kept: Kept, training: Training) -> tuple[list[str], str]:
    """Return the lines that come first, and the text that builds."""
    target, hp = plan.target, plan.hp_name
    if target is None:
        return [], ""
    if target.kind is TargetKind.FUNCTION:
        is_free = any(getattr(node, "name", None) == target.name for node in kept.functions)
        training.needs_hp = not is_free
        return [], f"{target.name}()" if is_free else f"{target.name}({hp})"
    training.needs_hp = True
    if target.kind is TargetKind.INSTANCE:
        return [], f"{target.name}.build({hp})"
    made = free_name(plan, "hypermodel")
    return [f"{made} = {target.name}()"], f"{made}.build({hp})"


def _own_fit(plan: CellPlan, function: str) -> str | None:
    """Return the `fit` of the user's HyperModel, None where the model's own is called."""
    if plan.target is None or plan.target.kind is TargetKind.FUNCTION or not _has_own_fit(plan):
        return None
    return function.removesuffix(f".build({plan.hp_name})") + ".fit"


def _has_own_fit(plan: CellPlan) -> bool:
    """Return whether a HyperModel may have a `fit` of its own."""
    classes = {node.name: node for node in ast.walk(plan.cell.tree) if isinstance(node, ast.ClassDef)}
    name: str | None = plan.target.name if plan.target else None
    for node in ast.walk(plan.cell.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=made)], value=ast.Call(func=maker)) if made == name:
                name = last_name(maker)
    seen: set[str] = set()
    while name in classes and name not in seen:
        seen.add(name)
        held = classes[name]
        if any(isinstance(item, ast.FunctionDef) and item.name == "fit" for item in held.body):
            return True
        if len(held.bases) != 1:
            return True
        name = last_name(held.bases[0]) or ""
    return name != "HyperModel"


def _gives_data(call: ast.Call) -> bool:
    return bool(call.args) or any(keyword.arg in ("x", None) for keyword in call.keywords)


def _in_place(plan: CellPlan, text: RawText, lines: list[str], training: Training) -> Training | None:
    call = plan.search_node
    statement = None if call is None else plan.cell.parents.get(call)
    span = text.span(statement) if isinstance(statement, ast.Expr) else None
    if span is None:
        return None
    training.edits.append(Edit(*span, _joined(lines, text, span[0])))
    return training


def _at_end(lines: list[str], training: Training) -> Training:
    training.appended = lines
    return training


def call_edits(
    plan: CellPlan,
    text: RawText,
    call: ast.Call,
    kept: Kept,
    training: Training,
    namespace: Mapping[str, Any],  # as above
) -> list[Edit]:
    """Return what makes a search's arguments those of Keras' `fit`."""
    edits: list[Edit] = []
    for keyword in call.keywords:
        start, place = text.position(keyword), text.place(keyword.value)
        if keyword.arg in _OF_SEARCH and start is not None and place is not None:
            edit = removal(text.raw, start, place[1])
            edits += [edit] if edit else []
            training.notes.append(f"{keyword.arg}= belongs to a search and is left out.")
    named = [(None, value) for value in call.args] + [(keyword.arg, keyword.value) for keyword in call.keywords]
    for number, (name, value) in enumerate(named):
        if name in _OF_SEARCH:
            continue
        may_be_made = name in _MADE or (number == 0 and name is None)
        for part in _parts(value) if name == "callbacks" else [value]:
            edits += _made(plan, text, part, kept, training, namespace, may_be_made=may_be_made)
    return edits


# Any: as above.
def data_edits(plan: CellPlan, text: RawText, namespace: Mapping[str, Any]) -> list[Edit]:
    """Return what makes the data of the cell's own fits where a trial is handed a function that makes them."""
    own = {reading.node for reading in read_names(plan.cell.tree).global_readings()}
    edits = []
    for node in ast.walk(plan.cell.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="fit"), args=args, keywords=keywords):
                given = [*args[:1], *(keyword.value for keyword in keywords if keyword.arg == "x")]
                for value in given:
                    is_own = isinstance(value, ast.Name) and value in own
                    place = text.place(value) if is_own else None
                    if isinstance(value, ast.Name) and place and _parameters(plan, value.id, namespace) == []:
                        edits.append(Edit(place[1], place[1], "()"))
    return edits


def _parts(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.List | ast.Tuple):
        return [part for item in value.elts for part in _parts(item)]
    return [value]


def _made(
    plan: CellPlan,
    text: RawText,
    value: ast.expr,
    kept: Kept,
    training: Training,
    namespace: Mapping[str, Any],  # as above
    *,
    may_be_made: bool,
) -> list[Edit]:
    """Return what puts in the place of a function what the search would have called it for."""
    hp = plan.hp_name
    match value:
        case ast.Lambda(args=args, body=body):
            names = [arg.arg for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs]]
            place = text.place(value)
            if place is None or args.defaults or (names != [hp] and (names or not may_be_made)):
                return []
            colon = re.compile(r"lambda\s*(?:\w+\s*)?:[ \t]*").match(text.raw, place[0])
            if colon is None:
                return []
            training.needs_hp = training.needs_hp or any(node in kept.remaining for node in ast.walk(body))
            return [Edit(colon.start(), colon.end(), "")]
        case ast.Name(id=name):
            parameters = _parameters(plan, name, namespace)
            place = text.place(value)
            if parameters is None or place is None or (parameters != [hp] and (parameters or not may_be_made)):
                return []
            training.needs_hp = training.needs_hp or parameters == [hp]
            return [Edit(place[1], place[1], f"({hp})" if parameters else "()")]
    return []


def _parameters(plan: CellPlan, name: str, namespace: Mapping[str, Any]) -> list[str] | None:
    """Return what a function of the cell or the notebook must be given, None where the name is no function."""
    for node in plan.cell.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            n_plain = len(node.args.args) - len(node.args.defaults)
            return [arg.arg for arg in node.args.args[:n_plain]]
    held = namespace.get(name)
    if type(held) is not FunctionType:
        return None
    n_plain = held.__code__.co_argcount - len(held.__defaults__ or ())
    return list(held.__code__.co_varnames[:n_plain])


def free_name(plan: CellPlan, name: str) -> str:
    """Return a name that the cell has no other use for."""
    names = read_names(plan.cell.tree)
    taken = {*plan.reads, *names.module.bound, *(reading.name for reading in names.global_readings())}
    return next(word for word in (name, f"baked_{name}", f"the_{name}", f"the_baked_{name}") if word not in taken)
