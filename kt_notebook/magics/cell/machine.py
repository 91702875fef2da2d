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
from kt_notebook.magics.cell.merging import choice, without_common
from kt_notebook.magics.cell.names import Names
from kt_notebook.magics.cell.naming import NameTemplate, declaring_names
from kt_notebook.magics.cell.stock import Key, Stock
from kt_notebook.magics.cell.syntax import Cell
from kt_notebook.magics.cell.values import (
    Abstract,
    Frame,
    Function,
    HpScope,
    Known,
    Ref,
    Symbolic,
    Unknown,
    is_same,
)

__all__ = ["Exit", "Machine", "State"]

_RESULT = (0, "\0result")
TOO_MANY = "its conditions are too many to follow"


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


class Machine(Stock):
    """Where reading stands.

    Attributes:
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
    """

    def __init__(
        self, cell: Cell, names: Names, namespace: Mapping[str, Any], hp_name: str, collector: Collector
    ) -> None:
        super().__init__(collector)
        self.cell = cell
        self.names = names
        self.namespace = namespace
        self.hp_name = hp_name
        self.module = Frame(0, names.module, None)
        self.guard = ALWAYS
        self.doubt: str | None = None
        self.is_dead = False
        self.scopes: list[tuple[Guard, str | None]] = []
        self.prefixes: list[str] = []
        self.returns: list[Exit] = []
        self.jumps: list[tuple[list[State], list[State]]] = []
        self.n_returns = self.n_jumps = self.n_raises = 0
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
        self.declaring_names = declaring_names(cell.tree, hp_name)
        self._shared_names = [
            name for scope in names.scopes.values() for name, word in scope.outer.items() if word == "global"
        ]

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
        n_jumps, n_scopes, n_prefixes, n_exits = lengths
        del self.jumps[n_jumps:], self.scopes[n_scopes:], self.prefixes[n_prefixes:], self.returns[n_exits:]

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

    def alive(self) -> list[State]:
        """Return the present point, or nothing where no way leads here."""
        return [] if self.is_dead else [self.save()]

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
