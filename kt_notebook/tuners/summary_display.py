"""Where a summary goes: a table in a notebook, KerasTuner's text everywhere else."""

import sys
from collections.abc import Callable
from typing import Any

from kt_notebook.search.output.patches import Replacement

__all__ = ["show_summary"]


def show_summary(text: str, table: Callable[[], str]) -> None:
    """Show a summary: in a notebook its table, with the text for whoever shows no HTML; else print the text.

    A notebook's text is printed, too, where somebody else has taken its standard output, as `redirect_stdout` and
    `%%capture` do.

    Args:
        text: What KerasTuner prints.
        table: Returns the same as HTML.
    """
    if not _goes_to_a_notebook(sys.stdout):
        print(text)  # noqa: T201 - KerasTuner's summary methods print
        return
    from IPython.display import publish_display_data

    # IPython's function is half typed.
    publish_display_data({"text/plain": text, "text/html": table()})  # type: ignore[no-untyped-call]


# Any: whatever stands in sys.stdout.
def _goes_to_a_notebook(stream: Any) -> bool:
    while isinstance(stream, Replacement):  # while a search runs, its own stands there
        stream = stream.original
    return type(stream).__module__.partition(".")[0] == "ipykernel"
