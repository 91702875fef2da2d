"""The state of reading a cell: what each name holds, under which condition, and how ways part and meet again.

How it works: the cell is followed once, in the order in which it would run. Where a condition depends on
hyperparameters both ways are followed, each with its guard; where they meet, a value that differs becomes a function
of the hyperparameters asked. Where a condition depends on something unknown (data), both ways are followed "in
doubt": what is declared there is reported, not guessed.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kt_notebook.magics.cell.collector import Collector
from kt_notebook.magics.cell.guards import ALWAYS, NEVER, Guard, TooManyTermsError, Truth
from kt_notebook.magics.cell.merging import choice, value_of, without_common
from kt_notebook.magics.cell.names import Names
from kt_notebook.magics.cell.naming import NameTemplate, declaring_names
from kt_notebook.magics.cell.objects import MISSING, plain_value
from kt_notebook.magics.cell.syntax import Cell
from kt_notebook.magics.cell.tables import Tables
from kt_notebook.magics.cell.values import (
    Abstract,
    Frame,
    Function,
    HpScope,
    Known,
    Ref,
    Sequence,
    Symbolic,
    Unknown,
    is_same,
)

__all__ = ["Exit", "Machine", "State", "TooLongError"]

Key = tuple[int, str]
CONTENT = "\0content"
_RESULT = (0, "\0result")
TOO_MANY = "its conditions are too many to follow"
_MAX_STEPS = 100_000
_MAKERS: Mapping[str, Callable[[Any], Any]] = {"list": list, "set": set, "dict": dict}


class TooLongError(Exception):
    """Reading took more steps than it may."""


@dataclass(frozen=True, slots=True)
class State:
    """A point on one way through the cell."""

    store: dict[Key, Abstract]
    guard: Guard
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Exit:
    """A `return`, with the state in which it is reached and the value."""

    state: State
    value: Abstract


class Machine:
    """Where reading stands.

    Attributes:
        store: What each name of each frame holds, and each list.
        guard: When the present line runs.
        doubt: Why that is not fully known, or None.
        is_dead: Whether no way leads here.
        scopes: Guard and doubt of the conditional scopes of hp that are open.
        prefixes: The name scopes of hp that are open.
        returns: The returns met by the function that is being followed.
        jumps: For each open loop the states at its `break` and its `continue`.
        frame: The scope that is being followed.
        loose: How often a function was made or read other than to call it here.
        visited: The functions and the declaring calls that were followed.
        anonymous: The derived name of each call that leaves its name out.
        evaluate: Follows an expression; wired by `reading`.
        run_block: Follows statements; wired by `reading`.
        n_returns: How many returns were met; with `n_jumps` and `n_raises` it tells whether ways have left.
        max_steps: When to give up.
    """

    def __init__(
        self, cell: Cell, names: Names, namespace: Mapping[str, Any], hp_name: str, collector: Collector
    ) -> None:
        self.cell = cell
        self.names = names
        self.namespace = namespace
        self.hp_name = hp_name
        self.collector = collector
        self.tables = Tables(collector, self.step)
        self.module = Frame(0, names.module, None)
        self.store: dict[Key, Abstract] = {}
        self.guard = ALWAYS
        self.doubt: str | None = None
        self.is_dead = False
        self.scopes: list[tuple[Guard, str | None]] = []
        self.prefixes: list[str] = []
        self.returns: list[Exit] = []
        self.jumps: list[tuple[list[State], list[State]]] = []
        self.n_returns = self.n_jumps = self.n_raises = 0
        self.n_steps = 0
        self.max_steps = _MAX_STEPS
        self.depth = 0
        self.frame = self.module
        self.loose: Counter[ast.AST] = Counter()
        self.visited: set[ast.AST] = set()
        self.anonymous: dict[ast.Call, NameTemplate] = {}
        self.evaluate: Callable[[ast.expr], Abstract] = _not_wired
        self.assign: Callable[[ast.expr, Abstract], None] = _not_wired
        self.call: Callable[[ast.Call], Abstract] = _not_wired
        self.hp_value: Callable[[Abstract], Abstract] = _not_wired
        self.truth_of: Callable[[ast.expr, Abstract], Truth | Unknown] = _not_wired
        self.hp_is_free = False
        self.decorated: dict[ast.AST, Function] = {}
        self._labels: dict[str, int] = {}
        self.run_block: Callable[[list[ast.stmt]], None] = _not_wired
        self._n_numbers = 0
        self._notebook_refs: dict[int, Ref] = {}
        self.declaring_names = declaring_names(cell.tree, hp_name)
        self._shared_names = [
            name for scope in names.scopes.values() for name, word in scope.outer.items() if word == "global"
        ]

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

    def label(self, text: str) -> str:
        """Return words for a condition that no other condition has."""
        self._labels[text] = self._labels.get(text, 0) + 1
        return text if self._labels[text] == 1 else f"{text} #{self._labels[text]}"

    def open(self, scope: HpScope) -> None:
        """Go into a scope of hp."""
        self.prefixes += [] if scope.prefix is None else [scope.prefix]
        self.scopes.append((scope.guard or ALWAYS, scope.doubt))

    def close(self, scope: HpScope) -> None:
        """Leave the scope of hp that was opened last."""
        self.scopes.pop()
        if scope.prefix is not None:
            self.prefixes.pop()

    def is_declared(self, name: str, guard: Guard) -> bool:
        """Return whether a hyperparameter is declared already wherever a guard holds."""
        if name not in self.collector:
            return False
        try:
            return guard.beyond(self.collector.guard_of(name)).is_never
        except TooManyTermsError:
            return False

    def stacks(self) -> tuple[Any, ...]:  # opaque, for `restore`
        """Return the depth of all that is open."""
        counts = (self.frame, self.depth, self.returns, *self.counts())
        return (*counts, len(self.jumps), len(self.scopes), len(self.prefixes), len(self.returns))

    def restore(self, stacks: tuple[Any, ...]) -> None:
        """Close what was opened since."""
        self.frame, self.depth, self.returns, self.n_returns, self.n_jumps, self.n_raises, *lengths = stacks
        for stack, length in zip((self.jumps, self.scopes, self.prefixes, self.returns), lengths, strict=True):
            del stack[length:]

    # ---- names

    def key_of(self, name: str) -> Key:
        """Return where the store keeps a name of the present scope."""
        owner = self.names.owner(name, self.frame.scope)
        frame: Frame | None = self.frame
        while frame is not None and frame.scope is not owner:
            frame = frame.outer
        return (0 if frame is None else frame.number), name

    def havoc(self, nodes: Iterable[ast.AST], reason: str) -> None:
        """Forget what these nodes may change."""
        names: dict[str, bool] = {}
        for node in (part for root in nodes for part in ast.walk(root)):
            if isinstance(node, ast.Name):
                names[node.id] = names.get(node.id, False) or not isinstance(node.ctx, ast.Load)
            elif isinstance(node, ast.Call):
                names.update(dict.fromkeys(self._shared_names, True))
        for name, is_bound in names.items():
            key = self.key_of(name)
            if is_bound:
                self.store[key] = Unknown(reason)
            elif key in self.store:
                self.forget(self.store[key], reason)

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

    # ---- values

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
                Symbolic(
                    params, lambda at: compute(*(value_of(item, at) for item in held)), truth, size=size
                )
            )
        try:
            result = compute(*(value.value for value in held if isinstance(value, Known)))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError) as error:
            return Unknown(f"computing it fails: {error}")
        plain = plain_value(result)
        return Unknown("it is no plain value") if plain is MISSING else Known(plain)

    # ---- ways

    def save(self) -> State:
        """Return the present point."""
        return State(self.store, self.guard, self.doubt)

    def load(self, state: State) -> None:
        """Go on from a point."""
        self.store = dict(state.store)
        self.guard = state.guard
        self.doubt = state.doubt
        self.is_dead = False

    def die(self) -> None:
        """End this way."""
        self.is_dead = True

    def narrow(self, guard: Guard) -> bool:
        """Add a condition to the present way; return whether it can still be gone."""
        try:
            self.guard = self.guard.met(guard)
        except TooManyTermsError:
            self.doubt = self.doubt or TOO_MANY
        if self.guard.is_never:
            self.die()
        return not self.is_dead

    def fork(
        self,
        truth: Truth | Unknown,
        then: Callable[[], Abstract | None],
        orelse: Callable[[], Abstract | None],
    ) -> Abstract:
        """Follow both ways from a condition and go on where they meet; return the value that they give."""
        if isinstance(truth, Truth) and (truth.yes.is_always or truth.no.is_always):
            return (then() if truth.yes.is_always else orelse()) or Known(None)
        entry, counts = self.save(), self.counts()
        ends: list[State] = []
        n_before = len(self.returns)
        for guard, follow in (
            (truth.yes if isinstance(truth, Truth) else ALWAYS, then),
            (truth.no if isinstance(truth, Truth) else ALWAYS, orelse),
        ):
            self.load(entry)
            if isinstance(truth, Unknown):
                self.doubt = self.doubt or truth.reason
            if not self.narrow(guard):
                continue
            value = follow()
            if not self.is_dead:
                self.store[_RESULT] = Known(None) if value is None else value
                ends.append(self.save())
        self.merge(ends)
        now = self.counts()
        only_raised = now[:2] == counts[:2]
        if not self.is_dead and (now == counts or (isinstance(truth, Unknown) and only_raised)):
            self.guard, self.doubt = entry.guard, entry.doubt
        if isinstance(truth, Unknown) and n_before < len(self.returns) and not self.is_dead:
            self.doubt = self.doubt or truth.reason
        return self.store.pop(_RESULT, Known(None))

    def counts(self) -> tuple[int, int, int]:
        """Return how many ways have left by return, by jump and by raise."""
        return self.n_returns, self.n_jumps, self.n_raises

    def merge(self, states: list[State]) -> None:
        """Go on from where several ways meet."""
        if not states:
            self.die()
            return
        self.load(states[0])
        if len(states) == 1:
            return
        doubt = next((state.doubt for state in states if state.doubt is not None), None)
        guards = without_common([state.guard for state in states])
        keys = dict.fromkeys(key for state in states for key in state.store)
        self.step(1 + len(keys) * len(states) // 8)
        for key in keys:
            values = [state.store.get(key) for state in states]
            self.store[key] = self._merged(guards, values, doubt)
        try:
            guard = NEVER
            for state in states:
                guard = guard.joined(state.guard)
            self.guard = guard
        except TooManyTermsError:
            self.guard, doubt = ALWAYS, doubt or TOO_MANY
        self.doubt = doubt

    def _merged(self, guards: list[Guard], values: list[Abstract | None], doubt: str | None) -> Abstract:
        first = values[0]
        if first is not None and all(value is not None and is_same(first, value) for value in values[1:]):
            return first
        if any(value is None for value in values):
            return Unknown("it is not given a value on every way")
        if doubt is not None:
            return Unknown(doubt)
        held = [self.concrete(value) for value in values if value is not None]
        plain = [value for value in held if isinstance(value, Known | Symbolic)]
        if len(plain) < len(held) or any(isinstance(value, Ref) for value in values):
            for value in values:
                if isinstance(value, Function):
                    self.loose[value.node] += 1
            return Unknown("it is something else from case to case")
        return self.tables.tabulated(choice(guards, plain))


def _not_wired(*_: object) -> Any:
    raise NotImplementedError
