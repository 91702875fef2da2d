"""Grid search: every combination of values once, in the order of declaration, the last hyperparameter turning fastest.

How it works: the next trial is the first configuration in that order that was not tried, so a search goes on exactly
where it stood from its trials alone. A cursor keeps the place; when the space grows the walk starts over and skips
what was tried, also with values that a trial met while running. Hyperparameters that are inactive in a configuration
do not multiply it. A number without a step is tried at ten values, as in KerasTuner.
"""

from collections.abc import Iterator
from typing import Any

from kt_notebook.core.configurations import grid_values, walk_configurations
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.tried import TriedConfigurations, nothing_left, proposal

__all__ = ["GridSearchOracle"]


class GridSearchOracle(Oracle):
    """Proposes every combination of values once.

    Args:
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run; None for all combinations.
        seed: Any integer, 0 included; None draws one. It decides the trials' own seeds, not their order.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds; if not, that ends the search.
        tune_new_entries: Whether what they declare beyond it is searched, not only kept at its default.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search when as many trials in a row failed; None: never for this reason.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.

    Raises:
        OptionError: `max_trials` is below 1, the seed is no integer, or `prune` is unknown.
        ObjectiveError: The objective cannot be understood.

    Example:
        >>> hp = HyperParameters()
        >>> _ = hp.Choice("activation", ["relu", "tanh"]), hp.Int("units", 1, 2)
        >>> oracle = GridSearchOracle("val_loss", hyperparameters=hp)
        >>> [oracle.create_trial(f"tuner{number}").hyperparameters.values for number in range(2)]
        [{'activation': 'relu', 'units': 1}, {'activation': 'relu', 'units': 2}]
    """

    proposals_depend_on_results = False

    def __init__(
        self,
        objective: str | AnyObjective | list[Any] | None = None,  # Any: names and objectives mixed
        max_trials: int | None = None,
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
        self._tried = TriedConfigurations()
        self._walked: SearchSpace | None = None
        self._walk: Iterator[dict[str, Value]] = iter(())

    # Any: any attribute
    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy takes over: not the place in the walk, which a copy finds again."""
        return {**self.__dict__, "_walked": None, "_walk": iter(())}

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial: the next combination, or the news that none is left."""
        space = self.hyperparameters.search_space
        tried = self._tried.keys(self)
        if space is not self._walked:
            self._walked, self._walk = space, walk_configurations(space, grid_values)
        for values in self._walk:
            if space.key(values) not in tried:
                return proposal(values)
        return nothing_left(self)
