"""Names for declarations that leave theirs out: `units = hp.Int(32, 512)` is called "units"."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from kt_notebook.magics.cell.syntax import ancestors

__all__ = ["DECLARING", "NameTemplate", "declaring_names", "derive_name", "is_anonymous_by_shape"]

# each declaring method of hp with what it must be given, the name first
DECLARING: Mapping[str, tuple[str, ...]] = {
    "Int": ("name", "min_value", "max_value"),
    "Float": ("name", "min_value", "max_value"),
    "Choice": ("name", "values"),
    "Boolean": ("name",),
    "Fixed": ("name", "value"),
}
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
_FunctionLike = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A derived name.

    Attributes:
        base: The fixed first part.
        loops: The loop variables whose values follow it, the outermost loop first.
    """

    base: str
    loops: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "_".join([self.base, *(f"{{{name}}}" for name in self.loops)])

    def expression(self, where: ast.Call) -> ast.expr:
        """Return the expression that gives the name when the cell runs, placed at the call."""
        if not self.loops:
            return _place(ast.Constant(self.base), where)
        parts: list[ast.expr] = [ast.Constant(self.base)]
        for name in self.loops:
            parts += [ast.Constant("_"), ast.FormattedValue(ast.Name(name, ast.Load()), -1, None)]
        return _place(ast.JoinedStr(parts), where)


def is_anonymous_by_shape(call: ast.Call, method: str) -> bool | None:
    """Tell from the arguments alone whether a declaration leaves its name out; None where they do not tell."""
    needed = DECLARING[method]
    given = {keyword.arg for keyword in call.keywords}
    if None in given or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    if "name" in given:
        return False
    if not call.args:
        return True
    first = call.args[0]
    if method != "Fixed" and isinstance(first, ast.JoinedStr):
        return False
    if method != "Fixed" and isinstance(first, ast.Constant):
        return not isinstance(first.value, str)
    if isinstance(first, ast.List | ast.Tuple):
        return True
    n_needed = sum(word not in given for word in needed)
    if method != "Boolean" and len(call.args) < n_needed:
        return True
    return False if method == "Fixed" else None


def derive_name(call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> NameTemplate | None:
    """Return the name that a declaration takes from its place in the cell; None where there is none."""
    base = _base_name(call, parents)
    loops = _loop_names(call, parents)
    return None if base is None or loops is None else NameTemplate(base, loops)


def _base_name(call: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str | None:
    child, indices = call, ""
    for parent in ancestors(call, parents):
        match parent:
            case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                name = _target_name(target)
                return None if name is None else name + indices
            case ast.keyword(arg=str(name)):
                return name + indices
            case ast.Dict(keys=keys, values=values) if child in values:
                key = keys[values.index(child)]
                return _constant_name(key) and f"{_constant_name(key)}{indices}"
            case ast.arguments():
                return _parameter_name(parent, child)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                position = items.index(child)  # type: ignore[arg-type]  # a display holds expressions only
                unpacked = _unpacked_target(parent, position, len(items), parents)
                if unpacked is not None:
                    return unpacked + indices
                indices = f"_{position}{indices}"
            case ast.IfExp(test=test) if child is test:
                return None
            case ast.IfExp():
                pass
            case ast.ListComp(elt=step) | ast.SetComp(elt=step) | ast.GeneratorExp(elt=step) if child is step:
                pass
            case ast.DictComp(value=step) if child is step:
                pass
            case _:
                return None
        child = parent
    return None


def _target_name(target: ast.AST) -> str | None:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=holder, slice=key):
            return _constant_name(key) or _target_name(holder)
    return None


def _constant_name(key: ast.AST | None) -> str | None:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def _parameter_name(args: ast.arguments, default: ast.AST) -> str | None:
    plain = [*args.posonlyargs, *args.args]
    pairs = [*zip(reversed(plain), reversed(args.defaults), strict=False)]
    pairs += [(arg, value) for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value]
    return next((arg.arg for arg, value in pairs if value is default), None)


def _unpacked_target(display: ast.AST, position: int, n_items: int, parents: Mapping[ast.AST, ast.AST]) -> str | None:
    match parents.get(display):
        case ast.Assign(targets=[ast.Tuple(elts=targets) | ast.List(elts=targets), *_], value=value) if (
            value is display and len(targets) == n_items
        ):
            if not any(isinstance(target, ast.Starred) for target in targets):
                return _target_name(targets[position])
    return None


def _loop_names(call: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[str, ...] | None:
    loops: list[str | None] = []
    child = call
    for parent in ancestors(call, parents):
        # default values and decorators are evaluated outside, where the function is made
        if isinstance(parent, _FunctionLike) and child in _body_of(parent):
            break
        if isinstance(parent, ast.For | ast.AsyncFor) and child in parent.body:
            loops.append(_first_name(parent.target))
        elif isinstance(parent, _Comprehension):
            position = parent.generators.index(child) if isinstance(child, ast.comprehension) else None
            is_in_filter = position is not None and call is not parent.generators[position].iter
            steps = parent.generators[: None if position is None else position + is_in_filter]
            loops += [_first_name(step.target) for step in reversed(steps)]
        child = parent
    if None in loops:
        return None
    return tuple(dict.fromkeys(name for name in reversed(loops) if name is not None))


def _body_of(node: _FunctionLike) -> list[ast.AST]:
    return [node.body] if isinstance(node, ast.Lambda) else list(node.body)


def _first_name(target: ast.AST) -> str | None:
    return next((node.id for node in ast.walk(target) if isinstance(node, ast.Name)), None)


def _place(node: ast.expr, where: ast.AST) -> ast.expr:
    for part in ast.walk(node):
        ast.copy_location(part, where)
    return ast.fix_missing_locations(node)


def declaring_names(tree: ast.Module, hp_name: str) -> frozenset[str]:
    """Return the names of the cell's functions and classes that declare, or use one that does."""
    inside: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        name = getattr(node, "name", None)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda | ast.Attribute | ast.Name):
            name = next((target.id for target in node.targets if isinstance(target, ast.Name)), None)
        if isinstance(name, str) and isinstance(node, _DEFINING):
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            used |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            inside.setdefault(name, set()).update(used)
    found: set[str] = set()
    wanted = {hp_name, *DECLARING}
    while more := {name for name, used in inside.items() if name not in found and used & (wanted | found)}:
        found |= more
    return frozenset(found)
