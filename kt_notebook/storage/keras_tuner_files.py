"""What KerasTuner's files of a project hold, made from plain data: trial.json and oracle.json.

The layout was found by looking at what KerasTuner 1.4.8 writes. Keys of ours (`seed`, `pruned`, `kt_notebook`) stand
beside its own, which it passes over when it reads.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from kt_notebook.core.events import decode_number

__all__ = ["oracle_state", "reasons_against_keras_tuner", "trial_state", "values_hash"]

_SCALARS = (str, int, float, bool)
# What KerasTuner asks of an oracle.json; a project without one of these cannot be opened there.
_NOTHING: dict[str, Any] = {
    "ongoing_trials": {},
    "start_order": [],
    "end_order": [],
    "run_times": {},
    "retry_queue": [],
    "seed": 0,
    "seed_state": 0,
    "tried_so_far": [],
    "id_to_hash": {},
}
# What KerasTuner's Bayesian search asks for too, with its own defaults; its other searches pass it over.
_BAYESIAN: dict[str, Any] = {"num_initial_points": None, "alpha": 1e-4, "beta": 2.6}


# Any, here and below: the states are JSON.
def trial_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial as trial.json holds it.

    Args:
        state: What `Trial.get_state` gives: trial_id, hyperparameters (`space` and `values`), metrics, score,
            best_step, status, message, and what else is to be kept. It is not changed.
    """
    metrics = {
        name: {**metric, "observations": [_observation(o) for o in metric["observations"]]}
        for name, metric in state["metrics"]["metrics"].items()
    }
    # KerasTuner writes 0 for a trial that has no best step, and counts on a whole number.
    best_step = 0 if state["best_step"] is None else round(state["best_step"])
    return _marked(
        {
            **state,
            "metrics": {"metrics": metrics},
            "score": decode_number(state["score"]),
            "best_step": best_step,
        }
    )


def oracle_state(
    state: Mapping[str, Any],
    *,
    started_at: Mapping[str, float] | None = None,
    id_to_hash: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return an oracle as oracle.json holds it.

    Args:
        state: What `Oracle.get_state` gives; what KerasTuner asks for and is not there is filled in.
        started_at: When each trial started, unix seconds, in the order of their start.
        id_to_hash: `values_hash` of each trial; without it KerasTuner would try the same values again.
    """
    times = {trial_id: _local_time(at) for trial_id, at in (started_at or {}).items()}
    hashes = dict(id_to_hash or {})
    display = {
        "search_start": next(iter(times.values()), None),
        "trial_start": times,
        "trial_number": {trial_id: number for number, trial_id in enumerate(times, 1)},
    }
    filled = {
        **_NOTHING,
        "hyperparameters": {"space": [], "values": {}},
        "id_to_hash": hashes,
        "tried_so_far": sorted(set(hashes.values())),
        "display": display,
        **state,
    }
    for name, default in {"seed": 0, **_BAYESIAN}.items():
        if filled.get(name) is None:
            filled[name] = default
    if "seed_state" not in state:
        filled["seed_state"] = filled["seed"] + len(filled["start_order"])
    return _marked(filled)


def values_hash(values: Mapping[str, Any]) -> str:
    """Return what KerasTuner calls the hash of a trial's values: how it notices that they were tried."""
    text = "".join(f"{name}={values[name]}" for name in sorted(values))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def reasons_against_keras_tuner(space: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why KerasTuner cannot open a project with this space; empty where it can.

    Args:
        space: Each hyperparameter's `{"class_name", "config"}`.
    """
    reasons = []
    for entry in space:
        config = entry["config"]
        values = config["values"] if entry["class_name"] == "Choice" else [config.get("value", 0)]
        if not all(isinstance(value, _SCALARS) for value in values):
            reasons.append(f"{config['name']!r} has values other than numbers, texts and bools")
        elif len({type(value) for value in values}) > 1:
            reasons.append(f"{config['name']!r} mixes values of several types")
        if any(condition["class_name"] != "Parent" for condition in config.get("conditions", ())):
            reasons.append(f"{config['name']!r} depends on a function of another value")
    return reasons


def _observation(observation: Mapping[str, Any]) -> dict[str, Any]:
    # KerasTuner writes bare NaN, and cannot add up the text "NaN".
    return {**observation, "value": [decode_number(value) for value in observation["value"]]}


def _marked(state: dict[str, Any]) -> dict[str, Any]:
    """Say in the file why KerasTuner cannot open it, where that is so."""
    reasons = reasons_against_keras_tuner(state["hyperparameters"]["space"])
    if reasons:
        state["kt_notebook"] = {"not_for_keras_tuner": reasons}
    return state


def _local_time(at: float) -> str:
    """Return a time as KerasTuner writes it: local, ISO, without a zone."""
    return dt.datetime.fromtimestamp(at).isoformat()  # noqa: DTZ006 - KerasTuner's form has no zone
