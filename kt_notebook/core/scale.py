"""The scale of a number between two bounds: linear, log or reverse log, with or without a step.

How it works: a probability p in [0, 1) is a place on the scale.

- continuous, low a, high b: linear a + p (b - a); log a (b / a)^p; reverse log b + a - a (b / a)^(1 - p)
- with a step the scale is a list of n values, and p chooses number floor(p n). Linear: a, a + step, …; log: step is
  a factor: a, a step, a step², …; reverse log: the same distances counted from b downwards.
- whole numbers on a log scale without a step: the continuous scale from a to b + 1, rounded down.

Steps of floats are added up in decimal arithmetic, so that 0, .1, .2, .3 stay what they are, and the last one is
the upper bound where it is within a billionth of a step of it.
"""

import math
from decimal import Context, Decimal
from functools import cached_property

__all__ = ["Scale"]

# more digits than any product of two floats' shortest texts needs
_DECIMAL = Context(prec=40)
# how far, in steps, the last value may be from the upper bound to be taken for it: 1/3 + 1/3 + 1/3 is 1
_SLACK = 1e-9
_N_SAMPLES = 10


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number))


class Scale:
    """Places on a range of numbers.

    Args:
        low: The lower bound; above 0 for the log scales.
        high: The upper bound, included.
        step: Distance of two values (linear) or their ratio (log scales), or None.
        sampling: "linear", "log" or "reverse_log".
        is_whole: Whether the values are whole numbers.

    Example:
        >>> scale = Scale(0.0, 1.0, 0.25, "linear", is_whole=False)
        >>> scale.n_values, scale.decode(0.99), scale.encode(0.5)
        (5, 1.0, 0.5)
    """

    def __init__(self, low: float, high: float, step: float | None, sampling: str, *, is_whole: bool) -> None:
        self.low = low
        self.high = high
        self.step = step
        self.sampling = sampling
        self.is_whole = is_whole

    @cached_property
    def n_values(self) -> int | None:
        """How many values the scale has, or None where it is continuous."""
        low, high, step = self.low, self.high, self.step
        if low == high:
            return 1
        if step is None:
            return int(high) - int(low) + 1 if self.is_whole else None
        if self.sampling != "linear":
            return math.floor((math.log(high) - math.log(low)) / math.log(step) + _SLACK) + 1
        if self.is_whole:
            return (int(high) - int(low)) // int(step) + 1
        span = _DECIMAL.subtract(_decimal(high), _decimal(low))
        return math.floor(_DECIMAL.add(_DECIMAL.divide(span, _decimal(step)), _decimal(_SLACK))) + 1

    @property
    def is_listed(self) -> bool:
        """Whether the values are the steps of a list, each with the same share of the probabilities."""
        return self.step is not None or self.low == self.high

    def decode(self, prob: float) -> float:
        """Return the value at a probability in [0, 1]."""
        if self.is_listed:
            n_values = self.n_values or 1
            return self.at(min(max(int(prob * n_values), 0), n_values - 1))
        if self.is_whole:
            return min(max(math.floor(self._place(prob, self.high + 1)), self.low), self.high)
        return min(max(self._place(prob, self.high), self.low), self.high)

    def encode(self, value: float) -> float:
        """Return the probability of a value; one outside the bounds counts as the nearest bound."""
        value = min(max(value, self.low), self.high)
        if self.is_listed:
            return (self.index(value) + 0.5) / (self.n_values or 1)
        if self.is_whole:
            return self._place_of(value + 0.5, self.high + 1)
        return self._place_of(value, self.high)

    def samples(self) -> list[float]:
        """Return the values that a grid tries: all steps, or ten evenly chosen places where there is no step."""
        n_values = self.n_values
        if n_values is not None and (self.is_listed or n_values <= _N_SAMPLES):
            return [self.at(index) for index in range(n_values)]
        places = ((2 * index + 1) / (2 * _N_SAMPLES) for index in range(_N_SAMPLES))
        return list(dict.fromkeys(self.decode(place) for place in places))

    def at(self, index: int) -> float:
        """Return the value with this number, counted from the lowest, of a scale whose values can be counted."""
        if self.low == self.high:
            return self.low
        if self.step is None or (self.is_whole and self.sampling == "linear"):
            return self.low + index * int(self.step or 1)
        if self.sampling == "linear":
            value = float(_DECIMAL.fma(Decimal(index), _decimal(self.step), _decimal(self.low)))
            return self.high if value > self.high - _SLACK * self.step else value
        if self.sampling == "log":
            return self._power(index)
        return self._mirrored(self._power((self.n_values or 1) - 1 - index))

    def index(self, value: float) -> int:
        """Return the number of the nearest value of a scale whose values can be counted."""
        last = (self.n_values or 1) - 1
        if last == 0:
            return 0
        if self.step is None or (self.is_whole and self.sampling == "linear"):
            step = int(self.step or 1)
            index = int((value - self.low + step // 2) // step)
        elif self.sampling == "linear":
            index = round((value - self.low) / self.step)
        else:
            is_log = self.sampling == "log"
            power = math.log((value if is_log else self._mirrored(value)) / self.low) / math.log(self.step)
            index = round(power) if is_log else last - round(power)
        return min(max(index, 0), last)

    def _power(self, exponent: int) -> float:
        if self.step is None or self.is_whole:
            whole: int = int(self.step or 1) ** exponent
            return min(self.low * whole, self.high)
        factor = _DECIMAL.power(_decimal(self.step), Decimal(exponent))
        value = float(_DECIMAL.multiply(_decimal(self.low), factor))
        return self.high if value > self.high * (1 - _SLACK) else value

    def _mirrored(self, value: float) -> float:
        if self.is_whole:
            return self.high + self.low - value
        mirrored = _DECIMAL.subtract(_DECIMAL.add(_decimal(self.high), _decimal(self.low)), _decimal(value))
        return min(max(float(mirrored), self.low), self.high)

    def _place(self, prob: float, high: float) -> float:
        low = self.low
        if self.sampling == "linear":
            return low * (1 - prob) + high * prob
        start = math.log(low)
        width = math.log(high) - start
        if self.sampling == "log":
            return math.exp(start + prob * width)
        return high + low - math.exp(start + (1 - prob) * width)

    def _place_of(self, value: float, high: float) -> float:
        low = self.low
        if self.sampling == "linear":
            half = 1.0 if math.isfinite(high - low) else 0.5  # The range may be wider than a float.
            prob = (value * half - low * half) / (high * half - low * half)
        else:
            is_log = self.sampling == "log"
            place = value if is_log else high + low - value
            share = (math.log(place) - math.log(low)) / (math.log(high) - math.log(low))
            prob = share if is_log else 1 - share
        return min(max(prob, 0.0), 1.0)
