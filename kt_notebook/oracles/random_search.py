"""Random search: every trial is drawn independently of the others and of their results.

How it works: the value of a hyperparameter is a function of the search's seed, the trial's number, the attempt and
the hyperparameter's name, by hashing. So the same seed gives the same trials whatever the order of declaration, and
also after a resume or after the space has grown. A configuration that was tried already is drawn again (next
attempt). When that fails often and the space can be counted, it is nearly used up: then what is left of it is listed
and tried in an order that the seed decides, so that a space of 12 points ends after 12 trials.
A space without hyperparameters has one configuration: it is tried once.
"""

import hashlib
from typing import Any

from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle, Pruner
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.trial import trial_number
from kt_notebook.core.values import Value
from kt_notebook.oracles.leftovers import Leftovers
from kt_notebook.oracles.pruning import create_pruner
from kt_notebook.oracles.tried import TriedConfigurations, nothing_left, proposal

__all__ = ["RandomSearchOracle"]

# A space of which the share f is used up is listed with probability f**20 per proposal: 1 in 10^6 at one half.
N_ATTEMPTS = 20
# Where a space is not listed only repeats can show that it is used up; about 50 ms of drawing.
MAX_ATTEMPTS = 5_000


class RandomSearchOracle(Oracle):
    """Proposes configurations at random, none twice while there are untried ones.

    Args:
        objective: None (the first result decides), a metric's name, an `Objective`, or a list of these.
        max_trials: Most trials to run; fewer where the space has fewer configurations.
        seed: Any integer, 0 included; None draws one, kept in the state.
        hyperparameters: A space that is known beforehand; what it holds wins over what trials declare.
        allow_new_entries: Whether trials may declare more than `hyperparameters` holds.
        tune_new_entries: Whether what they declare beyond it is searched, not only kept at its default.
        max_retries_per_trial: How often a failed trial is run again.
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
        self._tried = TriedConfigurations()
        self._leftovers: Leftovers | None = None

    # Any: KerasTuner's form of an answer
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return `{"status", "values"}` for the next trial: an untried configuration, or the news that none is left."""
        space = self.hyperparameters.search_space
        tried = self._tried.keys(self)
        for attempt in range(MAX_ATTEMPTS):
            if attempt == N_ATTEMPTS and self._left_of(space).are_listed:
                break
            values = draw_configuration(space, self.seed, trial_id, attempt)
            if space.key(values) not in tried:
                return proposal(values)
        left = self._leftovers.next(tried) if self._leftovers is not None else None
        return nothing_left(self) if left is None else proposal(left)

    def _left_of(self, space: SearchSpace) -> Leftovers:
        if self._leftovers is None or self._leftovers.space is not space:
            self._leftovers = Leftovers(space, self.seed)
        return self._leftovers


def draw_configuration(space: SearchSpace, seed: int, trial_id: str, attempt: int = 0) -> dict[str, Value]:
    """Return the configuration that a seed gives for a trial."""
    start = hashlib.blake2b(
        f"{seed}/{trial_number(trial_id)}/{attempt}/".encode("utf-8", "surrogatepass"), digest_size=8
    )

    def draw(entry: HyperParameter) -> Value:
        digest = start.copy()
        digest.update(entry.name.encode("utf-8", "surrogatepass"))
        return entry.prob_to_value(_share(digest.digest()))

    return space.assign(draw)


def _share(digest: bytes) -> float:
    """Return the first 53 bits as a number in [0, 1), all that a float can tell apart."""
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53
