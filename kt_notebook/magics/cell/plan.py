"""What reading a cell comes to: plain data, handed from `read_cell` to the magic and to the trial's compiler."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.cell.naming import NameTemplate
from kt_notebook.magics.cell.syntax import Cell

__all__ = [
    "CellForm",
    "CellPlan",
    "Declaration",
    "Note",
    "OneShot",
    "SearchCall",
    "Span",
    "TargetKind",
    "TrialTarget",
    "Unsettled",
]


class CellForm(StrEnum):
    """The forms of cell that `%%tune` takes."""

    INLINE = "inline"
    BUILDER = "builder"
    OBJECTIVE = "objective"
    TUNER_SEARCH = "tuner_search"


class TargetKind(StrEnum):
    """What the trial of a builder or objective cell is."""

    FUNCTION = "function"
    CLASS = "class"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece of the cell stands, as `ast` counts: lines from 1, columns in UTF-8 bytes from 0."""

    line: int
    col: int
    end_line: int
    end_col: int

    @classmethod
    def of(cls, node: ast.expr | ast.stmt) -> "Span":
        """Return the span of a node."""
        return cls(node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One hyperparameter that a call in the cell declares.

    Attributes:
        name: Full name, name scopes included.
        kind: "Int", "Float", "Choice", "Boolean" or "Fixed".
        span: Where the call stands.
        settled: Whether reading the cell gave its range and its conditions; only then it is in the space.
        conditions: When it is active, in words; empty where it always is.
        config: The arguments that the range was read from, without the name; empty where they are not known.
        is_anonymous: Whether the cell leaves its name out.
        is_dependent: Whether its range depends on another hyperparameter; `config` then holds the widest range.
    """

    name: str
    kind: str
    span: Span
    settled: bool
    conditions: str
    config: Mapping[str, Any]  # the values are the user's own
    is_anonymous: bool = False
    is_dependent: bool = False

    @property
    def line(self) -> int:
        """The line of the call, counted from 1."""
        return self.span.line

    @property
    def col(self) -> int:
        """The column of the call in UTF-8 bytes, counted from 0."""
        return self.span.col


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A place where the cell may declare hyperparameters that reading could not settle.

    Attributes:
        line: The line, counted from 1.
        text: The code in question.
        reason: Why, in words.
    """

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Advice on the cell: `code` says which, `text` what and what to write instead."""

    code: str
    text: str
    line: int | None


@dataclass(frozen=True, slots=True)
class SearchCall:
    """The call that hands the data over: `search(…)`, or `X.search(…)` where `tuner_name` is X."""

    line: int
    has_arguments: bool
    tuner_name: str | None = None


@dataclass(frozen=True, slots=True)
class TrialTarget:
    """The definition that is the trial: its name, what it is, and its line."""

    name: str
    kind: TargetKind
    line: int


@dataclass(frozen=True, slots=True)
class OneShot:
    """Data handed to `fit` or `search` that only the first trial could read: its text and line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class CellPlan:
    """All that reading a cell has found.

    Attributes:
        form: Which form of cell it is.
        space: The settled hyperparameters.
        declarations: Every declaration met, in order.
        unsettled: What reading could not settle.
        notes: Advice.
        search_call: The call that hands the data over, where there is one.
        target: The definition that is the trial, in the builder and objective forms.
        reads: Names of the notebook's variables that the cell reads, sorted.
        has_fit_call: Whether `.fit(` is called anywhere in the cell.
        tensorboard_line: Line of a TensorBoard callback, or None.
        one_shots: Data that only one trial could read.
        identity: Hash of what the cell says; comments and layout do not count.
        hp_name: The name that stands for the hyperparameters.
        cell: The parsed cell.
        names: The derived name for each call that leaves its name out.
        search_node: The syntax node behind `search_call`.
    """

    form: CellForm
    space: HyperParameters
    declarations: tuple[Declaration, ...]
    unsettled: tuple[Unsettled, ...]
    notes: tuple[Note, ...]
    search_call: SearchCall | None
    target: TrialTarget | None
    reads: tuple[str, ...]
    has_fit_call: bool
    tensorboard_line: int | None
    one_shots: tuple[OneShot, ...]
    identity: str
    hp_name: str
    cell: Cell = field(repr=False, compare=False)
    names: Mapping[ast.Call, NameTemplate] = field(repr=False, compare=False)
    search_node: ast.Call | None = field(default=None, repr=False, compare=False)
