"""What a user has given a tuner by mistake."""

import difflib
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.oracle import Oracle

__all__ = ["check_arguments"]

_KNOWN = (
    "objective",
    "max_trials",
    "hypermodel",
    "hyperparameters",
    "directory",
    "project_name",
    "overwrite",
    "seed",
    "prune",
    "executions_per_trial",
    "max_model_size",
    "optimizer",
    "loss",
    "metrics",
    "distribution_strategy",
)


# Any: whatever a user passed by mistake.
def check_arguments(kind: type, oracle: Any, kwargs: dict[str, Any]) -> None:
    """Look at what a tuner was given.

    Args:
        kind: The tuner's class.
        oracle: What is to choose the trials.
        kwargs: Arguments that it does not have.

    Raises:
        OptionError: The oracle is none, or there are such arguments; the nearest that there is is named.
    """
    if not isinstance(oracle, Oracle):
        raise OptionError(f"oracle is {oracle!r}. Give an Oracle, such as kt_notebook.oracles.RandomSearchOracle().")
    for name, value in kwargs.items():
        near = difflib.get_close_matches(name, _KNOWN, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        shown = f"kt_notebook.{kind.__name__}" if kind.__module__.startswith("kt_notebook.") else kind.__name__
        raise OptionError(f"{kind.__name__} has no argument {name}={value!r}.{hint} See help({shown}).")
