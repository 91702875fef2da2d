"""Where a summary goes: a table in a notebook, KerasTuner's text everywhere else."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial
from kt_notebook.search.output.patches import Replacement
from kt_notebook.tuners.summaries import results_summary_text, space_summary_text
from kt_notebook.tuners.summary_tables import results_summary_html, space_summary_html

__all__ = ["show_results_summary", "show_space_summary", "show_summary"]


def show_space_summary(space: HyperParameters, *, extended: bool = False) -> None:
    """Show what `search_space_summary` shows; see `show_summary`."""
    show_summary(space_summary_text(space, extended=extended), lambda: space_summary_html(space))


def show_results_summary(
    project_dir: str, objective: AnyObjective | None, trials: Sequence[Trial], num_trials: int
) -> None:
    """Show what `results_summary` shows of the best trials; see `show_summary`."""
    show_summary(
        results_summary_text(project_dir, objective, trials, num_trials),
        lambda: results_summary_html(project_dir, objective, trials, num_trials),
    )


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
