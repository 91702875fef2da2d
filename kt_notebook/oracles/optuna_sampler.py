"""Optuna's samplers as an oracle.

How it works: for each trial a study in memory is told all trials so far (`optuna_study`) and a sampler, copied fresh
and seeded with the trial's own seed, is asked once. So a proposal is a function of the search's seed and its trials,
and a search goes on after a break as if there had been none, also with a sampler of which Optuna does not promise
that. A sampler that notes things at its trials (CMA-ES, NSGA-II) finds them there again: they are kept with the
trial's values. Where a sampler asks for what was tried, it is asked again, and then an untried configuration is drawn.
"""

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kt_notebook.core.errors import MissingPackageError, OptionError
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner, trial_seed
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value
from kt_notebook.oracles.optuna_study import ATTRIBUTES, History, attributes_left, make_study, suggest
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.random_draws import RandomSampler
from kt_notebook.oracles.tried import TriedConfigurations, nothing_left, proposal

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["OptunaOracle"]

# As often a sampler may ask for what was tried.
N_ATTEMPTS = 5


class OptunaOracle(Oracle):
    """Proposes what a sampler of Optuna chooses; needs `pip install "kt-notebook[optuna]"`.

    The sampler sees each hyperparameter as a number of a list or as a place from 0 to 1 on its scale, and each
    objective as a loss. Pruning is ours, not Optuna's.

    Args:
        sampler: A sampler, or a function of a seed that gives one, such as a class; None for `TPESampler`. A sampler is
            copied and seeded anew for each trial: what it keeps in itself between trials does not count.
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run; fewer where the space has fewer configurations.
        seed: Any integer, 0 included; None draws one, kept in the state.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds; if not, that ends the search.
        tune_new_entries: Whether what they declare beyond it is searched, not only kept at its default.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search when as many trials in a row failed. Where the first three fail
            alike, it ends in any case.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.

    Raises:
        MissingPackageError: Optuna is not installed.
        OptionError: The sampler is none; `max_trials` is below 1, the seed is no integer, or `prune` is unknown.
        ObjectiveError: The objective cannot be understood.

    Example:
        >>> hp = HyperParameters()
        >>> _ = hp.Float("lr", 1e-4, 1e-1, sampling="log")
        >>> oracle = OptunaOracle(objective="val_loss", max_trials=20, seed=0, hyperparameters=hp)
        >>> 1e-4 <= oracle.create_trial("tuner0").hyperparameters.get("lr") <= 1e-1
        True

        In a notebook, where `OptunaOracle` (from `kt_notebook.oracles`) and `TPESampler` were imported:
        `%%tune --tuner "OptunaOracle(TPESampler(multivariate=True), objective='val_loss', max_trials=20)"`
    """

    def __init__(
        self,
        sampler: "BaseSampler | Callable[[int], BaseSampler] | None" = None,
        objective: str | AnyObjective | list[Any] | None = None,  # Any: names and objectives mixed
        max_trials: int | None = 10,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            pruner=create_pruner(prune),
        )
        self._make_sampler = _maker(sampler)
        self._history = History()
        self._tried = TriedConfigurations()
        self._draws = RandomSampler()

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial: what the sampler chose, or the news that none is left."""
        if not self.hyperparameters.search_space.entries:
            values = self._draws.propose(self, trial_id)
        else:
            values = self._sampled(trial_id) or self._draws.propose(self, trial_id)
        return nothing_left(self) if values is None else proposal(values)

    def _sampled(self, trial_id: str) -> dict[str, Value] | None:
        space, tried = self.hyperparameters.search_space, self._tried.keys(self)
        study = make_study(self, self._make_sampler(trial_seed(self.seed, trial_id)), self._history)
        before = study._storage.get_study_system_attrs(study._study_id)
        for _ in range(N_ATTEMPTS):
            asked = study.ask()
            values = suggest(space, asked)
            if space.key(values) not in tried:
                left = attributes_left(study, before, asked)
                return values if left is None else {**values, ATTRIBUTES: left}
        return None


def _maker(sampler: Any) -> "Callable[[int], BaseSampler]":  # Any: users pass anything
    """Return a function from a seed to a sampler that has asked for nothing yet."""
    try:
        from optuna.samplers import BaseSampler, TPESampler
    except ImportError as error:
        raise MissingPackageError(
            'OptunaOracle needs Optuna, which is not installed. Install it: pip install "kt-notebook[optuna]".'
        ) from error
    if sampler is None:
        return lambda seed: TPESampler(seed=seed)
    if isinstance(sampler, BaseSampler):
        pristine = copy.deepcopy(sampler)
        return lambda seed: _seeded(copy.deepcopy(pristine), seed)
    if not callable(sampler):
        raise OptionError(
            f"sampler={sampler!r} is no sampler of Optuna. Give one, such as optuna.samplers.TPESampler(), or a "
            "function of a seed that makes one."
        )
    return lambda seed: sampler(seed=seed) if isinstance(sampler, type) else sampler(seed)


def _seeded(sampler: "BaseSampler", seed: int) -> "BaseSampler":
    """Seed a sampler's sources of random numbers, and those of the samplers in it; return it.

    Optuna has no call for that: its `reseed_rng` draws the seed from the system.
    """
    from optuna.samplers import BaseSampler

    for name, value in sorted(vars(sampler).items()):
        source = getattr(value, "rng", value)
        if isinstance(value, BaseSampler):
            _seeded(value, seed)
        elif isinstance(source, np.random.RandomState):
            source.seed(seed)
        elif isinstance(value, np.random.Generator):
            setattr(sampler, name, np.random.default_rng(seed))
    return sampler
