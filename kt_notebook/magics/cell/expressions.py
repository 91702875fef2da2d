"""Following an expression: what its value is, as far as reading can tell."""

import ast
import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kt_notebook.magics.cell import operators
from kt_notebook.magics.cell.access import assign, attribute_of, from_object
from kt_notebook.magics.cell.comprehensions import Comprehension, comprehension
from kt_notebook.magics.cell.guards import TooManyTermsError, Truth
from kt_notebook.magics.cell.loops import items_of
from kt_notebook.magics.cell.machine import TOO_MANY, Machine
from kt_notebook.magics.cell.values import (
    Abstract,
    Class,
    Frame,
    Function,
    Hp,
    HpMethod,
    Known,
    Method,
    Module,
    Pure,
    Ref,
    Sequence,
    Symbolic,
    Unknown,
)

__all__ = ["combine", "defaults_of", "evaluate", "truth_of"]


def evaluate(m: Machine, node: ast.expr) -> Abstract:
    """Follow an expression and return its value."""
    m.step()
    rule = _RULES.get(type(node))
    if rule is not None:
        return rule(m, node)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(m, child)
    return Unknown(f"`{m.cell.source(node)}` is known only when it runs")


def truth_of(m: Machine, node: ast.expr, value: Abstract) -> Truth | Unknown:
    """Return when the value of an expression counts as true."""
    if isinstance(value, Function | Class | Module | Hp | HpMethod | Pure | Method):
        return Truth.constant(True)
    if isinstance(value, Ref) and value.kind == "instance":
        return Unknown(f"`{m.cell.source(node)}` is an object")
    if isinstance(value, Sequence | Ref):
        items = items_of(m, value)
        if items is not None:
            return Truth.constant(bool(items))
    held = m.concrete(value)
    if isinstance(held, Symbolic):
        held = replace(held, text=m.label(m.cell.source(node)))
    truth = m.tables.truth(held)
    return Unknown(f"`{m.cell.source(node)}`: {truth.reason}") if isinstance(truth, Unknown) else truth


# ---- names and attributes


def _name(m: Machine, node: ast.Name) -> Abstract:
    key = m.key_of(node.id)
    if key in m.store:
        held = m.store[key]
        if isinstance(held, Function):
            m.loose[held.node] += 1
        return held
    if key[0] != m.module.number:
        return Unknown(f"`{node.id}` has no value yet")
    if node.id == m.hp_name and m.hp_is_free:
        return Hp()
    if node.id in m.namespace:
        return from_object(m, m.namespace[node.id], f"`{node.id}`")
    if hasattr(builtins, node.id):
        return Pure(getattr(builtins, node.id))
    return Unknown(f"`{node.id}` is not known before the cell runs")


def _attribute(m: Machine, node: ast.Attribute) -> Abstract:
    return attribute_of(m, evaluate(m, node.value), node.attr, m.cell.source(node))


# ---- operators


def _binary(m: Machine, node: ast.BinOp) -> Abstract:
    return combine(m, node.op, evaluate(m, node.left), evaluate(m, node.right))


def combine(m: Machine, op: ast.operator, left: Abstract, right: Abstract) -> Abstract:
    """Return what an operator makes of two values."""
    if isinstance(op, ast.Add):
        items = [items_of(m, side) if isinstance(side, Ref | Sequence) else None for side in (left, right)]
        if items[0] is not None and items[1] is not None and type(left) is type(right):
            joined = items[0] + items[1]
            return m.new_list(joined) if isinstance(left, Ref) else Sequence(joined)
    compute = operators.BINARY.get(type(op))
    return Unknown("it is a product of matrices") if compute is None else m.lift(compute, left, right)


def _unary(m: Machine, node: ast.UnaryOp) -> Abstract:
    value = evaluate(m, node.operand)
    if not isinstance(node.op, ast.Not):
        return m.lift(operators.UNARY[type(node.op)], value)
    truth = truth_of(m, node.operand, value)
    return truth if isinstance(truth, Unknown) else _answer(m, truth.negated())


def _answer(m: Machine, truth: Truth) -> Abstract:
    """Return a condition as a bool."""
    if truth.yes.is_always or truth.no.is_always:
        return Known(truth.yes.is_always)
    params = tuple(dict.fromkeys([*truth.yes.params, *truth.no.params]))
    return m.tables.tabulated(Symbolic(params, truth.yes.holds, truth))


