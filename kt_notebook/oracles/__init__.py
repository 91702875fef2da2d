"""The search algorithms: pure rules for which trial comes next.

A name is imported when it is first asked for: Bayesian search brings scipy along, which takes half a second.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "BayesianOptimizationOracle": "kt_notebook.oracles.bayesian",
    "GridSearchOracle": "kt_notebook.oracles.grid_search",
    "HyperbandOracle": "kt_notebook.oracles.hyperband",
    "OptunaOracle": "kt_notebook.oracles.optuna_sampler",
    "Oracle": "kt_notebook.core.oracle",
    "RandomSearchOracle": "kt_notebook.oracles.random_search",
}


# Any: a public name is a class.
def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        # KerasTuner 1.0 called its oracles by the tuners' names.
        hint = f"; the oracle is {name}Oracle, the tuner kt_notebook.{name}" if f"{name}Oracle" in _HOMES else ""
        raise AttributeError(f"module 'kt_notebook.oracles' has no attribute {name!r}{hint}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
