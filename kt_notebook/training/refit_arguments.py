"""What a model that is trained anew takes over of the arguments that the search gave its fits."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kt_notebook.core.errors import OptionError
from kt_notebook.training.fit_arguments import named_arguments
from kt_notebook.training.hypermodel import HyperModel

__all__ = ["GivenFit", "fit_settings", "refuse_validation", "refuse_without", "watched_validation"]

_VALIDATION = ("validation_data", "validation_split", "validation_steps", "validation_freq", "validation_batch_size")
# What finish says itself, or what belongs to the search's own rows.
_NOT_KEPT = frozenset({"x", "y", "epochs", "verbose", "callbacks", "sample_weight", "groups", *_VALIDATION})


# Any: arguments of Keras' `fit` and its callbacks, here and below.
@dataclass(frozen=True, slots=True)
class GivenFit:
    """What a search gave its fits, or a cell its own: positional and keyword arguments."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, Any]:
        """The arguments by the names that Keras' `fit` has for them."""
        return named_arguments(self.args, self.kwargs)


def fit_settings(given: GivenFit, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a new fit has in common with those of a search, by name; callbacks as they were given.

    Args:
        given: What the search gave.
        changes: Arguments that the user gives now; they win.

    Raises:
        OptionError: The search weighted its rows, and nothing is said of the weights of the new ones.
    """
    named = given.named
    if named.get("sample_weight") is not None and "sample_weight" not in changes:
        raise OptionError(
            "The search fitted with sample_weight=, which has a weight for each of its own rows. Give finish(…, "
            "sample_weight=…) one for each row of x_train, or sample_weight=None to train without."
        )
    kept = {name: value for name, value in named.items() if name not in _NOT_KEPT}
    callbacks = {"callbacks": named["callbacks"]} if named.get("callbacks") is not None else {}
    return {**kept, **callbacks, **changes}


def watched_validation(callback: Any) -> str | None:
    """Return the metric of a validation that a callback acts on, None where it acts on none."""
    monitor = getattr(callback, "monitor", None)
    if isinstance(monitor, str) and monitor.startswith("val_"):
        # A checkpoint that saves each epoch only notes what it watches.
        writes_anyway = getattr(callback, "save_best_only", True) is False and "{val_" not in str(callback.filepath)
        return None if writes_anyway else monitor
    return "a metric in its file's name" if "{val_" in str(getattr(callback, "filepath", "")) else None


def refuse_validation(changes: Mapping[str, Any]) -> None:
    """Refuse arguments of `finish` that would give a fit something to validate with, or other data.

    Raises:
        OptionError: There are some.
    """
    found = [name for name in ("x", "y", "epochs", *_VALIDATION) if name in changes]
    if found:
        raise OptionError(
            f"finish(…) takes no {found[0]}=: it trains with all rows of x_train and y_train, and looks at x_test once."
        )


def refuse_without(hypermodel: HyperModel, name: str) -> None:
    """Refuse a `fit` of the user's own that does not take the argument which tells it to validate once.

    Raises:
        OptionError: It does not.
    """
    function = getattr(getattr(hypermodel, "other", hypermodel), "fit", None)
    parameters = {} if function is None else inspect.signature(function).parameters
    is_open = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    if function is not None and name not in parameters and not is_open:
        raise OptionError(
            f"{type(hypermodel).__name__}.fit takes no {name}=, so it cannot be told to look at the test set once. Add "
            "**kwargs to it and hand them on to model.fit."
        )
