"""How long a trial trains and where it goes on: what Hyperband writes among a trial's values, in KerasTuner's names.

The values travel with the trial: through the journal, KerasTuner's files and the worker. They are no hyperparameters:
the search space does not know them, and tables leave them out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["EPOCHS", "Budget", "without_budget"]

EPOCHS = "tuner/epochs"
_INITIAL_EPOCH = "tuner/initial_epoch"
_BRACKET = "tuner/bracket"
_ROUND = "tuner/round"
_TRIAL_ID = "tuner/trial_id"


@dataclass(frozen=True, slots=True)
class Budget:
    """A trial's place in Hyperband.

    Attributes:
        epochs: The epoch, counted from 0, before which training ends.
        initial_epoch: The epoch with which it begins.
        bracket: The bracket's number, `s` in the paper.
        round: The rung within the bracket, from 0.
        trial_id: The trial of the rung below, whose training is continued; None in round 0.
    """

    epochs: int
    initial_epoch: int
    bracket: int
    round: int
    trial_id: str | None = None

    # Any: hyperparameters have values of all kinds.
    def to_values(self) -> dict[str, Any]:
        """Return the values that say so in a trial."""
        values: dict[str, Any] = {
            EPOCHS: self.epochs,
            _INITIAL_EPOCH: self.initial_epoch,
            _BRACKET: self.bracket,
            _ROUND: self.round,
        }
        return values if self.trial_id is None else {**values, _TRIAL_ID: self.trial_id}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Budget | None":
        """Return what a trial's values say, None where they say nothing of it."""
        if EPOCHS not in values:
            return None
        return cls(
            epochs=int(values[EPOCHS]),
            initial_epoch=int(values.get(_INITIAL_EPOCH, 0)),
            bracket=int(values.get(_BRACKET, 0)),
            round=int(values.get(_ROUND, 0)),
            trial_id=values.get(_TRIAL_ID),
        )


# Any: as above.
def without_budget(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of hyperparameters only: those called `tuner/…` are an oracle's own notes."""
    return {name: value for name, value in values.items() if not name.startswith("tuner/")}
