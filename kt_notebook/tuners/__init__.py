"""The tuners: KerasTuner's classes, which wire oracle, project and session together."""

from kt_notebook.tuners.hyperband import Hyperband
from kt_notebook.tuners.search_tuners import GridSearch, RandomSearch
from kt_notebook.tuners.tuner import Tuner

__all__ = ["GridSearch", "Hyperband", "RandomSearch", "Tuner"]
