"""The templates of a search, as many as may be kept, and what one run of a trial has borrowed of them."""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from kt_notebook.core.fit_way import FitPath
from kt_notebook.training.fit.fused import FusedFit
from kt_notebook.training.fit.steps import StepFunction, evaluating, training
from kt_notebook.training.memory import free
from kt_notebook.training.reuse.attributes import NotShareableError
from kt_notebook.training.reuse.constants import shared_numbers
from kt_notebook.training.reuse.signature import signature_of
from kt_notebook.training.reuse.template import Template

__all__ = ["Loans", "TemplatePool"]

_MOST_TEMPLATES = 24
_MOST_BYTES = 2**29
_FIRST = (
    "no earlier trial had the same model; one that differs in its learning rate, dropout rates, L1 and L2 alone takes "
    "over its graph"
)


class TemplatePool:
    """The idle templates of a search by signature; the least recently used go when there are too many.

    Safe to use from several threads: a template that is lent is not in the pool.

    Args:
        most_templates: How many are kept at most.
        most_bytes: How much their variables take at most.
    """

    def __init__(self, most_templates: int = _MOST_TEMPLATES, most_bytes: int = _MOST_BYTES) -> None:
        self._most_templates = most_templates
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[str, Template]] = OrderedDict()

    def take(self, signature: str) -> Template | None:
        """Return an idle template of this signature, the latest used, or None."""
        with self._lock:
            for number, (held, template) in reversed(self._idle.items()):
                if held == signature:
                    del self._idle[number]
                    return template
        return None

    def put(self, signature: str, template: Template) -> None:
        """Take a template that is no longer lent."""
        with self._lock:
            self._idle[id(template)] = (signature, template)
            while len(self._idle) > self._most_templates or self._n_bytes() > self._most_bytes:
                _, (_, last) = self._idle.popitem(last=False)
                free(last.slots)

    def _n_bytes(self) -> int:
        return sum(template.size_bytes for _, template in self._idle.values())


class Loans:
    """What the fits of one run of a trial borrow, each while it runs.

    Args:
        pool: The search's templates.
    """

    def __init__(self, pool: TemplatePool) -> None:
        self._pool = pool
        self._held: list[tuple[str, Template]] = []
        # Any: Keras' models, and what a compile makes anew.
        self._looks: weakref.WeakKeyDictionary[Any, tuple[Any, str, list[float]]] = weakref.WeakKeyDictionary()

    def holds(self, model: Any) -> bool:
        """Return whether the model has borrowed something now."""
        return any(template.borrower is model for _, template in self._held)

    def borrow(self, fit: FusedFit, tell: Callable[[FitPath, str], None] | None = None) -> tuple[FitPath, str | None]:
        """Let a fit's model take over a graph where that is safe. At its end call `give_back`.

        Args:
            fit: The fit.
            tell: Given where a callback may change the model before its first step. Called with the path and the reason
                where one has, and the fit takes another path than the one returned here.

        Returns:
            The path that the fit takes, and why none that is faster.
        """
        if fit.model.train_function is not None:
            return FitPath.FUSED, "the model was trained before in this trial, and goes on with its own graph"
        try:
            return self._borrow(fit, tell)
        except NotShareableError as error:
            return FitPath.FUSED, str(error)
        except Exception as error:  # noqa: BLE001  # Of configs and attributes of all kinds; the fit can do without.
            text = str(error).partition("\n")[0]
            return FitPath.FUSED, f"a copy of the model cannot be made ({type(error).__name__}: {text})"

    def _borrow(self, fit: FusedFit, tell: Callable[[FitPath, str], None] | None) -> tuple[FitPath, str | None]:
        model, batch = fit.model, fit.rows.symbolic_batch()
        signature, numbers = self._look_of(model, batch)

        def look() -> StepFunction | None:
            if tell is None or _is_still(model, batch, signature, numbers):
                return None
            self.give_back(model)
            steps: StepFunction = training(model)
            model.train_function, model.test_function = steps, evaluating(model)
            tell(FitPath.FUSED, "a callback changes the model before its first step")
            return steps

        found = self._pool.take(signature)
        template = found or Template(fit.known, model, batch, signature)
        self._held.append((signature, template))
        try:
            template.lend(model, numbers, None if tell is None else look)
            if found is None:
                template.trace(fit.rows, fit.validation)
        except BaseException:
            self._held.remove((signature, template))
            template.take_back()
            raise
        return (FitPath.FUSED, _FIRST) if found is None else (FitPath.REUSED, None)

    def _look_of(self, model: Any, batch: Any) -> tuple[str, list[float]]:
        """Return a model's signature and numbers: those of its first fit since it was compiled, as with Keras.

        What is changed later without another compile has no part in its steps, which are traced once.
        """
        compiled, signature, numbers = self._looks.get(model, (None, "", []))
        if compiled is None or compiled is not model._loss_tracker:
            signature, numbers = signature_of(model, batch), shared_numbers(model)
            self._looks[model] = (model._loss_tracker, signature, numbers)
        return signature, numbers

    def give_back(self, model: Any) -> None:
        """Give a model its own variables again. Without effect where it has borrowed nothing."""
        for signature, template in self._held:
            if template.borrower is model:
                self._held.remove((signature, template))
                template.take_back()
                self._pool.put(signature, template)
                return


# Any: a Keras model and a symbolic batch.
def _is_still(model: Any, batch: Any, signature: str, numbers: list[float]) -> bool:
    """Return whether a model is as it was when it was lent a template."""
    try:
        return signature_of(model, batch) == signature and shared_numbers(model) == numbers
    except NotShareableError:
        return False
