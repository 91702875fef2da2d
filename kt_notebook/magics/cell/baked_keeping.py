"""Which parts of a cell go because `hp` is no longer needed: parameters that hand it on, and scopes opened with it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kt_notebook.magics.cell.baked_text import Edit, RawText
from kt_notebook.magics.cell.baked_uses import HpScope, Replacement, Uses, functions_around, hp_scopes
from kt_notebook.magics.cell.names import read_names
from kt_notebook.magics.cell.plan import CellPlan
from kt_notebook.magics.cell.syntax import ancestors

__all__ = ["Kept", "removal", "settle"]


@dataclass(slots=True)
class Kept:
    """What becomes of the uses of `hp`.

    Attributes:
        replacements: The uses that give way to a value.
        remaining: The names `hp` that stay in the cell.
        functions: Functions that lose their parameter `hp`.
        edits: Changes beside the replacements.
        has_null_scopes: Whether an edit needs `contextlib`.
        n_scopes: How many scopes went.
    """

    replacements: dict[ast.expr, Replacement]
    remaining: list[ast.Name] = field(default_factory=list)
    functions: set[ast.AST] = field(default_factory=set)
    edits: list[Edit] = field(default_factory=list)
    has_null_scopes: bool = False
    n_scopes: int = 0


@dataclass(frozen=True, slots=True)
class _Scope:
    """A `with` item that opens a scope of hp, and what it becomes."""

    statement: ast.With
    call: ast.Call
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Function:
    """A function that could do without its parameter `hp`: the changes, and where callers hand `hp` over."""

    edits: tuple[Edit, ...]
    handed: frozenset[ast.Name]


def settle(plan: CellPlan, text: RawText, uses: Uses) -> Kept:
    """Return what stays and what goes."""
    return _Settling(plan, text, uses).settled()


def removal(raw: str, start: int, end: int) -> Edit | None:
    """Return the change that takes an argument or a parameter out, its comma included; None where it is in brackets."""
    if raw[:start].rstrip()[-1:] not in ("(", ","):
        return None
    comma = re.compile(r"\s*,[ \t]*").match(raw, end)
    if comma is not None:
        return _whole_line(raw, start, comma.end())
    if not raw[end:].lstrip().startswith(")"):
        return None
    before = re.search(r",\s*\Z", raw[:start])
    return Edit(before.start() if before else start, end, "")


def _whole_line(raw: str, start: int, end: int) -> Edit:
    """Return the removal of a piece, with its line where nothing else stands in it."""
    begin = max(raw.rfind("\n", 0, start), raw.rfind("\r", 0, start)) + 1
    rest = re.compile("\r\n|\r|\n").match(raw, end)
    if rest is None:
        return Edit(start, end, "")
    if not raw[begin:start].strip():
        return Edit(begin, rest.end(), "")
    return Edit(len(raw[:start].rstrip(" \t")), end, "")


class _Settling:
    def __init__(self, plan: CellPlan, text: RawText, uses: Uses) -> None:
        self._plan = plan
        self._text = text
        self._uses = uses
        self._parents = plan.cell.parents
        self._kept = Kept(dict(uses.replacements))
        self._n_items = {scope.statement: len(scope.statement.items) for scope in hp_scopes(plan)}
        self._scopes = [scope for scope in map(self._scope, hp_scopes(plan)) if scope is not None]
        self._functions = dict(self._droppable())

    def settled(self) -> Kept:
        while True:
            remaining = [name for name in self._uses.readings if not self._goes(name)]
            functions = {node for node in self._functions if not self._is_needed_in(node, remaining)}
            scopes = [scope for scope in self._scopes if not self._is_scope_needed(scope, remaining)]
            stays = self._parents_asked_for(scopes)
            replacements = {
                node: held
                for node, held in self._kept.replacements.items()
                if not (stays is None and held.parent is not None) and held.parent not in (stays or ())
            }
            is_settled = (
                len(functions) == len(self._functions)
                and len(scopes) == len(self._scopes)
                and len(replacements) == len(self._kept.replacements)
            )
            self._functions = {node: held for node, held in self._functions.items() if node in functions}
            self._scopes, self._kept.replacements = scopes, replacements
            if is_settled:
                return self._result(remaining)

    def _result(self, remaining: list[ast.Name]) -> Kept:
        kept = self._kept
        kept.remaining = remaining
        kept.functions = set(self._functions)
        kept.edits = [edit for function in self._functions.values() for edit in function.edits]
        kept.edits += [edit for scope in self._scopes for edit in scope.edits]
        kept.n_scopes = len(self._scopes)
        kept.has_null_scopes = any(self._n_items[scope.statement] > 1 for scope in self._scopes)
        return kept

    def _goes(self, name: ast.Name) -> bool:
        """Return whether a name `hp` is gone with what it stands in."""
        if any(name in held.handed for held in self._functions.values()):
            return True
        holders = [name, *ancestors(name, self._parents)]
        calls = {scope.call for scope in self._scopes}
        return any(holder in self._kept.replacements or holder in calls for holder in holders)

    # ---- scopes

    def _scope(self, found: HpScope) -> _Scope | None:
        statement, item, call = found.statement, found.item, found.call
        place, start = self._text.place(call), self._text.position(statement)
        if place is None or start is None:
            return None
        if len(statement.items) == 1 and item.optional_vars is None:
            return _Scope(statement, call, (Edit(start, start + len("with"), "if"), Edit(*place, "True")))
        return _Scope(statement, call, (Edit(*place, "contextlib.nullcontext()"),))

    def _is_scope_needed(self, scope: _Scope, remaining: list[ast.Name]) -> bool:
        around = functions_around(scope.statement, self._parents)
        for name in remaining:
            if scope.statement in ancestors(name, self._parents):
                return True
            # what a function does with hp may happen inside the scope
            if functions_around(name, self._parents) not in ([], around):
                return True
        return False

    def _parents_asked_for(self, dropped: list[_Scope]) -> set[str] | None:
        """Return the hyperparameters that scopes which stay depend on, None where their names are not plain."""
        calls = {scope.call for scope in dropped}
        asked: set[str] = set()
        for call in (scope.call for scope in hp_scopes(self._plan) if scope.method == "conditional_scope"):
            if call in calls:
                continue
            match [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "parent_name")]:
                case [ast.Constant(value=str() as name), *_]:
                    asked |= self._names_ending_in(name)
                case _:
                    return None
        return asked

    def _names_ending_in(self, name: str) -> set[str]:
        return {
            held.parent
            for held in self._kept.replacements.values()
            if held.parent is not None and (held.parent == name or held.parent.endswith(f"/{name}"))
        }

    # ---- parameters

    def _droppable(self) -> Iterator[tuple[ast.AST, _Function]]:
        """Yield the functions whose every use hands `hp` over plainly."""
        hp, names = self._plan.hp_name, read_names(self._plan.cell.tree)
        for node in self._plan.cell.tree.body:
            if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.args.posonlyargs:
                continue
            place = next((number for number, arg in enumerate(node.args.args) if arg.arg == hp), None)
            if place is None or names.global_bindings(node.name) != [node]:
                continue
            edit = self._parameter(node, place)
            calls = [self._parents.get(reading.node) for reading in names.global_readings(node.name)]
            readings = [reading.node for reading in names.global_readings(node.name)]
            handed, edits = set[ast.Name](), [edit]
            for call, reading in zip(calls, readings, strict=True):
                found = self._handed(call, reading, place)
                handed.add(found[0]) if found else edits.append(None)
                edits.append(found[1] if found else None)
            if None not in edits:
                yield node, _Function(tuple(edit for edit in edits if edit is not None), frozenset(handed))

    def _parameter(self, node: ast.FunctionDef, place: int) -> Edit | None:
        args = node.args
        span = self._text.span(args.args[place])
        if span is None:
            return None
        n_plain = len(args.args) - len(args.defaults)
        if place >= n_plain:
            default = self._text.place(args.defaults[place - n_plain])
            if default is None:
                return None
            span = span[0], default[1]
        return removal(self._text.raw, *span)

    def _handed(self, call: ast.AST | None, function: ast.AST, place: int) -> tuple[ast.Name, Edit] | None:
        """Return the `hp` that a call hands over and the change that takes it out, None where it is not plain."""
        if not isinstance(call, ast.Call) or call.func is not function:
            return None
        hp = self._plan.hp_name
        before = call.args[: place + 1]
        if len(before) > place and not any(isinstance(arg, ast.Starred) for arg in before):
            value, start = before[place], None
        else:
            named = [keyword for keyword in call.keywords if keyword.arg == hp]
            if not named:
                return None
            value, start = named[0].value, self._text.position(named[0])
        span = self._text.place(value)
        if not isinstance(value, ast.Name) or value.id != hp or span is None:
            return None
        edit = removal(self._text.raw, span[0] if start is None else start, span[1])
        return None if edit is None else (value, edit)

    def _is_needed_in(self, node: ast.AST, remaining: list[ast.Name]) -> bool:
        return any(self._uses.readings[name] is node for name in remaining)
