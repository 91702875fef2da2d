"""Brings an oracle to where a search's record left off."""

from typing import Any

from kt_notebook.core.objective import create_objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.core.values import value_from_json

__all__ = ["restore_oracle"]


def restore_oracle(oracle: Oracle, record: SearchRecord) -> None:
    """Give an oracle the space, seed, objective and trials of a record; trials that had not ended are run again.

    What the oracle was given counts where it may change (its limits); an objective or seed that it was not given
    is taken from the record.
    """
    search = record.search
    if search["space"]:
        oracle.hyperparameters.merge(_space(search["space"]), overwrite=False)
    if oracle.objective is None and search["objective"]:
        oracle.objective = _objective(search["objective"])
    if not oracle.has_given_seed and search["seed"] is not None:
        oracle.seed = search["seed"]
    for trial in record.trials.values():
        oracle.adopt_trial(_trial(trial, oracle))


# Any: JSON
def _space(space: list[dict[str, Any]]) -> HyperParameters:
    return HyperParameters.from_config({"space": space, "values": {}})


def _objective(parts: list[dict[str, str]]) -> Any:  # what create_objective returns
    names = [f"{part['name']}:{part['direction']}" for part in parts]
    return create_objective(names if len(names) > 1 else names[0])


def _values(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value_from_json(value) for name, value in values.items()}


def _trial(record: TrialRecord, oracle: Oracle) -> Trial:
    hyperparameters = oracle.hyperparameters.copy()
    # What was drawn is known apart from what a range that depends on other values has made of it.
    hyperparameters.values = _values(record.drawn_values)
    hyperparameters.mark_drawn()
    hyperparameters.values = _values(record.values)
    trial = Trial(hyperparameters, record.trial_id, TrialStatus(record.status))
    for name, value in record.metrics.items():
        trial.metrics.update(name, value, record.best_step or 0)
    trial.score, trial.best_step = record.score, record.best_step
    trial.seed, trial.pruned = record.seed, record.pruned
    trial.message = record.error["traceback"] if record.error else None
    return trial
