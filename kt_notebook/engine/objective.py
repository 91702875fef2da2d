"""KerasTuner's `engine.objective`: what a search makes best."""

from kt_notebook.core.objective import MultiObjective, Objective, create_objective

__all__ = ["MultiObjective", "Objective", "create_objective"]
