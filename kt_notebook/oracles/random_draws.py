"""Configurations drawn at random, none twice: what random search proposes, and Hyperband without a model.

How it works: the value of a hyperparameter is a function of the search's seed, the trial's number, the attempt and
the hyperparameter's name, by hashing. So the same seed gives the same trials whatever the order of declaration, and
also after a resume or after the space has grown. A configuration that was tried already is drawn again (next
attempt). When that fails often and the space can be counted, it is nearly used up: then what is left of it is listed
and tried in an order that the seed decides, so that a space of 12 points ends after 12 trials.
"""

import hashlib

from kt_notebook.core.hyperparameter import HyperParameter
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.trial import trial_number
from kt_notebook.core.values import Value
from kt_notebook.oracles.leftovers import Leftovers
from kt_notebook.oracles.tried import TriedConfigurations

__all__ = ["RandomSampler", "draw_configuration"]

# A space of which the share f is used up is listed with probability f**20 per proposal: 1 in 10^6 at one half.
N_ATTEMPTS = 20
# Where a space is not listed only repeats can show that it is used up; about 50 ms of drawing.
MAX_ATTEMPTS = 5_000


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
