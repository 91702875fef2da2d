"""What stands in the place of each use of `hp` in a baked cell, and which uses have to stay.

How it works: `read_uses` finds for every use the text that the trial's values give. What has none stays; so do scopes
around it, parents that such a scope asks for, and the parameters that hand `hp` on. These depend on one another, so
`settle` begins with nothing staying and adds until nothing changes.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from kt_notebook.core.values import Value
from kt_notebook.magics.cell.baked_text import Edit, RawText, says_with
from kt_notebook.magics.cell.baked_values import NamePattern, are_alike, literal, lookup, pattern_of
from kt_notebook.magics.cell.names import Names, read_names
from kt_notebook.magics.cell.naming import DECLARING, NameTemplate
from kt_notebook.magics.cell.plan import CellPlan, Span
from kt_notebook.magics.cell.syntax import ancestors

__all__ = ["HpScope", "Replacement", "Uses", "functions_around", "hp_scopes", "read_uses"]

_SCOPES = ("name_scope", "conditional_scope")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What takes the place of one use of `hp`.

    Attributes:
        node: The use.
        edit: The change of the user's text.
        parent: The hyperparameter that the call declares, where its name is always the same.
        assumed: Names of hyperparameters without a value in this trial, whose default stands there.
        has_comment: Whether a comment inside the call goes with it.
    """

    node: ast.expr
    edit: Edit
    parent: str | None = None
    assumed: tuple[str, ...] = ()
    has_comment: bool = False


@dataclass(slots=True)
class Uses:
    """The uses of `hp` in a cell.

    Attributes:
        replacements: By node, what can be replaced.
        readings: Each place where the name `hp` stands, with the function whose parameter it is, None for the
            cell's own.
        names_used: Names of hyperparameters that the replacements account for.
    """

    replacements: dict[ast.expr, Replacement] = field(default_factory=dict)
    readings: dict[ast.Name, ast.AST | None] = field(default_factory=dict)
    names_used: set[str] = field(default_factory=set)


def read_uses(plan: CellPlan, text: RawText, values: Mapping[str, Value]) -> Uses:
    """Return what stands in the place of each use of `hp`.

    Args:
        plan: What reading the cell has found.
        text: The user's text.
        values: The trial's values by name, those of inactive hyperparameters left out.
    """
    return _Reader(plan, text, values).read()


@dataclass(frozen=True, slots=True)
class HpScope:
    """One `with hp.name_scope(…)` or `with hp.conditional_scope(…)`: the statement, its item, and the call."""

    statement: ast.With
    item: ast.withitem
    call: ast.Call
    method: str


def hp_scopes(plan: CellPlan) -> Iterator[HpScope]:
    """Yield the scopes of `hp` that a cell opens."""
    for node in ast.walk(plan.cell.tree):
        if isinstance(node, ast.With):
            for item in node.items:
                match item.context_expr:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) as call if (
                        name == plan.hp_name and method in _SCOPES
                    ):
                        yield HpScope(node, item, call, method)


