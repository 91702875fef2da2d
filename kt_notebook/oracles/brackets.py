"""The arithmetic of Hyperband: how many configurations train for how many epochs.

A bracket is one run of successive halving: many configurations train for few epochs, the best share of them goes on
to the next rung with `factor` times as many, and so on up to `max_epochs`. Brackets differ in how many begin, and with
how few epochs: number `s` has `s` further rungs above its first. Each costs about as much as the others.

Source: Li et al. 2018, Hyperband, JMLR 18(185), algorithm 1.
"""

from dataclasses import dataclass

from kt_notebook.core.errors import OptionError

__all__ = ["Bracket", "Rung", "plan_brackets"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a bracket: so many trials, trained up to so many epochs."""

    n_trials: int
    epochs: int


@dataclass(frozen=True, slots=True)
class Bracket:
    """One run of successive halving.

    Attributes:
        number: `s` in the paper: how many rungs there are above the first.
        rungs: From the first, with most trials and fewest epochs, to the last, at `max_epochs`.
    """

    number: int
    rungs: tuple[Rung, ...]

    def initial_epoch(self, round_: int) -> int:
        """Return the epoch with which trials of a rung begin: where the rung below has ended."""
        return self.rungs[round_ - 1].epochs if round_ else 0


def plan_brackets(max_epochs: int, factor: int) -> tuple[Bracket, ...]:
    """Return the brackets of one iteration in the order in which they run, the one with most trials first.

    Args:
        max_epochs: `R` in the paper.
        factor: `eta` in the paper: one in so many trials goes on to the next rung.

    Raises:
        OptionError: `max_epochs` is below 1 or `factor` below 2.

    Example:
        >>> [[(rung.n_trials, rung.epochs) for rung in bracket.rungs] for bracket in plan_brackets(9, 3)]
        [[(9, 1), (3, 3), (1, 9)], [(5, 3), (1, 9)], [(3, 9)]]
    """
    _check("max_epochs", max_epochs, at_least=1)
    _check("factor", factor, at_least=2)
    top = 0  # s_max = floor(log_eta(R)), in whole numbers
    while factor ** (top + 1) <= max_epochs:
        top += 1
    return tuple(_bracket(number, top, max_epochs, factor) for number in range(top, -1, -1))


def _bracket(number: int, top: int, max_epochs: int, factor: int) -> Bracket:
    # With B = (s_max + 1) R, line 2: n = ceil(B / R * eta^s / (s + 1)); lines 5 and 6: n_i = floor(n eta^-i) and
    # r_i = R eta^(i - s), here rounded up to whole epochs.
    n_first = _divide_up((top + 1) * factor**number, number + 1)
    rungs = [
        Rung(n_first // factor**round_, _divide_up(max_epochs, factor ** (number - round_)))
        for round_ in range(number + 1)
    ]
    return Bracket(number, tuple(rungs))


def _divide_up(a: int, b: int) -> int:
    return -(-a // b)


def _check(name: str, value: int, *, at_least: int) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < at_least:
        raise OptionError(f"{name}={value!r} makes no bracket. Give a whole number of {at_least} or more.")
