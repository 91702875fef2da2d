"""Who ends trials that cannot win, and how that is said."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kt_notebook.core.oracle import Oracle
    from kt_notebook.core.trial import Trial

__all__ = ["GO_ON", "Pruner", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle says to a running trial: go on, or stop and why."""

    stop: bool = False
    reason: str = ""


GO_ON = Verdict()


class Pruner(Protocol):
    """Says when a running trial cannot win any more."""

    def judge(self, trial: "Trial", epoch: int, oracle: "Oracle") -> Verdict:
        """Say whether a trial that has just reported an epoch is to go on; a function of what the oracle knows.

        Args:
            trial: The running trial; its `curve` holds the epoch.
            epoch: From 0.
            oracle: Its trials, those that have ended with their curves, and its objective.
        """