def functions_around(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> list[ast.AST]:
    """Return the functions that a node stands in the body of, the nearest first."""
    found: list[ast.AST] = []
    child = node
    for holder in ancestors(node, parents):
        if isinstance(holder, _FUNCTIONS):
            body = [holder.body] if isinstance(holder, ast.Lambda) else holder.body
            if child in body:
                found.append(holder)
        child = holder
    return found


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a use gives in this trial: a value, or a value for each name that it may have."""

    write: Callable[[Callable[[Value], str]], str]
    value: Value = None
    is_value: bool = False
    names: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


class _Reader:
    def __init__(self, plan: CellPlan, text: RawText, values: Mapping[str, Value]) -> None:
        self._plan = plan
        self._cell = plan.cell
        self._parents = plan.cell.parents
        self._text = text
        self._values = values
        self._names: Names = read_names(plan.cell.tree)
        self._name_scopes = [scope for scope in hp_scopes(plan) if scope.method == "name_scope"]
        self._conditional = [scope.statement for scope in hp_scopes(plan) if scope.method == "conditional_scope"]
        self._declared: dict[Span, list[str]] = {}
        self._unsettled: set[Span] = set()
        for held in plan.declarations:
            self._declared.setdefault(held.span, []).append(held.name)
            if not held.settled:
                self._unsettled.add(held.span)

    def read(self) -> Uses:
        uses = Uses()
        for reading in self._names.readings:
            if reading.name == self._plan.hp_name and isinstance(reading.node, ast.Name):
                owner = self._names.owner(reading.name, reading.scope)
                uses.readings[reading.node] = None if owner is self._names.module else owner.node
        for node in ast.walk(self._cell.tree):
            if not isinstance(node, ast.expr):
                continue
            answer = self._answer(node)
            replacement = None if answer is None else self._replacement(node, answer)
            if answer is not None and replacement is not None:
                uses.replacements[node] = replacement
                uses.names_used.update(answer.names)
        return uses

    # ---- which value

    def _answer(self, node: ast.expr) -> _Answer | None:
        hp = self._plan.hp_name
        match node:
            case ast.Call(func=ast.Attribute(value=holder, attr=method)) if method in DECLARING:
                is_hp = isinstance(holder, ast.Name) and holder.id == hp
                return self._declaration(node) if is_hp or Span.of(node) in self._declared else None
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[asked], keywords=[]):
                return self._asked(node, asked) if name == hp else None
            case ast.Subscript(value=ast.Name(id=name), slice=asked, ctx=ast.Load()):
                return self._asked(node, asked) if name == hp else None
            case ast.Compare(left=asked, ops=[ast.In() | ast.NotIn() as operator], comparators=[ast.Name(id=name)]):
                full = self._full_name(node, asked) if name == hp else None
                if full is None or (full not in self._values and full not in self._plan.space.search_space):
                    return None
                return _known((full in self._values) is isinstance(operator, ast.In), (full,))
        return None

    def _asked(self, node: ast.expr, asked: ast.expr) -> _Answer | None:
        full = self._full_name(node, asked)
        if full is None:
            return None
        if full in self._values:
            return _known(self._values[full], (full,))
        default = self._default(full)
        return None if default is None else _known(default[0], (full,), (full,))

    def _full_name(self, node: ast.AST, asked: ast.expr) -> str | None:
        """Return the name that is asked for, name scopes included; None where it is known only when it runs."""
        if not isinstance(asked, ast.Constant) or not isinstance(asked.value, str):
            return None
        prefix = self._prefix(node)
        return None if prefix is None else prefix + asked.value

    def _prefix(self, node: ast.AST) -> str | None:
        """Return what the name scopes around a node put before names, None where that is not plain."""
        if not self._name_scopes:
            return ""
        around = functions_around(node, self._parents)
        target = self._plan.target
        if around and (len(around) > 1 or target is None or getattr(around[0], "name", None) != target.name):
            return None  # whoever calls the function may be in a scope
        prefix = ""
        for holder in ancestors(node, self._parents):
            for call in (scope.call for scope in self._name_scopes if scope.statement is holder):
                match call.args:
                    case [ast.Constant(value=str() as name)]:
                        prefix = f"{name}/{prefix}"
                    case _:
                        return None
        return prefix

    def _default(self, name: str) -> tuple[Value] | None:
        entries = self._plan.space.search_space.by_name.get(name)
        return (entries[0].default,) if entries else None

    def _declaration(self, node: ast.Call) -> _Answer | None:
        name: ast.expr | NameTemplate | None = self._plan.names.get(node) or _name_argument(node)
        pattern = pattern_of(name)
        # All calls of one `%time` line have its span.
        fitting = re.compile(f"(?:.*/)?{pattern.regex}", re.DOTALL)
        declared = [full for full in self._declared.get(Span.of(node), []) if fitting.fullmatch(full)]
        given = {full: self._values[full] for full in declared if full in self._values}
        if not declared or Span.of(node) in self._unsettled or any(u.line == node.lineno for u in self._plan.unsettled):
            given |= self._matching(node, pattern)
        is_scoped = self._is_scoped(node)
        if is_scoped is None and any(full not in given for full in declared):
            return None
        if is_scoped and pattern.constant is None and (not declared or Span.of(node) in self._unsettled):
            return None  # which names it would answer with None is not known
        if is_scoped:
            given |= {full: None for full in declared if full not in given}
        if given:
            return self._among(node, name, pattern, given)
        defaults = {full: default[0] for full in declared if (default := self._default(full)) is not None}
        if not defaults:
            return None
        if are_alike(list(defaults.values())):
            return _known(next(iter(defaults.values())), tuple(defaults), tuple(defaults))
        return self._among(node, name, pattern, defaults, tuple(defaults))

    def _matching(self, node: ast.Call, pattern: NamePattern) -> dict[str, Value]:
        """Return the trial's values whose names a call may give that was not read to the end."""
        if not pattern.has_text:
            return {}
        prefix = self._prefix(node)
        before = "(?:.*/)?" if prefix is None else re.escape(prefix)
        regex = re.compile(before + pattern.regex, re.DOTALL)
        return {full: value for full, value in self._values.items() if regex.fullmatch(full)}

    def _is_scoped(self, node: ast.Call) -> bool | None:
        """Return whether hp answers None here where the hyperparameter does not count; None where that is not plain."""
        if any(keyword.arg in ("parent_name", None) for keyword in node.keywords):
            return True
        holders = list(ancestors(node, self._parents))
        if any(scope in holders for scope in self._conditional):
            return True
        around = functions_around(node, self._parents)
        outside = [scope for scope in self._conditional if functions_around(scope, self._parents) != around]
        return None if outside and around else False

    def _among(
        self,
        node: ast.Call,
        name: ast.expr | NameTemplate | None,
        pattern: NamePattern,
        given: Mapping[str, Value],
        assumed: tuple[str, ...] = (),
    ) -> _Answer | None:
        names = tuple(given)
        if len(given) == 1 or (pattern.constant is not None and are_alike(list(given.values()))):
            return _known(next(iter(given.values())), names, assumed)
        if pattern.constant is not None:
            return None
        local = self._local(given, pattern)
        text = self._text_of(name)
        if local is None or text is None:
            return None
        return _Answer(
            lambda write: lookup(node, text, pattern, local, self._parents, write), names=names, assumed=assumed
        )

    def _local(self, given: Mapping[str, Value], pattern: NamePattern) -> dict[str, Value] | None:
        """Return the values by name without what scopes put before it; None where they do not put the same there."""
        if not self._name_scopes:
            return dict(given)
        found = [re.fullmatch(f"((?:.*/)?){pattern.regex}", full, re.DOTALL) for full in given]
        prefixes = {match[1] for match in found if match is not None}
        if None in found or len(prefixes) != 1:
            return None
        n = len(prefixes.pop())
        return {full[n:]: value for full, value in given.items()}

    def _text_of(self, name: ast.expr | NameTemplate | None) -> str | None:
        if isinstance(name, NameTemplate):
            is_plain = not re.search(r"""['"\\{}]""", name.base)
            return f'f"{name}"' if is_plain else None
        if name is None or any(isinstance(n, ast.Name) and n.id == self._plan.hp_name for n in ast.walk(name)):
            return None
        place = self._text.place(name)
        return None if place is None else self._text.raw[slice(*place)]

    # ---- which text

    def _replacement(self, node: ast.expr, answer: _Answer) -> Replacement | None:
        place = self._text.place(node)
        if place is None:
            return None
        source = self._text.raw[slice(*place)]
        quote = '"' if '"' in source or "'" not in source else "'"
        string = self._text.f_string_of(node)
        new: str | None
        if string is None:
            new = _fitted(answer.write(partial(literal, quote=quote)), node, self._parents, self._text.raw[place[1] :])
        else:
            new = self._in_string(node, answer, quote, place, string)
        if new is None:
            return None
        constant = answer.names[0] if isinstance(node, ast.Call) and len(answer.names) == 1 else None
        return Replacement(node, Edit(*place, new), constant, answer.assumed, _has_comment(source))

    def _in_string(
        self,
        node: ast.expr,
        answer: _Answer,
        own: str,
        place: tuple[int, int],
        string: tuple[ast.JoinedStr, int, int],
    ) -> str | None:
        """Return the text in an f-string, where it must not have the quotes of the string itself."""
        outer, start, end = string
        if not answer.is_value or isinstance(answer.value, dict | set):
            return None
        # First the quotes that the call itself has: Python 3.11 takes none of the string's own, and no backslash.
        for quote in (own, "'" if own == '"' else '"'):
            new = _fitted(literal(answer.value, quote), node, self._parents, "")
            whole = self._text.raw[start : place[0]] + new + self._text.raw[place[1] : end]
            if says_with(whole, outer, node, new):
                return new
        return None


def _known(value: Value, names: tuple[str, ...], assumed: tuple[str, ...] = ()) -> _Answer:
    return _Answer(lambda write: write(value), value, True, names, assumed)


def _name_argument(node: ast.Call) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg == "name":
            return keyword.value
    first = node.args[0] if node.args else None
    return None if isinstance(first, ast.Starred) else first


def _fitted(text: str, node: ast.expr, parents: Mapping[ast.AST, ast.AST], after: str) -> str:
    """Return a text with what keeps it apart from its neighbours: brackets, or a blank before a word."""
    holder = parents.get(node)
    is_followed = (
        (isinstance(holder, ast.Attribute | ast.Subscript | ast.Await) and holder.value is node)
        or (isinstance(holder, ast.Call) and holder.func is node)
        or (isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.Pow) and holder.left is node)
    )
    is_signed = isinstance(holder, ast.UnaryOp | ast.BinOp) and getattr(holder, "left", None) is not node
    is_whole_number = text.isdecimal() and isinstance(holder, ast.Attribute)
    if ((is_followed or is_signed) and text.startswith("-")) or (is_followed and is_whole_number):
        return f"({text})"
    return f"{text} " if re.match(r"\w", after) else text


def _has_comment(source: str) -> bool:
    """Return whether there is a comment in the text of an expression."""
    import io
    import tokenize

    tokens = tokenize.generate_tokens(io.StringIO(f"({source}\n)").readline)
    try:
        return any(token.type == tokenize.COMMENT for token in tokens)
    except (tokenize.TokenError, SyntaxError):
        return False
