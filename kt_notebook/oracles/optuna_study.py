"""A search's trials as Optuna knows them: places on scales, losses, states.

How it works: what a hyperparameter means is ours, Optuna sees places only: the number of a value in its list, or a
probability in [0, 1] on its scale (`HyperParameter.prob_to_value`). So every scale, step and kind of value goes
through unharmed, and a log scale is as even there as Optuna would make it. Every objective is told as a loss. A
trial's number in the study is its place in the order of starts, whatever the order of ends.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kt_notebook.core.discrete import Boolean, Choice
from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.objective import AnyObjective, MultiObjective, Objective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.trial import Trial, TrialStatus, is_terminal
from kt_notebook.core.values import Value, identity

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as Asked

__all__ = ["ATTRIBUTES", "History", "attributes_left", "make_study", "suggest"]

# What a sampler noted at a trial; with it, as Hyperband's values, it is kept and read again.
ATTRIBUTES = "tuner/optuna"
# Above this a list's numbers are told as places on its scale: floats cannot tell them apart any more.
_MAX_LISTED = 2**40


class History:
    """An oracle's trials as Optuna's. What it keeps of them can be worked out again at any time."""

    def __init__(self) -> None:
        self._space: SearchSpace | None = None
        self._objective: AnyObjective | None = None
        self._ended: dict[str, FrozenTrial] = {}

    def trials(self, oracle: Oracle) -> "list[FrozenTrial]":
        """Return the oracle's trials in the order of their starts, those that have not ended as running."""
        space, objective = oracle.hyperparameters.search_space, oracle.objective
        if space is not self._space or objective is not self._objective:
            self._space, self._objective, self._ended = space, objective, {}
        ended = set(oracle.end_order)
        return [self._frozen(oracle.trials[trial_id], trial_id in ended) for trial_id in oracle.start_order]

    def _frozen(self, trial: Trial, has_ended: bool) -> "FrozenTrial":
        found = self._ended.get(trial.trial_id)
        if found is not None and has_ended:
            return found
        frozen = freeze(trial, self._space or SearchSpace(), self._objective)
        if has_ended:
            self._ended[trial.trial_id] = frozen
        return frozen


def make_study(oracle: Oracle, sampler: "BaseSampler", history: History) -> "Study":
    """Return a study in memory that knows the oracle's trials."""
    import optuna

    trials = history.trials(oracle)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # It says of each study that it was made.
    try:
        study = optuna.create_study(sampler=sampler, directions=["minimize"] * len(_parts(oracle.objective)))
    finally:
        optuna.logging.set_verbosity(verbosity)
    storage, study_id = study._storage, study._study_id
    for trial_id in oracle.start_order:
        for key, value in _attributes(oracle.trials[trial_id])[1].items():
            storage.set_study_system_attr(study_id, key, value)
    study.add_trials(trials)
    return study


def suggest(space: SearchSpace, asked: "Asked") -> dict[str, Value]:
    """Return the configuration that a study's new trial is given, parents first."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    def choose(entry: HyperParameter) -> Value:
        name, kind = _name(space, entry), distribution(entry)
        if kind is None:
            return entry.prob_to_value(0.0)
        if isinstance(kind, CategoricalDistribution):
            number: int = asked.suggest_categorical(name, range(len(kind.choices)))
            return entry.all_values()[number]
        if isinstance(kind, IntDistribution):
            return _listed_value(entry, asked.suggest_int(name, kind.low, kind.high))
        return entry.prob_to_value(min(asked.suggest_float(name, 0.0, 1.0), math.nextafter(1.0, 0.0)))

    return space.assign(choose)


# Any: JSON
def attributes_left(study: "Study", before: Mapping[str, Any], asked: "Asked") -> list[dict[str, Any]] | None:
    """Return what the sampler noted at the trial and at the study, None where that is nothing.

    Args:
        study: The study, after the trial was asked for.
        before: The study's notes before.
        asked: The trial.
    """
    storage = study._storage
    at_trial = storage.get_trial_system_attrs(asked._trial_id)
    # TPE's and GP's notes for other processes: the values themselves, which the trial has.
    kept = {key: value for key, value in at_trial.items() if "relative_params" not in key}
    at_study = storage.get_study_system_attrs(study._study_id)
    new = {key: value for key, value in at_study.items() if before.get(key) != value}
    return [kept, new] if kept or new else None


def distribution(entry: HyperParameter) -> "BaseDistribution | None":
    """Return the places of a hyperparameter's values; None where it has one value only."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    n_values = entry.n_values
    if n_values == 1:
        return None
    if n_values is not None and (isinstance(entry, Boolean) or (isinstance(entry, Choice) and not entry.ordered)):
        return CategoricalDistribution(tuple(range(n_values)))
    if n_values is not None and n_values <= _MAX_LISTED and _is_listed(entry):
        return IntDistribution(0, n_values - 1)
    return FloatDistribution(0.0, 1.0)


