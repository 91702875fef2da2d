"""Keras: what a trial does, how it reports, what is kept of it."""

from kt_notebook.training.checkpoints import load_best
from kt_notebook.training.data import refuse_one_shot
from kt_notebook.training.execution import Execution, current_execution
from kt_notebook.training.fit_hook import fit_hook, ready_to_fit
from kt_notebook.training.hypermodel import FunctionHyperModel, HyperModel, as_hypermodel
from kt_notebook.training.trial_function import KerasTrialFunction, make_trial_function

__all__ = [
    "Execution",
    "FunctionHyperModel",
    "HyperModel",
    "KerasTrialFunction",
    "as_hypermodel",
    "current_execution",
    "fit_hook",
    "load_best",
    "make_trial_function",
    "ready_to_fit",
    "refuse_one_shot",
]
