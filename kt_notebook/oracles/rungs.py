"""Where each trial of a Hyperband search stands, and which of them goes on.

How it works: everything is read from the trials and their `tuner/` values, in the order in which they started. First
rungs fill one after the other, so the n-th one to be opened is the n-th of the plan; a later trial stands above the
one that it continues.

A rung is closed when nothing will join it any more, and complete when its trials have ended too. From a complete rung
the best go on, as many as the next one holds: Hyperband as published. Where no rung is complete and nothing else is
left to do, `next_ahead` takes from an incomplete one those that are among the best so far in any case, so that no
worker waits: asynchronous successive halving (Li et al. 2020, ASHA, arXiv:1810.05934, algorithm 2).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kt_notebook.core.budget import Budget
from kt_notebook.core.oracle import Oracle
from kt_notebook.core.trial import Trial, TrialStatus, is_terminal
from kt_notebook.oracles.brackets import Bracket

__all__ = ["Promotion", "Rungs"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """A trial that goes on to the next rung of its bracket."""

    trial: Trial
    bracket: Bracket
    round: int


class _Ladder:
    """One bracket that was opened: its plan, and the trials on each rung."""

    def __init__(self, bracket: Bracket) -> None:
        self.bracket = bracket
        self.rungs: list[list[Trial]] = [[] for _ in bracket.rungs]

    def n_free(self, round_: int) -> int:
        return self.bracket.rungs[round_].n_trials - len(self.rungs[round_])


class Rungs:
    """A Hyperband search as it stands.

    Args:
        plan: The brackets in the order in which they run, over all iterations.
        factor: One in so many goes on.
        oracle: Its trials and its objective.
    """

    def __init__(self, plan: Sequence[Bracket], factor: int, oracle: Oracle) -> None:
        self._plan = plan
        self._factor = factor
        self._objective = oracle.objective
        self._space = oracle.hyperparameters.search_space
        self._ladders: list[_Ladder] = []
        self._continued: dict[str, Trial] = {}  # By the trial below.
        self._read([oracle.trials[trial_id] for trial_id in oracle.start_order])

    @property
    def n_opened(self) -> int:
        """How many brackets have been opened."""
        return len(self._ladders)

    @property
    def n_trials(self) -> int:
        """How many trials have a place."""
        return sum(len(rung) for ladder in self._ladders for rung in ladder.rungs)

    @property
    def open_bracket(self) -> Bracket | None:
        """The bracket whose first rung the next new configuration joins; None where all of them are full."""
        if self._ladders and self._ladders[-1].n_free(0) > 0:
            return self._ladders[-1].bracket
        return self._plan[len(self._ladders)] if len(self._ladders) < len(self._plan) else None

    def next_complete(self, *, is_used_up: bool = False) -> Promotion | None:
        """Return the best trial of a complete rung that is still to go on, of the oldest such rung.

        Args:
            is_used_up: Whether no configuration is left to fill first rungs with: what they hold is all they get.
        """
        found = (self._from_complete(ladder, is_used_up) for ladder in self._ladders)
        return next((promotion for promotion in found if promotion is not None), None)

    def next_ahead(self) -> Promotion | None:
        """Return a trial that may go on before its rung is complete; of the highest rung of the oldest bracket."""
        found = (promotion for ladder in self._ladders for promotion in self._ahead(ladder))
        return next(found, None)

    def settled(self, *, is_over: bool = False) -> Iterator[str]:
        """Yield the ids of ended trials from which none will go on any more.

        Args:
            is_over: Whether the search has come to its end, so that no trial that failed is run again.
        """
        for ladder in self._ladders:
            for round_, trials in enumerate(ladder.rungs):
                is_top = round_ + 1 == len(ladder.rungs)
                has_room = not is_top and ladder.n_free(round_ + 1) > 0
                for trial in trials:
                    above = self._continued.get(trial.trial_id)
                    # One that failed may be run again when the search is.
                    is_done = not has_room if above is None else is_over or above.status is not TrialStatus.FAILED
                    if is_done and is_terminal((above or trial).status):
                        yield trial.trial_id

    # Any: JSON.
    def to_keras_tuner(self) -> list[dict[str, Any]]:
        """Return the brackets that are not through, as KerasTuner's oracle.json holds them."""
        below = {trial.trial_id: trial_id for trial_id, trial in self._continued.items()}
        return [
            {
                "bracket_num": ladder.bracket.number,
                "rounds": [
                    [{"past_id": below.get(trial.trial_id), "id": trial.trial_id} for trial in trials]
                    for trials in ladder.rungs
                ],
            }
            for ladder in self._ladders
            if ladder.n_free(len(ladder.rungs) - 1) > 0
        ]

    def _read(self, trials: Sequence[Trial]) -> None:
        homes: dict[str, _Ladder] = {}
        for trial in trials:
            budget = Budget.of(trial.hyperparameters.values)
            if budget is None:  # Not started by Hyperband.
                continue
            if budget.trial_id is None:
                home = self._home_of_new(budget.bracket)
            elif budget.trial_id in homes:
                home = homes[budget.trial_id]
                self._continued[budget.trial_id] = trial
            else:
                continue
            if home is not None and budget.round < len(home.rungs):
                homes[trial.trial_id] = home
                home.rungs[budget.round].append(trial)

    def _home_of_new(self, number: int) -> _Ladder | None:
        """Return the bracket that a new configuration has joined; KerasTuner's hold other numbers of them."""
        last, bracket = self._ladders[-1] if self._ladders else None, self.open_bracket
        if last is not None and last.bracket.number == number and (bracket is None or bracket.number != number):
            return last
        if last is None or last.n_free(0) <= 0 or last.bracket.number != number:
            bracket = next((planned for planned in self._plan if planned.number == number), None)
            if bracket is None:
                return None
            self._ladders.append(_Ladder(bracket))
        return self._ladders[-1]

    def _from_complete(self, ladder: _Ladder, is_used_up: bool) -> Promotion | None:
        if ladder is self._ladders[-1] and ladder.n_free(0) > 0 and not is_used_up:
            return None
        for round_, trials in enumerate(ladder.rungs[:-1]):
            if not all(is_terminal(trial.status) for trial in trials):
                return None
            if ladder.n_free(round_ + 1) > 0:
                for trial in self._ranked(trials):
                    if self._is_to_go_on(trial):
                        return Promotion(trial, ladder.bracket, round_ + 1)
            # Nothing more joins the rung above: it is closed, and may be complete.
        return None

    def _ahead(self, ladder: _Ladder) -> Iterator[Promotion]:
        for round_ in range(len(ladder.rungs) - 2, -1, -1):
            trials = ladder.rungs[round_]
            n_ended = sum(is_terminal(trial.status) for trial in trials)
            for trial in self._ranked(trials)[: n_ended // self._factor]:
                if ladder.n_free(round_ + 1) > 0 and self._is_to_go_on(trial):
                    yield Promotion(trial, ladder.bracket, round_ + 1)

    def _is_to_go_on(self, trial: Trial) -> bool:
        """Return whether a trial has not gone on yet, and has values that the space, which may change, still holds."""
        values = trial.hyperparameters.values
        return trial.trial_id not in self._continued and all(
            entry.name not in values or entry.contains(values[entry.name])
            for entry in self._space.active_entries(values)
        )

    def _ranked(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials that may go on, best first, earlier ones first where they are equal.

        Those that failed, have no number, or were ended early never go on.
        """
        objective = self._objective
        if objective is None:
            return []
        losses = [
            (objective.loss(trial.score), trial)
            for trial in trials
            if trial.status is TrialStatus.COMPLETED and trial.pruned is None and trial.score is not None
        ]
        finite = [pair for pair in losses if pair[0] < math.inf]  # NaN is not.
        return [trial for _, trial in sorted(finite, key=lambda pair: pair[0])]
