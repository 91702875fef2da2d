"""Python's operators on plain values, held back where a result would be too large to compute while reading."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["BINARY", "COMPARISONS", "PURE_METHODS", "UNARY", "compute_pure", "formatted"]

_MAX_BITS = 4096
_MAX_ITEMS = 10_000
# any plain value in, any plain value out
_Operator = Callable[[Any, Any], Any]


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > _MAX_BITS:
        raise OverflowError("the power is too large")
    return base**exponent


def _product(left: Any, right: Any) -> Any:
    for sequence, times in ((left, right), (right, left)):
        is_repeat = isinstance(sequence, str | bytes | list | tuple) and isinstance(times, int)
        if is_repeat and len(sequence) * times > _MAX_ITEMS:
            raise OverflowError("the sequence is too long")
    return left * right


def _shifted(left: Any, right: Any) -> Any:
    if right > _MAX_BITS:
        raise OverflowError("the shift is too large")
    return left << right


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str | bytes):
        _check_format(str(left))
    return left % right


BINARY: Mapping[type[ast.operator], _Operator] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _product,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _remainder,
    ast.Pow: _power,
    ast.LShift: _shifted,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
COMPARISONS: Mapping[type[ast.cmpop], tuple[str, _Operator]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Is: ("is", operator.is_),
    ast.IsNot: ("is not", operator.is_not),
    ast.In: ("in", lambda item, holder: item in holder),
    ast.NotIn: ("not in", lambda item, holder: item not in holder),
}
# methods of plain values that change nothing; a method that pads is left out, its result may be huge
PURE_METHODS = frozenset({
    "as_integer_ratio", "bit_length", "capitalize", "casefold", "conjugate", "copy", "count", "endswith", "format",
    "get", "index", "is_integer", "isalpha", "isdigit", "isnumeric", "items", "join", "keys", "lower", "lstrip",
    "partition", "removeprefix", "removesuffix", "replace", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "swapcase", "title", "upper", "values",
})  # fmt: skip
# the letters of !s, !r and !a
_CONVERSIONS: Mapping[int, Callable[[Any], str]] = {115: str, 114: repr, 97: ascii}
_LAZY = {"enumerate", "zip", "reversed", "filter", "map"}


def formatted(value: Any, conversion: int, spec: str) -> str:
    """Return what an f-string makes of one value."""
    _check_format(spec)
    return format(_CONVERSIONS[conversion](value) if conversion in _CONVERSIONS else value, spec)


def compute_pure(call: Callable[..., Any], positional: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Return what one of Python's own functions gives for plain values."""
    for value in positional:
        if isinstance(value, range | str | list | tuple) and len(value) > _MAX_ITEMS and call not in {len, range}:
            raise OverflowError("the sequence is too long")
    name = getattr(call, "__name__", "")
    if name in {"pow", "factorial", "comb", "perm"} and positional:
        _power(2, max(abs(int(value)) for value in positional))
    if name == "format":
        _check_format(str(positional[-1]))
    result = call(*positional, **keywords)
    return tuple(result) if name in _LAZY else result


def call_method(owner: Any, name: str, positional: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Return what a method of a plain value gives."""
    if name == "format":
        _check_format(owner)
    result = getattr(owner, name)(*positional, **keywords)
    return list(result) if name in {"items", "keys", "values"} else result


def _check_format(spec: str) -> None:
    if any(len(digits) > 3 for digits in re.findall(r"\d+", spec)):
        raise OverflowError("the width is too large")
