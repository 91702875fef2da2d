"""From a cell's text to a search space and a trial, by reading alone: no IPython, no Keras, no threads, no files."""

from kt_notebook.magics.cell.plan import (
    CellForm,
    CellPlan,
    Declaration,
    Note,
    OneShot,
    SearchCall,
    Span,
    TargetKind,
    TrialTarget,
    Unsettled,
)
from kt_notebook.magics.cell.reader import read_cell
from kt_notebook.magics.cell.trial import (
    FIT_HOOK_NAME,
    SEARCH_HOOK_NAME,
    TUNER_SEARCH_HOOK_NAME,
    InlineTrial,
    compile_definitions,
    compile_inline,
)
from kt_notebook.magics.cell.undefined import refuse_undefined

__all__ = [
    "FIT_HOOK_NAME",
    "SEARCH_HOOK_NAME",
    "TUNER_SEARCH_HOOK_NAME",
    "CellForm",
    "CellPlan",
    "Declaration",
    "InlineTrial",
    "Note",
    "OneShot",
    "SearchCall",
    "Span",
    "TargetKind",
    "TrialTarget",
    "Unsettled",
    "compile_definitions",
    "compile_inline",
    "read_cell",
    "refuse_undefined",
]
