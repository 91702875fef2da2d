"""The Hyperband tuner: many configurations for few epochs, the best of them for more."""

from typing import Any

from kt_notebook.core.oracle import Pruner
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.hyperband import HyperbandOracle, Sampler
from kt_notebook.tuners.tuner import Tuner

__all__ = ["Hyperband"]


class Hyperband(Tuner):
    """Trains many configurations for few epochs, and goes on with the best of them, their optimizers included.

    How many epochs a trial trains is Hyperband's to say: the `epochs` of each fit are replaced. A trial that trains in
    a loop of its own finds them as `hp.get("tuner/epochs")`, to be begun with `hp.get("tuner/initial_epoch")`.

    Args:
        hypermodel: A function of `hp`, or a `HyperModel`.
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_epochs: Epochs that the best configurations train for.
        factor: One in so many goes on, for so many times the epochs.
        hyperband_iterations: How often to go through all brackets.
        seed: Any integer; None draws one.
        hyperparameters: A space known beforehand; what it holds wins over what trials declare.
        tune_new_entries: Whether what trials declare beyond it is searched.
        allow_new_entries: Whether trials may declare more; if not, that ends the search.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search after as many failures in a row; None: never for this.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.
        sampler: Where new configurations come from: "random", or "bayesian": a model of the trials so far.
        max_trials: Most trials to run; None for all that the brackets hold.
        **kwargs: As for `Tuner`.

    Example:
        >>> tuner = Hyperband(build_model, "val_loss", max_epochs=27)  # doctest: +SKIP
        >>> tuner.search(x_train, y_train, validation_data=(x_val, y_val))  # doctest: +SKIP
    """

    def __init__(
        self,
        hypermodel: Any = None,  # narrowed by Tuner
        objective: Any = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int = 1,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
        sampler: str | Sampler = "random",
        max_trials: int | None = None,
        **kwargs: Any,  # narrowed by Tuner
    ) -> None:
        oracle = HyperbandOracle(
            objective=objective,
            max_epochs=max_epochs,
            factor=factor,
            hyperband_iterations=hyperband_iterations,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            prune=prune,
            sampler=sampler,
            max_trials=max_trials,
        )
        super().__init__(oracle, hypermodel, **kwargs)
