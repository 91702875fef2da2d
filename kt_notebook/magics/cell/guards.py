"""When a line of the cell runs, as a condition on the values of hyperparameters.

How it works: a guard is a list of terms joined by "or"; a term holds for each hyperparameter named in it what its
value must be, joined by "and". Where the values of a hyperparameter can be listed, that is the set of those values;
elsewhere (a learning rate) it is a set of tests with the answer wanted. Whether tests can all be met is tried at the
numbers they compare with, between and beside them.
"""

import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from kt_notebook.core.values import Value, identity

__all__ = ["ALWAYS", "NEVER", "Among", "Constraint", "Guard", "Test", "Tests", "TooManyTermsError", "Truth"]

_MAX_TERMS = 16
_MAX_WORDS = 8
Values: TypeAlias = Mapping[str, Value]


class TooManyTermsError(Exception):
    """A condition became too long to be worth carrying."""


@dataclass(frozen=True, slots=True)
class Among:
    """The value is one of some.

    Attributes:
        keys: Identities of the values allowed.
        values: The values, in the order of the hyperparameter.
        n_domain: How many values the hyperparameter has in all.
    """

    keys: frozenset[Hashable]
    values: tuple[Value, ...] = field(compare=False)
    n_domain: int = field(compare=False)

    @classmethod
    def of(cls, values: Iterable[Value], n_domain: int) -> "Among":
        """Return the constraint that allows these values."""
        listed = tuple(values)
        return cls(frozenset(map(identity, listed)), listed, n_domain)

    def holds(self, value: Value) -> bool:
        """Return whether the value is allowed."""
        return identity(value) in self.keys

    def met(self, other: "Constraint") -> "Among":
        """Return what both allow."""
        return Among.of((value for value in self.values if other.holds(value)), self.n_domain)

    def joined(self, other: "Constraint") -> "Among | None":
        """Return what either allows; None where that cannot be said."""
        if not isinstance(other, Among):
            return None
        more = [value for value in other.values if identity(value) not in self.keys]
        return Among.of([*self.values, *more], max(self.n_domain, other.n_domain))

    @property
    def is_possible(self) -> bool:
        """Whether some value is allowed."""
        return bool(self.keys)

    @property
    def is_free(self) -> bool:
        """Whether every value is allowed."""
        return len(self.keys) >= self.n_domain

    def within(self, other: "Constraint") -> bool:
        """Return whether all that is allowed here is allowed there."""
        return all(other.holds(value) for value in self.values)

    def text(self, name: str) -> str:
        """Return the constraint in words."""
        if len(self.values) == 1:
            word = "is" if isinstance(self.values[0], bool) or self.values[0] is None else "="
            return f"{name} {word} {self.values[0]!r}"
        if len(self.values) > _MAX_WORDS:
            first = ", ".join(map(repr, self.values[:3]))
            return f"{name} in [{first}, …, {self.values[-1]!r}]"
        return f"{name} in {list(self.values)!r}"


@dataclass(frozen=True, slots=True)
class Test:
    """A question to a value that has too many possibilities to list.

    Attributes:
        text: The question in words; equal words are the same question.
        wanted: The answer that is asked for.
        ask: Gives the answer.
        breaks: The numbers at which the answer may change; None where they are not known.
        bounds: The range of the hyperparameter.
    """

    text: str
    wanted: bool
    ask: Callable[[Value], bool] = field(compare=False)
    breaks: tuple[float, ...] | None = field(compare=False)
    bounds: tuple[float, float] = field(compare=False)

    def other(self) -> "Test":
        """Return the same question with the other answer wanted."""
        return Test(self.text, not self.wanted, self.ask, self.breaks, self.bounds)

    def words(self) -> str:
        """Return the question in words, negated where False is wanted."""
        return self.text if self.wanted else f"not ({self.text})"


@dataclass(frozen=True, slots=True)
class Tests:
    """The value passes all of some tests."""

    tests: frozenset[Test]

    def holds(self, value: Value) -> bool:
        """Return whether the value is allowed."""
        return all(bool(test.ask(value)) == test.wanted for test in self.tests)

    def met(self, other: "Constraint") -> "Constraint":
        """Return what both allow.

        Raises:
            TooManyTermsError: It takes too many tests.
        """
        if isinstance(other, Among):
            return other.met(self)
        if len(self.tests | other.tests) > _MAX_TERMS:
            raise TooManyTermsError
        return Tests(self.tests | other.tests)

    def joined(self, other: "Constraint") -> "Tests | None":
        """Return what either allows; None where that cannot be said."""
        if isinstance(other, Tests):
            mine, theirs = self.tests - other.tests, other.tests - self.tests
            if len(mine) == len(theirs) == 1 and next(iter(mine)).other() in theirs:
                return Tests(self.tests & other.tests)
        return None

    @property
    def is_possible(self) -> bool:
        """Whether some value may be allowed."""
        if any(test.other() in self.tests for test in self.tests):
            return False
        clear = [test for test in self.tests if test.breaks is not None]
        return not clear or any(all(bool(test.ask(point)) == test.wanted for test in clear) for point in _points(clear))

    @property
    def is_free(self) -> bool:
        """Whether every value is allowed."""
        clear = all(test.breaks is not None for test in self.tests)
        return clear and all(self.holds(point) for point in _points(self.tests))

    def within(self, other: "Constraint") -> bool:
        """Return whether all that is allowed here is allowed there."""
        return isinstance(other, Tests) and other.tests <= self.tests

    def text(self, name: str) -> str:
        """Return the constraint in words."""
        return " and ".join(sorted(test.words() for test in self.tests))


