"""KerasTuner's `engine.hypermodel`: a model as a class with `build` and `fit`."""

from kt_notebook.training.hypermodel import HyperModel

__all__ = ["HyperModel"]
