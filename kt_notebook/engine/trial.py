"""KerasTuner's `engine.trial`: one trial and its states."""

from kt_notebook.core.trial import Trial, TrialStatus

__all__ = ["Trial", "TrialStatus"]
