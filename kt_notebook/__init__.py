"""Tune Keras models from a notebook; importing this has no effect and loads no TensorFlow."""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kt_notebook import applications, engine, errors, oracles, tuners
    from kt_notebook.core.objective import Objective
    from kt_notebook.core.oracle import Oracle, synchronized
    from kt_notebook.core.space import HyperParameters
    from kt_notebook.oracles.hyperband import HyperbandOracle
    from kt_notebook.results.compare import compare
    from kt_notebook.training.hypermodel import HyperModel
    from kt_notebook.tuners.base_tuner import BaseTuner
    from kt_notebook.tuners.hyperband import Hyperband
    from kt_notebook.tuners.search_tuners import BayesianOptimization, GridSearch, RandomSearch
    from kt_notebook.tuners.sklearn_tuner import SklearnTuner
    from kt_notebook.tuners.tuner import Tuner

__all__ = [
    "BaseTuner",
    "BayesianOptimization",
    "GridSearch",
    "HyperModel",
    "HyperParameters",
    "Hyperband",
    "HyperbandOracle",
    "Objective",
    "Oracle",
    "RandomSearch",
    "SklearnTuner",
    "Tuner",
    "applications",
    "compare",
    "engine",
    "errors",
    "load_ipython_extension",
    "oracles",
    "synchronized",
    "tuners",
]

# Where each public name lives: it is imported when it is first asked for, so that importing the package costs nothing.
_HOMES = {
    "BaseTuner": "kt_notebook.tuners.base_tuner",
    "BayesianOptimization": "kt_notebook.tuners.search_tuners",
    "GridSearch": "kt_notebook.tuners.search_tuners",
    "HyperModel": "kt_notebook.training.hypermodel",
    "HyperParameters": "kt_notebook.core.space",
    "Hyperband": "kt_notebook.tuners.hyperband",
    "HyperbandOracle": "kt_notebook.oracles.hyperband",
    "Objective": "kt_notebook.core.objective",
    "Oracle": "kt_notebook.core.oracle",
    "RandomSearch": "kt_notebook.tuners.search_tuners",
    "SklearnTuner": "kt_notebook.tuners.sklearn_tuner",
    "Tuner": "kt_notebook.tuners.tuner",
    "compare": "kt_notebook.results.compare",
    "synchronized": "kt_notebook.core.oracle",
}

# Modules that are there after a plain `import kt_notebook`, as KerasTuner's are.
_ROOMS = ("applications", "engine", "errors", "oracles", "tuners")

# Names that are looked for here and live in one of the modules, as in KerasTuner.
_ELSEWHERE = {
    **dict.fromkeys(("Boolean", "Choice", "Fixed", "Float", "HyperParameter", "Int"), "engine.hyperparameters"),
    **dict.fromkeys(("Trial", "TrialStatus"), "engine.trial"),
    "infer_metric_direction": "engine.metrics_tracking",
    "maybe_distribute": "engine.tuner",
    **dict.fromkeys(
        ("FailedTrialError", "FatalError", "FatalRuntimeError", "FatalTypeError", "FatalValueError", "KTNotebookError"),
        "errors",
    ),
    **dict.fromkeys(
        ("BayesianOptimizationOracle", "GridSearchOracle", "OptunaOracle", "RandomSearchOracle"), "oracles"
    ),
    **dict.fromkeys(("HyperEfficientNet", "HyperImageAugment", "HyperResNet", "HyperXception"), "applications"),
}


# Any: a public name is a class, a function or a module.
def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"kt_notebook.{name}")
    if name in _ELSEWHERE:
        raise AttributeError(f"kt_notebook has no {name}; it is kt_notebook.{_ELSEWHERE[name]}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'kt_notebook' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_ROOMS})


# Any: IPython's shell.
def load_ipython_extension(shell: Any) -> None:
    """Add `%%tune` and `%tune` to a notebook: `%load_ext kt_notebook`."""
    from kt_notebook.magics.magics import load

    load(shell)
