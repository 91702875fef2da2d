"""Reads the trials and the oracle of a project from KerasTuner's files, whole or broken.

How it works: each `trial_*/trial.json` is read as far as it goes. A trial whose values can be read is kept; one that
says how it ended has ended, whatever oracle.json says. oracle.json gives the order, the seed and the space, where it
can. Nothing is written here.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kt_notebook.core.budget import Budget
from kt_notebook.core.events import TrialEnqueued, decode_number, encode_number
from kt_notebook.core.trial import TrialStatus, is_terminal, trial_number
from kt_notebook.storage.broken_json import read_object
from kt_notebook.storage.projects import Project

__all__ = ["FoundProject", "FoundTrial", "read_files"]

_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_NO_TRIAL = "does not hold a trial's values"


@dataclass(frozen=True, slots=True)
class FoundTrial:
    """A trial as its file tells it.

    Attributes:
        trial_id: Its id.
        values: In JSON form.
        space: The hyperparameters that it knew, each as `{"class_name", "config"}`.
        status: How it ended; IDLE where it has not.
        score: The objective's value.
        best_step: The step of the score.
        directions: "min" or "max" for each metric.
        steps: Each metric's values, one for each execution, by step.
        message: What went wrong.
        changed_at: When the file was written, unix seconds.
        ours: What only our own files hold: seed, pruned, curve, n_epochs, enqueued; empty where KerasTuner wrote it.
    """

    trial_id: str
    values: dict[str, Any]  # Any, here and below: JSON
    space: list[dict[str, Any]]
    status: TrialStatus
    score: float | None
    best_step: int | None
    directions: dict[str, str]
    steps: dict[str, dict[int, list[float]]]
    message: str | None
    changed_at: float
    ours: dict[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether it is not to be run again."""
        return is_terminal(self.status)

    def metrics(self) -> dict[str, float]:
        """Return each metric's mean over the executions, at the best step where it has that."""
        means = {}
        for name, steps in self.steps.items():
            values = steps.get(self.best_step or 0) or next(iter(steps.values()), [])
            if values:
                means[name] = sum(values) / len(values)
        return means


@dataclass(frozen=True, slots=True)
class FoundProject:
    """What KerasTuner's files of a project hold.

    Attributes:
        trials: In the order in which they began.
        end_order: Ids of those that have ended, in the order in which they did.
        oracle: oracle.json, or as much of it as can be read.
        space: The hyperparameters in it, each as `{"class_name", "config"}`.
        started_at: When trials began, unix seconds, as far as that is known.
        waiting: Trials by hand that wait for their turn, of a project of ours.
        faults: What could not be read and what comes of it, each as "trial_3/trial.json is empty, …".
    """

    trials: list[FoundTrial]
    end_order: list[str]
    oracle: dict[str, Any]
    space: list[dict[str, Any]]
    started_at: dict[str, float]
    waiting: list[TrialEnqueued]
    faults: tuple[str, ...]


def read_files(project: Project, known: Collection[str] = ()) -> FoundProject | None:
    """Return what the files of a project hold, None where there are none of interest.

    Args:
        project: Where they lie.
        known: Names of trials' folders that are of no interest.
    """
    folders = [folder for folder in _trial_folders(project.path) if folder.name not in known]
    oracle_path = project.path / "oracle.json"
    if not folders and (known or not oracle_path.exists()):
        return None
    read = read_object(oracle_path)
    oracle, faults = read.held, []
    if read.fault:
        kept = "the seed is lost" if "seed" not in oracle else "what comes first in it was kept"
        faults.append(f"oracle.json {read.fault}, {kept}")
    ended = set(_ids(oracle, "end_order"))
    trials: dict[str, FoundTrial] = {}
    for folder in folders:
        trial, fault = _read_trial(project, folder, ended)
        if fault:
            faults.append(f"{folder.name}/trial.json {fault}, {_consequence(trial)}")
        if trial is not None:
            trials[trial.trial_id] = trial
    names = {folder.name for folder in folders}.union(known)
    missing = [project.trial_dir(trial_id).name for trial_id in _ids(oracle, "start_order")]
    faults += [f"{name}/trial.json is missing, {_consequence(None)}" for name in missing if name not in names]
    ends = {trial_id: trial for trial_id, trial in trials.items() if trial.has_ended}
    return FoundProject(
        trials=_with_own_brackets(_in_order(trials, _ids(oracle, "start_order"), by_time=False)),
        end_order=[trial.trial_id for trial in _in_order(ends, _ids(oracle, "end_order"), by_time=True)],
        oracle=oracle,
        space=_space(oracle.get("hyperparameters"), is_ours="objective" in oracle),
        started_at=_start_times(oracle),
        waiting=_waiting(oracle),
        faults=tuple(faults),
    )


