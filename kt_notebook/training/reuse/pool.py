"""The templates of a search, as many as may be kept, and what one run of a trial has borrowed of them."""

import threading
from collections import OrderedDict

from kt_notebook.core.fit_way import FitPath
from kt_notebook.training.fit.fused import FusedFit
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

    def borrow(self, fit: FusedFit) -> tuple[FitPath, str | None]:
        """Let a fit's model take over a graph where that is safe.

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
            return self._borrow(fit)
        except NotShareableError as error:
            return FitPath.FUSED, str(error)

    def _borrow(self, fit: FusedFit) -> tuple[FitPath, str | None]:
        batch = fit.rows.symbolic_batch()
        signature = signature_of(fit.model, batch)
        for held, template in self._held:  # By a model of this trial, which has been fitted before.
            if held == signature:
                self._give_back(held, template)
                break
        found = self._pool.take(signature)
        template = found or Template(fit.known, fit.model, batch)
        template.lend(fit.model)
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