def _bool_op(m: Machine, node: ast.BoolOp) -> Abstract:
    is_and = isinstance(node.op, ast.And)
    return _chain(m, node.values, is_and=is_and)


def _chain(m: Machine, parts: list[ast.expr], *, is_and: bool) -> Abstract:
    value = evaluate(m, parts[0])
    if len(parts) == 1:
        return value
    truth = truth_of(m, parts[0], value)
    rest: list[Abstract] = []

    def go_on() -> Abstract:
        rest.append(_chain(m, parts[1:], is_and=is_and))
        return rest[0]

    def stop() -> Abstract:
        return value

    result = m.fork(truth, go_on, stop) if is_and else m.fork(truth, stop, go_on)
    if not rest or isinstance(truth, Unknown) or not isinstance(result, Symbolic):
        return result
    other = truth_of(m, ast.BoolOp(ast.And(), parts[1:]) if len(parts) > 2 else parts[1], rest[0])
    if isinstance(other, Unknown):
        return result
    try:
        if is_and:
            both = Truth(truth.yes.met(other.yes), truth.no.joined(truth.yes.met(other.no)))
        else:
            both = Truth(truth.yes.joined(truth.no.met(other.yes)), truth.no.met(other.no))
    except TooManyTermsError:
        return Unknown(TOO_MANY)
    return replace(result, truth=both)


def _compare(m: Machine, node: ast.Compare) -> Abstract:
    left = evaluate(m, node.left)
    result: Abstract | None = None
    for op, side in zip(node.ops, node.comparators, strict=True):
        right = evaluate(m, side)
        part = _compared(m, op, left, right)
        if result is not None:
            part = m.lift(lambda a, b: a and b, result, part, truth=_both(m, result, part))
        result = part
        left = right
    return result or Known(True)


def _both(m: Machine, left: Abstract, right: Abstract) -> Truth | None:
    first, second = m.tables.truth(m.concrete(left)), m.tables.truth(m.concrete(right))
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return None
    try:
        return Truth(first.yes.met(second.yes), first.no.joined(first.yes.met(second.no)))
    except TooManyTermsError:
        return None


def _compared(m: Machine, op: ast.cmpop, left: Abstract, right: Abstract) -> Abstract:
    word, compute = operators.COMPARISONS[type(op)]
    if isinstance(op, ast.Is | ast.IsNot) and Known(None) in (left, right):
        other = right if left == Known(None) else left
        if not isinstance(other, Known | Symbolic | Unknown):
            return Known(isinstance(op, ast.IsNot))
    held = m.concrete(left), m.concrete(right)
    result = m.lift(compute, *held)
    for symbol, constant, is_left in ((held[0], held[1], True), (held[1], held[0], False)):
        if not (isinstance(symbol, Symbolic) and symbol.param and isinstance(constant, Known)):
            continue
        number = constant.value
        is_ordered = isinstance(number, int | float) and word not in {"is", "is not"}
        is_range = m.collector.domain(symbol.param) is None and m.collector.is_number(symbol.param)
        if isinstance(result, Symbolic) and is_ordered and is_range:
            text = f"{symbol.param} {word} {number!r}" if is_left else f"{number!r} {word} {symbol.param}"
            low, high = m.collector.bounds(symbol.param)
            breaks = (float(number),) if low <= number <= high else ()
            return replace(result, truth=m.tables.tested(result, breaks, text))
    return result


def _if_expression(m: Machine, node: ast.IfExp) -> Abstract:
    truth = truth_of(m, node.test, evaluate(m, node.test))
    return m.fork(truth, lambda: evaluate(m, node.body), lambda: evaluate(m, node.orelse))


# ---- displays and texts


def _tuple(m: Machine, node: ast.Tuple) -> Abstract:
    items = _display(m, node.elts)
    if items is None:
        return Unknown("what is unpacked into it is not known")
    if all(isinstance(item, Known) for item in items):
        return Known(tuple(item.value for item in items if isinstance(item, Known)))
    return Sequence(items)


def _list(m: Machine, node: ast.List | ast.Set) -> Abstract:
    items = _display(m, node.elts)
    content = Unknown("what is unpacked into it is not known") if items is None else Sequence(items)
    return m.new_ref("set" if isinstance(node, ast.Set) else "list", content)


