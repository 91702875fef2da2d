"""From a cell's text to its plan: the one way in."""

from collections.abc import Mapping
from typing import Any

from kt_notebook.magics.cell import checks
from kt_notebook.magics.cell.forms import find_shape
from kt_notebook.magics.cell.names import read_names
from kt_notebook.magics.cell.plan import CellPlan
from kt_notebook.magics.cell.reading import read_space
from kt_notebook.magics.cell.syntax import identity_of, parse_cell

__all__ = ["read_cell"]


def read_cell(
    text: str,
    namespace: Mapping[str, Any],  # the notebook's own objects
    *,
    hp_name: str = "hp",
) -> CellPlan:
    r"""Read a `%%tune` cell without running any of it.

    Args:
        text: The cell as IPython hands it to Python, without the magic line. A blank line in its place keeps the
            numbers that the notebook shows.
        namespace: The notebook's variables; plain values among them count, and nothing of them is called.
        hp_name: The name that stands for the hyperparameters.

    Raises:
        CellError: The cell cannot be tuned; the message shows the line and what to write.

    Example:
        >>> plan = read_cell("units = hp.Int(32, 512, step=32)\nunits ** 2", {})
        >>> plan.form.value, [declaration.name for declaration in plan.declarations]
        ('inline', ['units'])
    """
    cell = parse_cell(text)
    names = read_names(cell.tree)
    shape = find_shape(cell, names, namespace, hp_name)
    checks.refuse(cell, names, shape, namespace)
    reading = read_space(cell, names, namespace, shape, hp_name)
    return CellPlan(
        form=shape.form,
        space=reading.collector.space(),
        declarations=tuple(reading.collector.declarations),
        unsettled=tuple(reading.collector.unsettled.values()),
        notes=checks.advise(cell, names, namespace, hp_name),
        search_call=shape.search_call,
        target=shape.target,
        reads=names.from_notebook(name for name in namespace if name != hp_name),
        has_fit_call=checks.has_fit_call(cell),
        tensorboard_line=checks.find_tensorboard(cell, names),
        one_shots=checks.find_one_shots(cell, names, shape, namespace),
        identity=identity_of(cell.tree),
        hp_name=hp_name,
        cell=cell,
        names=reading.names,
        search_node=shape.search_node,
    )