def _consequence(trial: FoundTrial | None) -> str:
    if trial is None:
        return "a new trial takes its place"
    return "its result was kept" if trial.has_ended else "it runs again with its values"


# Any: JSON
def _waiting(oracle: Mapping[str, Any]) -> list[TrialEnqueued]:
    line = oracle.get("enqueued")
    waiting = [held for held in line if _is_enqueued(held)] if isinstance(line, list) else []
    return [TrialEnqueued(held["number"], _json_form(held["values"], is_ours=True)) for held in waiting]


def _trial_folders(path: Path) -> list[Path]:
    try:
        return sorted(folder for folder in path.iterdir() if folder.name.startswith("trial_") and folder.is_dir())
    except OSError:
        return []


def _ids(oracle: Mapping[str, Any], name: str) -> list[str]:
    held = oracle.get(name)
    return [trial_id for trial_id in held if isinstance(trial_id, str)] if isinstance(held, list) else []


def _in_order(trials: Mapping[str, FoundTrial], order: Sequence[str], *, by_time: bool) -> list[FoundTrial]:
    """Return the trials in KerasTuner's order, then those that it had not entered yet by number or time."""
    place = {trial_id: at for at, trial_id in enumerate(order)}

    def key(trial: FoundTrial) -> tuple[int, int, float, str]:
        number = trial_number(trial.trial_id)
        at = int(number) if number.isdecimal() and not by_time else 0
        return place.get(trial.trial_id, len(place)), at, trial.changed_at, trial.trial_id

    return sorted(trials.values(), key=key)


def _read_trial(project: Project, folder: Path, ended: Collection[str]) -> tuple[FoundTrial | None, str]:
    """Return a folder's trial, None where its values cannot be read, and what is wrong with its file."""
    path = folder / "trial.json"
    read = read_object(path)
    if not read.held:
        return None, read.fault or _NO_TRIAL
    try:
        trial = _trial(read.held, path.stat().st_mtime, ended)
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        return None, read.fault or _NO_TRIAL
    if project.trial_dir(trial.trial_id) != folder:
        return None, f"tells of trial {trial.trial_id}, whose folder is another one"
    return trial, read.fault


def _trial(state: Mapping[str, Any], changed_at: float, ended: Collection[str]) -> FoundTrial:
    trial_id, hyperparameters = str(state["trial_id"]), state["hyperparameters"]
    is_ours = "seed" in state
    status = _status(state.get("status"), is_over=is_ours or trial_id in ended)
    directions, steps = _metrics(state.get("metrics")) if is_terminal(status) else ({}, {})
    score = decode_number(state.get("score"))
    best_step = state.get("best_step")
    message = state.get("message")
    return FoundTrial(
        trial_id=trial_id,
        values={str(name): _json_form(value, is_ours=is_ours) for name, value in hyperparameters["values"].items()},
        space=_space(hyperparameters, is_ours=is_ours),
        status=status,
        score=None if score is None else float(score),
        best_step=None if best_step is None else round(best_step),
        directions=directions,
        steps=steps,
        message=None if message is None else str(message),
        changed_at=changed_at,
        ours=_ours(state) if is_ours else {},
    )


