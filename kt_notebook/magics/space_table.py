"""The search space of a cell as text, for `--dry-run`."""

from kt_notebook.core.format import table
from kt_notebook.magics.cell import CellPlan, Declaration

__all__ = ["space_table"]


def space_table(plan: CellPlan) -> str:
    """Return one line for each hyperparameter (name, range, when it counts, line), and what could not be read."""
    rows = [("name", "kind", "values", "when", "line")]
    rows += [(d.name, d.kind, _range(d), _when(d), str(d.line)) for d in plan.declarations]
    lines = table(rows, right=[False, False, False, False, True])
    names = {d.name for d in plan.declarations}
    lines += ["", f"{_counted(len(names), 'hyperparameter')}, {_size(plan)}. Nothing was run."]
    lines += [f"line {place.line}: {place.text}: {place.reason}" for place in plan.unsettled]
    lines += [f"line {note.line}: {note.text}" if note.line else note.text for note in plan.notes]
    return "\n".join(lines)


def _when(declaration: Declaration) -> str:
    if not declaration.settled:  # `conditions` holds the reason then, which is long
        return "see below"
    return declaration.conditions or "always"


def _size(plan: CellPlan) -> str:
    if plan.unsettled:
        return "the rest is known when it runs"
    n = plan.space.n_combinations()
    return "too many combinations to count, or a continuous range" if n is None else _counted(n, "combination")


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


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
