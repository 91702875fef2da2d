"""Looks at the notebook's objects without running any of their code."""

import builtins
import math
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, GeneratorType, ModuleType
from typing import Any

__all__ = [
    "MISSING",
    "array_facts",
    "class_names",
    "is_one_shot",
    "is_pure",
    "module_member",
    "module_names",
    "plain_value",
]

MISSING = object()
_PLAIN = (bool, int, float, complex, str, bytes, type(None), range)
_LARGEST = 10_000  # a longer collection is data, no list of choices
_MRO = type.__dict__["__mro__"]
_NAME = type.__dict__["__name__"]
_ONE_SHOT: tuple[type, ...] = (GeneratorType, map, zip, filter, enumerate, type(iter(())), type(iter([])))


def plain_value(value: object, depth: int = 0) -> Any:  # what the user's variable holds
    """Return a copy of a number, text, None or a collection of them; MISSING for everything else.

    Types are compared by identity only: no method of the value or of its class is called.
    """
    kind = type(value)
    if any(kind is plain for plain in _PLAIN):
        return value
    if depth > 8:
        return MISSING
    for collection in (tuple, list, set, frozenset):
        if kind is collection:
            return _plain_items(value, collection, depth)
    if kind is dict:
        return _plain_dict(value, depth)  # type: ignore[arg-type]  # `kind is dict` says so
    numpy = sys.modules.get("numpy")
    if numpy is not None and any(kind is scalar for scalar in numpy.sctypeDict.values()):
        found = value.item()  # type: ignore[attr-defined]  # a numpy scalar's own method
        return found if any(type(found) is plain for plain in _PLAIN) else MISSING
    return MISSING


def _plain_items(value: Any, collection: type, depth: int) -> Any:
    if len(value) > _LARGEST:
        return MISSING
    items = [plain_value(item, depth + 1) for item in value]
    return MISSING if any(item is MISSING for item in items) else collection(items)


def _plain_dict(value: dict[object, object], depth: int) -> Any:
    if len(value) > _LARGEST:
        return MISSING
    result = {}
    for key, item in value.items():
        plain_key, plain_item = plain_value(key, depth + 1), plain_value(item, depth + 1)
        if plain_key is MISSING or plain_item is MISSING:
            return MISSING
        result[plain_key] = plain_item
    return result


def module_member(module: ModuleType, name: str) -> object:
    """Return what a module holds under a name; MISSING where it would have to be asked by running code."""
    return ModuleType.__getattribute__(module, "__dict__").get(name, MISSING)


def module_names(module: ModuleType | None) -> tuple[str, ...]:
    """Return the names that `from module import *` brings."""
    if module is None:
        return ()
    listed = plain_value(module_member(module, "__all__"))
    if isinstance(listed, list | tuple):
        return tuple(name for name in listed if isinstance(name, str))
    return tuple(name for name in ModuleType.__getattribute__(module, "__dict__") if not name.startswith("_"))


def class_names(value: object) -> tuple[str, ...]:
    """Return the names of a class and all its bases; empty where the value is no class."""
    if not issubclass(type(value), type):
        return ()
    return tuple(_NAME.__get__(base) for base in _MRO.__get__(value))


def array_facts(value: object) -> Mapping[str, Any] | None:
    """Return shape, ndim, size and length of a plain NumPy array, else None."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray:
        return None
    array: Any = value
    return {"shape": array.shape, "ndim": array.ndim, "size": array.size}


def is_one_shot(value: object) -> bool:
    """Tell whether a value is an iterator that can be read through only once."""
    return any(type(value) is kind for kind in _ONE_SHOT)


def is_pure(value: object) -> bool:
    """Tell whether a callable is one of Python's or NumPy's own that only computes."""
    if any(value is getattr(builtins, name) for name in _PURE_BUILTINS):
        return True
    if type(value) is BuiltinFunctionType:
        return any(value is member for member in vars(math).values())
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ufunc


_PURE_BUILTINS = (
    "abs", "all", "any", "bool", "chr", "complex", "dict", "divmod", "enumerate", "float", "format", "frozenset",
    "int", "len", "list", "max", "min", "ord", "range", "repr", "reversed", "round", "set", "slice", "sorted",
    "str", "sum", "tuple", "zip",
)  # fmt: skip
