"""What reading knows of a value: exactly, as a function of hyperparameters, or not at all."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeAlias

from kt_notebook.core.values import Value, identity
from kt_notebook.magics.cell.guards import Guard, Truth
from kt_notebook.magics.cell.names import Scope

__all__ = [
    "Abstract",
    "Array",
    "Class",
    "Frame",
    "Function",
    "Hp",
    "HpMethod",
    "HpScope",
    "Known",
    "Method",
    "Module",
    "Pure",
    "Ref",
    "Rows",
    "Sequence",
    "Symbolic",
    "Unknown",
    "is_same",
]


@dataclass(frozen=True, slots=True)
class Known:
    """A plain value that is always the same."""

    value: Any  # a plain value of the user's


@dataclass(frozen=True, slots=True, eq=False)
class Symbolic:
    """A plain value that depends on hyperparameters.

    Attributes:
        params: Names of the hyperparameters.
        of: Computes the value from theirs; may raise what Python's own operators raise.
        truth: When it counts as true, where that is known without computing.
        param: The hyperparameter whose value it is, unchanged; None for a value computed from it.
        text: The value in words.
        rows: Each combination of the hyperparameters with the value, where these were worked out.
        size: How many computations `of` goes through.
    """

    params: tuple[str, ...]
    of: Callable[[Mapping[str, Value]], Any]
    truth: Truth | None = None
    param: str | None = None
    text: str = ""
    rows: "Rows | None" = None
    size: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """A tuple, or the content of a list, whose items are known one by one."""

    items: tuple["Abstract", ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A list, set, dict or instance; its content lies in the machine's store under its number."""

    number: int
    kind: str
    made_by: "Class | None" = None


@dataclass(frozen=True, slots=True)
class Hp:
    """The hyperparameters object."""


@dataclass(frozen=True, slots=True)
class HpMethod:
    """A method of the hyperparameters object."""

    name: str


@dataclass(frozen=True, slots=True)
class HpScope:
    """What `hp.name_scope(…)` and `hp.conditional_scope(…)` give."""

    prefix: str | None = None
    guard: Guard | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One running of a scope: its number keys the store."""

    number: int
    scope: Scope
    outer: "Frame | None"


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function or lambda of the cell, with the frame it was made in."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    defaults: Mapping[str, "Abstract"] = field(default_factory=dict)
    bound_to: "Abstract | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class of the cell; its members lie in the frame of its body."""

    node: ast.ClassDef
    body: Frame
    bases: tuple["Abstract", ...] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """An imported module of the notebook."""

    module: ModuleType


@dataclass(frozen=True, slots=True)
class Pure:
    """One of Python's or NumPy's own callables that only compute."""

    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a value that is known."""

    owner: "Abstract"
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A NumPy array of the notebook: its shape, not its numbers."""

    facts: Mapping[str, Any]  # ints and tuples of ints


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that reading cannot tell, with the reason in words."""

    reason: str


# a combination of values and what comes of it
Rows: TypeAlias = tuple[tuple[tuple[Value, ...], Any], ...]
Abstract: TypeAlias = (
    Known
    | Symbolic
    | Sequence
    | Ref
    | Hp
    | HpMethod
    | HpScope
    | Function
    | Class
    | Module
    | Pure
    | Method
    | Array
    | Unknown
)


def is_same(left: Abstract, right: Abstract) -> bool:
    """Return whether two values are certainly the same."""
    if left is right:
        return True
    if isinstance(left, Known) and isinstance(right, Known):
        try:
            return type(left.value) is type(right.value) and identity(left.value) == identity(right.value)
        except TypeError:
            return False
    if isinstance(left, Function) and isinstance(right, Function):
        return left.node is right.node and left.frame is right.frame and left.bound_to is right.bound_to
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        pairs = zip(left.items, right.items, strict=False)
        return len(left.items) == len(right.items) and all(is_same(a, b) for a, b in pairs)
    if isinstance(left, Ref | Hp | HpMethod | Unknown):
        return left == right
    return False
