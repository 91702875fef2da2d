"""Which of the three forms a cell has, which definition is its trial, and where it hands over the data."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from kt_notebook.magics.cell.names import Names
from kt_notebook.magics.cell.objects import MISSING, class_names, module_member
from kt_notebook.magics.cell.plan import CellForm, SearchCall, TargetKind, TrialTarget
from kt_notebook.magics.cell.syntax import Cell, ancestors

__all__ = ["Shape", "find_shape", "last_name"]

_HYPERMODEL = "HyperModel"
_TUNERS = {"RandomSearch", "BayesianOptimization", "Hyperband", "GridSearch", "SklearnTuner", "Tuner", "BaseTuner"}
_REPEATS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
HOW_TO = (
    'Write hp. where a number was, for example `units = hp.Int("units", 32, 512, step=32)`, or define a function '
    "`def build(hp): …` and call `search(x, y, …)`."
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A cell's form, with the trial's definition and the call that hands over the data where there are such."""

    form: CellForm
    target: TrialTarget | None = None
    target_node: ast.stmt | None = None
    search_call: SearchCall | None = None
    search_node: ast.Call | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    kind: TargetKind
    node: ast.stmt
    missing: tuple[str, ...] = ()  # what it needs beside hp


def find_shape(cell: Cell, names: Names, namespace: Mapping[str, Any], hp_name: str = "hp") -> Shape:
    """Return the form of a cell.

    Args:
        cell: The parsed cell.
        names: Its names.
        namespace: The notebook's variables; only looked at.
        hp_name: The name that stands for the hyperparameters.

    Raises:
        CellError: The cell has no form, or two.
    """
    return _Finder(cell, names, namespace, hp_name).shape()


