"""Following statements: what they bind, and where ways part, leave and meet."""

import ast
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from kt_notebook.magics.cell.access import assign, from_object
from kt_notebook.magics.cell.expressions import combine, defaults_of, evaluate, truth_of
from kt_notebook.magics.cell.guards import TooManyTermsError, Truth
from kt_notebook.magics.cell.loops import follow_loop, steps_of
from kt_notebook.magics.cell.machine import TOO_MANY, Exit, Machine, State
from kt_notebook.magics.cell.objects import MISSING, module_member, module_names
from kt_notebook.magics.cell.values import Abstract, Class, Frame, Function, HpScope, Known, Unknown

__all__ = ["run_block"]

_MAX_ROUNDS = 1000


def run_block(m: Machine, body: list[ast.stmt]) -> None:
    """Follow statements until no way leads on."""
    for node in body:
        if m.is_dead:
            return
        m.step()
        rule = _RULES.get(type(node))
        if rule is not None:
            rule(m, node)


def _expression(m: Machine, node: ast.Expr) -> None:
    evaluate(m, node.value)


def _assign(m: Machine, node: ast.Assign) -> None:
    value = evaluate(m, node.value)
    for target in node.targets:
        assign(m, target, value)


def _annotated(m: Machine, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(m, node.target, evaluate(m, node.value))


def _augmented(m: Machine, node: ast.AugAssign) -> None:
    target = node.target
    before = evaluate(m, target)
    after = combine(m, node.op, before, evaluate(m, node.value))
    if isinstance(target, ast.Name | ast.Attribute):
        m.forget(before, "it is changed in place")
    assign(m, target, after)


def _delete(m: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            m.store[m.key_of(target.id)] = Unknown(f"`{target.id}` was deleted")
        elif isinstance(target, ast.Subscript):
            m.forget(evaluate(m, target.value), "parts of it are deleted")


def _if(m: Machine, node: ast.If) -> None:
    truth = truth_of(m, node.test, evaluate(m, node.test))
    m.fork(truth, lambda: run_block(m, node.body), lambda: run_block(m, node.orelse))


def _for(m: Machine, node: ast.For) -> None:
    over = evaluate(m, node.iter)
    steps = steps_of(m, over)
    if isinstance(steps, Unknown):
        steps = Unknown(f"the loop of line {node.lineno} runs over `{m.cell.source(node.iter)}`: {steps.reason}")

    def run(item: Abstract) -> None:
        assign(m, node.target, item)
        run_block(m, node.body)

    follow_loop(m, steps, run, lambda: run_block(m, node.orelse), [node.target, *node.body])


def _async_for(m: Machine, node: ast.AsyncFor) -> None:
    evaluate(m, node.iter)
    m.havoc([node], "it is asynchronous")


def _while(m: Machine, node: ast.While) -> None:
    """Follow a `while` as a loop whose rounds are known one after the other."""
    text = m.cell.source(node.test)
    truth = truth_of(m, node.test, evaluate(m, node.test))
    body: list[ast.AST] = [node.test, *node.body]
    if isinstance(truth, Unknown):
        reason = f"how often the `while {text}` of line {node.lineno} runs is known only then"
        follow_loop(m, Unknown(reason), lambda _: run_block(m, node.body), lambda: run_block(m, node.orelse), body)
        return
    _Rounds(m, node, truth).follow()


class _Rounds:
    """The rounds of a `while`, each inside the one before."""

    def __init__(self, m: Machine, node: ast.While, truth: Truth) -> None:
        self._m = m
        self._node = node
        self._truth = truth
        self._n_rounds = 0
        self._was_sure = m.doubt is None

    def follow(self) -> None:
        m, node = self._m, self._node
        entry, counts = m.save(), m.counts()
        breaks: list[State] = []
        ends: list[State] = []
        while not m.is_dead and self._enter(ends):
            continues: list[State] = []
            m.jumps.append((breaks, continues))
            run_block(m, node.body)
            m.jumps.pop()
            m.merge([*continues, *m.alive()])
        m.merge(ends)
        if not m.is_dead:
            run_block(m, node.orelse)
        m.merge([*m.alive(), *breaks])
        m.n_jumps = counts[1]
        if not m.is_dead and m.counts() == counts:
            m.guard, m.doubt = entry.guard, entry.doubt

    def _enter(self, ends: list[State]) -> bool:
        m, node = self._m, self._node
        truth: Truth | Unknown = self._truth
        if self._n_rounds:
            truth = truth_of(m, node.test, evaluate(m, node.test))
        self._n_rounds += 1
        is_lost = self._was_sure and m.doubt is not None
        if isinstance(truth, Unknown) or is_lost or self._n_rounds > _MAX_ROUNDS:
            m.havoc([node], f"the loop of line {node.lineno} gives it its value")
            m.doubt = m.doubt or f"how often the loop of line {node.lineno} runs is known only then"
            m.jumps.append(([], []))
            run_block(m, node.body)
            m.jumps.pop()
            m.havoc([node], f"the loop of line {node.lineno} gives it its value")
            ends.append(m.save())
            return False
        here = m.save()
        if m.narrow(truth.no):
            ends.append(m.save())
        m.load(here)
        return m.narrow(truth.yes)


def _break(m: Machine, node: ast.Break | ast.Continue) -> None:
    if m.jumps:
        m.jumps[-1][isinstance(node, ast.Continue)].append(m.save())
    m.n_jumps += 1
    m.die()


def _return(m: Machine, node: ast.Return) -> None:
    value: Abstract = Known(None) if node.value is None else evaluate(m, node.value)
    m.returns.append(Exit(m.save(), value))
    m.n_returns += 1
    m.die()


def _raise(m: Machine, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            evaluate(m, part)
    m.n_raises += 1
    m.die()


def _assert(m: Machine, node: ast.Assert) -> None:
    def fail() -> None:
        m.n_raises += 1
        m.die()

    truth = truth_of(m, node.test, evaluate(m, node.test))
    if isinstance(truth, Truth):
        m.fork(truth, lambda: None, fail)


def _with(m: Machine, node: ast.With) -> None:
    scopes: list[HpScope] = []
    for item in node.items:
        value = evaluate(m, item.context_expr)
        if item.optional_vars is not None:
            assign(m, item.optional_vars, Unknown(f"`{m.cell.source(item.context_expr)}` gives it its value"))
        if isinstance(value, HpScope):
            scopes.append(value)
            m.open(value)
    run_block(m, node.body)
    for scope in scopes:
        m.close(scope)


def _try(m: Machine, node: ast.Try | ast.TryStar) -> None:
    before, n_raises = m.save(), m.n_raises
    m.load(before)
    run_block(m, node.body)
    if not m.is_dead:
        run_block(m, node.orelse)
    normal = None if m.is_dead else m.save()
    ends = [] if normal is None else [normal]
    for handler in node.handlers:
        m.load(before)
        m.havoc(node.body, f"it is set inside the `try` of line {node.lineno}")
        m.doubt = m.doubt or f"it runs only where the `try` of line {node.lineno} fails"
        if handler.name is not None:
            m.store[m.key_of(handler.name)] = Unknown("it is an exception")
        run_block(m, handler.body)
        if not m.is_dead:
            ends.append(m.save())
    is_caught = len(ends) > (normal is not None) and m.n_raises != n_raises
    m.merge(ends)
    if is_caught:
        m.n_raises = n_raises
        m.guard, m.doubt = before.guard, before.doubt
    elif normal is not None:
        m.guard, m.doubt = normal.guard, normal.doubt
    if not m.is_dead:
        run_block(m, node.finalbody)
        return
    m.load(before)
    run_block(m, node.finalbody)
    m.die()


def _match(m: Machine, node: ast.Match) -> None:
    subject = evaluate(m, node.subject)

    def case(number: int) -> None:
        if number == len(node.cases):
            return
        part = node.cases[number]

        def guarded() -> None:
            if part.guard is None:
                run_block(m, part.body)
                return
            inner = truth_of(m, part.guard, evaluate(m, part.guard))
            m.fork(inner, lambda: run_block(m, part.body), lambda: case(number + 1))

        def matched() -> None:
            _capture(m, part.pattern, subject)
            guarded()

        m.fork(_matches(m, part.pattern, subject), matched, lambda: case(number + 1))

    case(0)


def _matches(m: Machine, pattern: ast.pattern, subject: Abstract) -> Truth | Unknown:
    match pattern:
        case ast.MatchAs(pattern=None):
            return Truth.constant(True)
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _matches(m, inner, subject)
        case ast.MatchValue(value=value):
            wanted = evaluate(m, value)
            return m.tables.truth(m.concrete(m.lift(lambda a, b: a == b, subject, wanted)))
        case ast.MatchSingleton(value=constant):
            return m.tables.truth(m.concrete(m.lift(lambda plain: plain is constant, subject)))
        case ast.MatchOr(patterns=patterns):
            parts = [_matches(m, part, subject) for part in patterns]
            found = parts[0]
            for part in parts[1:]:
                if isinstance(found, Unknown) or isinstance(part, Unknown):
                    return found if isinstance(found, Unknown) else part
                try:
                    found = Truth(found.yes.joined(part.yes), found.no.met(part.no))
                except TooManyTermsError:
                    return Unknown(TOO_MANY)
            return found
    return Unknown(f"whether the pattern of line {pattern.lineno} fits is known only when it runs")


def _capture(m: Machine, pattern: ast.pattern, subject: Abstract) -> None:
    for part in ast.walk(pattern):
        name = getattr(part, "name", None) or getattr(part, "rest", None)
        if isinstance(name, str):
            is_whole = isinstance(part, ast.MatchAs) and part is pattern
            m.store[m.key_of(name)] = subject if is_whole else Unknown("a pattern gives it its value")


def _function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    for decorator in node.decorator_list:
        evaluate(m, decorator)
    function = Function(node, m.frame, defaults_of(m, node.args))
    names = {m.cell.source(decorator) for decorator in node.decorator_list}
    value: Abstract = function
    if names - {"staticmethod", "classmethod"}:
        m.decorated[node] = function
        value = Unknown(f"{node.name} is wrapped by a decorator")
    elif names:
        m.decorated[node] = function
        value = Unknown(f"{node.name} is a {min(names)}")
    m.store[m.key_of(node.name)] = value


def _class(m: Machine, node: ast.ClassDef) -> None:
    for part in [*node.decorator_list, *(keyword.value for keyword in node.keywords)]:
        evaluate(m, part)
    bases = tuple(evaluate(m, base) for base in node.bases)
    frame = Frame(m.number(), m.names.scopes[node], m.frame)
    outer, m.frame = m.frame, frame
    run_block(m, node.body)
    m.frame = outer
    is_plain = not node.decorator_list
    m.store[m.key_of(node.name)] = Class(node, frame, bases) if is_plain else Unknown("a decorator makes it")


def _import(m: Machine, node: ast.Import | ast.ImportFrom) -> None:
    for alias in node.names:
        if alias.name == "*" and isinstance(node, ast.ImportFrom):
            _import_all(m, sys.modules.get(node.module or ""))
        else:
            name = alias.asname or alias.name.split(".")[0]
            m.store[m.key_of(name)] = _imported(m, node, alias)


def _imported(m: Machine, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Abstract:
    """Return a module that is imported already, or what it holds; nothing is imported to look."""
    unknown = Unknown(f"`{alias.name}` is imported only when the cell runs")
    if isinstance(node, ast.Import):
        found: object = sys.modules.get(alias.name if alias.asname else alias.name.split(".")[0], MISSING)
    else:
        holder = sys.modules.get(node.module or "") if not node.level else None
        found = MISSING if holder is None else module_member(holder, alias.name)
    return unknown if found is MISSING else from_object(m, found, f"`{alias.name}`")


def _import_all(m: Machine, module: ModuleType | None) -> None:
    for name in module_names(module):
        m.store[m.key_of(name)] = from_object(m, module_member(module, name), f"`{name}`")  # type: ignore[arg-type]  # a module without names gives none


# each rule takes its own kind of node: a table of one type for all would need a cast in every rule
_RULES: Mapping[type[ast.stmt], Callable[[Machine, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _async_for,
    ast.While: _while,
    ast.Break: _break,
    ast.Continue: _break,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import,
}
