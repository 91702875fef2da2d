"""Following the cell's own functions and classes where they are called."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from kt_notebook.magics.cell.access import find_member
from kt_notebook.magics.cell.loops import may_declare
from kt_notebook.magics.cell.machine import Exit, Machine
from kt_notebook.magics.cell.values import Abstract, Class, Frame, Function, Known, Ref, Sequence, Unknown

__all__ = ["Arguments", "call_function", "instantiate"]

_MAX_DEPTH = 20


@dataclass(slots=True)
class Arguments:
    """What a call hands over; `is_whole` is False where something unpacked is not known."""

    positional: list[Abstract] = field(default_factory=list)
    keywords: dict[str, Abstract] = field(default_factory=dict)
    is_whole: bool = True

    def all(self) -> list[Abstract]:
        """Return every value handed over."""
        return [*self.positional, *self.keywords.values()]


def call_function(m: Machine, function: Function, arguments: Arguments, call: ast.AST) -> Abstract:
    """Follow a function of the cell for these arguments and return what it returns."""
    node = function.node
    reason = _refused(m, function)
    if reason is not None:
        if may_declare(m, _body_of(node)):
            m.visited.add(node)
            m.collector.add_unsettled(call, reason)
        return Unknown(reason)
    m.visited.add(node)
    values = _bind(m, function, arguments)
    frame = Frame(m.number(), m.names.scopes[node], function.frame)
    outer, m.frame = m.frame, frame
    m.store.update({(frame.number, name): value for name, value in values.items()})
    m.depth += 1
    result = _run(m, node)
    m.depth -= 1
    m.frame = outer
    if not any(isinstance(part, _SCOPES) for part in ast.walk(node) if part is not node):
        for key in [key for key in m.store if key[0] == frame.number]:
            del m.store[key]
    return result


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)


def _run(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Abstract:
    if isinstance(node, ast.Lambda):
        return m.evaluate(node.body)
    entry, counts = m.save(), m.counts()
    outer_returns, m.returns = m.returns, []
    outer_jumps, m.jumps = m.jumps, []
    m.run_block(node.body)
    exits = m.returns
    m.returns, m.jumps = outer_returns, outer_jumps
    if not m.is_dead:
        exits.append(Exit(m.save(), Known(None)))
    key = (m.number(), "\0returned")
    for point in exits:
        point.state.store[key] = point.value
    m.merge([point.state for point in exits])
    m.n_returns, m.n_jumps = counts[:2]
    if not m.is_dead and m.n_raises == counts[2]:
        m.guard, m.doubt = entry.guard, entry.doubt
    elif not m.is_dead:
        m.doubt = entry.doubt  # a raise ends the trial: what comes after is as sure as before
    return m.store.pop(key, Unknown("the function never returns"))


def _refused(m: Machine, function: Function) -> str | None:
    node = function.node
    name = getattr(node, "name", "a lambda")
    if isinstance(node, ast.AsyncFunctionDef):
        return f"{name} is asynchronous: its body runs when others ask"
    if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in _own_parts(node)):
        return f"{name} is a generator: its body runs when others ask"
    if m.depth >= _MAX_DEPTH:
        return f"{name} is called from itself, or too deep to follow"
    return None


def _body_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.AST]:
    return [node.body] if isinstance(node, ast.Lambda) else list(node.body)


def _own_parts(node: ast.AST) -> list[ast.AST]:
    """Return the nodes of a function without those of the functions inside."""
    parts, waiting = [], list(ast.iter_child_nodes(node))
    while waiting:
        part = waiting.pop()
        parts.append(part)
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(part)
    return parts


def _bind(m: Machine, function: Function, arguments: Arguments) -> Mapping[str, Abstract]:
    """Return the parameters' values; Unknown where they are not known."""
    args = function.node.args
    plain = [*args.posonlyargs, *args.args]
    positional = list(arguments.positional)
    if function.bound_to is not None:
        positional.insert(0, function.bound_to)
    missing = Unknown("what it is called with is not known")
    values: dict[str, Abstract] = {}
    for number, arg in enumerate(plain):
        if number < len(positional):
            values[arg.arg] = positional[number]
        else:
            values[arg.arg] = arguments.keywords.get(arg.arg, function.defaults.get(arg.arg, missing))
    for arg in args.kwonlyargs:
        values[arg.arg] = arguments.keywords.get(arg.arg, function.defaults.get(arg.arg, missing))
    if not arguments.is_whole:
        known = positional if function.bound_to is not None else []
        values = {name: value if value in known[:1] else missing for name, value in values.items()}
    if args.vararg is not None:
        rest = Sequence(tuple(positional[len(plain) :]))
        values[args.vararg.arg] = rest if arguments.is_whole else missing
    if args.kwarg is not None:
        named = {arg.arg for arg in [*plain, *args.kwonlyargs]}
        pairs = [Sequence((Known(k), v)) for k, v in arguments.keywords.items() if k not in named]
        values[args.kwarg.arg] = m.new_ref("dict", Sequence(tuple(pairs)) if arguments.is_whole else missing)
    return values


def instantiate(m: Machine, made_by: Class, arguments: Arguments, call: ast.AST) -> Ref:
    """Follow the making of an object of a class of the cell and return the object."""
    ref = Ref(m.number(), "instance", made_by)
    init = find_member(m, made_by, "__init__")
    if isinstance(init, Function):
        call_function(m, Function(init.node, init.frame, init.defaults, ref), arguments, call)
    return ref
