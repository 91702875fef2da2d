"""The search space of a cell as text, for `--dry-run`."""

from kt_notebook.core.format import table
from kt_notebook.magics.cell import CellPlan, Declaration

__all__ = ["space_table"]


def space_table(plan: CellPlan) -> str:
    """Return one line for each hyperparameter (name, range, when it counts, line), and what could not be read."""
    rows = [("name", "kind", "values", "when", "line")]
    rows += [(d.name, d.kind, _range(d), d.conditions or "always", str(d.line)) for d in plan.declarations]
    lines = table(rows, right=[False, False, False, False, True])
    n = plan.space.n_combinations()
    size = f"{n:,} combinations" if n is not None else "too many combinations to count, or a continuous range"
    lines += ["", f"{len({d.name for d in plan.declarations})} hyperparameters, {size}. Nothing was run."]
    lines += [f"line {place.line}: {place.text}: {place.reason}" for place in plan.unsettled]
    lines += [f"line {note.line}: {note.text}" if note.line else note.text for note in plan.notes]
    return "\n".join(lines)


def _range(declaration: Declaration) -> str:
    config = declaration.config
    if declaration.kind == "Boolean":
        return "False, True"
    if not config:
        return "known when it runs"
    if "values" in config:
        return ", ".join(repr(value) for value in config["values"])
    if "value" in config:
        return repr(config["value"])
    text = f"{config['min_value']!r} to {config['max_value']!r}"
    if config.get("step") is not None:
        text += f", step {config['step']!r}"
    if config.get("sampling") not in (None, "linear"):
        text += f", {config['sampling']}"
    return text
