"""KerasTuner's `engine.conditions`: when a hyperparameter counts."""

from kt_notebook.core.conditions import Condition, Parent, Predicate, deserialize, serialize

__all__ = ["Condition", "Parent", "Predicate", "deserialize", "serialize"]
