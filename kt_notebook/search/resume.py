"""Brings an oracle to where a search's record left off."""

from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.core.objective import create_objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.core.values import value_from_json
from kt_notebook.search.endings import curve_of

__all__ = ["restore_oracle"]


def restore_oracle(oracle: Oracle, record: SearchRecord) -> None:
    """Give an oracle the space, seed, objective and trials of a record.

    Trials that had not ended are run again, and where the search failed those that failed too.

    What the oracle was given counts where it may change (its limits); an objective or seed that it was not given
    is taken from the record.

    Raises:
        OptionError: The oracle has another objective than the record, whose scores could not be compared.
    """
    search = record.search
    _refuse_other_objective(oracle, search["objective"], search["directory"])
    if search["space"]:
        oracle.hyperparameters.merge(_space(search["space"]), overwrite=False)
    if oracle.objective is None and search["objective"]:
        oracle.objective = _objective(search["objective"])
    if not oracle.has_given_seed and search["seed"] is not None:
        oracle.seed = search["seed"]
    # A search that failed goes on with the trials that made it fail: what was wrong may be mended now.
    has_failed = record.state == "failed"
    for kept in record.trials.values():
        trial = _trial(kept, oracle)
        if has_failed and trial.status is TrialStatus.FAILED:
            trial.status = TrialStatus.IDLE
        oracle.adopt_trial(trial)
    place = {trial_id: number for number, trial_id in enumerate(record.end_order)}
    oracle.end_order.sort(key=lambda trial_id: place.get(trial_id, -1))


def _refuse_other_objective(oracle: Oracle, recorded: list[dict[str, str]] | None, directory: str | None) -> None:
    if oracle.objective is None or not recorded or oracle.objective.to_json() == recorded:
        return
    was, now = (
        ", ".join(f"{part['name']} ({part['direction']})" for part in parts)
        for parts in (recorded, oracle.objective.to_json())
    )
    raise OptionError(
        f"The project {directory!r} was searched for {was}, and this tuner asks for {now}: their scores cannot be "
        "compared. Choose another project_name, or begin anew with overwrite=True."
    )


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
    trial.n_epochs = record.n_epochs
    trial.curve = curve_of(record, oracle.objective, record.pruned)
    return trial
