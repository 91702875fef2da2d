"""Following a call on `hp`: the declaration it makes, or the scope it opens."""

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.cell.collector import bound_arguments
from kt_notebook.magics.cell.functions import Arguments, call_function
from kt_notebook.magics.cell.guards import ALWAYS, NEVER, Guard, TooManyTermsError
from kt_notebook.magics.cell.machine import TOO_MANY, Machine
from kt_notebook.magics.cell.naming import DECLARING, NameTemplate, derive_name, is_anonymous_by_shape
from kt_notebook.magics.cell.values import Abstract, Function, HpScope, Known, Symbolic, Unknown

__all__ = ["call_hp", "hp_value", "name_of_anonymous"]

_MAX_NAMES = 64
_N_SAMPLES = 65


def call_hp(m: Machine, node: ast.Call, method: str, arguments: Arguments) -> Abstract:
    """Follow `hp.method(…)`.

    Raises:
        CellError: The declaration cannot be, or there is no such method.
    """
    m.visited.add(node)
    if method in DECLARING:
        return _declaration(m, node, method, arguments)
    given = [*arguments.positional, *arguments.keywords.values()]
    if method == "get" and len(given) == 1:
        return hp_value(m, given[0])
    if method == "name_scope" and len(given) == 1:
        name = m.concrete(given[0])
        if isinstance(name, Known):
            return HpScope(prefix=str(name.value))
        return HpScope(prefix="?", doubt=f"the name scope `{m.cell.source(node)}` is known only when it runs")
    if method == "conditional_scope":
        return _conditional_scope(m, node, arguments)
    if not hasattr(HyperParameters, method):
        near = difflib.get_close_matches(method, [*DECLARING, "get", "conditional_scope", "name_scope"], 1, 0.4)
        hint = f" Did you mean {m.hp_name}.{near[0]}?" if near else ""
        raise m.cell.fault(
            f"{m.hp_name} has no method {method!r}; it declares with {', '.join(DECLARING)}.{hint}", node
        )
    return Unknown(f"what {m.hp_name}.{method}() gives is known only when it runs")


def hp_value(m: Machine, name: Abstract) -> Abstract:
    """Return the value of a hyperparameter that was declared before."""
    match m.concrete(name):
        case Known(value=str() as text):
            full = _full_name(m, text)
            if full in m.collector:
                return _value_of(full, ALWAYS)
            return Unknown(f"{text!r} is not among the names declared so far")
    return Unknown("its name is known only when it runs")


def name_of_anonymous(m: Machine, node: ast.Call) -> NameTemplate:
    """Return the name that a declaration takes from its place.

    Raises:
        CellError: There is nothing to take it from.
    """
    template = derive_name(node, m.cell.parents)
    if template is None:
        method = node.func.attr if isinstance(node.func, ast.Attribute) else "Int"
        raise m.cell.fault(
            f"`{m.cell.source(node)}` leaves its name out, and nothing here gives it one. Assign it first, as in "
            f'`units = {m.hp_name}.{method}(…)`, or write a name: {m.hp_name}.{method}("units", …).',
            node,
        )
    return template


# ---- declarations


@dataclass(slots=True)
class _Range:
    """The arguments of a declaration: plain values, why they are not known, and whether they depend."""

    plain: dict[str, Any]  # the user's plain values
    doubt: str | None = None
    is_dependent: bool = False


def _cure(call: str, positional: list[Abstract], arguments: Arguments) -> str:
    """Return what to write instead of arguments that do not fit."""
    if positional and "name" in arguments.keywords:
        return f"The name stands first: {call}(name, …). Put it there and take name= out."
    return f'Write {call}("units", …): the name first, then the range.'


