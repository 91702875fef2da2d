"""What `--tuner` means: a name, or an oracle or tuner class of the user's own."""

import builtins
import copy
import difflib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.errors import KTNotebookError, OptionError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.format import format_count
from kt_notebook.core.objective import MultiObjective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.space import HyperParameters
from kt_notebook.magics.options import TUNERS, TuneOptions
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.random_search import RandomSearchOracle

__all__ = ["TunerChoice", "check_tuner", "choose_tuner", "is_hyperband", "make_oracle", "notes_on_choice"]

# What `auto` goes on with, by what a search's record says of its tuner.
_CHOSEN_BEFORE = {
    "GridSearch": "grid",
    "BayesianOptimization": "bayesian",
    "RandomSearch": "random",
    "Hyperband": "hyperband",
}
# KerasTuner's, which is not there yet, as `_bare` writes it.
_LATER = frozenset({"sklearn"})
# Hyperband's own, as in KerasTuner, where the cell says nothing of epochs.
_HYPERBAND_EPOCHS = 100


@dataclass(frozen=True, slots=True)
class TunerChoice:
    """A tuner by name or expression.

    Attributes:
        name: What `--tuner` says; for `auto` what that has come to.
        reason: Why `auto` has chosen it, else empty.
    """

    name: str
    reason: str = ""


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


def is_hyperband(name: str) -> bool:
    """Return whether this is Hyperband, with whatever it draws from."""
    return name.partition("+")[0] == "hyperband"


def choose_tuner(
    options: TuneOptions,
    space: HyperParameters,
    *,
    is_whole: bool = True,
    before: str | None = None,
    kept: str | None = None,
) -> TunerChoice:
    """Return the tuner that the options mean.

    `auto` is grid search where every combination fits into the number of trials, else Bayesian search; a search that
    goes on keeps what it began with.

    Args:
        options: What the line says.
        space: What reading the cell has found.
        is_whole: Whether that is all of the space.
        before: The tuner of the search that goes on, as its record has it.
        kept: Its latest tuner by name, which tells what Hyperband draws from.
    """
    if options.tuner != "auto":
        return TunerChoice(options.tuner)
    if before in _CHOSEN_BEFORE:
        name = _CHOSEN_BEFORE[before]
        return TunerChoice(kept if kept is not None and kept.partition("+")[0] == name else name)
    trials = f"{format_count(options.max_trials)} trials"
    n = space.n_combinations() if space.space else None
    if not space.space or not is_whole:
        name, why = "bayesian", "what is searched is known only when trials run"
    elif n is None:
        name, why = "bayesian", f"there are more combinations than {trials}"
    elif n <= options.max_trials:
        name, why = "grid", f"{trials} are enough for {_counted(n)}"
    else:
        name, why = "bayesian", f"{trials} are not enough for {_counted(n)}"
    words = {"grid": "grid search", "bayesian": "Bayesian search"}
    return TunerChoice(name, f"tuner auto: {words[name]}, as {why}")


# Any: the notebook's names stand for anything.
def make_oracle(
    options: TuneOptions, name: str, space: HyperParameters, namespace: Mapping[str, Any], epochs: int | None = None
) -> Oracle:
    """Return the oracle for a cell.

    Args:
        options: What the line says.
        name: Which tuner, not `auto`.
        space: What reading the cell has found.
        namespace: The notebook's names, for an oracle of the user's own.
        epochs: How many epochs the cell's fit asks for, None where that is not plain: Hyperband's most, where
            `--max-epochs` is not given.

    Raises:
        OptionError: `--tuner` names nothing that there is, or an expression that gives no oracle.
    """
    arguments: dict[str, Any] = {
        "objective": options.objectives,
        "max_trials": options.max_trials,
        "seed": options.seed,
    }
    is_limited = "max_trials" in options.given or options.max_trials != TuneOptions().max_trials
    if name not in TUNERS:
        return _own_oracle(options, arguments, namespace)
    arguments["prune"] = options.prune
    if name == "random":
        return RandomSearchOracle(**arguments)
    if name == "bayesian":
        from kt_notebook.oracles.bayesian import BayesianOptimizationOracle  # with scipy: see `oracles`

        return BayesianOptimizationOracle(**arguments)
    if name == "grid":
        if not is_limited and space.n_combinations() is not None:
            arguments["max_trials"] = None
        return GridSearchOracle(**arguments)
    if not is_limited:
        arguments["max_trials"] = None
    arguments["max_epochs"] = options.max_epochs or epochs or _HYPERBAND_EPOCHS
    oracle = HyperbandOracle(**arguments, sampler="bayesian" if name.endswith("+bayesian") else "random")
    if options.max_epochs:
        oracle.epochs_from = "from --max-epochs"
    else:
        oracle.epochs_from = "the cell's own" if epochs else "the default, as the cell does not say; see --max-epochs"
    return oracle


