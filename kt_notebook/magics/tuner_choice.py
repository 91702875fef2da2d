"""What `--tuner` means: a name, or an oracle or tuner class of the user's own."""

import difflib
from collections.abc import Mapping
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.options import TUNERS, TuneOptions
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.random_search import RandomSearchOracle

__all__ = ["make_oracle"]


# Any: the notebook's names stand for anything.
def make_oracle(options: TuneOptions, space: HyperParameters, namespace: Mapping[str, Any]) -> Oracle:
    """Return the oracle for a cell.

    `auto` is grid search where every combination fits into the number of trials, else random search.

    Raises:
        OptionError: `--tuner` names nothing that there is, or an expression that gives no oracle.
    """
    name = options.tuner
    if name == "auto":
        n = space.n_combinations()
        name = "grid" if n is not None and space.space and n <= options.max_trials else "random"
    arguments: dict[str, Any] = {
        "objective": options.objective,
        "max_trials": options.max_trials,
        "seed": options.seed,
    }
    if name == "random":
        return RandomSearchOracle(**arguments)
    if name == "grid":
        if "max_trials" not in options.given and space.n_combinations() is not None:
            arguments["max_trials"] = None
        return GridSearchOracle(**arguments)
    return _own_oracle(name, arguments, namespace)


def _own_oracle(text: str, arguments: dict[str, Any], namespace: Mapping[str, Any]) -> Oracle:
    near = difflib.get_close_matches(text, TUNERS, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(TUNERS)}, and oracles of your own."
    try:
        value = eval(text, dict(namespace))  # the user's own expression, from the user's own cell
    except NameError:
        raise OptionError(f"--tuner {text} is unknown. {hint}") from None
    except SyntaxError as error:
        raise OptionError(f"--tuner {text} is neither a name nor an expression: {error.msg}. {hint}") from error
    if isinstance(value, type) and issubclass(value, Oracle):
        value = value(**arguments)
    if isinstance(value, Oracle):
        return value
    raise OptionError(f"--tuner {text} gives {type(value).__name__}, which is no Oracle. {hint}")