def _display(m: Machine, nodes: list[ast.expr]) -> tuple[Abstract, ...] | None:
    result: list[Abstract] | None = []
    for node in nodes:
        if not isinstance(node, ast.Starred):
            value = evaluate(m, node)
            if result is not None:
                result.append(value)
            continue
        more = items_of(m, evaluate(m, node.value))
        result = None if more is None or result is None else [*result, *more]
    return None if result is None else tuple(result)


def _dict(m: Machine, node: ast.Dict) -> Abstract:
    pairs: list[Abstract] | None = []
    for key, item in zip(node.keys, node.values, strict=True):
        held = None if key is None else evaluate(m, key)
        value = evaluate(m, item)
        if isinstance(held, Known) and pairs is not None:
            pairs = [pair for pair in pairs if not (isinstance(pair, Sequence) and pair.items[0] == held)]
            pairs.append(Sequence((held, value)))
        else:
            pairs = None
    return m.new_ref("dict", Unknown("its keys are not known") if pairs is None else Sequence(tuple(pairs)))


def _joined_text(m: Machine, node: ast.JoinedStr) -> Abstract:
    return m.lift(lambda *parts: "".join(parts), *(evaluate(m, part) for part in node.values))


def _formatted(m: Machine, node: ast.FormattedValue) -> Abstract:
    value = evaluate(m, node.value)
    spec = Known("") if node.format_spec is None else evaluate(m, node.format_spec)
    return m.lift(lambda plain, how: operators.formatted(plain, node.conversion, how), value, spec)


def _subscript(m: Machine, node: ast.Subscript) -> Abstract:
    owner, index = evaluate(m, node.value), evaluate(m, node.slice)
    if isinstance(owner, Hp):
        return m.hp_value(index)
    if isinstance(owner, Ref | Sequence) and isinstance(index, Known):
        content = m.content(owner) if isinstance(owner, Ref) else owner
        if isinstance(content, Sequence):
            found = _item(m, owner, content, index.value)
            if found is not None:
                return found
    return m.lift(lambda plain, at: plain[at], owner, index)


def _item(m: Machine, owner: Abstract, content: Sequence, index: Any) -> Abstract | None:  # a plain value
    if isinstance(owner, Ref) and owner.kind == "dict":
        for pair in content.items:
            if isinstance(pair, Sequence) and pair.items[0] == Known(index):
                return pair.items[1]
        return Unknown(f"it has no key {index!r}")
    if isinstance(index, slice):
        items = content.items[index]
        return m.new_list(items) if isinstance(owner, Ref) else Sequence(items)
    if isinstance(index, int) and -len(content.items) <= index < len(content.items):
        return content.items[index]
    return None


def _slice(m: Machine, node: ast.Slice) -> Abstract:
    parts = [Known(None) if part is None else evaluate(m, part) for part in (node.lower, node.upper, node.step)]
    if all(isinstance(part, Known) for part in parts):
        return Known(slice(*(part.value for part in parts if isinstance(part, Known))))
    return m.lift_plain(slice, *parts)


# ---- functions and comprehensions


def _lambda(m: Machine, node: ast.Lambda) -> Abstract:
    m.loose[node] += 1
    return Function(node, m.frame, defaults_of(m, node.args))


def defaults_of(m: Machine, args: ast.arguments) -> Mapping[str, Abstract]:
    """Follow the default values of a signature and return them by parameter."""
    plain = [*args.posonlyargs, *args.args]
    named = plain[len(plain) - len(args.defaults) :]
    values = {arg.arg: evaluate(m, default) for arg, default in zip(named, args.defaults, strict=True)}
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            values[arg.arg] = evaluate(m, default)
    return values


def _named(m: Machine, node: ast.NamedExpr) -> Abstract:
    value = evaluate(m, node.value)
    owner: Frame | None = m.frame
    inner = m.frame
    while owner is not None and isinstance(owner.scope.node, Comprehension):
        owner = owner.outer
    m.frame = owner or m.frame
    assign(m, node.target, value)
    m.frame = inner
    return value


def _constant(m: Machine, node: ast.Constant) -> Abstract:
    return Known(node.value)


def _call(m: Machine, node: ast.Call) -> Abstract:
    return m.call(node)


# each rule takes its own kind of node: a table of one type for all would need a cast in every rule
_RULES: Mapping[type[ast.expr], Callable[[Machine, Any], Abstract]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool_op,
    ast.Compare: _compare,
    ast.IfExp: _if_expression,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.JoinedStr: _joined_text,
    ast.FormattedValue: _formatted,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.DictComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.Call: _call,
}