Constraint: TypeAlias = Among | Tests
Term: TypeAlias = Mapping[str, Constraint]


def _points(tests: Iterable[Test]) -> list[float]:
    listed = list(tests)
    if not listed:
        return []
    low, high = listed[0].bounds
    inside = {point for test in listed for point in test.breaks or () if low <= point <= high}
    ends = sorted({low, high, *inside})
    between = [(left + right) / 2 for left, right in itertools.pairwise(ends)]
    return [*ends, *between]


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition: one of the terms holds. No terms: never; an empty term: always."""

    terms: tuple[Term, ...]

    @property
    def is_always(self) -> bool:
        """Whether the guard holds whatever the values are."""
        return any(not term for term in self.terms)

    @property
    def is_never(self) -> bool:
        """Whether no values meet the guard."""
        return not self.terms

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the hyperparameters it asks for."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))

    def met(self, other: "Guard") -> "Guard":
        """Return the condition that both hold.

        Raises:
            TooManyTermsError: It takes too many terms.
        """
        return Guard(_simplified(_meet(a, b) for a in self.terms for b in other.terms))

    def joined(self, other: "Guard") -> "Guard":
        """Return the condition that one of both holds.

        Raises:
            TooManyTermsError: It takes too many terms.
        """
        return Guard(_simplified([*self.terms, *other.terms]))

    def excludes(self, other: "Guard") -> bool:
        """Return whether both can never hold together."""
        try:
            return not any(_is_possible(_meet(a, b)) for a in self.terms for b in other.terms)
        except TooManyTermsError:
            return False

    def holds(self, values: Values) -> bool:
        """Return whether the values meet the guard; a value that is missing meets nothing."""
        return any(
            all(name in values and held.holds(values[name]) for name, held in term.items()) for term in self.terms
        )

    def beyond(self, other: "Guard") -> "Guard":
        """Return the guard without the terms that another one covers already."""
        return Guard(tuple(a for a in self.terms if not any(_is_within(a, b) for b in other.terms)))

    def text(self) -> str:
        """Return the condition in words; empty where it always holds."""
        if self.is_always:
            return ""
        return " or ".join(" and ".join(held.text(name) for name, held in term.items()) for term in self.terms)


ALWAYS = Guard(({},))
NEVER = Guard(())


@dataclass(frozen=True, slots=True)
class Truth:
    """When an expression counts as true, and when as false."""

    yes: Guard
    no: Guard

    @classmethod
    def constant(cls, value: bool) -> "Truth":
        """Return the truth of an expression that is always so."""
        return cls(ALWAYS, NEVER) if value else cls(NEVER, ALWAYS)

    def negated(self) -> "Truth":
        """Return the truth of the opposite."""
        return Truth(self.no, self.yes)


def _meet(left: Term, right: Term) -> Term:
    result: dict[str, Any] = dict(left)  # Constraint: mypy cannot join the two kinds of `met`
    for name, held in right.items():
        result[name] = result[name].met(held) if name in result else held
    return result


def _is_possible(term: Term) -> bool:
    return all(held.is_possible for held in term.values())


def _is_within(inner: Term, outer: Term) -> bool:
    return all(name in inner and inner[name].within(held) for name, held in outer.items())


def _simplified(terms: Iterable[Term]) -> tuple[Term, ...]:
    result: list[Term] = []
    for raw in terms:
        term: Term = {name: held for name, held in raw.items() if not held.is_free}
        if not _is_possible(term):
            continue
        merged = True
        while merged:
            merged = False
            for index, other in enumerate(result):
                union = _union(term, other)
                if union is not None:
                    term, merged = union, True
                    del result[index]
                    break
        result.append(term)
        if len(result) > _MAX_TERMS:
            raise TooManyTermsError
    return tuple(result)


def _union(left: Term, right: Term) -> Term | None:
    """Return one term for "left or right", or None where there is none."""
    if _is_within(left, right):
        return right
    if _is_within(right, left):
        return left
    if left.keys() != right.keys():
        return None
    differing = [name for name in left if left[name] != right[name]]
    if len(differing) != 1:
        return None
    name = differing[0]
    union = left[name].joined(right[name])
    if union is None:
        return None
    rest = {key: held for key, held in left.items() if key != name}
    is_free = not union.tests if isinstance(union, Tests) else union.is_free
    return rest if is_free else {key: union if key == name else held for key, held in left.items()}