def last_name(node: ast.AST) -> str | None:
    """Return the last part of a name such as `kt.HyperModel`; None for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


class _Finder:
    def __init__(self, cell: Cell, names: Names, namespace: Mapping[str, Any], hp_name: str) -> None:
        self._cell = cell
        self._names = names
        self._namespace = namespace
        self._hp = hp_name
        self._searches = [
            call
            for reading in names.global_readings("search")
            if isinstance(call := cell.parents.get(reading.node), ast.Call) and call.func is reading.node
        ]

    def shape(self) -> Shape:
        bound = self._names.global_bindings(self._hp)
        free = [] if bound else [reading.node for reading in self._names.global_readings(self._hp)]
        candidates = self._candidates()
        if free:
            return self._inline(free[0], candidates)
        tuner_search = self._tuner_search(candidates)
        if bound and tuner_search is None:
            raise self._bound_hp(bound[0])
        if tuner_search is not None and not self._searches:
            return tuner_search
        if candidates or self._functions_of_hp():
            return self._builder(candidates)
        if tuner_search is not None:
            return tuner_search
        raise self._no_hp()

    # ---- inline

    def _inline(self, free: ast.AST, candidates: list[_Candidate]) -> Shape:
        hp = self._hp
        if self._searches and not self._is_search_bound():
            raise self._cell.fault(
                f"This cell uses {hp} as it runs and also calls search(…): the first makes the whole cell the trial, "
                f"the second belongs to a cell that defines a function of {hp}. Keep one: drop search(…) and call "
                f"fit, or move the lines with {hp} into `def build({hp}):`.",
                free,
                self._searches[0],
            )
        for candidate in candidates:
            if not self._is_read(candidate.name):
                raise self._cell.fault(
                    f"This cell uses {hp} as it runs and also defines {candidate.name}, a trial of its own that "
                    f"nothing here calls. Keep one: call {candidate.name}({hp}) in the cell, or move "
                    f"all uses of {hp} into it.",
                    free,
                    candidate.node,
                )
        return Shape(CellForm.INLINE)

    def _bound_hp(self, binding: ast.AST) -> Exception:
        uses: list[ast.AST] = [reading.node for reading in self._names.global_readings(self._hp)]
        uses += [node for node, _ in self._functions_of_hp()]
        return self._cell.fault(
            f"This cell gives {self._hp} a value of its own, but %%tune fills in {self._hp} for each trial. Take out "
            f"the line that binds {self._hp}, or give that object another name.",
            binding,
            *uses[:1],
        )

    def _no_hp(self) -> Exception:
        hp = self._hp
        if self._searches:
            return self._cell.fault(
                f"search(…) is called, but the cell defines no function with a parameter {hp} and no HyperModel. "
                + HOW_TO,
                self._searches[0],
            )
        for node in ast.walk(self._cell.tree):
            if isinstance(node, ast.Call) and last_name(node.func) == "run_cell_magic":
                return self._cell.fault(
                    f"A cell magic stands under %%tune and keeps the cell's text to itself, so no {hp} can be found "
                    "in it. Take that line out.",
                    node,
                )
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "search":
                name = self._cell.source(node.func.value)
                return self._cell.fault(
                    f"Nothing in this cell uses {hp}, and {name} is not made here: to run a tuner of your own, make it "
                    f"and call {name}.search(…) at the top level of the same cell. Or: " + HOW_TO,
                    node,
                )
        return self._cell.fault(f"There is no {hp} in this cell, so there is nothing to tune. " + HOW_TO)

    # ---- builder and objective

    def _builder(self, candidates: list[_Candidate]) -> Shape:
        search = self._one_search()
        candidate = self._one_candidate(candidates)
        target = TrialTarget(candidate.name, candidate.kind, candidate.node.lineno)
        has_arguments = search is not None and bool(search.args or search.keywords)
        call = None if search is None else SearchCall(search.lineno, has_arguments)
        form = CellForm.BUILDER if has_arguments else CellForm.OBJECTIVE
        return Shape(form, target, candidate.node, call, search)

    def _one_search(self) -> ast.Call | None:
        if not self._searches:
            return None
        first = self._searches[0]
        if self._is_search_bound():
            bindings = self._names.global_bindings("search") or self._names.star_imports
            where = "in this cell" if bindings else "in the notebook"
            raise self._cell.fault(
                f"search(…) starts the tuning only while the name `search` is free, but it is bound {where} (as after "
                "`from re import search`). Write `import re` and `re.search(…)` instead, or `del search` first.",
                first,
                *bindings[:1],
            )
        if len(self._searches) > 1:
            raise self._cell.fault(
                f"search(…) is called {len(self._searches)} times; a cell starts one search. Keep one of them.",
                *self._searches,
            )
        for parent in ancestors(first, self._cell.parents):
            if isinstance(parent, (*_FUNCTIONS, *_REPEATS, ast.ClassDef)):
                what = "a loop" if isinstance(parent, _REPEATS) else "a function or class"
                raise self._cell.fault(
                    f"search(…) stands inside {what}; it hands the data over once. Move it to the top level.", first
                )
        return first

    def _is_search_bound(self) -> bool:
        return bool(self._names.global_bindings("search")) or "search" in self._namespace

    def _one_candidate(self, candidates: list[_Candidate]) -> _Candidate:
        hp = self._hp
        ready = [candidate for candidate in candidates if not candidate.missing]
        if len(ready) == 1:
            return ready[0]
        if ready:
            listed = ", ".join(f"{candidate.name} (line {candidate.node.lineno})" for candidate in ready)
            raise self._cell.fault(
                f"{len(ready)} definitions could be the trial: {listed}. Keep one in this cell, or let one use the "
                "others.",
                *(candidate.node for candidate in ready),
            )
        if candidates:
            wanting = candidates[0]
            words = ", ".join(wanting.missing)
            if wanting.kind is TargetKind.CLASS:
                cure = f"Make it yourself, in this cell: `{wanting.name.lower()} = {wanting.name}({words})`."
            else:
                cure = f"Give {words} a default value, so that {hp} is all it needs."
            raise self._cell.fault(f"{wanting.name} cannot be the trial: it also needs {words}. {cure}", wanting.node)
        lines = self._functions_of_hp()
        raise self._cell.fault(
            f"No definition here can be the trial: that is a function at the top level whose only required parameter "
            f"is {hp} and that no other definition uses. Write `def build({hp}): …`.",
            *(node for node, _ in lines),
        )

    # ---- candidates

    def _functions_of_hp(self) -> list[tuple[ast.AST, ast.arguments]]:
        return [
            (node, node.args)
            for node in ast.walk(self._cell.tree)
            if isinstance(node, _FUNCTIONS)
            and any(arg.arg == self._hp for arg in _parameters(node.args))
            and not self._is_method(node)
        ]

    def _is_method(self, node: ast.AST) -> bool:
        return isinstance(self._cell.parents.get(node), ast.ClassDef)

    def _candidates(self) -> list[_Candidate]:
        found: dict[str, _Candidate] = {}
        classes: dict[str, ast.ClassDef] = {}
        for node in self._top_level():
            candidate: _Candidate | None = None
            match node:
                case ast.FunctionDef(name=name, args=args):
                    candidate = self._function(name, args, node)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args)):
                    candidate = self._function(name, args, node)
                case ast.ClassDef(name=name) if self._is_hypermodel(node, classes):
                    classes[name] = node
                    candidate = _Candidate(name, TargetKind.CLASS, node, self._class_needs(node, classes))
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=maker)) if self._makes_one(
                    maker, classes
                ):
                    found.pop(last_name(maker) or "", None)
                    candidate = _Candidate(name, TargetKind.INSTANCE, node)
            if candidate is not None:
                found[candidate.name] = candidate
        used = self._used_by_definitions()
        return [candidate for candidate in found.values() if candidate.name not in used]

    def _top_level(self) -> list[ast.stmt]:
        """Return the statements of the top level, those under `if`, `with` and `try` included."""
        result: list[ast.stmt] = []
        waiting = list(reversed(self._cell.tree.body))
        while waiting:
            node = waiting.pop()
            result.append(node)
            if isinstance(node, ast.If | ast.With | ast.Try):
                inner = [*node.body, *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
                waiting += reversed(inner)
        return result

    def _function(self, name: str, args: ast.arguments, node: ast.stmt) -> _Candidate | None:
        required = _required(args)
        if self._hp not in required:
            return None
        others = tuple(parameter for parameter in required if parameter != self._hp)
        return _Candidate(name, TargetKind.FUNCTION, node, others)

    def _is_hypermodel(self, node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
        return any(self._names_hypermodel(base, classes) for base in node.bases)

    def _names_hypermodel(self, base: ast.AST, classes: Mapping[str, ast.ClassDef]) -> bool:
        if last_name(base) == _HYPERMODEL or (isinstance(base, ast.Name) and base.id in classes):
            return True
        if isinstance(base, ast.Name):
            for binding in self._names.global_bindings(base.id):
                if isinstance(binding, ast.ImportFrom):
                    return any(a.asname == base.id and a.name == _HYPERMODEL for a in binding.names)
        return _HYPERMODEL in class_names(self._look_up(base))

    def _makes_one(self, maker: ast.AST, classes: Mapping[str, ast.ClassDef]) -> bool:
        is_class_here = isinstance(maker, ast.Name) and maker.id in classes
        return is_class_here or _HYPERMODEL in class_names(self._look_up(maker))

    def _look_up(self, node: ast.AST) -> object:
        match node:
            case ast.Name(id=name) if not self._names.global_bindings(name):
                return self._namespace.get(name, MISSING)
            case ast.Attribute(value=holder, attr=name):
                found = self._look_up(holder)
                return module_member(found, name) if issubclass(type(found), ModuleType) else MISSING  # type: ignore[arg-type]  # the test says it is a module
        return MISSING

    def _class_needs(self, node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> tuple[str, ...]:
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                return _required(item.args)[1:]
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in classes:
                return self._class_needs(classes[base.id], classes)
        return ()

    def _used_by_definitions(self) -> set[str]:
        """Return the top-level names that another definition of the cell reads."""
        used = set()
        for reading in self._names.global_readings():
            for parent in ancestors(reading.node, self._cell.parents):
                if isinstance(parent, (*_FUNCTIONS, ast.ClassDef)) and getattr(parent, "name", "") != reading.name:
                    used.add(reading.name)
        return used

    def _is_read(self, name: str) -> bool:
        return bool(self._names.global_readings(name))

    # ---- a tuner of the user's own

    def _tuner_search(self, candidates: list[_Candidate]) -> Shape | None:
        made: dict[str, ast.Call] = {}
        for node in self._top_level():
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as maker):
                    made[name] = maker
            for call in _calls_of(node):
                match call.func:
                    case ast.Attribute(value=ast.Name(id=name), attr="search") if name in made:
                        if candidates and not self._looks_like_tuner(made[name], candidates):
                            continue
                        has_arguments = bool(call.args or call.keywords)
                        search_call = SearchCall(call.lineno, has_arguments, name)
                        return Shape(CellForm.TUNER_SEARCH, search_call=search_call, search_node=call)
        return None

    def _looks_like_tuner(self, maker: ast.Call, candidates: list[_Candidate]) -> bool:
        names = {node.id for node in ast.walk(maker) if isinstance(node, ast.Name)}
        is_given_trial = any(candidate.name in names for candidate in candidates)
        return is_given_trial or last_name(maker.func) in _TUNERS


def _calls_of(node: ast.stmt) -> list[ast.Call]:
    """Return the call that a statement is, or assigns."""
    if isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
        return [node.value]
    return []


def _parameters(args: ast.arguments) -> list[ast.arg]:
    return [*args.posonlyargs, *args.args, *args.kwonlyargs]


def _required(args: ast.arguments) -> tuple[str, ...]:
    plain = [*args.posonlyargs, *args.args]
    names = [arg.arg for arg in plain[: len(plain) - len(args.defaults)]]
    names += [arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None]
    return tuple(names)
