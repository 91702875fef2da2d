"""The search algorithms: pure rules for which trial comes next."""

from kt_notebook.core.oracle import Oracle
from kt_notebook.oracles.bayesian import BayesianOptimizationOracle
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.oracles.optuna_sampler import OptunaOracle
from kt_notebook.oracles.random_search import RandomSearchOracle

__all__ = [
    "BayesianOptimizationOracle",
    "GridSearchOracle",
    "HyperbandOracle",
    "OptunaOracle",
    "Oracle",
    "RandomSearchOracle",
]
