"""Decides when a fit's first steps are checked against Keras' own, and whether its kind may be fused at all."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kt_notebook.core.fit_way import FitPath
from kt_notebook.core.protocol import Reporter
from kt_notebook.training.fit.fused import FusedFit
from kt_notebook.training.fit.hooks import has_early_hooks
from kt_notebook.training.fit.steps import StepFunction, evaluating, training
from kt_notebook.training.guard.check import difference
from kt_notebook.training.guard.kinds import Kind
from kt_notebook.training.guard.trust import Finding, Trust, users_trust

__all__ = ["Guard"]

_MOST_SHARE = 0.02
_CHANCE = 0.25


class Guard:
    """Checks kinds of fits at their first use in a search, and at random afterwards. Safe to use from several threads.

    Args:
        trust: What is known already; None: what the user's cache directory has.
        clock: Seconds that only grow.
        chance: Gives random numbers from 0 to 1, none of which a trial may notice.
    """

    def __init__(
        self,
        trust: Trust | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._trust = trust
        self._clock = clock
        self._chance = random.Random().random if chance is None else chance
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._failed: dict[str, str] = {}  # Kinds whose check could not be made in this search, and why.
        self._fits_s = 0.0
        self._further_s = 0.0
        self._latest_s: float | None = None

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Count the time of the block as that of a fit."""
        began = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._fits_s += self._clock() - began

    def kind_of(self, fit: FusedFit) -> Kind:
        """Return the kind of a fit that uses no template; `lent` gives the other."""
        validates = fit.validation is not None
        is_even = fit.rows.is_even and (fit.validation is None or fit.validation.is_even)
        return self._known.kinds.of(fit.model, validates=validates, is_even=is_even)

    def reason_against(self, kind: Kind) -> str | None:
        """Return why fits of this kind are not to be fused, from what is known; None where nothing speaks against it.

        A template whose kind has failed is not made again, although the kind without one may do: what is wrong with
        the one is seldom right with the other.
        """
        for known in (kind.lent(), kind):
            failed = self._failed.get(known.key)
            if failed is not None:
                return failed
            found = self._known.find(known)
            if found is not None and found.difference is not None:
                return self._reason(known, found.difference)
        return None

    # Any: Keras' callbacks.
    def reason_found(self, kind: Kind, fit: FusedFit, path: FitPath, callbacks: Any, reporter: Reporter) -> str | None:
        """Check a fit where that is due; return why it is not to be fused, None where it may be.

        Args:
            kind: Of the fit, with a template or without.
            fit: The fit, whose model has been lent a template where it is to use one.
            path: The path that it is to take.
            callbacks: As Keras' `fit` is given them.
            reporter: Is told of a difference, once for each kind.
        """
        found = self._known.find(kind)
        if found is None:
            return self._check(kind, fit, callbacks, reporter)
        if path is not FitPath.REUSED or not self._is_due(found):
            return None
        began = self._clock()
        try:
            return self._check(kind, fit, callbacks, reporter)
        finally:
            with self._lock:
                self._further_s += self._clock() - began

    @property
    def _known(self) -> Trust:
        if self._trust is None:
            self._trust = users_trust()
        return self._trust

    def _is_due(self, found: Finding) -> bool:
        """Return whether chance wants a further check, and the search has the time for it."""
        with self._lock:
            lasts = found.seconds if self._latest_s is None else self._latest_s
            has_time = self._further_s + lasts <= _MOST_SHARE * self._fits_s
        return has_time and self._chance() < _CHANCE

    def _check(self, kind: Kind, fit: FusedFit, callbacks: Any, reporter: Reporter) -> str | None:
        model = fit.model
        steps = (_ours(model.train_function) or training(model), _ours(model.test_function) or evaluating(model))
        # A template's steps are traced with layers of its own, which no callback knows.
        keeps = model.train_function is steps[0] or not has_early_hooks(callbacks)
        began = self._clock()
        try:
            differs = difference(fit, *steps, keeps_steps=keeps)
        except Exception as error:  # noqa: BLE001  # Of the user's layers and callbacks; Keras' own fit tells it better.
            reason = (
                f"its first steps could not be checked ({type(error).__name__}: {str(error).partition(chr(10))[0]})"
            )
            self._failed[kind.key] = reason
            return reason
        self._latest_s = seconds = self._clock() - began
        self._known.record(kind, Finding(differs, seconds))
        if differs is not None:
            reason = self._reason(kind, differs)
            self._warn(kind, f"This search's fits run as Keras' own, which takes longer: {reason}", reporter)
            return reason
        if keeps:
            model.train_function, model.test_function = steps
        return None

    def _warn(self, kind: Kind, text: str, reporter: Reporter) -> None:
        with self._lock:
            if kind.key in self._warned:
                return
            self._warned.add(kind.key)
        reporter.note("warning", "fit_differs", text)

    def _reason(self, kind: Kind, difference: str) -> str:
        """Say what was found, and what may be done about it."""
        if kind.names:
            advice = (
                f"in {', '.join(kind.names)}, draw with keras.random and a SeedGenerator, and keep state in Keras "
                "variables only"
            )
        else:
            advice = "please report it"
        path = self._known.path
        again = f"; delete {path} to have it checked again" if kind.is_lasting and path is not None else ""
        return f"checked on two batches, fused steps are not the same as Keras' own ({difference}); {advice}{again}"


# Any: Keras' functions and callbacks.
def _ours(function: Any) -> StepFunction | None:
    return function if isinstance(function, StepFunction) else None
