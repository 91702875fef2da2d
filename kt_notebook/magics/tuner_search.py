"""A cell that makes a tuner of its own and calls its `search`: run beside the notebook, with the panel."""

import functools
from collections.abc import Callable
from dataclasses import replace
from types import CodeType
from typing import Any

from kt_notebook.core.errors import CellError
from kt_notebook.magics.cell import FIT_HOOK_NAME, TUNER_SEARCH_HOOK_NAME
from kt_notebook.magics.cell_text import CellText
from kt_notebook.magics.options import TuneOptions
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.tuners.base_tuner import BaseTuner
from kt_notebook.tuners.way import way_of

__all__ = ["run_tuner_search"]


# Any: IPython's shell.
def run_tuner_search(shell: Any, options: TuneOptions, text: CellText, code: CodeType) -> None:
    """Run the cell; its `X.search(…)` starts a session instead of blocking.

    Args:
        shell: The notebook.
        options: Only `wait` counts.
        text: The cell.
        code: The cell, compiled.

    Raises:
        CellError: X is no tuner of ours when the line runs.
    """
    names = shell.user_ns
    call = text.plan.search_call
    name, line = (call.tuner_name or "tuner", call.line) if call is not None else ("tuner", 1)

    def hook(owner: Any) -> Callable[..., None]:
        if not isinstance(owner, BaseTuner):
            raise CellError(
                f"{name}.search(…) in line {line}: {name} is {type(owner).__name__}, which is no tuner of kt_notebook. "
                "Make it with kt_notebook.RandomSearch(…), or take %%tune off the cell.",
                line,
            )
        owner.cell = text
        return functools.partial(_search, shell, options, name, code.co_filename, owner)

    names[FIT_HOOK_NAME] = fit_hook
    names[TUNER_SEARCH_HOOK_NAME] = hook
    shell.user_ns_hidden.update({FIT_HOOK_NAME: None, TUNER_SEARCH_HOOK_NAME: None})
    try:
        exec(code, names)
    finally:
        del names[TUNER_SEARCH_HOOK_NAME]


def _search(
    shell: Any, options: TuneOptions, name: str, file: str, tuner: BaseTuner, /, *fit_args: Any, **fit_kwargs: Any
) -> None:
    tuner.name = name
    tuner.way = replace(way_of(shell, wait=options.wait, workers=options.workers), cell_file=file)
    try:
        tuner.search(*fit_args, **fit_kwargs)
    finally:
        tuner.way = None
