"""A trial's values as a person would write them: literals, and lists and lookups for names that depend on a loop."""

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kt_notebook.core.values import Value, identity
from kt_notebook.magics.cell.naming import NameTemplate
from kt_notebook.magics.cell.syntax import ancestors

__all__ = ["NamePattern", "are_alike", "literal", "lookup", "pattern_of"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ANY = "(.*)"


def literal(value: Value, quote: str = "'") -> str:
    """Return a value as Python's text for it; floats as short as they come back the same.

    Args:
        value: A plain value, as a trial has it.
        quote: The quotes to put around texts where that needs no escape.
    """
    match value:
        case float() if not math.isfinite(value):
            return f"float({quote}{value!r}{quote})"
        case str():
            text = repr(value)
            return text if text[0] == quote or "'" in value or '"' in value else f"{quote}{text[1:-1]}{quote}"
        case tuple():
            inner = ", ".join(literal(item, quote) for item in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case list():
            return f"[{', '.join(literal(item, quote) for item in value)}]"
        case dict():
            return _dict({literal(key, quote): literal(item, quote) for key, item in value.items()})
    return repr(value)


@dataclass(frozen=True, slots=True)
class NamePattern:
    """What an expression for a name may give.

    Attributes:
        regex: What the name matches.
        constant: The name, where it is always the same.
        variable: The one variable that it depends on, where it stands there as it is, once.
        has_text: Whether it has a fixed part.
    """

    regex: str
    constant: str | None = None
    variable: str | None = None
    has_text: bool = False


def pattern_of(name: ast.expr | NameTemplate | None) -> NamePattern:
    """Return what an expression for a name, or a derived name, may give."""
    parts = _parts(name)
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return NamePattern(re.escape("".join(texts)), "".join(texts), None, True)
    open_ = [part for part in parts if not isinstance(part, str)]
    variable = open_[0].id if len(open_) == 1 and isinstance(open_[0], ast.Name) else None
    regex = "".join(re.escape(part) if isinstance(part, str) else _ANY for part in parts)
    return NamePattern(regex, None, variable, any(texts))


def _parts(name: ast.AST | NameTemplate | None) -> list[str | ast.AST]:
    """Return the texts and the open places of a name, in order."""
    match name:
        case NameTemplate(base=base, loops=loops):
            return [base, *(part for loop in loops for part in ("_", ast.Name(loop, ast.Load())))]
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr(values=values):
            return [part for value in values for part in _parts(value)]
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return [value]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [*_parts(left), *_parts(right)]
        case ast.Call(func=ast.Name(id="str"), args=[value], keywords=[]):
            return [value]
    # Any other expression: what it gives is not looked into.
    return [ast.Pass()]


def lookup(
    call: ast.Call,
    name: str,
    pattern: NamePattern,
    values: Mapping[str, Value],
    parents: Mapping[ast.AST, ast.AST],
    write: Callable[[Value], str],
) -> str:
    """Return what gives, in the place of a call in a loop, the value of the name that it has in this round.

    Args:
        call: The declaring call.
        name: The text of the expression for its name.
        pattern: What that may give.
        values: The values by such names.
        parents: Of the cell.
        write: Makes a value's text.
    """
    if pattern.variable is not None:
        kind = _loop_kind(pattern.variable, call, parents)
        keys = [match[1] for key in values if (match := re.fullmatch(pattern.regex, key, re.DOTALL))]
        texts = [write(value) for value in values.values()]
        if kind is int and len(keys) == len(texts) and all(key == str(_whole(key)) for key in keys):
            pairs = sorted((_whole(key), text) for key, text in zip(keys, texts, strict=True))
            if [number for number, _ in pairs] == list(range(len(pairs))):
                return f"[{', '.join(text for _, text in pairs)}][{pattern.variable}]"
            return f"{_dict({str(number): text for number, text in pairs})}[{pattern.variable}]"
        if kind is str and len(keys) == len(texts):
            return f"{_dict({write(key): text for key, text in zip(keys, texts, strict=True)})}[{pattern.variable}]"
    return f"{_dict({write(key): write(value) for key, value in values.items()})}[{name}]"


def are_alike(values: Sequence[Value]) -> bool:
    """Return whether values are all the same, types included."""
    return len({identity(value) for value in values}) == 1


def _dict(items: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {item}" for key, item in items.items()) + "}"


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"-?\d+", text, re.ASCII) else -1


def _loop_kind(variable: str, call: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> type | None:
    """Return what the loop around a call gives its variable, int or str; None where that is not plain."""
    child = call
    for holder in ancestors(call, parents):
        if isinstance(holder, _FUNCTIONS):
            return None
        if isinstance(holder, ast.For) and child in holder.body and _binds(holder.target, variable):
            is_steady = not any(_binds(part, variable) for part in holder.body)
            return _kind_of(variable, holder.target, holder.iter) if is_steady else None
        if isinstance(holder, _COMPREHENSIONS):
            for step in reversed(holder.generators):
                if step is not child and _binds(step.target, variable):
                    return _kind_of(variable, step.target, step.iter)
        child = holder
    return None


def _binds(node: ast.AST, variable: str) -> bool:
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id == variable)
    return any(not isinstance(name.ctx, ast.Load) for name in names)


def _kind_of(variable: str, target: ast.expr, iterated: ast.expr) -> type | None:
    match target, iterated:
        case ast.Name(), ast.Call(func=ast.Name(id="range")):
            return int
        case ast.Tuple(elts=[ast.Name(id=first), *_]), ast.Call(func=ast.Name(id="enumerate")) if first == variable:
            return int
        case ast.Name(), ast.List(elts=items) | ast.Tuple(elts=items) if items:
            is_text = all(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in items)
            return str if is_text else None
    return None
