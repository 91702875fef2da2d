"""hyperopt's TPE over a flat space: conditional parameters are always drawn, and dropped where they are inactive."""

import logging
from typing import Any

import numpy as np

from benchmarks.search_quality.adapters.base import Adapter, Job
from benchmarks.search_quality.space import Config, Parameter

__all__ = ["HyperoptTPE"]


class HyperoptTPE(Adapter):
    """A search by `hyperopt.tpe`."""

    def setup(self) -> None:
        """Build the space."""
        logging.getLogger("hyperopt").setLevel(logging.ERROR)
        from hyperopt import Trials, hp, tpe
        from hyperopt.base import Domain

        space = {p.name: _distribution(hp, p) for p in self.space.parameters}
        self._tpe, self._trials, self._domain = tpe, Trials(), Domain(lambda config: 0.0, space)
        self._rng = np.random.default_rng(self.seed)

    def ask(self) -> Job:
        """Return the next trial."""
        ids = self._trials.new_trial_ids(1)
        self._trials.refresh()
        seed = int(self._rng.integers(2**31 - 1))
        self._trials.insert_trial_docs(self._tpe.suggest(ids, self._domain, self._trials, seed))
        self._trials.refresh()
        document = next(d for d in self._trials._dynamic_trials if d["tid"] == ids[0])
        drawn = {name: found[0] for name, found in document["misc"]["vals"].items() if found}
        config: Config = {p.name: _value(p, drawn[p.name]) for p in self.space.parameters}
        return Job(self.space.active(config), document)

    def tell(self, job: Job, value: float | None) -> None:
        """Write the loss into the trial's document."""
        if value is None:
            job.handle["result"] = {"status": "fail"}
        else:
            job.handle["result"] = {"status": "ok", "loss": -value if self.direction == "max" else value}
        job.handle["state"] = 2
        self._trials.refresh()


# Any: hyperopt's module and its expressions.
def _distribution(hp: Any, p: Parameter) -> Any:
    if p.is_choice:
        return hp.choice(p.name, list(p.choices))
    if p.kind == "int":
        if p.is_log:
            return hp.qloguniform(p.name, np.log(p.low), np.log(p.high), 1)
        return hp.quniform(p.name, p.low, p.high, int(p.step or 1))
    if p.is_log:
        return hp.loguniform(p.name, np.log(p.low), np.log(p.high))
    return hp.uniform(p.name, p.low, p.high)


# Any: a value of the space.
def _value(p: Parameter, drawn: Any) -> Any:
    """Return what hyperopt drew as one of the parameter's values: it knows no steps and rounds past the ends."""
    if p.is_choice:
        return p.choices[int(drawn)]
    if p.kind == "int":
        if p.is_log:
            return int(np.clip(round(drawn), p.low, p.high))
        step = int(p.step or 1)
        last = p.low + (p.high - p.low) // step * step
        return int(np.clip(round((drawn - p.low) / step) * step + p.low, p.low, last))
    if p.step:
        drawn = p.low + round((drawn - p.low) / p.step) * p.step
    return float(np.clip(drawn, p.low, p.high))
