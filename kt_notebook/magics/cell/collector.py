"""The space that reading collects: declarations with their conditions, checked against one another."""

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.conditions import Condition, Parent, Predicate
from kt_notebook.core.errors import CellError, SpaceError
from kt_notebook.core.parameter import Boolean, Choice, Fixed, Float, HyperParameter, Int, Value
from kt_notebook.core.scale import Scale
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import identity
from kt_notebook.magics.cell.guards import NEVER, Among, Constraint, Guard, TooManyTermsError
from kt_notebook.magics.cell.plan import Declaration, Span, Unsettled
from kt_notebook.magics.cell.syntax import Cell

__all__ = ["KINDS", "Collector", "bound_arguments"]

KINDS: Mapping[str, type[HyperParameter]] = {
    "Int": Int,
    "Float": Float,
    "Choice": Choice,
    "Boolean": Boolean,
    "Fixed": Fixed,
}
_MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class _Entry:
    parameter: HyperParameter
    node: ast.Call
    guard: Guard
    is_anonymous: bool
    is_dependent: bool


def bound_arguments(method: str, positional: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a declaring method of hp by name.

    Raises:
        TypeError: They do not fit the method.
    """
    signature = inspect.signature(getattr(HyperParameters, method))
    arguments = dict(signature.bind(None, *positional, **keywords).arguments)
    del arguments["self"]
    return arguments


class Collector:
    """Takes in declarations as they are met.

    Attributes:
        declarations: All of them, in order.
        unsettled: What could not be settled.
    """

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._entries: dict[str, list[_Entry]] = {}
        self._order: list[tuple[HyperParameter, Guard]] = []
        self._parts: dict[tuple[str, ast.Call], int] = {}
        self.declarations: list[Declaration] = []
        self.unsettled: dict[tuple[int, str], Unsettled] = {}

    # ---- what is known of a hyperparameter

    def position(self, name: str) -> int:
        """Return the place of a hyperparameter in the order of declaration."""
        return list(self._entries).index(name) if name in self._entries else len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def guard_of(self, name: str) -> Guard:
        """Return when a hyperparameter is active."""
        guard = NEVER
        for entry in self._entries[name]:
            guard = guard.joined(entry.guard)
        return guard

    def is_number(self, name: str) -> bool:
        """Return whether all values of a hyperparameter are numbers between bounds."""
        entries = self._entries.get(name, ())
        return bool(entries) and all(isinstance(entry.parameter, Int | Float) for entry in entries)

    def domain(self, name: str) -> tuple[Value, ...] | None:
        """Return all values of a hyperparameter; None where there are more than can be listed."""
        found: dict[Any, Value] = {}  # Hashable
        for entry in self._entries.get(name, ()):
            values = _listed(entry.parameter)
            if values is None:
                return None
            found.update((identity(value), value) for value in values)
        return tuple(found.values()) if found and len(found) <= _MAX_LISTED else None

    def bounds(self, name: str) -> tuple[float, float]:
        """Return the lowest and the highest value of a numerical hyperparameter."""
        ranges = [
            (entry.parameter.min_value, entry.parameter.max_value)
            for entry in self._entries.get(name, ())
            if isinstance(entry.parameter, Int | Float)
        ]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    # ---- taking in

    def declare(
        self,
        name: str,
        kind: str,
        arguments: Mapping[str, Any],  # the user's plain values
        node: ast.Call,
        guard: Guard,
        *,
        is_anonymous: bool = False,
        is_dependent: bool = False,
    ) -> None:
        """Take in a declaration whose name, range and condition are settled.

        Raises:
            CellError: The range cannot be, or an earlier declaration of the name says otherwise.
        """
        parameter = self.check(name, kind, arguments, node)
        entry = _Entry(parameter, node, guard, is_anonymous, is_dependent)
        self._check_clash(entry)
        beyond = guard
        for other in self._entries.get(name, ()):
            if other.parameter.has_same_range(parameter):
                beyond = beyond.beyond(other.guard)
        self._entries.setdefault(name, []).append(entry)
        if not beyond.is_never:
            self._order.append((parameter, beyond))
        self._note(entry, arguments)

    def check(self, name: str, kind: str, arguments: Mapping[str, Any], node: ast.Call) -> HyperParameter:
        """Return the hyperparameter that a declaration makes.

        Raises:
            CellError: It cannot be; the error shows the line.
        """
        try:
            return KINDS[kind](name, **arguments)
        except (SpaceError, TypeError) as error:
            raise self._cell.fault(f"{error}", node) from error

    def add_unsettled(
        self, node: ast.AST, reason: str, name: str | None = None, kind: str | None = None, anonymous: bool = False
    ) -> None:
        """Note a place that reading could not settle, with the name where that is known."""
        text = self._cell.source(node)
        line = int(getattr(node, "lineno", 1))
        self.unsettled.setdefault((line, text), Unsettled(line, text, reason))
        if name is None or kind is None or not isinstance(node, ast.expr):
            return
        span = Span.of(node)
        if not any(held.name == name and held.span == span for held in self.declarations):
            self.declarations.append(Declaration(name, kind, span, False, reason, {}, anonymous))

    def _check_clash(self, entry: _Entry) -> None:
        name = entry.parameter.name
        for other in self._entries.get(name, ()):
            if other.guard.excludes(entry.guard):
                continue
            is_alike = other.parameter.has_same_range(entry.parameter)
            if other.is_anonymous and entry.is_anonymous:
                raise self._same_name(name, entry, other)
            is_moving = other.node is entry.node and entry.is_dependent
            if not is_alike and not is_moving:
                raise self._contradiction(name, entry, other)

    def _same_name(self, name: str, entry: _Entry, other: _Entry) -> CellError:
        if other.node is entry.node:
            return self._cell.fault(
                f"This declaration leaves its name out and is met twice as {name!r}, which would tie the two. Put it "
                f"into a `for` loop, whose variable makes the names differ, or give the name: "
                f'hp.{type(entry.parameter).__name__}(f"{name}_…", …).',
                entry.node,
            )
        return self._cell.fault(
            f"These two declarations leave their names out and both would be called {name!r}. Give one of them a "
            f"name, or give both {name!r} to tie them.",
            other.node,
            entry.node,
        )

    def _contradiction(self, name: str, entry: _Entry, other: _Entry) -> CellError:
        return self._cell.fault(
            f"The hyperparameter {name!r} is declared in two ways, {other.parameter!r} and {entry.parameter!r}, and "
            f"both can be met in one trial. Give one of them another name, or make both alike to tie them.",
            other.node,
            entry.node,
        )

    def _note(self, entry: _Entry, arguments: Mapping[str, Any]) -> None:
        """Keep the declaration for the plan: one for each name and call."""
        key = entry.parameter.name, entry.node
        guard = entry.guard
        if key in self._parts:
            same = [held for held in self._entries[entry.parameter.name] if held.node is entry.node]
            try:
                for held in same:
                    guard = guard.joined(held.guard)
            except TooManyTermsError:
                return
        declaration = Declaration(
            entry.parameter.name,
            type(entry.parameter).__name__,
            Span.of(entry.node),
            True,
            guard.text(),
            dict(arguments),
            entry.is_anonymous,
            entry.is_dependent,
        )
        if key in self._parts:
            self.declarations[self._parts[key]] = declaration
        else:
            self._parts[key] = len(self.declarations)
            self.declarations.append(declaration)

    # ---- the result

    def space(self) -> HyperParameters:
        """Return the space, each value at its default."""
        parameters = [
            parameter.with_conditions([_condition(name, held) for name, held in self._in_order(term)])
            for parameter, guard in self._order
            for term in guard.terms
        ]
        space = HyperParameters()
        space.merge(parameters)
        space.ensure_active_values()
        return space

    def _in_order(self, term: Mapping[str, Constraint]) -> list[tuple[str, Constraint]]:
        return sorted(term.items(), key=lambda item: self.position(item[0]))


def _condition(name: str, held: Constraint) -> Condition:
    if isinstance(held, Among):
        return Parent(name, list(held.values))
    return Predicate(name, held.holds, held.text(name))


def _listed(parameter: HyperParameter) -> tuple[Value, ...] | None:
    n_values = parameter.n_values
    if n_values is None or n_values > _MAX_LISTED:
        return None
    if isinstance(parameter, Int | Float):
        is_whole = isinstance(parameter, Int)
        scale = Scale(parameter.min_value, parameter.max_value, parameter.step, parameter.sampling, is_whole=is_whole)
        return tuple(scale.at(index) for index in range(n_values))
    return tuple(parameter.values)