def notes_on_choice(
    options: TuneOptions, oracle: Oracle, space: HyperParameters, *, is_whole: bool
) -> list[SearchNoted]:
    """Return advice where parts of the choice do not fit together: trials and combinations, pruning and objectives.

    Args:
        options: What the line says.
        oracle: It knows how many trials it will run.
        space: What reading the cell has found.
        is_whole: Whether that is all of the space.
    """
    notes = _notes_on_number(options, oracle, space, is_whole=is_whole)
    if "prune" in options.given and options.prune != "none" and isinstance(oracle.objective, MultiObjective):
        text = f"--prune {options.prune} ends no trial of several objectives: their sum does not say which can win."
        notes.append(SearchNoted("advice", "prunes_nothing", text))
    return notes


def _notes_on_number(
    options: TuneOptions, oracle: Oracle, space: HyperParameters, *, is_whole: bool
) -> list[SearchNoted]:
    n, limit = space.n_combinations(), oracle.max_trials
    if options.tuner == "auto" or isinstance(oracle, HyperbandOracle):  # they tell how they have chosen
        return []
    if n is None or limit is None or not space.space:
        return []
    if is_whole and n < limit:
        text = f"{n:,} combinations, {limit} trials asked for: the search ends when each was tried."
        return [SearchNoted("advice", "few_combinations", text)]
    if n > limit and isinstance(oracle, GridSearchOracle):
        text = f"{n:,} combinations, {limit} trials: the grid will not be complete."
        return [SearchNoted("advice", "many_combinations", text)]
    return []


def _counted(n: int) -> str:
    return f"{format_count(n)} combination{'' if n == 1 else 's'}"


def _lack(text: str) -> str:
    """Return what is wrong with a name that there is not."""
    return "comes later" if _bare(text) in _LATER else "is unknown"


def _bare(text: str) -> str:
    bare = text.lower().replace("_", "").removesuffix("oracle").removesuffix("tuner")
    return bare.removesuffix("optimization").removesuffix("search")


def _hint(text: str) -> str:
    bare = _bare(text)
    if bare in _LATER:
        return f"Today there are {', '.join(TUNERS)}, and oracles of your own."
    if bare.startswith("optuna"):
        return (
            "Import OptunaOracle from kt_notebook.oracles and a sampler from optuna.samplers, then "
            "--tuner \"OptunaOracle(TPESampler(), objective='val_loss')\"."
        )
    near = difflib.get_close_matches(bare, TUNERS, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(TUNERS)}, and oracles of your own."


def _own_oracle(options: TuneOptions, arguments: dict[str, Any], namespace: Mapping[str, Any]) -> Oracle:
    value: Any  # whatever the expression gives
    is_class = False
    text, hint = options.tuner, _hint(options.tuner)
    try:
        value = eval(text, dict(namespace))  # the user's own expression, from the user's own cell
        is_class = isinstance(value, type) and issubclass(value, Oracle)
        if is_class:
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
    if not is_class:
        _tell(options, oracle := _own_copy(text, oracle, namespace))
    if "prune" in options.given or (is_class and oracle.pruner is None):
        oracle.pruner = create_pruner(options.prune)
    return oracle


def _own_copy(text: str, oracle: Oracle, namespace: Mapping[str, Any]) -> Oracle:
    """Return an oracle for this search alone, which enters its trials into it: the notebook's own stays as it is."""
    return copy.deepcopy(oracle) if text.isidentifier() and oracle is namespace.get(text) else oracle


def _tell(options: TuneOptions, oracle: Oracle) -> None:
    """Give an oracle that is made already the number of trials that the line asks for.

    Raises:
        OptionError: The line has an option that the oracle would not hear of.
    """
    for field in ("objective", "seed"):
        if field in options.given:
            raise OptionError(
                f"--{field} has no say where --tuner {options.tuner} is an oracle already. Give {field}= to the oracle."
            )
    if "max_trials" in options.given:
        oracle.max_trials = options.max_trials