def _declaration(m: Machine, node: ast.Call, method: str, arguments: Arguments) -> Abstract:
    is_anonymous = _is_anonymous(m, node, method, arguments)
    positional: list[Abstract] = list(arguments.positional)
    if is_anonymous:
        m.anonymous[node] = name_of_anonymous(m, node)
        positional.insert(0, _derived_name(m, m.anonymous[node]))
    if not arguments.is_whole:
        m.collector.add_unsettled(node, "what is unpacked into it is known only when it runs")
        return Unknown("its declaration is not settled")
    try:
        named = bound_arguments(method, positional, arguments.keywords)
    except TypeError as error:
        call = f"{m.hp_name}.{method}"
        raise m.cell.fault(f"{call}: {error}. {_cure(call, positional, arguments)}", node) from error
    scope, scope_doubt = _parent_scope(m, node, named)
    names = m.tables.possible(m.lift_plain(lambda plain: plain, named.pop("name")))
    held = _range(m, node, method, named)
    if isinstance(names, Unknown) or len(names) > _MAX_NAMES:
        reason = names.reason if isinstance(names, Unknown) else "it has too many values"
        m.collector.add_unsettled(node, f"its name is known only when it runs: {reason}", anonymous=is_anonymous)
        return Unknown("its name is known only when it runs")
    full_names = [_full_name(m, name) for name in names]
    for name, full in zip(names, full_names, strict=True):
        guard, doubt = _condition(m, scope, _when_named(m, node, positional, arguments, name, len(names)))
        doubt = doubt or scope_doubt or held.doubt
        if held.doubt is None:
            m.collector.check(full, method, held.plain, node)
        if doubt is None:
            m.collector.declare(
                full, method, held.plain, node, guard, is_anonymous=is_anonymous, is_dependent=held.is_dependent
            )
        elif not m.is_declared(full, guard):
            m.collector.add_unsettled(node, doubt, full, method, is_anonymous)
    if any(full not in m.collector for full in full_names):
        return Unknown(f"`{m.cell.source(node)}` is not settled")
    if len(names) == 1:
        return _value_of(full_names[0], scope)
    by_name = dict(zip(names, full_names, strict=True))
    chosen = m.lift_plain(lambda name: by_name[name], _name_argument(positional, arguments))
    if not isinstance(chosen, Symbolic):
        return Unknown("its name is known only when it runs")
    params = tuple(dict.fromkeys([*chosen.params, *full_names]))
    return Symbolic(params, lambda values: values[chosen.of(values)])


def _name_argument(positional: list[Abstract], arguments: Arguments) -> Abstract:
    return arguments.keywords["name"] if "name" in arguments.keywords else positional[0]


def _when_named(
    m: Machine, node: ast.Call, positional: list[Abstract], arguments: Arguments, name: object, n_names: int
) -> Guard | str:
    """Return when a name that depends on hyperparameters is this one."""
    if n_names == 1:
        return ALWAYS
    truth = m.tables.truth(m.lift_plain(lambda plain: plain == name, _name_argument(positional, arguments)))
    return truth.reason if isinstance(truth, Unknown) else truth.yes


def _condition(m: Machine, scope: Guard, named: Guard | str) -> tuple[Guard, str | None]:
    """Return when a declaration made here is active, and why that is not fully known."""
    if isinstance(named, str):
        return m.guard, named
    try:
        guard = m.guard.met(scope).met(named)
        doubt = m.doubt
        for opened, why in m.scopes:
            guard = guard.met(opened)
            doubt = doubt or why
    except TooManyTermsError:
        return m.guard, TOO_MANY
    return guard, doubt


def _value_of(name: str, scope: Guard) -> Symbolic:
    if scope.is_always:
        return Symbolic((name,), lambda values: values[name], None, name)
    params = tuple(dict.fromkeys([*scope.params, name]))
    return Symbolic(params, lambda values: values[name] if scope.holds(values) else None)


def _full_name(m: Machine, name: object) -> Any:  # what the user gave; core says what a name is
    return "/".join([*m.prefixes, name]) if isinstance(name, str) and m.prefixes else name


def _is_anonymous(m: Machine, node: ast.Call, method: str, arguments: Arguments) -> bool:
    by_shape = is_anonymous_by_shape(node, method)
    if by_shape is not None:
        return by_shape
    if "name" in arguments.keywords:
        return False
    if not arguments.positional:
        return arguments.is_whole
    first = m.tables.possible(m.concrete(arguments.positional[0]))
    return not isinstance(first, Unknown) and not any(isinstance(value, str) for value in first)


def _derived_name(m: Machine, template: NameTemplate) -> Abstract:
    loops = [m.store.get(m.key_of(name), Unknown(f"`{name}` is not known")) for name in template.loops]
    return m.lift(lambda *parts: "_".join(map(str, parts)), Known(template.base), *loops)


def _range(m: Machine, node: ast.Call, method: str, named: Mapping[str, Abstract]) -> _Range:
    result = _Range({})
    for argument, value in named.items():
        held = m.concrete(value)
        if isinstance(held, Known):
            result.plain[argument] = held.value
            continue
        options = _options(m, held)
        if isinstance(options, Unknown):
            result.doubt = result.doubt or f"{argument} is known only when it runs: {options.reason}"
        elif not _widen(result, method, argument, options):
            result.doubt = result.doubt or f"{argument} depends on {' and '.join(held.params)}"  # type: ignore[union-attr]  # Unknown has no options
    if result.is_dependent and result.doubt is None:
        _check_order(m, node, method, named)
    return result


