"""What a user has given a tuner by mistake."""

import difflib
import warnings
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.fit_way import FitWay
from kt_notebook.core.oracle import Oracle

__all__ = ["check_arguments", "fit_way_of", "refuse_no_hypermodel"]

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
_OF_SEARCH = ("block", "cv", "fit", "timeout")


# Any: whatever a user passed by mistake.
def check_arguments(kind: type, oracle: Any, kwargs: dict[str, Any], logger: object = None) -> None:
    """Look at what a tuner was given.

    Args:
        kind: The tuner's class.
        oracle: What is to choose the trials.
        kwargs: Arguments that it does not have.
        logger: Has no effect, of which this warns where it is given.

    Raises:
        OptionError: The oracle is none, or there are such arguments; the nearest that there is, or
            where they belong, is named.
    """
    if logger is not None:
        warnings.warn("logger= has no effect, as in KerasTuner 1.4.", DeprecationWarning, stacklevel=4)
    if not isinstance(oracle, Oracle):
        raise OptionError(f"oracle is {oracle!r}. Give an Oracle, such as kt_notebook.oracles.RandomSearchOracle().")
    for name, value in kwargs.items():
        if name in _OF_SEARCH:
            raise OptionError(
                f"{kind.__name__} has no argument {name}={value!r}: it belongs to search(…, {name}={value!r})."
            )
        near = difflib.get_close_matches(name, _KNOWN, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        shown = f"kt_notebook.{kind.__name__}" if kind.__module__.startswith("kt_notebook.") else kind.__name__
        raise OptionError(f"{kind.__name__} has no argument {name}={value!r}.{hint} See help({shown}).")


def fit_way_of(fit: object) -> FitWay:
    """Return how Keras' fits are to run.

    Args:
        fit: What `search` was given: "auto", "fused" or "plain".

    Raises:
        OptionError: It is none of these; the nearest is named.
    """
    ways = [way.value for way in FitWay]
    if isinstance(fit, str) and fit in ways:
        return FitWay(fit)
    near = difflib.get_close_matches(fit, ways, n=1) if isinstance(fit, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise OptionError(
        f"fit={fit!r} is no way to fit.{hint} Give 'auto' (faster than Keras' own fit where the results are the same), "
        "'fused' (that, or an error that says why not) or 'plain' (Keras' own fit)."
    )


def refuse_no_hypermodel(kind: type, hypermodel: object) -> None:
    """Refuse to search with nothing that a trial could do.

    Args:
        kind: The tuner's class.
        hypermodel: What a trial does.

    Raises:
        OptionError: It is None.
    """
    if hypermodel is None:
        raise OptionError(f"{kind.__name__} has no hypermodel. Give a function of hp, or a HyperModel.")
