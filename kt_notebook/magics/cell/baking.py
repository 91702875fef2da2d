"""A tuned cell with one trial's values in the place of `hp`, as a cell that runs by itself.

How it works: `baked_uses` finds what stands in the place of each use of `hp`, `baked_keeping` what may go with it,
`baked_training` the lines for `search(…)`. All of them are changes of the user's own text, made here together; every
other character stays. Where `hp` is still needed, the cell's head makes one that has the trial's values.
"""

import ast
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.errors import CellError
from kt_notebook.core.values import Value
from kt_notebook.magics.cell.baked_keeping import Kept, settle
from kt_notebook.magics.cell.baked_text import Edit, RawText, edited
from kt_notebook.magics.cell.baked_training import Training, data_edits, read_training
from kt_notebook.magics.cell.baked_uses import Uses, read_uses
from kt_notebook.magics.cell.baked_values import literal
from kt_notebook.magics.cell.plan import CellForm, CellPlan

__all__ = ["Baked", "TrialFacts", "bake", "commented", "hp_lines"]

_WIDTH = 110
_QUOTE = '"'
_MAX_LISTED = 6


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """What a baked cell says of its trial.

    Attributes:
        title: The first words of its head, such as "Trial 7 of digits, val_loss 0.21".
        values: By name; what is inactive in the trial is missing.
        seed: What Keras draws from, None where the cell does not use Keras.
        remarks: Further sentences for its head.
        keras: Under which name Keras is imported for the seed.
    """

    title: str
    values: Mapping[str, Value]
    seed: int | None = None
    remarks: Sequence[str] = ()
    keras: str = "keras"


@dataclass(frozen=True, slots=True)
class Baked:
    """A baked cell: its text, and what the user should know of it, which its head says too."""

    text: str
    notes: tuple[str, ...] = field(default=())


# Any: the notebook's names stand for anything; they are only looked at.
def bake(plan: CellPlan, raw: str, trial: TrialFacts, namespace: Mapping[str, Any] | None = None) -> Baked:
    r"""Return a cell with a trial's values in the place of `hp`.

    Args:
        plan: What reading the cell has found; inline, builder or objective form.
        raw: The cell as the user wrote it, without the magic line.
        trial: The trial.
        namespace: The notebook's names, for functions that a search takes in the place of data.

    Raises:
        CellError: The cell's text cannot be changed where that is needed.

    Example:
        >>> from kt_notebook.magics.cell import read_cell
        >>> raw = "units = hp.Int(32, 512, step=32)  # wide\nunits ** 2"
        >>> print(bake(read_cell("\n" + raw, {}), raw, TrialFacts("Trial 7 of tuner", {"units": 64})).text)
        # Trial 7 of tuner.
        units = 64  # wide
        units ** 2
    """
    text = RawText(raw, plan.cell)
    uses = read_uses(plan, text, trial.values)
    kept = settle(plan, text, uses)
    seed_line = None if trial.seed is None else f"{trial.keras}.utils.set_random_seed({trial.seed})"
    training = Training()
    if plan.form is not CellForm.INLINE:
        found = read_training(plan, text, kept, seed_line, namespace or {})
        if found is None:
            line = plan.search_call.line if plan.search_call else None
            raise CellError("search(…) stands in a line that IPython rewrites. Put it in a line of its own.", line)
        training = found
    needs_hp = training.needs_hp or any(uses.readings[name] is None for name in kept.remaining)
    notes = [*_notes(plan, trial, uses, kept, training, needs_hp=needs_hp), *training.notes]
    edits = [*(held.edit for held in kept.replacements.values()), *kept.edits, *training.edits]
    edits += data_edits(plan, text, namespace or {})
    head = _head_lines(plan, trial, kept, needs_hp=needs_hp)
    if plan.form is CellForm.INLINE and seed_line is not None:
        head.append(seed_line)
    body = _with_appended(edited(raw, [*edits, *_code_after_futures(plan, text, head)]), training.appended)
    comment = commented([f"{trial.title}.", *trial.remarks, *notes])
    above = [] if _future_end(plan, text) else head
    whole = "\n".join([*comment, *([*above, ""] if above else []), body])
    if "\r\n" in raw:
        whole = re.sub("\r?\n", "\r\n", whole)
    _check(plan, raw, whole)
    return Baked(whole, tuple(notes))


