"""Names what a fit's steps are made of: the classes and functions, and the settings that choose among their code.

How it works: what is installed keeps its name for good, with the version that it has. What the user has written may
be another thing tomorrow under the same name, so it is known by its code: by the code objects that Python has compiled,
while they live. A class in a function, or in a cell that each trial runs, is thereby the same class in every trial;
written anew, it is another.
"""

import functools
import hashlib
import inspect
import platform
import sys
import sysconfig
import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType
from typing import Any

from kt_notebook.training.compiling import compiled_with

__all__ = ["Kind", "Kinds"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What fits have in common whose steps are made of the same code.

    Attributes:
        key: A digest of all of it.
        is_lasting: Whether it means the same in another process.
        names: Of the classes that are the user's own, for messages.
    """

    key: str
    is_lasting: bool
    names: tuple[str, ...]

    def lent(self) -> "Kind":
        """Return the kind of the same fit where it uses a template, whose numbers are variables."""
        return replace(self, key=f"{self.key}-lent")


class Kinds:
    """Finds the kind of fits. Keep one for all searches of a process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[int, tuple[weakref.ref[CodeType], int]] = {}
        self._n_numbered = 0
        # Any: classes of all kinds.
        self._names: weakref.WeakKeyDictionary[Any, str | None] = weakref.WeakKeyDictionary()

    # Any: Keras' models and what they are made of, here and below.
    def of(self, model: Any, *, validates: bool, is_even: bool) -> Kind:
        """Return the kind of a fit.

        Args:
            model: A built and compiled Keras model.
            validates: Whether steps of validation are among those that are fused.
            is_even: Whether all steps have equally many rows.
        """
        lasting, own = set[str](), dict[str, str]()
        policies = set()
        seen: set[int] = set()
        for thing in _parts(model):
            if isinstance(thing, str):
                lasting.add(thing)
                continue
            policies.add(getattr(getattr(thing, "dtype_policy", None), "name", ""))
            for code in _code_of(thing):
                if id(code) in seen:
                    continue
                seen.add(id(code))
                name = self._lasting_name(code)
                if name is not None:
                    lasting.add(name)
                else:
                    own[self._own_name(code)] = getattr(code, "__name__", str(code))
        flags = (validates, is_even, model.jit_compile, *sorted(policies))
        text = repr((_machine(), flags, sorted(lasting), sorted(own)))
        return Kind(hashlib.sha256(text.encode()).hexdigest()[:32], not own, tuple(sorted(set(own.values()))))

    def _lasting_name(self, code: Any) -> str | None:
        """Return the name and version of an installed class or function, None where it is the user's."""
        try:
            if code in self._names:
                return self._names[code]
            name = self._names[code] = _installed_name(code)
        except TypeError:  # It has no hash, or takes no weak references.
            return _installed_name(code)
        return name

    def _own_name(self, thing: Any) -> str:
        numbers = sorted({self._number(code) for code in _codes(thing)})
        return f"{thing.__module__}.{thing.__qualname__}#{','.join(map(str, numbers))}"

    def _number(self, code: CodeType) -> int:
        """Return a number that no other code has had."""
        with self._lock:
            known = self._numbers.get(id(code))
            if known is not None and known[0]() is code:
                return known[1]
            self._n_numbered += 1
            self._numbers[id(code)] = (weakref.ref(code), self._n_numbered)
            return self._n_numbered


def _parts(model: Any) -> Iterator[Any]:
    """Yield the objects whose code the model's steps run, and some strings."""
    import keras

    yield from model._flatten_layers()
    compiled = compiled_with(model)
    yield from _flat(compiled.get("optimizer"))
    optimizer = model.optimizer
    yield from _flat([getattr(optimizer, "inner_optimizer", None), getattr(optimizer, "_learning_rate", None)])
    for loss in _flat(compiled.get("loss")):
        yield keras.losses.get(loss) if isinstance(loss, str) else loss
    yield from _flat([compiled.get(name) for name in ("metrics", "weighted_metrics")])
    for metric in model.metrics:
        yield metric
        yield from _flat(getattr(metric, "metrics", None))  # What names such as "accuracy" have come to.


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    if isinstance(value, dict):
        return _flat(list(value.values()))
    return () if value is None else (value,)


def _code_of(thing: Any) -> Iterator[Any]:
    """Yield the classes and functions of an object: its own, and those that its attributes hold."""
    yield from _without_wrapping(thing)
    if isinstance(thing, type) or inspect.isroutine(thing):
        return
    for name, value in getattr(thing, "__dict__", {}).items():
        if callable(value) and not name.endswith("_initializer"):
            yield from _without_wrapping(value)


def _without_wrapping(thing: Any) -> Iterator[Any]:
    """Yield the functions behind a callable, or its class, and the classes that this one is made of."""
    while True:
        if isinstance(thing, functools.partial):
            thing = thing.func
        elif inspect.ismethod(thing):
            thing = thing.__func__
        else:
            break
    if isinstance(thing, type) or inspect.isroutine(thing):
        yield thing
        return
    for kind in type(thing).__mro__[:-1]:
        yield kind
        if _is_of_keras(kind):
            return


def _is_of_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in ("keras", "tensorflow")


def _codes(thing: Any) -> Iterator[CodeType]:
    """Yield the compiled code of a function, or of a class's own functions."""
    if isinstance(thing, type):
        for value in vars(thing).values():
            yield from _codes(value)
    elif isinstance(thing, staticmethod | classmethod):
        yield from _codes(thing.__func__)
    elif isinstance(thing, property):
        for function in (thing.fget, thing.fset):
            yield from _codes(function)
    elif inspect.isfunction(thing):
        inner = inspect.unwrap(thing)
        yield thing.__code__
        if inner is not thing:
            yield from _codes(inner)


def _installed_name(code: Any) -> str | None:
    """Return the name of a class or function by which any process finds the same code."""
    module, name = getattr(code, "__module__", None) or "builtins", getattr(code, "__qualname__", None)
    if name is None:
        return f"{module}.{getattr(code, '__name__', type(code).__name__)}"
    top = module.partition(".")[0]
    if _is_of_keras(code):
        return f"{module}.{name}"  # Their versions stand beside.
    installed = _version(top)
    if installed is None or _found(module, name) is not code:
        return None
    return f"{module}.{name} {installed}"


def _found(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


@functools.cache  # What is installed does not change while Python runs.
def _version(top: str) -> str | None:
    """Return the version of an installed package; None for files of the user's, which may change any time."""
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return None if top == "__main__" else platform.python_version()
    file = getattr(sys.modules.get(top), "__file__", None)
    places = [Path(sysconfig.get_paths()[name]).resolve() for name in ("purelib", "platlib")]
    if file is None or not any(place in Path(file).resolve().parents for place in places):
        return None
    try:
        return version(top)
    except PackageNotFoundError:
        return None


@functools.cache  # As above.
def _machine() -> tuple[str, ...]:
    """Return what decides, beside the model, which code a step runs."""
    import keras
    import tensorflow as tf

    devices = sorted({device.device_type for device in tf.config.list_logical_devices()})
    return (keras.__version__, tf.__version__, _ours(), platform.machine(), *devices)


def _ours() -> str:
    """Return a digest of the code that fuses, shares and checks steps: our version says less, in a checkout least."""
    digest = hashlib.sha256()
    room = Path(__file__).resolve().parent.parent
    for file in sorted([file for name in ("fit", "reuse", "guard") for file in room.glob(f"{name}/*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
