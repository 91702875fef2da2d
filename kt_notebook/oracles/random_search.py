"""Random search: every trial is drawn independently of the others and of their results (`random_draws`).

A space without hyperparameters has one configuration: it is tried once.
"""

from typing import Any

from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.random_draws import RandomSampler
from kt_notebook.oracles.tried import nothing_left, proposal

__all__ = ["RandomSearchOracle"]


class RandomSearchOracle(Oracle):
    """Proposes configurations at random, none twice while there are untried ones.

    Args:
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run; fewer where the space has fewer configurations.
        seed: Any integer, 0 included; None draws one, kept in the state.
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
        >>> _ = hp.Boolean("augment")
        >>> oracle = RandomSearchOracle("val_loss", max_trials=5, seed=0, hyperparameters=hp)
        >>> first, second = oracle.create_trial("tuner0"), oracle.create_trial("tuner1")
        >>> first.hyperparameters.get("augment") != second.hyperparameters.get("augment")
        True
    """

    proposals_depend_on_results = False

    def __init__(
        self,
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
        self._sampler = RandomSampler()

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial: an untried configuration, or the news that none is left."""
        values = self._sampler.propose(self, trial_id)
        return nothing_left(self) if values is None else proposal(values)