def commented(sentences: Sequence[str]) -> list[str]:
    """Return sentences as lines of comment."""
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            " ".join(sentence.split()),
            _WIDTH,
            initial_indent="# ",
            subsequent_indent="#   ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _head_lines(plan: CellPlan, trial: TrialFacts, kept: Kept, *, needs_hp: bool) -> list[str]:
    """Return the lines of code that the cell begins with."""
    lines = []
    if kept.has_null_scopes:
        lines.append("import contextlib")
    if trial.seed is not None and not (plan.form is not CellForm.INLINE and _imports(plan, trial.keras)):
        lines.append("import keras" if trial.keras == "keras" else f"import keras as {trial.keras}")
    if not needs_hp:
        return lines
    values = trial.values if "tuner/" in plan.cell.text else without_budget(trial.values)
    return [*lines, "import kt_notebook", "", *hp_lines(plan.hp_name, values)]


def hp_lines(name: str, values: Mapping[str, Value]) -> list[str]:
    """Return the lines that make an `hp` which has a trial's values."""
    items = [f"{literal(key, _QUOTE)}: {literal(value, _QUOTE)}" for key, value in values.items()]
    made, one_line = f"{name} = kt_notebook.HyperParameters()", f"{name}.values = {{{', '.join(items)}}}"
    if len(one_line) <= _WIDTH:
        return [made, one_line]
    return [made, f"{name}.values = {{", *(f"    {item}," for item in items), "}"]


def _imports(plan: CellPlan, name: str) -> bool:
    """Return whether the cell itself imports Keras under this name, before it trains."""
    return any(
        isinstance(node, ast.Import) and any(a.name == "keras" and (a.asname or a.name) == name for a in node.names)
        for node in plan.cell.tree.body
    )


def _future_end(plan: CellPlan, text: RawText) -> int:
    """Return where the line of the last `from __future__` import ends, 0 where there is none."""
    ends = [
        text.line_end(span[1])
        for node in plan.cell.tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and (span := text.span(node)) is not None
    ]
    return max(ends, default=0)


def _code_after_futures(plan: CellPlan, text: RawText, head: Sequence[str]) -> list[Edit]:
    """Return the change that puts the head's code behind `from __future__` imports, which must come first."""
    end = _future_end(plan, text)
    return [Edit(end, end, "\n" + "\n".join(head))] if end and head else []


def _with_appended(text: str, lines: Sequence[str]) -> str:
    if not lines:
        return text
    return text.rstrip() + "\n\n" + "\n".join(lines) + "\n"


def _notes(
    plan: CellPlan, trial: TrialFacts, uses: Uses, kept: Kept, training: Training, *, needs_hp: bool
) -> list[str]:
    """Return what the user should know of the text."""
    notes = []
    assumed = dict.fromkeys(name for held in kept.replacements.values() for name in held.assumed)
    if assumed:
        their = "its default stands" if len(assumed) == 1 else "their defaults stand"
        notes.append(f"Not used by this trial, so {their} there: {_listed(list(assumed))}.")
    commented_lines = sorted({held.node.lineno for held in kept.replacements.values() if held.has_comment})
    if commented_lines:
        notes.append(f"Comments inside of the calls in {_lines(commented_lines)} went with them.")
    if kept.n_scopes:
        notes.append(f"Scopes of {plan.hp_name} are gone, since nothing is declared in them any more.")
    if needs_hp:
        places = sorted({name.lineno for name in kept.remaining})
        where = f" in {_lines(places)}" if places else ""
        notes.append(f"{plan.hp_name} is still needed{where}: it is made here, with the trial's values.")
        return notes
    unknown = [name for name in without_budget(trial.values) if name not in uses.names_used]
    if unknown:
        notes.append(f"The trial also has values that this cell does not declare: {_listed(unknown)}.")
    return notes


def _lines(numbers: Sequence[int]) -> str:
    """Return which lines are meant: this text counts otherwise than the cell that was searched."""
    return f"line{'' if len(numbers) == 1 else 's'} {_listed(numbers)} of the tuned cell"


def _listed(items: Sequence[object]) -> str:
    shown = [str(item) for item in items[:_MAX_LISTED]]
    return ", ".join(shown) + (f" and {len(items) - _MAX_LISTED} more" if len(items) > _MAX_LISTED else "")


def _check(plan: CellPlan, raw: str, baked: str) -> None:
    """Refuse to hand out what is no Python, where the cell itself is.

    Raises:
        CellError: It is none.
    """
    try:
        ast.parse(raw)
    except (SyntaxError, ValueError):
        return  # lines for IPython among them
    try:
        ast.parse(baked)
    except SyntaxError as error:
        raise CellError(
            f"The values cannot be put into this cell: {error.msg}, at `{(error.text or '').strip()}`. Take them "
            f"from the results, or write this call of {plan.hp_name} in a plainer way."
        ) from error
