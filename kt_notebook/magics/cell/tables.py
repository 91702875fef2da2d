"""Values that depend on hyperparameters, worked out for every combination: when a condition holds, for one."""

import itertools
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from kt_notebook.core.values import Value, identity
from kt_notebook.magics.cell.collector import Collector
from kt_notebook.magics.cell.guards import (
    ALWAYS,
    NEVER,
    Among,
    Guard,
    Test,
    Tests,
    TooManyTermsError,
    Truth,
)
from kt_notebook.magics.cell.values import Known, Symbolic, Unknown

__all__ = ["Tables"]

_MAX_ROWS = 1000
_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError)


class Tables:
    """Works out values over the space collected so far."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def rows(self, symbol: Symbolic) -> list[tuple[tuple[Value, ...], Any]] | Unknown:
        """Return each combination of the hyperparameters asked with the value; Unknown where there are too many."""
        axes = []
        n_rows = 1
        for param in self._in_order(symbol.params):
            values = self._collector.domain(param)
            if values is None:
                return Unknown(f"{param} has too many values to try them all")
            axes.append(values)
            n_rows *= len(values)
        if n_rows > _MAX_ROWS:
            return Unknown(f"{', '.join(symbol.params)} have too many combinations to try them all")
        params = self._in_order(symbol.params)
        try:
            return [
                (row, symbol.of(dict(zip(params, row, strict=True)))) for row in itertools.product(*axes)
            ]
        except _FAULTS as error:
            return Unknown(f"computing it fails: {error}")

    def possible(self, value: Known | Symbolic | Unknown) -> list[Any] | Unknown:
        """Return the different values that a value can take, in the order of its hyperparameters."""
        if isinstance(value, Known):
            return [value.value]
        if isinstance(value, Unknown):
            return value
        rows = self.rows(value)
        if isinstance(rows, Unknown):
            return rows
        try:
            return list({identity(result): result for _, result in rows}.values())
        except TypeError:
            return Unknown("it is no plain value")

    def truth(self, value: Known | Symbolic | Unknown) -> Truth | Unknown:
        """Return when a value counts as true."""
        if isinstance(value, Known):
            return Truth.constant(bool(value.value))
        if isinstance(value, Unknown):
            return value
        if value.truth is not None:
            return value.truth
        try:
            rows = self.rows(value)
            if not isinstance(rows, Unknown):
                params = self._in_order(value.params)
                table = [(row, bool(result)) for row, result in rows]
                return Truth(self._guard(params, table, True), self._guard(params, table, False))
        except TooManyTermsError:
            return Unknown("its conditions are too many to follow")
        if len(value.params) == 1 and value.text:
            return self.tested(value, None, value.text)
        return rows

    def tested(self, symbol: Symbolic, breaks: tuple[float, ...] | None, text: str) -> Truth:
        """Return the truth of a question to one hyperparameter whose values cannot be listed."""
        (param,) = symbol.params

        def ask(value: Value) -> bool:
            try:
                return bool(symbol.of({param: value}))
            except _FAULTS:
                return False

        test = Test(text, True, ask, breaks, self._collector.bounds(param))
        yes, no = Tests(frozenset({test})), Tests(frozenset({test.other()}))
        if breaks is not None and not (yes.is_possible and no.is_possible):
            return Truth.constant(yes.is_possible)
        return Truth(Guard(({param: yes},)), Guard(({param: no},)))

    def listed(self, param: str, values: Iterable[Value]) -> Guard:
        """Return the condition that a hyperparameter has one of some values."""
        wanted = list(values)
        domain = self._collector.domain(param)
        if domain is not None:
            allowed = [value for value in domain if any(_equal(value, other) for other in wanted)]
            if not allowed:
                return NEVER
            return ALWAYS if len(allowed) == len(domain) else Guard(({param: Among.of(allowed, len(domain))},))
        return Guard(({param: Among.of(wanted, len(wanted) + 1)},)) if wanted else NEVER

    def _in_order(self, params: Iterable[str]) -> list[str]:
        """Return hyperparameters with parents before what depends on them."""
        return sorted(dict.fromkeys(params), key=self._collector.position)

    def _guard(self, params: list[str], table: list[tuple[tuple[Value, ...], bool]], wanted: bool) -> Guard:
        """Return when a table of answers gives the one wanted."""
        answers = {answer for _, answer in table}
        if len(answers) == 1:
            return ALWAYS if wanted in answers else NEVER
        first, rest = params[0], params[1:]
        parts: dict[Hashable, list[tuple[tuple[Value, ...], bool]]] = {}
        values: dict[Hashable, Value] = {}
        for row, answer in table:
            key = identity(row[0])
            values.setdefault(key, row[0])
            parts.setdefault(key, []).append((row[1:], answer))
        groups: dict[tuple[bool, ...], list[Hashable]] = {}
        for key, part in parts.items():
            groups.setdefault(tuple(answer for _, answer in part), []).append(key)
        result = NEVER
        for keys in groups.values():
            inner = self._guard(rest, parts[keys[0]], wanted)
            if inner.is_never:
                continue
            if len(keys) == len(values):
                return inner
            among = Among.of((values[key] for key in keys), len(values))
            result = result.joined(Guard(({first: among},)).met(inner))
        return result


def _equal(left: Value, right: Value) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)
