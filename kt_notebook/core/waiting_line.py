"""Trials by hand: what users want tried next, waiting in line until a worker is idle.

How it works: values are kept as they were given; what is left out gets its default by the space as it is when the trial
starts. Values are checked when they come in, where the space is known then. If not, and they turn out not to fit when
their turn comes, they are dropped, which the search tells.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from kt_notebook.core.errors import SearchStateError, SpaceError
from kt_notebook.core.given_values import check_fit, complete, is_same_trial
from kt_notebook.core.search_space import SearchSpace
from kt_notebook.core.values import Value, value_from_json, value_to_json

if TYPE_CHECKING:
    from kt_notebook.core.trial import Trial

__all__ = ["Enqueued", "WaitingLine"]


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A trial by hand.

    Attributes:
        number: Which one of the search's trials by hand, from 1, in the order in which they came.
        values: As given; what is left out is at its default.
    """

    number: int
    values: Mapping[str, Value]

    # Any: JSON
    def to_json(self) -> dict[str, Any]:
        """Return a plain dict that JSON can hold."""
        return {"number": self.number, "values": {name: value_to_json(value) for name, value in self.values.items()}}

    # Any: JSON
    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_json` was called on."""
        return cls(data["number"], {name: value_from_json(value) for name, value in data["values"].items()})


class WaitingLine:
    """The trials by hand that wait for their turn, first come first served.

    Args:
        kept: Those of an earlier session, as `Enqueued.to_json` gave them, in order.

    Attributes:
        waiting: In order.
        dropped: Those taken out since their values do not fit, each with what is wrong, for the search to tell.
    """

    # Any: JSON
    def __init__(self, kept: Iterable[Mapping[str, Any]] = ()) -> None:
        self.waiting = [Enqueued.from_json(data) for data in kept]
        self.dropped: list[tuple[Enqueued, SpaceError]] = []
        self._n_numbered = max((enqueued.number for enqueued in self.waiting), default=0)

    def __len__(self) -> int:
        return len(self.waiting)

    def admitted(
        self,
        trials: Sequence[Mapping[str, Value]],
        space: SearchSpace,
        begun: Collection["Trial"],
        n_left: int | None,
        *,
        again: bool,
    ) -> list[Mapping[str, Value]]:
        """Return the trials that may join the line.

        Args:
            trials: The values of each.
            space: What is known of the space.
            begun: All trials of the search so far.
            n_left: How many more may start, None without a limit.
            again: Whether those may join that a trial was, or that wait already.

        Raises:
            SpaceError: Values do not fit the space.
            SearchStateError: There are more than may start.
        """
        if space.entries:
            for values in trials:
                check_fit(values, space)
        new = list(trials) if again else self._untried(trials, space, begun)
        if n_left is not None and len(self.waiting) + len(new) > n_left:
            room = max(0, n_left - len(self.waiting))
            raise SearchStateError(
                f"The search may start {n_left} more trial{'' if n_left == 1 else 's'} and {len(self.waiting)} wait in "
                f"line: there is room for {room} by hand, not for {len(new)}. Allow more: '+10 trials' in the panel, "
                "tuner.oracle.max_trials += 10, or a higher max_trials when you go on with the project."
            )
        return new

    def _untried(
        self, trials: Iterable[Mapping[str, Value]], space: SearchSpace, begun: Collection["Trial"]
    ) -> list[Mapping[str, Value]]:
        known = [enqueued.values for enqueued in self.waiting]
        known += [trial.enqueued.values for trial in begun if trial.enqueued is not None]
        tried: list[Mapping[str, Value]] = []
        if space.entries:
            tried = [held for hp in (trial.hyperparameters for trial in begun) for held in (hp.values, hp.drawn_values)]
        new: list[Mapping[str, Value]] = []
        for values in trials:
            whole = complete(values, space)
            is_known = any(_is_same(values, other, space) for other in known)
            if not is_known and not any(is_same_trial(whole, held, space) for held in tried):
                new.append(values)
                known.append(values)
        return new

    def add(self, trials: Iterable[Mapping[str, Value]]) -> list[Enqueued]:
        """Put trials at the end of the line."""
        first = self._n_numbered + 1
        added = [Enqueued(number, values) for number, values in enumerate(trials, first)]
        self._n_numbered += len(added)
        self.waiting += added
        return added

    def take(self, space: SearchSpace) -> tuple[Enqueued | None, dict[str, Value]]:
        """Take out the next trial that fits the space, with its whole configuration; None where none waits."""
        while self.waiting:
            enqueued = self.waiting.pop(0)
            try:
                return enqueued, complete(enqueued.values, space)
            except SpaceError as error:
                self.dropped.append((enqueued, error))
        return None, {}


def _is_same(values: Mapping[str, Value], other: Mapping[str, Value], space: SearchSpace) -> bool:
    """Return whether two trials by hand are the same."""
    if space.entries:
        with suppress(SpaceError):  # It came in when the space was not known.
            values, other = complete(values, space), complete(other, space)
    return values.keys() == other.keys() and is_same_trial(values, other, space)
