"""Values that depend on hyperparameters, worked out for every combination: when a condition holds, for one."""

import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
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
from kt_notebook.magics.cell.values import Known, Rows, Symbolic, Unknown

__all__ = ["Tables"]

_MAX_ROWS = 1000
_MAX_SIZE = 100
FAILED = object()
_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError)


class Tables:
    """Works out values over the space collected so far.

    Args:
        collector: The space.
        spend: Told how much work each table takes.
    """

    def __init__(self, collector: Collector, spend: Callable[[int], None]) -> None:
        self._collector = collector
        self._spend = spend

    def rows(self, symbol: Symbolic) -> Rows | Unknown:
        """Return each combination of the hyperparameters asked with the value; Unknown where there are too many.

        Where computing the value fails it is FAILED: the trial would end there, so nothing follows from it.
        """
        if symbol.rows is not None:
            return symbol.rows
        params = self._in_order(symbol.params)
        axes = []
        n_rows = 1
        for param in params:
            values = self._collector.domain(param)
            if values is None:
                return Unknown(f"{param} has too many values to try them all")
            axes.append(values)
            n_rows *= len(values)
            if n_rows > _MAX_ROWS:
                return Unknown(f"{', '.join(params)} have too many combinations to try them all")
        self._spend(1 + n_rows // 4)
        return tuple((row, _computed(symbol, params, row)) for row in itertools.product(*axes))

    def tabulated(self, symbol: Symbolic) -> Symbolic | Known | Unknown:
        """Return a value worked out for every combination, where these can be listed."""
        rows = self.rows(symbol)
        if isinstance(rows, Unknown):
            return Unknown("it takes too long to compute") if symbol.size > _MAX_SIZE else symbol
        results = [result for _, result in rows if result is not FAILED]
        try:
            n_different = len(set(map(identity, results)))
        except TypeError:
            n_different = len(results)
        if n_different == 1:
            return Known(results[0])
        params = tuple(self._in_order(symbol.params))
        table = {tuple(map(identity, row)): result for row, result in rows}

        def of(values: Mapping[str, Value]) -> Any:  # a plain value
            result = table[tuple(identity(values[param]) for param in params)]
            if result is FAILED:
                raise LookupError("computing it fails")
            return result

        return replace(symbol, params=params, of=of, rows=rows, size=1)

    def possible(self, value: Known | Symbolic | Unknown) -> list[Any] | Unknown:
        """Return the different values that a value can take, in the order of its hyperparameters."""
        if isinstance(value, Known):
            return [value.value]
        if isinstance(value, Unknown):
            return value
        rows = self.rows(value)
        if isinstance(rows, Unknown):
            return rows
        results = [result for _, result in rows if result is not FAILED]
        if not results:
            return Unknown("computing it fails")
        try:
            return list({identity(result): result for result in results}.values())
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
                table = [(row, None if result is FAILED else bool(result)) for row, result in rows]
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

    def _guard(self, params: list[str], table: list[tuple[tuple[Value, ...], bool | None]], wanted: bool) -> Guard:
        """Return when a table of answers gives the one wanted."""
        answers = {answer for _, answer in table}
        if len(answers) == 1:
            return ALWAYS if wanted in answers else NEVER
        first, rest = params[0], params[1:]
        parts: dict[Hashable, list[tuple[tuple[Value, ...], bool | None]]] = {}
        values: dict[Hashable, Value] = {}
        for row, answer in table:
            key = identity(row[0])
            values.setdefault(key, row[0])
            parts.setdefault(key, []).append((row[1:], answer))
        groups: dict[tuple[bool | None, ...], list[Hashable]] = {}
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


def _computed(symbol: Symbolic, params: list[str], row: tuple[Value, ...]) -> Any:  # a plain value
    try:
        return symbol.of(dict(zip(params, row, strict=True)))
    except _FAULTS:
        return FAILED


def _equal(left: Value, right: Value) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)
