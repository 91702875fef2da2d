"""KerasTuner's `engine.base_tuner`: the tuner that knows no Keras."""

from kt_notebook.tuners.base_tuner import BaseTuner

__all__ = ["BaseTuner"]
