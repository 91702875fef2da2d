"""Brings an oracle to where a search's record left off."""

import math
from collections.abc import Mapping
from typing import Any

from kt_notebook.core.errors import OptionError, SearchStateError, StorageError
from kt_notebook.core.objective import create_objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.record import SearchRecord, TrialRecord
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import Trial, TrialStatus
from kt_notebook.core.values import value_from_json
from kt_notebook.core.waiting_line import Enqueued, WaitingLine
from kt_notebook.search.endings import curve_of
from kt_notebook.storage.project_store import ProjectStore, load_record

__all__ = ["OracleFiles", "restore_oracle"]


class OracleFiles:
    """What a tuner binds to its oracle: `save` and `reload` outside of a search. A copy of it is None.

    Args:
        store: The tuner's project.
    """

    def __init__(self, store: ProjectStore) -> None:
        self._store = store

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # A copied oracle, such as one that is asked what it would propose, must not write into the project.
        return type(None), ()

    def save(self, oracle: Oracle) -> None:
        """Write the oracle's state and its trials.

        Raises:
            ProjectLockedError: Somebody else searches in the project.
            StorageError: The files cannot be written.
        """
        self._store.save(oracle)

    def reload(self, oracle: Oracle) -> None:
        """Bring the oracle to what the project holds; trials that had not ended are run again.

        Raises:
            SearchStateError: The oracle is searching.
            StorageError: The project cannot be read.
            OptionError: The project holds another search than the oracle's.
        """
        if self._store.is_held:
            raise SearchStateError(
                f"The oracle is searching in {str(self._store.project.path)!r} and cannot go back to what is on disk. "
                "Wait for the end of the search, or stop it, then reload."
            )
        record, _ = load_record(self._store.project)
        _refuse_other_objective(oracle, record.search["objective"], record.search["directory"])
        oracle.trials.clear()
        Oracle.set_state(oracle, {**Oracle.get_state(oracle), **_NO_TRIALS, "enqueued": []})
        restore_oracle(oracle, record, self._store.read_oracle())


# Any: JSON, here and below.
_NO_TRIALS: dict[str, Any] = {
    "ongoing_trials": {},
    "start_order": [],
    "end_order": [],
    "run_times": {},
    "retry_queue": [],
}


def restore_oracle(oracle: Oracle, record: SearchRecord, state: Mapping[str, Any] | None = None) -> None:
    """Give an oracle the space, seed, objective and trials of a record.

    Trials that had not ended are run again, and where the search failed those that failed too.

    What the oracle was given counts where it may change (its limits); an objective or seed that it was not given
    is taken from the record.

    Args:
        oracle: One without trials.
        record: What the journal tells.
        state: What oracle.json holds, for an oracle of a user's own with a `set_state` that wants more than that.

    Raises:
        OptionError: The oracle has another objective than the record, whose scores could not be compared.
        StorageError: A user's `set_state` misses something in the state.
        SpaceError, SearchStateError: The oracle was given trials by hand that the record has no place for.
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
    for kept in sorted(record.trials.values(), key=_number):
        trial = _trial(kept, oracle)
        if has_failed and trial.status is TrialStatus.FAILED:
            trial.status = TrialStatus.IDLE
        oracle.adopt_trial(trial)
    place = {trial_id: number for number, trial_id in enumerate(record.end_order)}
    oracle.end_order.sort(key=lambda trial_id: place.get(trial_id, -1))
    _restore_line(oracle, record)
    if state is not None and type(oracle).set_state is not Oracle.set_state:
        _restore_own(oracle, state)


def _restore_line(oracle: Oracle, record: SearchRecord) -> None:
    """Let the trials by hand that waited in line come first, then those that the oracle was given meanwhile."""
    given = [enqueued.values for enqueued in oracle.waiting_line.waiting]
    oracle.waiting_line = WaitingLine(record.enqueued)
    if given:
        oracle.enqueue(given)


def _restore_own(oracle: Oracle, state: Mapping[str, Any]) -> None:
    """Let a user's oracle take what it has kept itself; trials, space and seed stay as the record has them."""
    kept, space, seed = Oracle.get_state(oracle), oracle.hyperparameters, oracle.seed
    try:
        oracle.set_state({**state, **{name: kept[name] for name in _NO_TRIALS}})
    except KeyError as error:
        raise StorageError(
            f"The project's oracle.json has no {error}, which {type(oracle).__name__}.set_state asks for: an oracle of "
            "another kind wrote it. Choose another project_name, begin anew with overwrite=True, or let set_state do "
            "without it."
        ) from error
    Oracle.set_state(oracle, kept)
    oracle.hyperparameters, oracle.seed = space, seed


def _number(trial: TrialRecord) -> int:
    """Return a trial's number; those that were taken in later may have begun before others."""
    return int(trial.trial_id) if trial.trial_id.isdecimal() else 0


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
    hyperparameters.mark_drawn(by_hand=record.enqueued is not None)
    hyperparameters.values = _values(record.values)
    trial = Trial(hyperparameters, record.trial_id, TrialStatus(record.status))
    parts = oracle.objective.to_json() if oracle.objective is not None else []
    directions = {part["name"]: part["direction"] for part in parts}
    for name, value in record.metrics.items():
        trial.metrics.register(name, directions.get(name))
        trial.metrics.update(name, value, record.best_step or 0)
    # A result that no epoch gave stands at step 0.
    is_scored = record.score is not None and not math.isnan(record.score)
    trial.score = record.score
    trial.best_step = 0 if record.best_step is None and is_scored and record.metrics else record.best_step
    trial.seed, trial.pruned = record.seed, record.pruned
    trial.enqueued = None if record.enqueued is None else Enqueued.from_json(record.enqueued)
    trial.message = record.error["traceback"] if record.error else None
    trial.n_epochs = record.n_epochs
    trial.curve = curve_of(record, oracle.objective, record.pruned)
    return trial