def freeze(trial: Trial, space: SearchSpace, objective: AnyObjective | None) -> "FrozenTrial":
    """Return a trial as Optuna holds it, by the present space: what that does not know is left out."""
    import optuna

    params: dict[str, float] = {}
    kinds: dict[str, BaseDistribution] = {}
    values = trial.hyperparameters.values
    for entry in space.active_entries(values):
        kind = distribution(entry)
        if kind is not None and entry.name in values and entry.contains(values[entry.name]):
            name = _name(space, entry)
            params[name], kinds[name] = _place(entry, kind, values[entry.name]), kind
    state, losses = _outcome(trial, objective)
    is_pruned = state == "PRUNED"
    curve = trial.curve if objective is not None and len(_parts(objective)) == 1 else {}
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[state],
        params=params,
        distributions=kinds,
        values=losses if state == "COMPLETE" else None,
        intermediate_values={e: objective.loss(v) for e, v in curve.items()} if is_pruned and objective else {},
        system_attrs=_attributes(trial)[0],
    )


def _outcome(trial: Trial, objective: AnyObjective | None) -> tuple[str, list[float]]:
    """Return Optuna's name of the trial's state, and its losses where it has them."""
    if not is_terminal(trial.status):
        return "RUNNING", []
    losses = [_loss(trial, part) for part in _parts(objective)] if objective is not None else [math.nan]
    if trial.status in (TrialStatus.FAILED, TrialStatus.INVALID) or any(math.isnan(loss) for loss in losses):
        return "FAIL", []
    # Optuna knows pruning of one objective only.
    was_cut = trial.pruned is not None or trial.status is TrialStatus.STOPPED
    return ("PRUNED" if was_cut and len(losses) == 1 else "COMPLETE"), losses


def _loss(trial: Trial, part: Objective | None) -> float:
    history = None if part is None else trial.metrics.metrics.get(part.name)
    best = None if history is None else history.get_best_value()
    return math.nan if best is None or part is None else part.loss(best)


def _parts(objective: AnyObjective | None) -> tuple[Objective | None, ...]:
    return objective.objectives if isinstance(objective, MultiObjective) else (objective,)


# Any: JSON
def _attributes(trial: Trial) -> list[dict[str, Any]]:
    """Return what the sampler noted at the trial and at the study when it was asked for."""
    return trial.hyperparameters.values.get(ATTRIBUTES) or [{}, {}]


def _name(space: SearchSpace, entry: HyperParameter) -> str:
    """Return the name of an entry's own: several under one name differ in what they may be."""
    number = next(at for at, other in enumerate(space.by_name[entry.name]) if other is entry)
    return entry.name if number == 0 else f"{entry.name} #{number + 1}"


def _is_listed(entry: HyperParameter) -> bool:
    """Return whether each of the entry's values has the same share of the probabilities."""
    return isinstance(entry, Choice) or getattr(entry, "step", None) is not None


def _listed_value(entry: HyperParameter, number: int) -> Value:
    if isinstance(entry, Choice):
        return entry.all_values()[number]
    return entry.prob_to_value((number + 0.5) / (entry.n_values or 1))


def _place(entry: HyperParameter, kind: "BaseDistribution", value: Value) -> float:
    from optuna.distributions import FloatDistribution

    if isinstance(kind, FloatDistribution):
        return entry.value_to_prob(value)
    if isinstance(entry, Boolean | Choice):
        # By identity, as the list of all values is without its repeats.
        return [identity(other) for other in entry.all_values()].index(identity(value))
    return min(int(entry.value_to_prob(value) * (entry.n_values or 1)), (entry.n_values or 1) - 1)