# Any: JSON
def _ours(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what only our own files hold, as far as it is what it should be."""
    seed, n_epochs, pruned, enqueued = (state.get(name) for name in ("seed", "n_epochs", "pruned", "enqueued"))
    if not (isinstance(pruned, dict) and type(pruned.get("epoch")) is int and isinstance(pruned.get("reason"), str)):
        pruned = None
    try:
        # A text is "NaN" or "Infinity", which `float` reads too.
        curve = [(int(epoch), float(value)) for epoch, value in state.get("curve") or ()]
    except (OverflowError, TypeError, ValueError):
        curve = []
    return {
        "seed": seed if type(seed) is int else None,
        "n_epochs": n_epochs if type(n_epochs) is int and n_epochs > 0 else None,
        "pruned": None if pruned is None else {"epoch": pruned["epoch"], "reason": pruned["reason"]},
        "enqueued": enqueued if _is_enqueued(enqueued) else None,
        "curve": [(epoch, value) for epoch, value in curve if epoch >= 0],
    }


def _is_enqueued(held: object) -> bool:
    return isinstance(held, dict) and type(held.get("number")) is int and isinstance(held.get("values"), dict)


def _status(status: object, *, is_over: bool) -> TrialStatus:
    """Return how a trial ended, IDLE where it has not. To KerasTuner INVALID means: to be tried again."""
    if status not in set(TrialStatus):
        return TrialStatus.IDLE
    known = TrialStatus(str(status))
    is_to_be_retried = known is TrialStatus.INVALID and not is_over
    return known if is_terminal(known) and not is_to_be_retried else TrialStatus.IDLE


# Any: JSON
def _metrics(held: Any) -> tuple[dict[str, str], dict[str, dict[int, list[float]]]]:
    """Return each metric's direction and its values by step; one that is odd is left out."""
    directions, steps = {}, {}
    metrics = held.get("metrics") if isinstance(held, dict) else None
    for name, metric in metrics.items() if isinstance(metrics, dict) else ():
        try:
            steps[name] = _steps(metric["observations"])
            directions[name] = "max" if metric.get("direction") == "max" else "min"
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            steps.pop(name, None)
    return directions, steps


def _steps(observations: Sequence[Mapping[str, Any]]) -> dict[int, list[float]]:
    steps: dict[int, list[float]] = {}
    for observation in observations:
        held = observation["value"] if isinstance(observation["value"], list) else [observation["value"]]
        values = [float(number) for value in held if (number := decode_number(value)) is not None]
        steps.setdefault(round(observation["step"]), []).extend(values)
    return steps


def _space(hyperparameters: Any, *, is_ours: bool) -> list[dict[str, Any]]:
    """Return the hyperparameters of a state in our JSON form; what is none is left for whoever makes them to say."""
    held = hyperparameters.get("space") if isinstance(hyperparameters, dict) else None
    entries = [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []
    return [_entry(entry, is_ours=is_ours) for entry in entries]


def _entry(entry: Mapping[str, Any], *, is_ours: bool) -> dict[str, Any]:
    if not isinstance(entry.get("config"), dict):
        return dict(entry)
    config = dict(entry["config"])
    for name in ("default", "value"):
        if name in config:
            config[name] = _json_form(config[name], is_ours=is_ours)
    if isinstance(config.get("values"), list):
        config["values"] = [_json_form(value, is_ours=is_ours) for value in config["values"]]
    return {**entry, "config": config}


def _json_form(value: Any, *, is_ours: bool) -> Any:
    """Return a value of KerasTuner's in our JSON form: a text that we would take for a number is wrapped."""
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, list):
        return [_json_form(item, is_ours=is_ours) for item in value]
    if isinstance(value, dict):
        return {name: _json_form(item, is_ours=is_ours) for name, item in value.items()}
    return {"__str__": value} if isinstance(value, str) and value in _NOT_FINITE and not is_ours else value


def _with_own_brackets(trials: list[FoundTrial]) -> list[FoundTrial]:
    """Say of trials that Hyperband continued in which bracket they are: with several workers KerasTuner notes another.

    Each is in the bracket of the trial that it continues.
    """
    brackets: dict[str, int] = {}
    mended = []
    for trial in trials:
        try:
            budget = Budget.of(trial.values)
        except (TypeError, ValueError):
            budget = None
        if budget is None:
            mended.append(trial)
            continue
        bracket = budget.bracket if budget.trial_id is None else brackets.get(budget.trial_id, budget.bracket)
        brackets[trial.trial_id] = bracket
        values = {**trial.values, **replace(budget, bracket=bracket).to_values()}
        mended.append(replace(trial, values=values))
    return mended


def _start_times(oracle: Mapping[str, Any]) -> dict[str, float]:
    """Return when trials began, as far as oracle.json tells: local times without a zone."""
    try:
        times = oracle["display"]["trial_start"].items()
        return {trial_id: dt.datetime.fromisoformat(text).timestamp() for trial_id, text in times}
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return {}
