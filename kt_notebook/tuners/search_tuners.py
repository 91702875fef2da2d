"""The tuners that users name: one for each way to choose the next trial."""

from typing import Any

from kt_notebook.core.oracle import Pruner
from kt_notebook.core.space import HyperParameters
from kt_notebook.oracles.grid_search import GridSearchOracle
from kt_notebook.oracles.random_search import RandomSearchOracle
from kt_notebook.tuners.tuner import Tuner

__all__ = ["BayesianOptimization", "GridSearch", "RandomSearch"]


class RandomSearch(Tuner):
    """Tries configurations drawn at random, none twice.

    Args:
        hypermodel: A function of `hp`, or a `HyperModel`.
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run.
        seed: Any integer; None draws one.
        hyperparameters: A space known beforehand; what it holds wins over what trials declare.
        tune_new_entries: Whether what trials declare beyond it is searched.
        allow_new_entries: Whether trials may declare more; if not, that ends the search.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search after as many failures in a row. Where the first three trials fail
            alike, it ends in any case.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.
        **kwargs: As for `Tuner`.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int = 10,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
        **kwargs: Any,  # narrowed by Tuner
    ) -> None:
        oracle = RandomSearchOracle(
            objective=objective,
            max_trials=max_trials,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            prune=prune,
        )
        super().__init__(oracle, hypermodel, **kwargs)
        self.seed = seed


class GridSearch(Tuner):
    """Tries every combination, the last hyperparameter changing fastest.

    Args:
        hypermodel: A function of `hp`, or a `HyperModel`.
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run; None tries all.
        seed: Any integer; None draws one. It seeds the trials, not their order.
        hyperparameters: A space known beforehand; what it holds wins over what trials declare.
        tune_new_entries: Whether what trials declare beyond it is searched.
        allow_new_entries: Whether trials may declare more; if not, that ends the search.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search after as many failures in a row. Where the first three trials fail
            alike, it ends in any case.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.
        **kwargs: As for `Tuner`.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int | None = None,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
        **kwargs: Any,  # narrowed by Tuner
    ) -> None:
        oracle = GridSearchOracle(
            objective=objective,
            max_trials=max_trials,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            prune=prune,
        )
        super().__init__(oracle, hypermodel, **kwargs)


class BayesianOptimization(Tuner):
    """Tries each time what a model of the results so far expects the largest improvement from.

    Args:
        hypermodel: A function of `hp`, or a `HyperModel`.
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these: then the
            trials look for the whole front of what cannot be improved in one without loss in another.
        max_trials: Most trials to run.
        num_initial_points: How many trials come from a plan that fills the space; None: 4.
        alpha: Variance of the results' noise, relative to the variance of the results; None lets the results say.
        beta: Take the lower confidence bound with so many standard deviations instead of the expected improvement.
        seed: Any integer; None draws one.
        hyperparameters: A space known beforehand; what it holds wins over what trials declare.
        tune_new_entries: Whether what trials declare beyond it is searched.
        allow_new_entries: Whether trials may declare more; if not, that ends the search.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search after as many failures in a row. Where the first three trials fail
            alike, it ends in any case.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.
        **kwargs: As for `Tuner`.
    """

    def __init__(
        self,
        hypermodel: Any = None,
        objective: Any = None,
        max_trials: int = 10,
        num_initial_points: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        seed: int | None = None,
        hyperparameters: HyperParameters | None = None,
        tune_new_entries: bool = True,
        allow_new_entries: bool = True,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int | None = None,
        prune: str | Pruner | None = None,
        **kwargs: Any,  # narrowed by Tuner
    ) -> None:
        from kt_notebook.oracles.bayesian import BayesianOptimizationOracle  # with scipy: see `oracles`

        oracle = BayesianOptimizationOracle(
            objective=objective,
            max_trials=max_trials,
            num_initial_points=num_initial_points,
            alpha=alpha,
            beta=beta,
            seed=seed,
            hyperparameters=hyperparameters,
            tune_new_entries=tune_new_entries,
            allow_new_entries=allow_new_entries,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
            prune=prune,
        )
        super().__init__(oracle, hypermodel, **kwargs)
