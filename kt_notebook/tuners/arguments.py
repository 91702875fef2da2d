"""What a user has given a tuner by mistake."""

import difflib
from typing import Any

from kt_notebook.core.errors import OptionError

__all__ = ["refuse_unknown"]

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
def refuse_unknown(kind: type, kwargs: dict[str, Any]) -> None:
    """Refuse arguments that a tuner does not have.

    Raises:
        OptionError: There are some; the first is named, with the nearest that there is.
    """
    for name, value in kwargs.items():
        near = difflib.get_close_matches(name, _KNOWN, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        shown = f"kt_notebook.{kind.__name__}" if kind.__module__.startswith("kt_notebook.") else kind.__name__
        raise OptionError(f"{kind.__name__} has no argument {name}={value!r}.{hint} See help({shown}).")
