"""The cell that a search came from, as the user wrote it, kept with the tuner for `%tune bake` and `%tune refine`."""

from dataclasses import dataclass

from kt_notebook.core.errors import OptionError
from kt_notebook.magics.cell import CellPlan
from kt_notebook.tuners.base_tuner import BaseTuner

__all__ = ["CellText", "cell_of"]


@dataclass(frozen=True, slots=True)
class CellText:
    """A tuned cell.

    Attributes:
        line: What stands behind `%%tune`.
        raw: The cell below that line, as the user wrote it. Line 1 of it is line 2 of the plan's text.
        plan: What reading it has found.
    """

    line: str
    raw: str
    plan: CellPlan


def cell_of(tuner: BaseTuner) -> CellText:
    """Return the cell that a tuner's search came from.

    Raises:
        OptionError: No `%%tune` cell has made it in this kernel.
    """
    if not isinstance(tuner.cell, CellText):
        raise OptionError(
            f"{tuner.name} came from no %%tune cell in this kernel, so there is no cell to change. If there was one, "
            "run it again: it trains nothing where the search has finished. Its best values: tuner.best."
        )
    return tuner.cell
