"""Says before a search what its arguments would come to that the user hardly means."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from kt_notebook.core.events import SearchNoted
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import is_terminal
from kt_notebook.oracles.hyperband import HyperbandOracle
from kt_notebook.training.callback_advice import advice_on_callbacks
from kt_notebook.training.fit_arguments import has_validation, hp_arguments, named_arguments
from kt_notebook.training.hypermodel import HyperModel

__all__ = ["advice_on_search"]


# Any: arguments of Keras' fit.
def advice_on_search(
    oracle: Oracle,
    hypermodel: HyperModel | None,
    fit_args: Sequence[Any],
    fit_kwargs: Mapping[str, Any],
    *,
    runs_trials: bool,
    has_folds: bool,
) -> list[SearchNoted]:
    """Return advice on the arguments of a search.

    Args:
        oracle: Chooses the trials.
        hypermodel: What a trial does.
        fit_args: As given to `search`.
        fit_kwargs: As given to `search`.
        runs_trials: Whether the tuner runs trials in a way of its own, which may validate as it likes.
        has_folds: Whether each fit validates on a fold.
    """
    is_own = runs_trials or getattr(type(hypermodel), "fit", None) is not HyperModel.fit
    validates = is_own or has_folds or has_validation(fit_args, fit_kwargs)
    texts = advice_on_callbacks(fit_kwargs.get("callbacks"), has_validation=validates)
    notes = [SearchNoted("advice", "callback_waits", text) for text in texts]
    if isinstance(oracle, HyperbandOracle) and "epochs" in hp_arguments(fit_args, fit_kwargs):
        text = (
            "Hyperband says how many epochs a trial trains: the epochs= that come from hp are not used. Leave them out."
        )
        notes.append(SearchNoted("advice", "epochs_not_used", text))
    if inspect.isgenerator(named_arguments(fit_args, fit_kwargs).get("x")):
        text = (
            "All trials read on in one generator, so each sees other data. Give arrays, a tf.data.Dataset, or a "
            "function that makes a generator: search(make_generator, …)."
        )
        notes.append(SearchNoted("advice", "generator_shared", text))
    has_run = bool(oracle.trials) and all(is_terminal(trial.status) for trial in oracle.trials.values())
    if has_run and oracle.remaining_trials() == 0:
        n = len(oracle.trials)
        who = "The one trial has" if n == 1 else f"All {n} trials have"
        is_hyperband = isinstance(oracle, HyperbandOracle)
        more = "hyperband_iterations or max_epochs" if is_hyperband else "max_trials"
        text = (
            f"{who} run before, so nothing is trained now. Give a larger {more} to go on, or overwrite=True to "
            "begin anew."
        )
        notes.append(SearchNoted("advice", "nothing_to_run", text))
    return notes
