"""KerasTuner's module names below `engine`: nothing is defined here, every module re-exports.

A module is imported when it is first asked for, so that `kt.engine.trial.Trial` works after a plain `import`.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kt_notebook.engine import (
        base_tuner,
        conditions,
        hypermodel,
        hyperparameters,
        metrics_tracking,
        objective,
        oracle,
        trial,
        tuner,
    )

__all__ = [
    "base_tuner",
    "conditions",
    "hypermodel",
    "hyperparameters",
    "metrics_tracking",
    "objective",
    "oracle",
    "trial",
    "tuner",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module 'kt_notebook.engine' has no attribute {name!r}; it has {', '.join(__all__)}")
    return importlib.import_module(f"kt_notebook.engine.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
