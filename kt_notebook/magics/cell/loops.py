"""Following a loop: what it runs over item by item, or once in doubt where that is not known."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kt_notebook.magics.cell.guards import Truth
from kt_notebook.magics.cell.machine import Machine, State
from kt_notebook.magics.cell.naming import DECLARING
from kt_notebook.magics.cell.stock import CONTENT, TooLongError
from kt_notebook.magics.cell.values import Abstract, Array, Known, Ref, Sequence, Symbolic, Unknown

__all__ = ["Steps", "follow_loop", "items_of", "may_declare", "steps_of"]

MAX_ITEMS = 1000
_MAX_STEPS_WITHOUT_HP = 3000
_ALWAYS = Truth.constant(True)


@dataclass(frozen=True, slots=True)
class Steps:
    """What a loop runs over: each item with the condition that the loop gets so far."""

    items: tuple[tuple[Truth, Abstract], ...]


def items_of(m: Machine, value: Abstract) -> tuple[Abstract, ...] | None:
    """Return the items of a collection that always has the same number of them; None for any other value."""
    if isinstance(value, Ref):
        content = m.content(value)
        if value.kind == "dict" and isinstance(content, Sequence):
            return tuple(pair.items[0] for pair in content.items if isinstance(pair, Sequence))
        return None if value.kind == "instance" else items_of(m, content)
    if isinstance(value, Sequence):
        return value.items
    if isinstance(value, Known) and isinstance(value.value, tuple | list | str | range | dict | set | frozenset):
        return tuple(map(m.wrap, value.value)) if len(value.value) <= MAX_ITEMS else None
    return None


def steps_of(m: Machine, value: Abstract) -> Steps | Unknown:
    """Return what a loop over a value runs through."""
    items = items_of(m, value)
    if items is not None:
        return Steps(tuple((_ALWAYS, item) for item in items[: MAX_ITEMS + 1]))
    held = m.concrete(value)
    if isinstance(held, Known):
        has_items = hasattr(held.value, "__len__")
        return Unknown("it has too many items to follow" if has_items else "it cannot be looped over")
    if isinstance(value, Array):
        return Unknown("its numbers are data")
    if isinstance(held, Unknown):
        return held
    possible = m.tables.possible(held)
    if isinstance(possible, Unknown):
        return possible
    if not all(isinstance(option, tuple | list | str | range | dict) for option in possible):
        return Unknown("it cannot be looped over")
    longest = max(map(len, possible))
    if longest > MAX_ITEMS:
        return Unknown("it may have too many items to follow")
    steps: list[tuple[Truth, Abstract]] = []
    for number in range(longest):
        truth = m.tables.truth(m.lift_plain(lambda plain, at=number: len(plain) > at, held))
        if isinstance(truth, Unknown):
            return truth
        # past the end the loop does not get; what stands there does not matter
        item = m.lift(lambda plain, at=number: list(plain)[at] if at < len(plain) else None, held)
        at_number = [list(option)[number] for option in possible if len(option) > number]
        is_fixed = all(other == at_number[0] for other in at_number)
        steps.append((truth, m.wrap(at_number[0]) if is_fixed else item))
    return Steps(tuple(steps))


def follow_loop(
    m: Machine,
    steps: Steps | Unknown,
    run: Callable[[Abstract], None],
    orelse: Callable[[], None],
    body: list[ast.AST],
) -> None:
    """Follow a loop.

    Args:
        m: Where reading stands.
        steps: What it runs over; Unknown with the reason where that is not known.
        run: Follows the body for one item.
        orelse: Follows what comes after a loop that no `break` has left.
        body: The nodes that `run` follows.
    """
    if isinstance(steps, Unknown):
        _in_doubt(m, steps.reason, run, orelse, body)
        return
    if may_declare(m, body):
        _item_by_item(m, steps, run, orelse)
        return
    entry, limit, stacks = m.save(), m.max_steps, m.stacks()
    m.max_steps = min(limit, m.n_steps + _MAX_STEPS_WITHOUT_HP)
    try:
        _item_by_item(m, steps, run, orelse)
    except TooLongError:
        if m.max_steps == limit:
            raise
        m.load(entry)
        m.restore(stacks)
        m.n_steps -= _MAX_STEPS_WITHOUT_HP // 2
        m.havoc(body, "a long loop gives it its value")
    finally:
        m.max_steps = limit


def _item_by_item(m: Machine, steps: Steps, run: Callable[[Abstract], None], orelse: Callable[[], None]) -> None:
    entry, counts = m.save(), m.counts()
    breaks: list[State] = []
    continues: list[State] = []
    ends: list[State] = []
    m.jumps.append((breaks, continues))
    for truth, item in steps.items:
        if not _enter(m, truth, ends):
            break
        start, before, n_breaks = (m.guard, m.doubt), m.counts(), len(breaks)
        run(item)
        m.merge([*continues, *m.alive()])
        continues.clear()
        if m.is_dead:
            break
        if len(breaks) == n_breaks and m.counts()[::2] == before[::2]:
            m.guard, m.doubt = start
    if not m.is_dead:
        ends.append(m.save())
    m.jumps.pop()
    _leave(m, entry, counts, ends, breaks, orelse)


def _enter(m: Machine, truth: Truth, ends: list[State]) -> bool:
    """Go into the next round where there is one; where there is none, note that the loop ends here."""
    if truth.yes.is_always:
        return True
    here = m.save()
    if m.narrow(truth.no):
        ends.append(m.save())
    m.load(here)
    return m.narrow(truth.yes)


def _leave(
    m: Machine,
    entry: State,
    counts: tuple[int, int, int],
    ends: list[State],
    breaks: list[State],
    orelse: Callable[[], None],
) -> None:
    m.merge(ends)
    if not m.is_dead:
        orelse()
    m.merge([*m.alive(), *breaks])
    m.n_jumps = counts[1]
    if not m.is_dead and m.counts() == counts:
        m.guard, m.doubt = entry.guard, entry.doubt


def _in_doubt(
    m: Machine,
    reason: str,
    run: Callable[[Abstract], None],
    orelse: Callable[[], None],
    body: list[ast.AST],
) -> None:
    m.havoc(body, reason)
    entry, counts = m.save(), m.counts()
    m.doubt = m.doubt or reason
    m.jumps.append(([], []))
    run(Unknown(reason))
    m.jumps.pop()
    n_returns = m.n_returns
    m.load(entry)
    m.n_jumps = counts[1]
    m.havoc(body, reason)
    if n_returns != counts[0]:
        m.doubt = m.doubt or reason
    orelse()


def may_declare(m: Machine, nodes: Iterable[ast.AST]) -> bool:
    """Tell whether code may declare hyperparameters, by itself or through the cell's own functions."""
    for node in (part for root in nodes for part in ast.walk(root)):
        if isinstance(node, ast.Name) and (node.id == m.hp_name or node.id in m.declaring_names):
            return True
        if isinstance(node, ast.Attribute) and (node.attr in DECLARING or node.attr in m.declaring_names):
            return True
    return False


def append(m: Machine, ref: Ref, item: Abstract) -> None:
    """Put an item at the end of a list."""
    content = m.content(ref)
    if isinstance(content, Sequence):
        m.store[ref.number, CONTENT] = Sequence((*content.items, item))
    elif isinstance(content, Known | Symbolic):
        m.store[ref.number, CONTENT] = m.lift_plain(lambda held, last: (*held, last), content, item)
