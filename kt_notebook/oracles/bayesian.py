"""Bayesian search: each trial is where a model of the results so far expects the largest improvement.

How it works, in the order in which to read the files:

1. `core.unit_cube`: a configuration becomes a point of the unit cube;
2. `history`: the trials so far, as such points and what became of them;
3. `initial_design`: the first four trials come from a fixed plan;
4. `targets`: results become numbers that a model can learn, failed and pruned trials too (`scalarisation`: several
   objectives become one);
5. `surrogate`: a Gaussian process says what to expect at any point, and how surely (`fits`: its hyperparameters);
6. `failures`: which failed trials count as bad results, and which failed by chance;
7. `acquisition`: the point that promises most is looked for;
8. `model`: all this together, for one proposal.

A proposal is a function of the seed, the trial's number and the trials before it, so a search that was resumed goes
on as one that never stopped. What is kept from one proposal to the next only saves working it out again.
"""

import math
from numbers import Real
from typing import Any

import numpy as np

from kt_notebook.core.errors import OptionError
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner, trial_seed
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import Value
from kt_notebook.oracles.history import History
from kt_notebook.oracles.model import Model
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.random_draws import RandomSampler
from kt_notebook.oracles.tried import TriedConfigurations, nothing_left, proposal

__all__ = ["BayesianOptimizationOracle", "BayesianSampler"]

# More than 4 first trials was clearly worse after 20 and 50.
N_INITIAL = 4


class BayesianSampler:
    """Proposes configurations from a model of an oracle's trials.

    Args:
        num_initial_points: How many trials come from the initial design; None: 4.
        alpha: Variance of the results' noise, relative to their own; None lets the results say.
        beta: Weigh a lower confidence bound by it; None takes the expected improvement.
    """

    def __init__(
        self, num_initial_points: int | None = None, alpha: float | None = None, beta: float | None = None
    ) -> None:
        self._n_initial = N_INITIAL if num_initial_points is None else num_initial_points
        self._alpha, self._beta = alpha, beta
        self._tried = TriedConfigurations()
        self._untried = RandomSampler()
        self._model: Model | None = None

    def propose(self, oracle: Oracle, trial_id: str) -> dict[str, Value] | None:
        """Return an untried configuration, or None where none is left.

        Args:
            oracle: Its space, seed, objective and trials.
            trial_id: The trial that is to have it.
        """
        space = oracle.hyperparameters.search_space
        model = self._model
        if model is None or model.seed != oracle.seed or not model.history.follows(oracle):
            history = History(space, oracle.objective)
            history.follows(oracle)
            model = self._model = Model(history, oracle.seed, self._alpha, self._beta, self._n_initial)
        row = model.propose(np.random.default_rng([trial_seed(oracle.seed, trial_id), 1]))
        if row is not None:
            values = model.history.cube.decode(row)
            if space.key(values) not in self._tried.keys(oracle):
                return values
        return self._untried.propose(oracle, trial_id)


class BayesianOptimizationOracle(Oracle):
    """Proposes configurations from a model of the results so far.

    Args:
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these: then the
            trials look for the whole front of what cannot be improved in one without loss in another.
        max_trials: Most trials to run; fewer where the space has fewer configurations.
        num_initial_points: How many trials come from a plan that fills the space; None: 4.
        alpha: Variance of the results' noise, relative to the variance of the results; None lets the results say.
        beta: Take the lower confidence bound with so many standard deviations instead of the expected improvement.
        seed: Any integer, 0 included; None draws one, kept in the state.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds; if not, that ends the search.
        tune_new_entries: Whether what they declare beyond it is searched, not only kept at its default.
        max_retries_per_trial: How often a trial with NaN or an exception, `FailedTrialError` aside, is run again.
        max_consecutive_failed_trials: End the search when as many trials in a row failed; None: never for this reason.
        prune: "auto", "median" or "halving" ends trials that cannot win; None and "none" let each run to its end.

    Raises:
        OptionError: `max_trials` or `num_initial_points` is below 1, `alpha` or `beta` is below 0, the seed is no
            integer, or `prune` is unknown.
        ObjectiveError: The objective cannot be understood.

    Example:
        >>> hp = HyperParameters()
        >>> _ = hp.Float("lr", 0.001, 0.1, sampling="log")
        >>> oracle = BayesianOptimizationOracle("val_loss", hyperparameters=hp, seed=0)
        >>> trial = oracle.create_trial("tuner0")
        >>> round(trial.hyperparameters.get("lr"), 9)
        0.01
    """

    def __init__(
        self,
        objective: str | AnyObjective | list[Any] | None = None,  # Any: names and objectives mixed
        max_trials: int | None = 10,
        num_initial_points: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
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
        is_count = num_initial_points is None or (_is_real(num_initial_points) and num_initial_points % 1 == 0)
        if num_initial_points is not None and not (is_count and num_initial_points >= 1):
            raise OptionError(
                f"num_initial_points={num_initial_points!r} is no number of trials to begin with. "
                f"Give a whole number of 1 or more, or None for {N_INITIAL}."
            )
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value is not None and not (_is_real(value) and 0 <= value < math.inf):
                raise OptionError(f"{name}={value!r} has no meaning. Give a number of 0 or more, or None for our own.")
        self.num_initial_points, self.alpha, self.beta = num_initial_points, alpha, beta
        self._sampler = BayesianSampler(num_initial_points, alpha, beta)

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial: what promises most, or the news that nothing is left."""
        values = self._sampler.propose(self, trial_id)
        return nothing_left(self) if values is None else proposal(values)


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
