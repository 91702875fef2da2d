"""Who binds and who reads each name of a cell, by Python's own scoping rules.

How it works: one walk in the order of evaluation notes each binding and each reading with the scope it is written in;
once all bindings are known, a reading is resolved to the scope that owns the name.
"""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

__all__ = ["Names", "Reading", "Scope", "read_names"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(eq=False, slots=True)
class Scope:
    """A module, function, lambda, class or comprehension and the names bound in it.

    Attributes:
        node: The node that opens the scope.
        parent: The scope around it; None for the module.
        bound: Each name bound here, with the nodes that bind it.
        outer: Names declared `global` or `nonlocal` here, with the word used.
    """

    node: ast.AST
    parent: "Scope | None"
    bound: dict[str, list[ast.AST]] = field(default_factory=dict)
    outer: dict[str, str] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """Whether names bound here are hidden from the functions inside."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_deferred(self) -> bool:
        """Whether what is written here may run later than where it stands."""
        scope: Scope | None = self
        while scope is not None:
            if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return True
            scope = scope.parent
        return False


@dataclass(frozen=True, slots=True)
class Reading:
    """One use of a name's value.

    Attributes:
        name: The name.
        node: The node that reads it.
        scope: The scope in which it is written.
        order: Position in the order of evaluation.
    """

    name: str
    node: ast.AST
    scope: Scope
    order: int


@dataclass(slots=True)
class Names:
    """All names of one cell.

    Attributes:
        module: The cell's top level.
        scopes: The scope that each function, class, lambda and comprehension opens.
        readings: Every reading, in order.
        settled: For each name bound at the top level on every path, the order of its first such binding.
        star_imports: The `from … import *` of the cell.
    """

    module: Scope
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)
    star_imports: list[ast.ImportFrom] = field(default_factory=list)

    def owner(self, name: str, scope: Scope) -> Scope:
        """Return the scope that a name written in `scope` belongs to; the module where no one binds it."""
        found: Scope | None = scope
        is_first = True
        while found is not None and found is not self.module:
            if found.outer.get(name) == "global":
                return self.module
            if name in found.bound and name not in found.outer and (is_first or not found.is_class):
                return found
            is_first = False
            found = found.parent
        return self.module

    def global_readings(self, name: str | None = None) -> list[Reading]:
        """Return the readings that reach the top level's names, or one of them."""
        return [
            reading
            for reading in self.readings
            if (name is None or reading.name == name) and self.owner(reading.name, reading.scope) is self.module
        ]

    def global_bindings(self, name: str) -> list[ast.AST]:
        """Return the nodes that bind a name at the top level, `global` in a function included."""
        nodes = list(self.module.bound.get(name, ()))
        for scope in self.scopes.values():
            if scope.outer.get(name) == "global":
                nodes += scope.bound.get(name, ())
        return nodes

    def from_notebook(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return those of the notebook's names whose value the cell may read, sorted."""
        names = set()
        for reading in self.global_readings():
            bound_at = self.settled.get(reading.name)
            if bound_at is None or (not reading.scope.is_deferred and reading.order < bound_at):
                names.add(reading.name)
        return tuple(sorted(names.intersection(known)))


def read_names(tree: ast.Module) -> Names:
    """Return the names of a parsed cell."""
    module = Scope(tree, None)
    names = Names(module)
    names.scopes[tree] = module
    _Walk(names).block(tree.body)
    return names


class _Walk:
    """The walk in order of evaluation."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._scope = names.module
        self._order = 0
        self._doubt = 0  # above 0: this code may be skipped

    # ---- what the walk notes

    def _bind(self, name: str, node: ast.AST, scope: Scope | None = None) -> None:
        scope = scope or self._scope
        scope.bound.setdefault(name, []).append(node)
        self._order += 1
        if scope is self._names.module and not self._doubt:
            self._names.settled.setdefault(name, self._order)

    def _read(self, name: str, node: ast.AST) -> None:
        self._order += 1
        self._names.readings.append(Reading(name, node, self._scope, self._order))

    def _inside(self, node: ast.AST, work: Callable[[], None]) -> None:
        outer, self._scope = self._scope, Scope(node, self._scope)
        self._names.scopes[node] = self._scope
        work()
        self._scope = outer

    def _maybe(self, nodes: Iterable[ast.AST | None]) -> None:
        self._doubt += 1
        for node in nodes:
            self.visit(node)
        self._doubt -= 1

    # ---- nodes

    def block(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit(self, node: ast.AST | None) -> None:
        if node is None:
            return
        method = getattr(self, f"_on_{type(node).__name__}", None)
        if method is None:
            self.block(ast.iter_child_nodes(node))
        else:
            method(node)

    def _on_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node.id, node)
        else:
            self._read(node.id, node)

    def _on_Assign(self, node: ast.Assign) -> None:
        self.block([node.value, *node.targets])

    def _on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.value)
        self.visit(node.annotation)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)
        elif self._scope is not self._names.module:
            self._bind(node.target.id, node.target)

    def _on_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id, node.target)
        self.block([node.value, node.target])

    def _on_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope = self._scope
        while isinstance(scope.node, _Comprehension) and scope.parent is not None:
            scope = scope.parent
        self._bind(node.target.id, node.target, scope)

    def _on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._maybe([node.target, *node.body, *node.orelse])

    _on_AsyncFor = _on_For

    def _on_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._maybe([*node.body, *node.orelse])

    def _on_If(self, node: ast.If | ast.IfExp) -> None:
        self.visit(node.test)
        if isinstance(node, ast.IfExp):
            self._maybe([node.body, node.orelse])
        else:
            self._maybe([*node.body, *node.orelse])

    _on_IfExp = _on_If

    def _on_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._maybe(node.values[1:])

    def _on_Try(self, node: ast.Try | ast.TryStar) -> None:
        self._maybe([*node.body, *node.handlers, *node.orelse])
        self.block(node.finalbody)

    _on_TryStar = _on_Try

    def _on_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.visit(node.type)
        if node.name is not None:
            self._bind(node.name, node)
        self.block(node.body)

    def _on_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._maybe(node.cases)

    def _on_MatchAs(self, node: ast.MatchAs) -> None:
        self.visit(node.pattern)
        if node.name is not None:
            self._bind(node.name, node)

    def _on_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name is not None:
            self._bind(node.name, node)

    def _on_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.block([*node.keys, *node.patterns])
        if node.rest is not None:
            self._bind(node.rest, node)

    def _on_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*" and isinstance(node, ast.ImportFrom):
                self._names.star_imports.append(node)
            else:
                self._bind(alias.asname or alias.name.split(".")[0], node)

    _on_ImportFrom = _on_Import

    def _on_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        word = "global" if isinstance(node, ast.Global) else "nonlocal"
        self._scope.outer.update(dict.fromkeys(node.names, word))

    _on_Nonlocal = _on_Global

    def _on_FunctionDef(self, node: _Function) -> None:
        self.block([*node.decorator_list, *_outside(node.args)])
        self.visit(node.returns)
        self._inside(node, lambda: self._body(node.args, node.body))
        self._bind(node.name, node)

    _on_AsyncFunctionDef = _on_FunctionDef

    def _on_Lambda(self, node: ast.Lambda) -> None:
        self.block(_outside(node.args))
        self._inside(node, lambda: self._body(node.args, [node.body]))

    def _body(self, args: ast.arguments, body: Iterable[ast.AST]) -> None:
        for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
            if arg is not None:
                self._bind(arg.arg, arg)
        self.block(body)

    def _on_ClassDef(self, node: ast.ClassDef) -> None:
        self.block([*node.decorator_list, *node.bases, *node.keywords])
        self._inside(node, lambda: self.block(node.body))
        self._bind(node.name, node)

    def _on_ListComp(self, node: _Comprehension) -> None:
        self.visit(node.generators[0].iter)
        self._inside(node, lambda: self._steps(node))

    _on_SetComp = _on_DictComp = _on_GeneratorExp = _on_ListComp

    def _steps(self, node: _Comprehension) -> None:
        for position, step in enumerate(node.generators):
            if position:
                self.visit(step.iter)
            self._maybe([step.target, *step.ifs])
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._maybe(results)


def _outside(args: ast.arguments) -> list[ast.AST]:
    """Return what of a signature is evaluated where the function is made."""
    annotated = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    notes = [arg.annotation for arg in annotated if arg is not None and arg.annotation is not None]
    return [*args.defaults, *(default for default in args.kw_defaults if default is not None), *notes]
