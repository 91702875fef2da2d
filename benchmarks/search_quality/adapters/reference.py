"""The yardstick: uniform random search by the benchmark itself."""

import numpy as np

from benchmarks.search_quality.adapters.base import Adapter, Job

__all__ = ["UniformRandom"]


class UniformRandom(Adapter):
    """Draws each trial at random, on the scales of the parameters."""

    def setup(self) -> None:
        """Begin with random numbers of this seed."""
        self._rng = np.random.default_rng([self.seed, 4242])

    def ask(self) -> Job:
        """Return a trial drawn at random."""
        return Job(self.space.sample(self._rng))
