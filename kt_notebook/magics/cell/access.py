"""Following what stands behind a name, a dot or an index, and what is put there."""

import ast
from types import ModuleType

from kt_notebook.magics.cell.loops import items_of
from kt_notebook.magics.cell.machine import Machine
from kt_notebook.magics.cell.objects import MISSING, array_facts, is_pure, module_member
from kt_notebook.magics.cell.stock import CONTENT
from kt_notebook.magics.cell.values import (
    Abstract,
    Array,
    Class,
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

__all__ = ["assign", "attribute_of", "find_member", "from_object"]


def from_object(m: Machine, value: object, what: str) -> Abstract:
    """Return an object of the notebook as far as it can be read without running its code."""
    held = m.from_notebook(value)
    if held is not None:
        return held
    if issubclass(type(value), ModuleType):
        return Module(value)  # type: ignore[arg-type]  # the test says so
    facts = array_facts(value)
    if facts is not None:
        return Array(facts)
    if is_pure(value):
        return Pure(value)  # type: ignore[arg-type]  # the list of pure callables holds callables only
    return Unknown(f"{what} is an object that reading does not look into")


def attribute_of(m: Machine, owner: Abstract, name: str, text: str) -> Abstract:
    """Return an attribute of a value."""
    match owner:
        case Hp():
            return HpMethod(name)
        case Module(module=module):
            member = module_member(module, name)
            return Unknown(f"`{text}` is not looked up") if member is MISSING else from_object(m, member, f"`{text}`")
        case Array(facts=facts):
            return Known(facts[name]) if name in facts else Method(owner, name)
        case Ref(kind="instance", number=number, made_by=made_by):
            held = m.store.get((number, name))
            if held is None and made_by is not None:
                held = find_member(m, made_by, name)
                if isinstance(held, Function):
                    return replace_bound(held, owner)
            return Unknown(f"`{text}` is not known before the cell runs") if held is None else held
        case Class():
            found = find_member(m, owner, name)
            return Unknown(f"`{text}` is not known before the cell runs") if found is None else found
        case Known() | Symbolic() | Ref() | Sequence():
            return Method(owner, name)
    reason = owner.reason if isinstance(owner, Unknown) else f"`{text}` is not known before the cell runs"
    return Unknown(reason)


def find_member(m: Machine, made_by: Class, name: str) -> Abstract | None:
    """Return what a class of the cell, or one of its bases in the cell, holds under a name."""
    held = m.store.get((made_by.body.number, name))
    if held is not None:
        return held
    for base in made_by.bases:
        found = find_member(m, base, name) if isinstance(base, Class) else None
        if found is not None:
            return found
    return None


def replace_bound(function: Function, owner: Abstract) -> Function:
    """Return a function as a method of an object."""
    return Function(function.node, function.frame, function.defaults, owner)


def assign(m: Machine, target: ast.expr, value: Abstract) -> None:
    """Give a target a value."""
    match target:
        case ast.Name(id=name):
            m.store[m.key_of(name)] = value
        case ast.Starred(value=inner):
            assign(m, inner, value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part, item in zip(parts, _unpacked(m, value, parts), strict=True):
                assign(m, part, item)
        case ast.Attribute(value=holder, attr=name):
            owner = m.evaluate(holder)
            if isinstance(owner, Ref) and owner.kind == "instance":
                m.store[owner.number, name] = value
        case ast.Subscript(value=holder, slice=index):
            _assign_item(m, m.evaluate(holder), m.evaluate(index), value)


def _unpacked(m: Machine, value: Abstract, parts: list[ast.expr]) -> list[Abstract]:
    starred = [number for number, part in enumerate(parts) if isinstance(part, ast.Starred)]
    items = items_of(m, value)
    if items is None and not starred:
        held = m.concrete(value)
        return [m.lift(lambda plain, at=number: list(plain)[at], held) for number in range(len(parts))]
    if items is not None and not starred and len(items) == len(parts):
        return list(items)
    if items is not None and len(starred) == 1 and len(items) >= len(parts) - 1:
        first, n_after = starred[0], len(parts) - 1 - starred[0]
        rest = m.new_list(items[first : len(items) - n_after])
        return [*items[:first], rest, *items[len(items) - n_after :]]
    return [Unknown("what it is unpacked from is not known") for _ in parts]


def _assign_item(m: Machine, owner: Abstract, index: Abstract, value: Abstract) -> None:
    if not isinstance(owner, Ref):
        return
    content = m.content(owner)
    if isinstance(content, Sequence) and isinstance(index, Known):
        items = list(content.items)
        if owner.kind == "list" and isinstance(index.value, int) and -len(items) <= index.value < len(items):
            items[index.value] = value
            m.store[owner.number, CONTENT] = Sequence(tuple(items))
            return
        if owner.kind == "dict":
            pairs = [pair for pair in items if not (isinstance(pair, Sequence) and pair.items[0] == index)]
            m.store[owner.number, CONTENT] = Sequence((*pairs, Sequence((index, value))))
            return
    m.forget(owner, "it is changed at a place that is not known")
