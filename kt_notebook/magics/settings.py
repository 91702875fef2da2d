"""`%config KTNotebook`: what a `%%tune` line means that does not say."""

from typing import Any

from traitlets import Bool, Enum, Int, TraitError, Unicode, validate
from traitlets.config import Configurable

from kt_notebook.core.duration import parse_duration
from kt_notebook.magics.options import FIT_WAYS
from kt_notebook.oracles.pruning import PRUNERS

__all__ = ["KTNotebook"]


class KTNotebook(Configurable):
    """Defaults of %%tune."""

    tuner = Unicode("auto", help="--tuner").tag(config=True)
    objective = Unicode("", help="--objective, several as a,b; empty: the first result decides").tag(config=True)
    max_trials = Int(25, min=1, help="--max-trials").tag(config=True)
    executions_per_trial = Int(1, min=1, help="--executions-per-trial").tag(config=True)
    timeout = Unicode("", help="--timeout, as 30m; empty: no limit").tag(config=True)
    prune = Enum(PRUNERS, "auto", help="--prune").tag(config=True)
    fit = Enum(FIT_WAYS, "auto", help="--fit").tag(config=True)
    workers = Int(1, min=1, help="--workers").tag(config=True)
    keep = Bool(False, help="--keep").tag(config=True)

    # Any: traitlets' proposal is a dict of its own.
    @validate("timeout")
    def _check_timeout(self, proposal: Any) -> str:
        text = str(proposal["value"])
        if text:
            try:
                parse_duration("timeout", text)
            except ValueError as error:
                raise TraitError(str(error)) from error
        return text

    def defaults(self) -> dict[str, Any]:
        """Return the values by the fields of `TuneOptions`."""
        return {
            "tuner": self.tuner,
            "objective": self.objective or None,
            "max_trials": self.max_trials,
            "executions_per_trial": self.executions_per_trial,
            "timeout_s": parse_duration("timeout", self.timeout) if self.timeout else None,
            "prune": self.prune,
            "fit": self.fit,
            "workers": self.workers,
            "keep": self.keep,
        }
