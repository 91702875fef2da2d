"""The tuners: KerasTuner's classes, which wire oracle, project and session together."""

from kt_notebook.tuners.hyperband import Hyperband
from kt_notebook.tuners.search_tuners import BayesianOptimization, GridSearch, RandomSearch
from kt_notebook.tuners.sklearn_tuner import SklearnTuner
from kt_notebook.tuners.tuner import Tuner

__all__ = ["BayesianOptimization", "GridSearch", "Hyperband", "RandomSearch", "SklearnTuner", "Tuner"]
