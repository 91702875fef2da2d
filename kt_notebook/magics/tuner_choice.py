"""What `--tuner` means: a name, or an oracle or tuner class of the user's own."""

import builtins
import copy
import difflib
from collections.abc import Container, Mapping
from typing import Any

from kt_notebook.core.errors import KTNotebookError, OptionError
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.options import TUNERS, TuneOptions
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.random_search import RandomSearchOracle

__all__ = ["check_tuner", "make_oracle"]

# KerasTuner's, which are not there yet, as `_bare` writes them.
_LATER = frozenset({"bayesian", "bayes", "hyperband", "sklearn"})


def check_tuner(text: str, known: Container[str]) -> None:
    """Refuse a `--tuner` that can mean nothing, before anything is run.

    Args:
        text: What the line says.
        known: Names of the notebook, and those that the cell makes.

    Raises:
        OptionError: The text is a name, and neither a tuner nor known.
    """
    if text.isidentifier() and text not in TUNERS and text not in known and not hasattr(builtins, text):
        raise OptionError(f"--tuner {text} {_lack(text)}. {_hint(text)}")


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
        is_limited = "max_trials" in options.given or options.max_trials != TuneOptions().max_trials
        if not is_limited and space.n_combinations() is not None:
            arguments["max_trials"] = None
        return GridSearchOracle(**arguments)
    return _own_oracle(options, arguments, namespace)


def _lack(text: str) -> str:
    """Return what is wrong with a name that there is not."""
    return "comes later" if _bare(text) in _LATER else "is unknown"


def _bare(text: str) -> str:
    return text.lower().replace("_", "").removesuffix("tuner").removesuffix("optimization")


def _hint(text: str) -> str:
    if _bare(text) in _LATER:
        return f"Today there are {', '.join(TUNERS)}, and oracles of your own."
    near = difflib.get_close_matches(text, TUNERS, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(TUNERS)}, and oracles of your own."


def _own_oracle(options: TuneOptions, arguments: dict[str, Any], namespace: Mapping[str, Any]) -> Oracle:
    value: Any  # whatever the expression gives
    text, hint = options.tuner, _hint(options.tuner)
    try:
        value = eval(text, dict(namespace))  # the user's own expression, from the user's own cell
        if isinstance(value, type) and issubclass(value, Oracle):
            value = value(**arguments)
    except NameError as error:
        why = "" if text.isidentifier() else f": {error}; quotes inside it need quotes around it"
        raise OptionError(f"--tuner {text} {_lack(text)}{why}. {hint}") from None
    except SyntaxError as error:
        raise OptionError(f"--tuner {text} is neither a name nor an expression: {error.msg}. {hint}") from error
    except KTNotebookError:
        raise
    except Exception as error:
        raise OptionError(f"--tuner {text} cannot be made: {type(error).__name__}: {error}. {hint}") from error
    if not isinstance(value, Oracle):
        raise OptionError(f"--tuner {text} gives {type(value).__name__}, which is no Oracle. {hint}")
    oracle: Oracle = value
    if text.isidentifier() and oracle is namespace.get(text):
        _refuse_settings(options)
        # The search enters its trials into the oracle: the notebook's own stays as it is for the next search.
        oracle = copy.deepcopy(oracle)
    return oracle


def _refuse_settings(options: TuneOptions) -> None:
    """Refuse options that an oracle which is there already would not hear of."""
    for field in ("objective", "max_trials", "seed"):
        if field in options.given:
            flag = f"--{field.replace('_', '-')}"
            raise OptionError(
                f"{flag} has no say where --tuner {options.tuner} is an oracle already. Give {field}= to the oracle."
            )
