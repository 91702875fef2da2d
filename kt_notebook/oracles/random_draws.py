"""Configurations drawn at random, none twice: what random search proposes, and Hyperband without a model."""

from kt_notebook.core.oracle import Oracle
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value
from kt_notebook.oracles.leftovers import Leftovers
from kt_notebook.oracles.random_search import MAX_ATTEMPTS, N_ATTEMPTS, draw_configuration
from kt_notebook.oracles.tried import TriedConfigurations

__all__ = ["RandomSampler"]


class RandomSampler:
    """Draws untried configurations. What it keeps of an oracle can be worked out again at any time."""

    def __init__(self) -> None:
        self._tried = TriedConfigurations()
        self._leftovers: Leftovers | None = None

    def propose(self, oracle: Oracle, trial_id: str) -> dict[str, Value] | None:
        """Return a configuration that was not tried, or None where none is left.

        Args:
            oracle: Its space, seed and trials.
            trial_id: The trial that is to have it; decides, with the seed, what is drawn.
        """
        space = oracle.hyperparameters.search_space
        tried = self._tried.keys(oracle)
        for attempt in range(MAX_ATTEMPTS):
            if attempt == N_ATTEMPTS and self._left_of(space, oracle.seed).are_listed:
                break
            values = draw_configuration(space, oracle.seed, trial_id, attempt)
            if space.key(values) not in tried:
                return values
        return self._leftovers.next(tried) if self._leftovers is not None else None

    def _left_of(self, space: SearchSpace, seed: int) -> Leftovers:
        if self._leftovers is None or self._leftovers.space is not space:
            self._leftovers = Leftovers(space, seed)
        return self._leftovers
