"""A search's trials as a model takes them: rows of the unit cube and what became of them.

How it works: a history follows an oracle. Each ended trial is encoded once; what is kept can be worked out again at
any time from the oracle's trials, in the order in which they ended, and its space: when the space changes, or an
ended trial is run again, that is done. A trial whose values are outside the present space is left out.
"""

import operator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kt_notebook.core.objective import AnyObjective
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.trial import Trial
from kt_notebook.core.unit_cube import UnitCube
from kt_notebook.oracles.targets import Outcome, losses_of, outcome_of

__all__ = ["History"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass
class History:
    """The trials of an oracle in one space.

    Args:
        space: The oracle's space when the history was begun.
        objective: Its objective then.

    Attributes:
        cube: The space's unit cube.
        rows: Of the ended trials that count, in the order in which they ended, shape `(n, n_columns)`.
        pending: Of those that have begun and not ended, in the order in which they began.
    """

    space: SearchSpace
    objective: AnyObjective | None
    cube: UnitCube = field(init=False)
    rows: Array = field(init=False)
    pending: Array = field(init=False)
    _ended: list[Trial] = field(default_factory=list)
    _rows: list[Array] = field(default_factory=list)
    _outcomes: list[Outcome] = field(default_factory=list)
    _keys: set[bytes] = field(default_factory=set)
    _pending_keys: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cube = UnitCube(self.space)
        self.rows = self.pending = np.empty((0, self.cube.n_columns))

    def follows(self, oracle: Oracle) -> bool:
        """Take in what is new and return True; False where the history must be begun anew."""
        ended = [oracle.trials[trial_id] for trial_id in oracle.end_order]
        n_known = len(self._ended)
        is_same = oracle.hyperparameters.search_space is self.space and oracle.objective == self.objective
        if not is_same or len(ended) < n_known or any(map(operator.is_not, ended, self._ended)):
            return False
        for trial in ended[n_known:]:
            self._take(trial, oracle)
        if len(ended) > n_known:
            self._ended = ended
            self.rows = np.array(self._rows).reshape(len(self._rows), self.cube.n_columns)
        self._take_pending(oracle)
        return True

    def losses(self, n_first: int) -> Array:
        """Return the losses of the first ended trials as these alone tell them, shape `(n_first, n_objectives)`."""
        return losses_of(self._outcomes[:n_first], self.objective)

    def is_tried(self, rows: Array) -> Mask:
        """Return which rows stand for configurations that trials have, or had, or for ones just beside them."""
        return np.array([key in self._keys or key in self._pending_keys for key in self.cube.keys(rows)], dtype=bool)

    def _take(self, trial: Trial, oracle: Oracle) -> None:
        row = self._row(trial)
        outcome = outcome_of(trial, oracle)
        if row is not None:
            self._keys.update(self.cube.keys(row[None]))
        if row is not None and outcome is not None:
            self._rows.append(row)
            self._outcomes.append(outcome)

    def _take_pending(self, oracle: Oracle) -> None:
        ended = set(oracle.end_order)
        begun = (oracle.trials[trial_id] for trial_id in oracle.start_order if trial_id not in ended)
        rows = [row for trial in begun if (row := self._row(trial)) is not None]
        self.pending = np.array(rows).reshape(len(rows), self.cube.n_columns)
        self._pending_keys = set(self.cube.keys(self.pending))

    def _row(self, trial: Trial) -> Array | None:
        """Return the row of what was proposed: ranges that depend on other values move it, the same way each time."""
        values = trial.hyperparameters.drawn_values
        return self.cube.encode(values) if self.cube.covers(values) else None
