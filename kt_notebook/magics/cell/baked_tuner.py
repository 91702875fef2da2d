"""The cell that trains one trial of a cell which makes a tuner of its own and calls its `search`."""

import ast
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from kt_notebook.core.budget import without_budget
from kt_notebook.core.errors import CellError
from kt_notebook.magics.cell.baked_keeping import Kept
from kt_notebook.magics.cell.baked_text import Edit, RawText, edited
from kt_notebook.magics.cell.baked_training import Training, call_edits, free_name
from kt_notebook.magics.cell.baking import Baked, TrialFacts, commented, hp_lines
from kt_notebook.magics.cell.plan import CellPlan

__all__ = ["bake_tuner_search"]


# Any: the notebook's names stand for anything; they are only looked at.
def bake_tuner_search(plan: CellPlan, raw: str, trial: TrialFacts, namespace: Mapping[str, Any]) -> Baked:
    """Return a cell that builds the hypermodel with a trial's values and fits it with the arguments of the search.

    The tuned cell is not copied: it would make the tuner again. What it defines is used as it is.

    Args:
        plan: What reading the cell has found, of the form `TUNER_SEARCH`.
        raw: The cell as the user wrote it, without the magic line.
        trial: The trial.
        namespace: The notebook's names.

    Raises:
        CellError: The call of `search` does not stand in the user's own text.
    """
    text, call = RawText(raw, plan.cell), plan.search_node
    place = None if call is None else text.place(call)
    name = plan.search_call.tuner_name if plan.search_call else None
    if call is None or place is None or name is None:
        raise CellError("The tuner's search(…) stands in a line that IPython rewrites. Put it in a line of its own.")
    training = Training()
    edits = call_edits(plan, text, call, Kept({}), training, namespace)
    begin = place[0] + len(ast.get_source_segment(raw[slice(*place)], _parsed(raw[slice(*place)]).func) or "")
    moved = [Edit(edit.start - begin, edit.end - begin, edit.text) for edit in edits]
    arguments = edited(raw[begin : place[1]], moved)  # from the opening bracket on
    notes = [f"It needs what the tuned cell defines; {name} itself is left as it is.", *training.notes]
    lines = _lines(plan, trial, arguments, _hypermodel(plan, text, name), name, namespace)
    comment = commented([f"{trial.title}.", *trial.remarks, *notes])
    return Baked("\n".join([*comment, *lines, ""]), tuple(notes))


def _parsed(source: str) -> ast.Call:
    parsed = ast.parse(source, mode="eval").body
    if not isinstance(parsed, ast.Call):
        raise CellError(f"`{source}` is no call.")
    return parsed


def _lines(
    plan: CellPlan,
    trial: TrialFacts,
    arguments: str,
    hypermodel: tuple[ast.expr, str] | None,
    tuner: str,
    namespace: Mapping[str, Any],  # as above
) -> list[str]:
    hp, model = plan.hp_name, free_name(plan, "model")
    keras = "import keras" if trial.keras == "keras" else f"import keras as {trial.keras}"
    lines = [keras] if trial.seed is not None else []
    lines += ["import kt_notebook", "", *hp_lines(hp, without_budget(trial.values))]
    if trial.seed is not None:
        lines.append(f"{trial.keras}.utils.set_random_seed({trial.seed})")
    history = free_name(plan, "history")
    if hypermodel is not None and _is_function(plan, hypermodel[0], namespace):
        return [*lines, f"{model} = {hypermodel[1]}({hp})", f"{history} = {model}.fit{arguments}"]
    made = f"{tuner}.hypermodel"
    if hypermodel is not None and isinstance(hypermodel[0], ast.Call | ast.Name):
        made = hypermodel[1]
        if isinstance(hypermodel[0], ast.Call):
            lines.append(f"{free_name(plan, 'hypermodel')} = {made}")
            made = free_name(plan, "hypermodel")
    lines.append(f"{model} = {made}.build({hp})")
    separator = "" if arguments[1:].lstrip().startswith(")") else "," + " " * (not arguments[1:2].isspace())
    return [*lines, f"{history} = {made}.fit({hp}, {model}{separator}{arguments[1:]}"]


def _hypermodel(plan: CellPlan, text: RawText, tuner: str) -> tuple[ast.expr, str] | None:
    """Return what the cell gives the tuner to build with, and its text; None where that is not plain."""
    for node in ast.walk(plan.cell.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=args, keywords=keywords)) if name == tuner:
                named = [keyword.value for keyword in keywords if keyword.arg == "hypermodel"]
                given = named or [argument for argument in args[:1] if not isinstance(argument, ast.Starred)]
                place = text.place(given[0]) if given else None
                return None if place is None else (given[0], text.raw[slice(*place)])
    return None


def _is_function(plan: CellPlan, node: ast.expr, namespace: Mapping[str, Any]) -> bool:  # as above
    if not isinstance(node, ast.Name):
        return False
    is_here = any(isinstance(held, ast.FunctionDef) and held.name == node.id for held in plan.cell.tree.body)
    return is_here or type(namespace.get(node.id)) is FunctionType
