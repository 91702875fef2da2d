"""The templates of a search, as many as may be kept, and what one run of a trial has borrowed of them."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from kt_notebook.core.fit_way import FitPath
from kt_notebook.training.fit.fused import FusedFit
from kt_notebook.training.fit.steps import StepFunction, evaluating, training
from kt_notebook.training.reuse.constants import shared_numbers
from kt_notebook.training.reuse.signature import NotShareableError, signature_of
from kt_notebook.training.reuse.template import Template

__all__ = ["Loans", "TemplatePool"]

_MOST_TEMPLATES = 24
_MOST_BYTES = 2**29


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
                self._idle.popitem(last=False)

    def _n_bytes(self) -> int:
        return sum(template.size_bytes for _, template in self._idle.values())


class Loans:
    """What one run of a trial has borrowed; its end gives everything back.

    Args:
        pool: The search's templates.
    """

    def __init__(self, pool: TemplatePool) -> None:
        self._pool = pool
        self._held: list[tuple[str, Template]] = []

    def borrow(self, fit: FusedFit, tell: Callable[[FitPath, str], None] | None = None) -> tuple[FitPath, str | None]:
        """Let a fit's model take over a graph where that is safe.

        Args:
            fit: The fit.
            tell: Given where a callback may change the model before its first step. Called with the path and the reason
                where one has, and the fit takes another path than the one returned here.

        Returns:
            The path that the fit takes, and why none that is faster.
        """
        model = fit.model
        for signature, template in self._held:
            if template.serves(model):
                return FitPath.REUSED, None
            if template.borrower is model:
                self._give_back(signature, template)
                break
        if model.train_function is not None:
            return FitPath.FUSED, "the model was trained before in this trial, and goes on with its own graph"
        try:
            return self._borrow(fit, tell)
        except NotShareableError as error:
            return FitPath.FUSED, str(error)

    def _borrow(self, fit: FusedFit, tell: Callable[[FitPath, str], None] | None) -> tuple[FitPath, str | None]:
        model, batch = fit.model, fit.rows.symbolic_batch()
        signature, numbers = signature_of(model, batch), shared_numbers(model)
        for held, template in self._held:  # By a model of this trial, which has been fitted before.
            if held == signature:
                self._give_back(held, template)
                break

        def look() -> StepFunction | None:
            if tell is None or _is_still(model, batch, signature, numbers):
                return None
            self._give_back(signature, template)
            model.train_function, model.test_function = training(model), evaluating(model)
            tell(FitPath.FUSED, "a callback changes the model before its first step")
            steps: StepFunction = model.train_function
            return steps

        found = self._pool.take(signature)
        template = found or Template(fit.known, model, batch)
        template.lend(model, None if tell is None else look)
        if found is None:
            try:
                template.trace(fit.rows, fit.validation)
            except NotShareableError:
                template.take_back()
                raise
        self._held.append((signature, template))
        if found is not None:
            return FitPath.REUSED, None
        return FitPath.FUSED, "no earlier trial had a model of these layers and shapes; later ones take over its graph"

    def give_back(self) -> None:
        """Give all models their own variables again."""
        while self._held:
            self._give_back(*self._held[-1])

    def _give_back(self, signature: str, template: Template) -> None:
        self._held.remove((signature, template))
        template.take_back()
        self._pool.put(signature, template)


# Any: a Keras model and a symbolic batch.
def _is_still(model: Any, batch: Any, signature: str, numbers: list[float]) -> bool:
    """Return whether a model is as it was when it was lent a template."""
    try:
        return signature_of(model, batch) == signature and shared_numbers(model) == numbers
    except NotShareableError:
        return False
