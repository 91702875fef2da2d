"""Following a call: Python's own functions are computed, the cell's are followed, all others are left alone."""

import ast
from collections.abc import Callable
from typing import Any

from kt_notebook.magics.cell import operators
from kt_notebook.magics.cell.comprehensions import eager
from kt_notebook.magics.cell.expressions import truth_of
from kt_notebook.magics.cell.functions import Arguments, call_function, instantiate
from kt_notebook.magics.cell.hp_calls import call_hp
from kt_notebook.magics.cell.loops import append, follow_loop, items_of, may_declare, steps_of
from kt_notebook.magics.cell.machine import Machine
from kt_notebook.magics.cell.objects import is_pure
from kt_notebook.magics.cell.stock import CONTENT
from kt_notebook.magics.cell.values import (
    Abstract,
    Class,
    Frame,
    Function,
    Hp,
    HpMethod,
    Known,
    Method,
    Pure,
    Ref,
    Sequence,
    Symbolic,
    Unknown,
)

__all__ = ["call"]

_HARMLESS = (print, isinstance, type, id, getattr, hasattr, callable, issubclass, hash, repr)
# they read all that they are given, at once
_EAGER = (list, tuple, set, frozenset, dict, sum, min, max, sorted, len, any, all)


def call(m: Machine, node: ast.Call) -> Abstract:
    """Follow a call and return what it gives."""
    function = m.evaluate(node.func)
    if isinstance(function, Function) and isinstance(node.func, ast.Name | ast.Lambda):
        m.loose[function.node] -= 1
    if isinstance(function, Pure) and function.call in (any, all) and _is_lone_generator(node):
        generator = node.args[0]
        if isinstance(generator, ast.GeneratorExp) and may_declare(m, [generator]):
            return _quantified(m, generator, is_any=function.call is any)
    is_eager = isinstance(function, Pure) and any(function.call is held for held in _EAGER)
    is_eager = is_eager or (isinstance(function, Method) and function.name == "join")
    arguments = _arguments(m, node, is_eager=is_eager)
    match function:
        case HpMethod(name=name):
            return call_hp(m, node, name, arguments)
        case Function():
            return call_function(m, function, arguments, node)
        case Class():
            return instantiate(m, function, arguments, node)
        case Pure():
            return _pure(m, function, arguments)
        case Method():
            return _method(m, function, arguments, node)
    return _foreign(m, node, function, arguments)


def _is_lone_generator(node: ast.Call) -> bool:
    return len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp)


def _arguments(m: Machine, node: ast.Call, *, is_eager: bool) -> Arguments:
    result = Arguments()
    for argument in node.args:
        if isinstance(argument, ast.GeneratorExp) and (is_eager or not may_declare(m, [argument])):
            result.positional.append(eager(m, argument))
        elif isinstance(argument, ast.Starred):
            is_generator = isinstance(argument.value, ast.GeneratorExp)
            value = eager(m, argument.value) if is_generator else m.evaluate(argument.value)  # type: ignore[arg-type]  # the test says so
            items = items_of(m, value)
            result.is_whole = result.is_whole and items is not None
            result.positional += items or ()
        else:
            result.positional.append(m.evaluate(argument))
    for keyword in node.keywords:
        value = m.evaluate(keyword.value)
        if keyword.arg is not None:
            result.keywords[keyword.arg] = value
            continue
        pairs = m.content(value) if isinstance(value, Ref) and value.kind == "dict" else None
        for pair in pairs.items if isinstance(pairs, Sequence) else ():
            match pair:
                case Sequence(items=(Known(value=str() as name), held)):
                    result.keywords[name] = held
        result.is_whole = result.is_whole and isinstance(pairs, Sequence)
    return result


# ---- Python's own


def _pure(m: Machine, function: Pure, arguments: Arguments) -> Abstract:
    if any(function.call is held for held in _HARMLESS):
        return Unknown("it is known only when it runs")
    if not is_pure(function.call) or not arguments.is_whole:
        for value in arguments.all():
            m.forget(value, "it was handed to code that may change it")
        return Unknown(f"what {getattr(function.call, '__name__', 'it')} gives is known only when it runs")
    structural = _structural(m, function.call, arguments)
    if structural is not None:
        return structural
    names = list(arguments.keywords)
    n_positional = len(arguments.positional)

    def compute(*values: Any) -> Any:  # plain values
        keywords = dict(zip(names, values[n_positional:], strict=True))
        return operators.compute_pure(function.call, values[:n_positional], keywords)

    if any(isinstance(value, Function | Class | Pure) for value in arguments.all()):
        return Unknown("a function decides it")
    return m.lift(compute, *arguments.all())


