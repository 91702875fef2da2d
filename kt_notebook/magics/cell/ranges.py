"""Other ranges in a cell's text: only the arguments of the calls in question change, every other character stays.

How it works: a change goes to every call that declares its hyperparameter. A call that declares several, as in a loop,
changes for all of them: where it only grows this is done, else only if all of them are to have the same.
"""

import ast
import difflib
import html
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kt_notebook.core.errors import SpaceError
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.parameter import Choice, Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value, identity
from kt_notebook.magics.cell.baked_text import Edit, RawText, edited
from kt_notebook.magics.cell.baked_values import literal
from kt_notebook.magics.cell.call_text import CallText
from kt_notebook.magics.cell.collector import KINDS
from kt_notebook.magics.cell.plan import CellPlan, Declaration, Span

if TYPE_CHECKING:
    from kt_notebook.results.advice.findings import Change

__all__ = ["ChangedCell", "change_ranges", "difference_html", "difference_text"]

_RANGE = ("min_value", "max_value", "step", "sampling", "values", "ordered", "default")


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A cell with other ranges.

    Attributes:
        text: The cell.
        changed: The names of the hyperparameters whose ranges are others now.
        notes: What the user should know: arguments that were variables, changes that could not be made.
    """

    text: str
    changed: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    """A call in the cell: what it declares, alike for all its names."""

    span: Span
    names: tuple[str, ...]
    kind: str
    config: Mapping[str, Any]  # the user's plain values
    is_anonymous: bool


def change_ranges(plan: CellPlan, raw: str, changes: "Sequence[Change]") -> ChangedCell:
    r"""Return a cell with other ranges.

    Args:
        plan: What reading the cell has found.
        raw: The cell as the user wrote it, without the magic line.
        changes: One for each hyperparameter at most.

    Example:
        >>> from kt_notebook.magics.cell import read_cell
        >>> from kt_notebook.results.advice import Change
        >>> raw = "units = hp.Int(32, 512, step=32)  # wide\nunits ** 2"
        >>> plan = read_cell("\n" + raw, {})
        >>> print(change_ranges(plan, raw, [Change("units", "Int", {"max_value": 768})]).text)
        units = hp.Int(32, 768, step=32)  # wide
        units ** 2
    """
    text = RawText(raw, plan.cell)
    nodes = {Span.of(node): node for node in ast.walk(plan.cell.tree) if isinstance(node, ast.Call)}
    wanted = {change.parameter: change for change in changes}
    notes: list[str] = []
    planned: dict[Span, tuple[_Call, str, dict[str, Any]]] = {}
    for name, change in wanted.items():
        calls, reason = _calls_of(plan, name)
        found = {call.span: (call, *_for_all(call, wanted)) for call in calls}
        reason = reason or next((why for _, _, _, why in found.values() if why), None)
        reason = reason or next((why for span in found if (why := _why_fixed(text, nodes, span))), None)
        if reason is not None:
            notes.append(f"{change.parameter} is left as it is: {reason.rstrip('.')}.")
            continue
        planned.update({span: (call, kind, config) for span, (call, kind, config, _) in found.items()})
    edits, changed = [], dict.fromkeys(name for call, _, _ in planned.values() for name in call.names)
    for span, (call, kind, config) in planned.items():
        start, end = _place(text, nodes, span) or (0, 0)
        written, told = _written(raw[start:end], call, kind, config)
        edits.append(Edit(start, end, written))
        notes += told
    return ChangedCell(edited(raw, edits), tuple(changed), tuple(dict.fromkeys(notes)))


def _calls_of(plan: CellPlan, name: str) -> tuple[list[_Call], str | None]:
    """Return the calls that declare a name, and why they cannot be changed, if so."""
    mine = [declaration for declaration in plan.declarations if declaration.name == name]
    if not mine:
        return [], "reading the cell does not find where it is declared"
    calls = []
    for span in dict.fromkeys(declaration.span for declaration in mine):
        here = [declaration for declaration in plan.declarations if declaration.span == span]
        first = here[0]
        if not all(declaration.settled and not declaration.is_dependent for declaration in here):
            return [], f"its range in line {span.line} is known only when the cell runs"
        if any(not _same(first, other) for other in here):
            return [], f"the call in line {span.line} gives several hyperparameters ranges of their own"
        names = tuple(declaration.name for declaration in here)
        calls.append(_Call(span, names, first.kind, dict(first.config), first.is_anonymous))
    if any(not _alike(calls[0], call) for call in calls[1:]):
        return [], "it has another range in each of several lines"
    return calls, None


def _same(one: Declaration, other: Declaration) -> bool:
    return one.kind == other.kind and _identity_of(one.config) == _identity_of(other.config)


def _alike(one: _Call, other: _Call) -> bool:
    return one.kind == other.kind and _parameter(one.kind, one.config).has_same_range(
        _parameter(other.kind, other.config)
    )


def _identity_of(config: Mapping[str, Any]) -> object:
    """Return something that two sets of arguments share exactly if they are the same."""
    return identity({name: _listed(value) for name, value in config.items()})


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | range) else value


def _parameter(kind: str, config: Mapping[str, Any]) -> HyperParameter:
    return KINDS[kind]("x", **{name: value for name, value in config.items() if name in _RANGE or name == "value"})


def _for_all(call: _Call, wanted: "Mapping[str, Change]") -> tuple[str, dict[str, Any], str | None]:
    """Return the kind and the arguments that a call is to have, and why it cannot, if so."""
    here = [wanted.get(name) for name in call.names]
    given = [change for change in here if change is not None]
    kinds = {change.kind for change in given}
    if len(kinds) > 1 or (kinds == {"Fixed"} and len(given) < len(here)):
        return call.kind, {}, _shared(call)
    if kinds == {"Fixed"}:
        values = {identity(change.arguments["value"]) for change in given}
        value = given[0].arguments["value"]
        return "Fixed", {"value": value}, None if len(values) == 1 else _shared(call)
    own = {name: value for name, value in call.config.items() if name != "default"}
    configs = [{**own, **change.arguments} if change is not None else own for change in here]
    try:
        config = _widest([_parameter(call.kind, config) for config in configs], configs)
    except SpaceError as error:
        return call.kind, {}, str(error)
    if config is None or (len(given) < len(here) and not _grows(call, own, config)):
        return call.kind, {}, _shared(call)
    return call.kind, _with_default(call, config), None


def _shared(call: _Call) -> str:
    return f"line {call.span.line} declares {', '.join(call.names)} in one call, and not all of them are to change so"


def _widest(parameters: Sequence[HyperParameter], configs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the arguments that hold what all of some ranges hold; None where there are none."""
    first = configs[0]
    if len(configs) == 1:
        return first
    if all(isinstance(parameter, Int | Float) for parameter in parameters):
        rest = [{n: v for n, v in config.items() if n not in ("min_value", "max_value")} for config in configs]
        if any(_identity_of(other) != _identity_of(rest[0]) for other in rest):
            return None
        lows, highs = [config["min_value"] for config in configs], [config["max_value"] for config in configs]
        return {**first, "min_value": min(lows), "max_value": max(highs)}
    if all(isinstance(parameter, Choice) for parameter in parameters):
        kept = {identity(value) for config in configs for value in config["values"]}
        longest = max(configs, key=lambda config: len(config["values"]))
        return longest if len(kept) == len(longest["values"]) else None
    return None