def _options(m: Machine, value: Symbolic | Unknown) -> list[Any] | Unknown:
    """Return the values that an argument may take; a sample where they cannot be listed."""
    if isinstance(value, Unknown):
        return value
    listed = m.tables.possible(value)
    if not isinstance(listed, Unknown) or len(value.params) != 1 or not m.collector.is_number(value.params[0]):
        return listed
    low, high = m.collector.bounds(value.params[0])
    is_whole = isinstance(low, int) and isinstance(high, int)
    points = [low + (high - low) * number / (_N_SAMPLES - 1) for number in range(_N_SAMPLES)]
    try:
        return [value.of({value.params[0]: round(point) if is_whole else point}) for point in points]
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return listed


def _widen(result: _Range, method: str, argument: str, options: list[Any]) -> bool:
    """Take the widest of the values that an argument may take; return whether there is one."""
    if len(options) == 1:
        result.plain[argument] = options[0]
        return True
    try:
        if argument in {"min_value", "max_value"}:
            result.plain[argument] = min(options) if argument == "min_value" else max(options)
        elif argument == "values" and all(isinstance(option, list | tuple | range) for option in options):
            result.plain[argument] = list(dict.fromkeys(value for option in options for value in option))
        elif argument not in {"step", "default", "ordered"} or method == "Boolean":
            return False
    except TypeError:
        return False
    result.is_dependent = True
    return True


def _check_order(m: Machine, node: ast.Call, method: str, named: Mapping[str, Abstract]) -> None:
    """Raise where bounds that depend on other values cross for some of them."""
    if "min_value" not in named or "max_value" not in named:
        return
    crossed = m.lift_plain(lambda low, high: low > high, named["min_value"], named["max_value"])
    truth = m.tables.truth(crossed)
    if isinstance(truth, Unknown):
        return
    try:
        when = truth.yes.met(m.guard)
    except TooManyTermsError:
        return
    if m.doubt is None and not when.is_never:
        raise m.cell.fault(
            f"The bounds of this {m.hp_name}.{method} depend on other values, and min_value is above max_value where "
            f"{when.text() or 'they are met'}. Widen them, for example with max(…), or narrow what they depend on.",
            node,
        )


# ---- scopes


def _conditional_scope(m: Machine, node: ast.Call, arguments: Arguments) -> HpScope:
    keywords = dict(arguments.keywords)
    positional = list(arguments.positional)
    parent = positional.pop(0) if positional else keywords.get("parent_name")
    values = positional.pop(0) if positional else keywords.get("parent_values")
    if parent is None or values is None:
        raise m.cell.fault(
            f'{m.hp_name}.conditional_scope needs a name and values, as in {m.hp_name}.conditional_scope("model", '
            f'["cnn"]).',
            node,
        )
    guard = _parent_guard(m, node, parent, values)
    return HpScope(doubt=guard) if isinstance(guard, str) else HpScope(guard=guard)


def _parent_scope(m: Machine, node: ast.Call, named: dict[str, Abstract]) -> tuple[Guard, str | None]:
    parent, values = named.pop("parent_name", None), named.pop("parent_values", None)
    if parent is None or values is None or parent == Known(None):
        return ALWAYS, None
    guard = _parent_guard(m, node, parent, values)
    return (ALWAYS, guard) if isinstance(guard, str) else (guard, None)


def _parent_guard(m: Machine, node: ast.Call, parent: Abstract, values: Abstract) -> Guard | str:
    """Return when a hyperparameter has one of some values, or why that is not known."""
    held = m.concrete(parent)
    if not isinstance(held, Known) or not isinstance(held.value, str):
        return "the parent of its scope is known only when it runs"
    names = ["/".join([*m.prefixes[:end], held.value]) for end in range(len(m.prefixes), -1, -1)]
    name = next((name for name in names if name in m.collector), None)
    if name is None:
        if m.collector.unsettled:
            return f"the parent of its scope, {held.value!r}, is not settled"
        raise m.cell.fault(
            f"The scope depends on {held.value!r}, but no hyperparameter of this name is declared before it. "
            f"Declare the parent first, or correct the name.",
            node,
        )
    try:
        own = m.collector.guard_of(name)
        if isinstance(values, Function):
            answer = call_function(m, values, Arguments([_value_of(name, ALWAYS)]), node)
            truth = m.truth_of(node, answer)
            return truth.reason if isinstance(truth, Unknown) else own.met(truth.yes)
        listed = m.concrete(values)
        if not isinstance(listed, Known):
            return "the values of its scope are known only when it runs"
        many = listed.value if isinstance(listed.value, list | tuple | set | range) else [listed.value]
        guard = m.tables.listed(name, many)
        return NEVER if guard.is_never else own.met(guard)
    except TooManyTermsError:
        return TOO_MANY
