"""What a cell's data looked like: to notice that they changed since an earlier session, or in place by a trial.

How it works: an array is known by its shape, dtype and a hash of a sample of its elements; a plain value by its text; a
function or class of another cell by its source, and by what this reads of the notebook: functions, classes, tables and
plain values, but no lists and dicts, which it may fill. Nothing of the user's own types is called.
"""

import dis
import hashlib
import inspect
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["array_fingerprint", "changed_names", "data_fingerprint", "fingerprints"]

_N_SAMPLED = 4096
_MAX_ITEMS = 64
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


# Any: the notebook's names stand for anything, here and below.
def fingerprints(names: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, str]:
    """Return a short text for each name whose value can be known again; others are left out."""
    found: dict[str, str] = {}
    for name in names:
        if name in namespace:
            text = _fingerprint(namespace[name], depth=0)
            if text is not None:
                found[name] = text
    return found


def changed_names(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names in both whose values differ."""
    return [name for name, text in before.items() if name in now and now[name] != text]


def data_fingerprint(value: Any) -> str | None:
    """Return a short text for an array or a pandas object, None for anything else."""
    return array_fingerprint(value) if type(value) is np.ndarray else _table(value)


def array_fingerprint(array: np.ndarray[Any, Any]) -> str:
    """Return shape, dtype and a hash of at most 4,096 elements spread over the array."""
    flat = array.reshape(-1) if array.flags.c_contiguous else array.ravel()
    step = max(1, flat.size // _N_SAMPLED)
    sample = flat[::step]
    data = repr(sample.tolist()).encode() if array.dtype.hasobject else np.ascontiguousarray(sample).tobytes()
    return f"array {array.shape} {array.dtype} {_hash(data)}"


def _fingerprint(value: Any, depth: int) -> str | None:
    kind = type(value)
    if kind is np.ndarray:
        return array_fingerprint(value)
    if isinstance(value, (*_PLAIN, np.generic)):
        return f"{kind.__name__} {_hash(repr(value).encode())}"
    if kind in (list, tuple, dict) and len(value) <= _MAX_ITEMS and depth < 2:
        items = value.items() if kind is dict else enumerate(value)
        parts = [f"{key!r}:{_fingerprint(item, depth + 1)}" for key, item in items]
        return f"{kind.__name__} {_hash('|'.join(parts).encode())}"
    if isinstance(value, types.FunctionType | type):
        return _source(value, set())
    return _table(value)


def _source(value: Any, seen: set[int]) -> str | None:
    """Fingerprint a function or class of the notebook and what it reads; `seen` are those that are being looked at."""
    if getattr(value, "__module__", None) != "__main__" or id(value) in seen:
        return None
    seen.add(id(value))
    try:
        parts = [] if isinstance(value, type) else [inspect.getsource(value)]
    except (OSError, TypeError):
        return None
    held = _held_by(value) if isinstance(value, type) else _read_by(value)
    for name, part in sorted(held.items()):
        if isinstance(part, types.FunctionType | type):
            text = _source(part, seen)
        else:
            text = None if type(part) in (list, tuple, dict) else _fingerprint(part, depth=0)
        parts += [f"{name}:{text}"] if text is not None else []
    return f"source {_hash('|'.join(parts).encode())}"


def _held_by(value: type) -> dict[str, Any]:
    """Return a class's bases, methods and plain values: where a notebook's class is written, Python does not tell."""
    held: dict[str, Any] = {f"base {base.__qualname__}": base for base in value.__bases__}
    for name, part in vars(value).items():
        if name not in ("__module__", "__doc__", "__qualname__", "__firstlineno__"):
            held[name] = getattr(part, "__func__", None) or getattr(part, "fget", None) or part
    return held


def _read_by(function: types.FunctionType) -> dict[str, Any]:
    """Return what a function reads of the notebook and of the functions around it."""
    held = function.__globals__
    found = {name: held[name] for name in _global_names(function.__code__) if name in held}
    return found | dict(inspect.getclosurevars(function).nonlocals)


def _global_names(code: types.CodeType) -> Iterator[str]:
    """Yield the names that code reads and does not set itself, those of the functions in it included."""
    steps = list(dis.get_instructions(code))
    own = {step.argval for step in steps if step.opname == "STORE_GLOBAL"}
    yield from (step.argval for step in steps if step.opname == "LOAD_GLOBAL" and step.argval not in own)
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _global_names(part)


def _table(value: Any) -> str | None:
    """Fingerprint a pandas object by its columns; None for anything else."""
    module = type(value).__module__.partition(".")[0]
    if module != "pandas" or not hasattr(value, "to_numpy"):
        return None
    columns = [str(column) for column in getattr(value, "columns", [])]
    return f"table {columns} {array_fingerprint(np.asarray(value.to_numpy()))}"


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