def _grows(call: _Call, own: dict[str, Any], config: dict[str, Any]) -> bool:
    """Return whether a range is another one that holds all of the old."""
    old, new = _parameter(call.kind, own), _parameter(call.kind, config)
    if (
        not isinstance(old, Int | Float)
        or not isinstance(new, Int | Float)
        or _identity_of(own) == _identity_of(config)
    ):
        return False
    return new.min_value <= old.min_value and new.max_value >= old.max_value and new.sampling == old.sampling


def _with_default(call: _Call, config: dict[str, Any]) -> dict[str, Any]:
    """Return arguments whose default, where one is given, lies in the range."""
    default = call.config.get("default")
    if default is None:
        return config
    parameter = _parameter(call.kind, config)
    if not parameter.contains(default):
        default = _nearest(parameter, default)
    return {**config, "default": default}


def _nearest(parameter: HyperParameter, value: Value) -> Value:
    """Return the value of a range that is the nearest to one outside of it; a choice's first."""
    if not isinstance(parameter, Int | Float):
        return parameter.default
    if parameter.step is not None:
        return parameter.prob_to_value(parameter.value_to_prob(value))
    return min(max(value, parameter.min_value), parameter.max_value)


def _written(text: str, call: _Call, kind: str, config: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the call's text with other arguments, and what to say of it."""
    parameters = _parameters(call.kind, is_anonymous=call.is_anonymous)
    written = CallText(text, parameters)
    if kind == "Fixed":
        _fix(written, call, config["value"], parameters)
        return written.text, []
    notes = []
    for argument in _RANGE:
        new, old = config.get(argument), call.config.get(argument)
        if argument not in (*config, *call.config) or identity(_listed(new)) == identity(_listed(old)):
            continue
        held = written.argument(argument)
        if new is None:
            if held is not None and _is_last_or_keyword(written, argument):
                written.remove(argument)
            elif held is not None:
                written.put(argument, "None")
            continue
        if held is not None and not _is_plain(held):
            notes.append(f"{argument} of {', '.join(call.names)} was {written.source(held)} and is written out now.")
        if argument == "values" and written.keep_elements("values", _kept(old or (), new)):
            continue
        like_int = isinstance(held, ast.Constant) and type(held.value) is int
        is_whole = isinstance(new, float) and new.is_integer()
        written.put(argument, str(int(new)) if like_int and is_whole else _as_written(new, written.quote(), text))
    return written.text, notes


def _fix(written: CallText, call: _Call, value: Value, parameters: Sequence[str]) -> None:
    """Make the call `hp.Fixed(name, value)`; the scope that it gives stays."""
    text = _as_written(value, written.quote(), written.text)
    ranged = [name for name in parameters if name in _RANGE and written.argument(name) is not None]
    for name in reversed(ranged[1:]):
        written.remove(name)
    if ranged:
        written.put_keyword_as(ranged[0], "value", text)
    else:
        written.put_after_name("value", text)
    written.rename("Fixed", _parameters("Fixed", is_anonymous=call.is_anonymous))


def _is_last_or_keyword(written: CallText, argument: str) -> bool:
    node = written.node
    held = written.argument(argument)
    is_positional = any(ast.dump(held) == ast.dump(a) and held.col_offset == a.col_offset for a in node.args if held)
    return not is_positional or (held is not None and node.args[-1].col_offset == held.col_offset)


def _kept(old: Sequence[Value], new: Sequence[Value]) -> list[bool]:
    kept = {identity(value) for value in new}
    return [identity(value) in kept for value in old]


def _parameters(kind: str, *, is_anonymous: bool) -> list[str]:
    names = [name for name in inspect.signature(getattr(HyperParameters, kind)).parameters if name != "self"]
    return names[1:] if is_anonymous else names


def _place(text: RawText, nodes: Mapping[Span, ast.Call], span: Span) -> tuple[int, int] | None:
    node = nodes.get(span)
    return None if node is None or text.f_string_of(node) is not None else text.place(node)


def _why_fixed(text: RawText, nodes: Mapping[Span, ast.Call], span: Span) -> str | None:
    """Return why a call's text cannot be changed, None where it can."""
    if _place(text, nodes, span) is None:
        return f"what runs in line {span.line} is not the text that stands there"
    node = nodes[span]
    if any(isinstance(part, ast.Starred) for part in node.args) or any(part.arg is None for part in node.keywords):
        return f"its arguments are unpacked in line {span.line}"
    return None


def _is_plain(node: ast.expr) -> bool:
    match node:
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return all(_is_plain(item) for item in items)
    return False


def _as_written(value: Value, quote: str, call: str) -> str:
    """Return a value as a person would write it; small numbers as 1e-4, where the call writes them so too."""
    if isinstance(value, float) and value and (abs(value) < 1e-2 or abs(value) >= 1e6 or re.search(r"\de-?\d", call)):
        short = re.sub(r"e([+-])0*(\d)", lambda found: f"e{found[1].strip('+')}{found[2]}", f"{value:e}")
        mantissa, _, exponent = short.partition("e")
        short = f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"
        if float(short) == value and len(short) <= len(repr(value)):
            return short
    return literal(value, quote)


# ---- the difference


def difference_text(old: str, new: str) -> str:
    r"""Return the lines that differ, with their numbers as the notebook counts them, the magic's line being 1.

    Example:
        >>> print(difference_text("a = 1\nb = 2", "a = 1\nb = 3"))
        line 3
        - b = 2
        + b = 3
    """
    parts = []
    for number, before, after in _differences(old, new):
        parts += [f"line {number}", *(f"- {line}" for line in before), *(f"+ {line}" for line in after)]
    return "\n".join(parts)


def difference_html(old: str, new: str) -> str:
    """Return the lines that differ as HTML, what changed within them marked; readable on light and dark."""
    parts = []
    for number, before, after in _differences(old, new):
        one, other = "\n".join(before), "\n".join(after)
        parts.append(f'<div style="opacity: .7">line {number}</div>')
        parts.append(_lines("-", one, other, "220, 38, 38"))
        parts.append(_lines("+", other, one, "22, 163, 74"))
    style = "font-family: var(--jp-code-font-family, monospace); white-space: pre-wrap; line-height: 1.5"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _differences(old: str, new: str) -> list[tuple[int, list[str], list[str]]]:
    one, other = old.splitlines(), new.splitlines()
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return [(start + 2, one[start:end], other[first:last]) for tag, start, end, first, last in blocks if tag != "equal"]


def _lines(sign: str, text: str, other: str, colour: str) -> str:
    """Return lines as HTML, each with its sign; what stands in the others too is not marked."""
    marked = []
    words, others = _words(text), _words(other)
    for tag, start, end, _, _ in difflib.SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        for piece in (html.escape(word) for word in words[start:end]):
            is_marked = tag != "equal" and piece.strip()
            marked.append(f'<b style="background: rgba({colour}, .35)">{piece}</b>' if is_marked else piece)
    rows = "".join(f"<div>{sign} {row}</div>" for row in "".join(marked).split("\n")) if text else ""
    return f'<div style="background: rgba({colour}, .13)">{rows}</div>'


def _words(text: str) -> list[str]:
    return re.findall(r"\w[\w.]*|\n|[^\S\n]+|.", text)