def _structural(m: Machine, function: Callable[..., Any], arguments: Arguments) -> Abstract | None:
    """Return what a function that only arranges items gives, where the items are known one by one."""
    if arguments.keywords or not arguments.positional:
        return m.new_list(()) if function is list and not arguments.keywords else None
    held = [items_of(m, value) for value in arguments.positional]
    lists = [items for items in held if items is not None]
    if len(lists) < len(held):
        return None
    first = lists[0]
    if function is len:
        return Known(len(first))
    if function is enumerate:
        return Sequence(tuple(Sequence((Known(number), item)) for number, item in enumerate(first)))
    if function is zip:
        return Sequence(tuple(Sequence(group) for group in zip(*lists, strict=False)))
    if function is reversed:
        return Sequence(tuple(reversed(first)))
    if function is list:
        return m.new_list(first)
    return Sequence(first) if function is tuple else None


def _quantified(m: Machine, node: ast.GeneratorExp, *, is_any: bool) -> Abstract:
    """Follow `any(…)` or `all(…)`, which stop at the first item that decides."""
    step = node.generators[0]
    if len(node.generators) > 1 or step.ifs or step.is_async:
        m.collector.add_unsettled(node, "it stops early, at an item that is known only when it runs")
        return Unknown("it is known only when it runs")
    steps = steps_of(m, m.evaluate(step.iter))
    outer, m.frame = m.frame, Frame(m.number(), m.names.scopes[node], m.frame)
    key = (m.number(), "\0answer")
    m.store[key] = Known(not is_any)

    def stop() -> None:
        m.store[key] = Known(is_any)
        m.jumps[-1][0].append(m.save())
        m.n_jumps += 1
        m.die()

    def run(item: Abstract) -> None:
        m.assign(step.target, item)
        truth = truth_of(m, node.elt, m.evaluate(node.elt))
        m.fork(truth, *((stop, lambda: None) if is_any else (lambda: None, stop)))

    follow_loop(m, steps, run, lambda: None, [step.target, node.elt])
    m.frame = outer
    return steps if isinstance(steps, Unknown) else m.store.pop(key)


def _method(m: Machine, method: Method, arguments: Arguments, node: ast.Call) -> Abstract:
    owner, name = method.owner, method.name
    if isinstance(owner, Ref):
        changed = _changed(m, owner, name, arguments)
        if changed is not None:
            return changed
    if name not in operators.PURE_METHODS or not arguments.is_whole:
        if isinstance(owner, Symbolic | Known) and isinstance(node.func, ast.Attribute):
            m.havoc([node.func.value], f".{name}() may change it")
        m.forget(owner, f".{name}() may change it")
        return Unknown(f"what .{name}() gives is known only when it runs")
    names = list(arguments.keywords)
    n_positional = len(arguments.positional)

    def compute(held: Any, *values: Any) -> Any:  # plain values
        keywords = dict(zip(names, values[n_positional:], strict=True))
        return operators.call_method(held, name, values[:n_positional], keywords)

    return m.lift(compute, owner, *arguments.all())


def _changed(m: Machine, owner: Ref, name: str, arguments: Arguments) -> Abstract | None:
    """Follow a method that changes or arranges a list or dict; None for any other."""
    match owner.kind, name, arguments.positional:
        case "list", "append", [item]:
            append(m, owner, item)
            return Known(None)
        case "list", "extend", [more] if (items := items_of(m, more)) is not None:
            for item in items:
                append(m, owner, item)
            return Known(None)
        case "dict", "items" | "values" | "keys", []:
            content = m.content(owner)
            if isinstance(content, Sequence):
                pairs = [pair for pair in content.items if isinstance(pair, Sequence)]
                if name == "items":
                    return Sequence(tuple(pairs))
                return Sequence(tuple(pair.items[name == "values"] for pair in pairs))
        case "list", "copy", []:
            return m.new_ref("list", m.store.get((owner.number, CONTENT), Unknown("it is not known")))
    return None


# ---- everybody else's


def _foreign(m: Machine, node: ast.Call, function: Abstract, arguments: Arguments) -> Abstract:
    what = m.cell.source(node.func)
    for value in arguments.all():
        if _holds_hp(m, value):
            m.collector.add_unsettled(
                node, f"{m.hp_name} is handed to `{what}`, which this cell does not define: it may declare more"
            )
        m.forget(value, f"it was handed to `{what}`, which may change it")
    is_bound = isinstance(node.func, ast.Attribute) and isinstance(function, Method)
    if is_bound:
        m.forget(function, f"`{what}` may change it")
    return Unknown(f"what `{what}` gives is known only when it runs")


def _holds_hp(m: Machine, value: Abstract) -> bool:
    if isinstance(value, Hp | HpMethod):
        return True
    if isinstance(value, Ref) and value.kind != "instance":
        value = m.content(value)
    return isinstance(value, Sequence) and any(_holds_hp(m, item) for item in value.items if item is not value)
