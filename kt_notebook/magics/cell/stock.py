"""The values met while reading: what names and lists hold, and what a computation on them gives."""

from collections.abc import Callable, Mapping
from typing import Any

from kt_notebook.magics.cell.collector import Collector
from kt_notebook.magics.cell.guards import Truth
from kt_notebook.magics.cell.merging import value_of
from kt_notebook.magics.cell.objects import MISSING, plain_value
from kt_notebook.magics.cell.tables import Tables
from kt_notebook.magics.cell.values import Abstract, Known, Ref, Sequence, Symbolic, Unknown

__all__ = ["CONTENT", "Key", "Stock", "TooLongError"]

Key = tuple[int, str]
CONTENT = "\0content"
_MAX_STEPS = 100_000
_MAKERS: Mapping[str, Callable[[Any], Any]] = {"list": list, "set": set, "dict": dict}


class TooLongError(Exception):
    """Reading took more steps than it may."""


class Stock:
    """Values, and the steps that working them out takes.

    Attributes:
        collector: The space collected so far.
        tables: Works out values for each combination of hyperparameters.
        store: What each name of each frame holds, and each list.
        max_steps: When to give up.
    """

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.tables = Tables(collector, self.step)
        self.store: dict[Key, Abstract] = {}
        self.n_steps = 0
        self.max_steps = _MAX_STEPS
        self._n_numbers = 0
        self._notebook_refs: dict[int, Ref] = {}

    def step(self, n_steps: int = 1) -> None:
        """Count steps.

        Raises:
            TooLongError: They were too many.
        """
        self.n_steps += n_steps
        if self.n_steps > self.max_steps:
            raise TooLongError

    def number(self) -> int:
        """Return a number for a new frame or object."""
        self._n_numbers += 1
        return self._n_numbers

    def wrap(self, value: Any) -> Abstract:  # a plain value
        """Return a plain value as reading holds it: what can be changed gets a content of its own."""
        if type(value) is list:
            return self.new_list(tuple(map(self.wrap, value)))
        if type(value) is set:
            return self.new_ref("set", Sequence(tuple(map(self.wrap, value))))
        if type(value) is dict:
            pairs = (Sequence((self.wrap(key), self.wrap(item))) for key, item in value.items())
            return self.new_ref("dict", Sequence(tuple(pairs)))
        return Known(value)

    def new_list(self, items: tuple[Abstract, ...]) -> Ref:
        """Return a new list of these items."""
        return self.new_ref("list", Sequence(items))

    def new_ref(self, kind: str, content: Abstract) -> Ref:
        """Return a new object that can be changed."""
        ref = Ref(self.number(), kind)
        self.store[ref.number, CONTENT] = content
        return ref

    def content(self, ref: Ref) -> Abstract:
        """Return what an object holds at present."""
        return self.store.get((ref.number, CONTENT), Unknown("it is made elsewhere"))

    def from_notebook(self, value: object) -> Abstract | None:
        """Return a plain value of the notebook, the same list as the same object; None if it is none."""
        if id(value) in self._notebook_refs:
            return self._notebook_refs[id(value)]
        plain = plain_value(value)
        if plain is MISSING:
            return None
        held = self.wrap(plain)
        if isinstance(held, Ref):
            self._notebook_refs[id(value)] = held
        return held

    def concrete(self, value: Abstract) -> Known | Symbolic | Unknown:
        """Return a value as Python has it, also where it depends on hyperparameters."""
        if isinstance(value, Known | Symbolic | Unknown):
            return value
        if isinstance(value, Ref):
            make = _MAKERS.get(value.kind)
            content = self.concrete(self.content(value))
            return content if make is None or isinstance(content, Unknown) else self.lift_plain(make, content)
        if isinstance(value, Sequence):
            return self.lift_plain(lambda *items: items, *value.items)
        return Unknown("it is no plain value")

    def lift(self, compute: Callable[..., Any], *values: Abstract, truth: Truth | None = None) -> Abstract:
        """Return what a computation gives as reading holds it; see `lift_plain`."""
        result = self.lift_plain(compute, *values, truth=truth)
        return self.wrap(result.value) if isinstance(result, Known) else result

    def lift_plain(
        self, compute: Callable[..., Any], *values: Abstract, truth: Truth | None = None
    ) -> Known | Symbolic | Unknown:
        """Return what a computation without side effects gives for these values.

        Args:
            compute: The computation.
            values: What it is given.
            truth: When the result counts as true, where that is known.
        """
        held = [self.concrete(value) for value in values]
        unknown = next((value for value in held if isinstance(value, Unknown)), None)
        if unknown is not None:
            return unknown
        symbols = [value for value in held if isinstance(value, Symbolic)]
        if symbols:
            params = tuple(dict.fromkeys(param for symbol in symbols for param in symbol.params))
            size = 1 + sum(symbol.size for symbol in symbols)
            return self.tables.tabulated(
                Symbolic(params, lambda at: compute(*(value_of(item, at) for item in held)), truth, size=size)
            )
        try:
            result = compute(*(value.value for value in held if isinstance(value, Known)))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError) as error:
            return Unknown(f"computing it fails: {error}")
        plain = plain_value(result)
        return Unknown("it is no plain value") if plain is MISSING else Known(plain)

    def forget(self, value: Abstract, reason: str) -> None:
        """Forget what an object holds, which other code may have changed."""
        if not isinstance(value, Ref):
            return
        held = [self.store[key] for key in list(self.store) if key[0] == value.number]
        for key in [key for key in self.store if key[0] == value.number]:
            self.store[key] = Unknown(reason)
        for inner in held:
            for item in inner.items if isinstance(inner, Sequence) else (inner,):
                if item is not value:
                    self.forget(item, reason)
