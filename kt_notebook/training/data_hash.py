"""Short texts by which data, settings and definitions are known again: equal texts mean equal contents.

How it works: all of an array is hashed, not a sample of it, for a score must not be taken for that of other data. What
cannot be read to its end without harm (a generator, a dataset without a known length) has no hash.
"""

import functools
import hashlib
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["data_hash", "definition_hash", "settings_hash"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)


# Any: data, arguments of Keras' `fit` and the user's own definitions; here and below.
def data_hash(data: Any) -> str | None:
    """Return a text for the contents of data, None where they cannot be known again.

    Args:
        data: Arrays, tables, tensors, sparse matrices, lists, tuples and dicts of these, plain values, and
            `tf.data` datasets of a known length, which are read once.
    """
    try:
        return _digest(*_parts(data))
    except _UnknownError:
        return None


def settings_hash(settings: Mapping[str, Any]) -> str:
    """Return a text for arguments of a fit; objects count by their class and plain attributes, functions by their code.

    Args:
        settings: Arguments by name.
    """
    return _digest(*(f"{name}={_setting(value, 0)}".encode() for name, value in sorted(settings.items())))


def definition_hash(hypermodel: Any) -> str:
    """Return a text for what a hypermodel does: the code of its function, or of its `build` and `fit`.

    Functions that these call are not looked into. An object with a text `definition` is known by that.
    """
    text = getattr(hypermodel, "definition", None)
    if isinstance(text, str):
        return _digest(text.encode())
    inner = getattr(hypermodel, "function", None) or getattr(hypermodel, "other", None) or hypermodel
    if callable(inner) and not hasattr(inner, "build"):
        return _digest(*_code_of(inner))
    methods = (part for name in ("build", "fit") for part in _code_of(getattr(inner, name, None)))
    return _digest(_setting(inner, 0).encode(), *methods)


class _UnknownError(Exception):
    """Some data cannot be known again."""


def _parts(data: Any) -> Iterator[Any]:
    if isinstance(data, _PLAIN):
        yield repr(data).encode()
    elif isinstance(data, np.ndarray):
        yield from _array(data)
    elif isinstance(data, Mapping):
        yield b"dict"
        for name, value in data.items():
            yield repr(name).encode()
            yield from _parts(value)
    elif isinstance(data, list | tuple):
        yield f"{type(data).__name__} {len(data)}".encode()
        for value in data:
            yield from _parts(value)
    else:
        yield from _object(data)


def _object(data: Any) -> Iterator[Any]:
    if callable(data) or isinstance(data, types.GeneratorType):
        raise _UnknownError
    if hasattr(data, "as_numpy_iterator") and hasattr(data, "cardinality"):
        if int(data.cardinality()) < 0:  # Endless, or as long as a generator goes on.
            raise _UnknownError
        yield b"dataset"
        for element in data.as_numpy_iterator():
            yield from _parts(element)
    elif hasattr(data, "tocsr"):  # scipy's sparse matrices
        rows = data.tocsr()
        for part in (rows.data, rows.indices, rows.indptr):
            yield from _array(part)
    elif hasattr(data, "to_numpy"):  # pandas and its like
        yield repr([str(column) for column in getattr(data, "columns", ())]).encode()
        yield from _array(np.asarray(data.to_numpy()))
    elif hasattr(data, "__array__"):  # tensors of all makes
        yield from _array(np.asarray(data))
    else:
        raise _UnknownError


def _array(array: Any) -> Iterator[Any]:
    yield f"{array.dtype} {array.shape}".encode()
    if array.dtype.hasobject:
        yield from _parts(array.tolist())
    else:
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8)  # No copy: data may be large.


def _setting(value: Any, depth: int) -> str:
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, types.FunctionType | types.MethodType | functools.partial):
        return _digest(*_code_of(value))
    if isinstance(value, list | tuple | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return f"[{', '.join(f'{key!r}: {_setting(item, depth)}' for key, item in items)}]"
    held = data_hash(value)
    if held is not None:
        return held
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if depth or not hasattr(value, "__dict__"):
        return kind
    plain = {name: part for name, part in vars(value).items() if isinstance(part, _PLAIN)}
    return f"{kind}({_setting(plain, 1)})"


def _code_of(function: Any) -> Iterator[bytes]:
    if isinstance(function, functools.partial):
        yield repr((function.args, sorted(function.keywords))).encode()
        function = function.func
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = vars(type(function)).get("__call__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        yield f"{type(function).__module__}.{type(function).__qualname__}".encode()
    else:
        yield from _code(code)


def _code(code: types.CodeType) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames)).encode()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code(constant)
        else:
            yield repr(sorted(constant, key=repr) if isinstance(constant, frozenset) else constant).encode()


def _digest(*parts: Any) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.hexdigest()
