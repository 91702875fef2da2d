"""KerasTuner's `engine.oracle`: the base of all oracles, and objectives."""

from kt_notebook.core.objective import Objective
from kt_notebook.core.oracle import Oracle, synchronized

__all__ = ["Objective", "Oracle", "synchronized"]
