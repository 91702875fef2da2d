"""One value out of several, where ways that came apart meet again."""

from collections.abc import Mapping
from typing import Any

from kt_notebook.core.values import Value
from kt_notebook.magics.cell.guards import Guard
from kt_notebook.magics.cell.values import Known, Symbolic, Unknown

__all__ = ["choice", "value_of", "without_common"]


def value_of(value: Known | Symbolic | Unknown, values: Mapping[str, Value]) -> Any:  # a plain value
    """Return the plain value under these values of the hyperparameters."""
    if isinstance(value, Symbolic):
        return value.of(values)
    return value.value if isinstance(value, Known) else None


def choice(guards: list[Guard], options: list[Known | Symbolic]) -> Symbolic:
    """Return the value that is the option whose guard holds; the last where none of the others does."""
    params = [param for guard in guards for param in guard.params]
    params += [param for option in options if isinstance(option, Symbolic) for param in option.params]

    def of(values: Mapping[str, Value]) -> Any:  # a plain value
        for guard, option in zip(guards[:-1], options, strict=False):
            if guard.holds(values):
                return value_of(option, values)
        return value_of(options[-1], values)

    size = 1 + sum(option.size for option in options if isinstance(option, Symbolic))
    return Symbolic(tuple(dict.fromkeys(params)), of, size=size)


def without_common(guards: list[Guard]) -> list[Guard]:
    """Return the guards without what all of them ask for alike."""
    if any(len(guard.terms) != 1 for guard in guards):
        return guards
    terms = [dict(guard.terms[0]) for guard in guards]
    for name in list(terms[0]):
        if all(name in term and term[name] == terms[0][name] for term in terms[1:]):
            for term in terms:
                del term[name]
    return [Guard((term,)) for term in terms]
