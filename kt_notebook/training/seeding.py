"""Gives a trial random numbers of its own: same seed, same draws, in any thread, the user's own states untouched.

How it works. Keras draws the seeds of its initializers and layers with Python's `random`; `fit` shuffles with
TensorFlow, whose operations take their seed from the eager context when they are made. Both sources are process-wide.
While a trial runs, Keras' seed module sees a `random` that is private to threads with a trial in them, and so does the
context's seed; all other threads see what they saw before. Both are taken away when the last trial has ended. This is
the one place where Keras and TensorFlow are altered (DESIGN). Where a version lacks what is used here, its part is left
out: then a trial in a thread is not repeatable.

TensorFlow gives a seeded `fit` the same order in every epoch, as after `keras.utils.set_random_seed`.

When the user's code sets TensorFlow's seed, TensorFlow forgets the compiled state of every function there is, so that
eager random operations begin anew; a graph that trials share would be compiled again in each (2 s in place of 0.2 for a
deep model). In a trial that is put off until an eager operation asks for a seed: Keras' own never do.
"""

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["can_seed_threads", "execution_seed", "seeded"]

_MAX_SEED = 2**31
_USER_SEED = "global_random_seed"  # Where keras.utils.set_random_seed leaves its seed, per thread.


def execution_seed(seed: int, execution: int) -> int:
    """Return the seed of a trial's execution, 0 to 2**31 - 1: the first has the trial's own."""
    if execution == 0:
        return seed
    return int(np.random.SeedSequence([seed, execution]).generate_state(1)[0]) % _MAX_SEED


@contextmanager
def seeded(seed: int, *, process_wide: bool | None = None) -> Iterator[None]:
    """Let all of Keras' draws in this thread depend on the seed alone.

    Args:
        seed: 0 to 2**31 - 1.
        process_wide: Whether `random` and `numpy.random` are seeded too, and given back as they were. They belong to
            all threads; None: in the main thread only, where a blocking search runs.
    """
    if process_wide is None:
        process_wide = threading.current_thread() is threading.main_thread()
    states = (random.getstate(), np.random.get_state()) if process_wide else None
    outer = (_private.keras, _private.tensorflow)
    _private.keras, _private.tensorflow = random.Random(seed), _TensorFlowSeed(seed)
    _sources.install()
    try:
        if process_wide:
            random.seed(seed)
            np.random.seed(seed)
        yield
    finally:
        _sources.remove()
        _private.keras, _private.tensorflow = outer
        if states is not None:
            random.setstate(states[0])
            np.random.set_state(states[1])


def can_seed_threads() -> bool:
    """Return whether the loaded Keras and TensorFlow are versions that `seeded` knows."""
    keras = "keras" not in sys.modules or _keras_seed_module() is not None
    return keras and ("tensorflow" not in sys.modules or _tensorflow_context() is not None)


class _TensorFlowSeed:
    """What the eager context keeps: the global seed, and the generator that operations take theirs from."""

    def __init__(self, seed: int) -> None:
        self.seed: int | None = seed
        self.rng = random.Random(seed)
        self.is_set_anew = False  # By the user's code, and no eager operation has asked for a seed since.


class _Private(threading.local):
    """The sources of this thread's trial; None outside of trials."""

    keras: random.Random | None = None
    tensorflow: _TensorFlowSeed | None = None


class _SeenSeed(int):
    """A seed given to `keras.utils.set_random_seed` that was taken into account."""


class _ThreadRandom:
    """Stands in for Python's `random` in Keras' seed module: private in a trial, the common one elsewhere."""

    # Any: whatever `random` has by that name.
    def __getattr__(self, name: str) -> Any:
        if _private.keras is None:
            return getattr(random, name)
        state = sys.modules.get("keras.src.backend.common.global_state")
        chosen = state.get_global_attribute(_USER_SEED) if state is not None else None
        if state is not None and isinstance(chosen, int) and not isinstance(chosen, _SeenSeed):
            # What the user's code seeds itself wins inside the trial.
            _private.keras = random.Random(chosen)
            state.set_global_attribute(_USER_SEED, _SeenSeed(chosen))
        return getattr(_private.keras, name)


class _Sources:
    """Puts the private sources in place while at least one trial runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._keras: tuple[ModuleType, Any] | None = None
        self._context: tuple[Any, type] | None = None

    def install(self) -> None:
        """Count one more user; put in place what is loaded and not yet in place."""
        with self._lock:
            self._n_users += 1
            module = _keras_seed_module()
            if self._keras is None and module is not None:
                self._keras = (module, module.python_random)
                module.python_random = _ThreadRandom()  # type: ignore[attr-defined]  # Keras' name for `random`.
            context = _tensorflow_context()
            if self._context is None and context is not None:
                self._context = (context, type(context))
                context.__class__ = _seeded_context(type(context))

    def remove(self) -> None:
        """Count one user less; the last one takes everything away again."""
        with self._lock:
            self._n_users -= 1
            if self._n_users:
                return
            if self._keras is not None:
                module, original = self._keras
                module.python_random = original  # type: ignore[attr-defined]  # Keras' name for `random`.
            if self._context is not None:
                context, kind = self._context
                context.__class__ = kind
            self._keras = self._context = None


def _keras_seed_module() -> ModuleType | None:
    module = sys.modules.get("keras.src.random.seed_generator")
    known = module is not None and hasattr(module, "make_default_seed") and hasattr(module, "python_random")
    return module if known else None


# Any: TensorFlow's context has no types.
def _tensorflow_context() -> Any:
    module = sys.modules.get("tensorflow.python.eager.context")
    context = module.context() if module is not None and hasattr(module, "context") else None
    known = "_seed" in getattr(context, "__dict__", {}) and all(
        hasattr(context, name) for name in ("_internal_operation_seed", "_set_global_seed", "clear_kernel_cache")
    )
    return context if known else None


def _seeded_context(kind: type) -> type:
    """Return a subclass of TensorFlow's context whose seed and generator are private to a thread with a trial."""
    return type(kind.__name__, (_SeededContext, kind), {})


class _SeededContext:
    """What stands before TensorFlow's context."""

    @property
    def _seed(self) -> Any:
        own = _private.tensorflow
        if own is None:
            return self.__dict__["_seed"]
        if own.is_set_anew and _is_for_an_operation():
            own.is_set_anew = False
            self.clear_kernel_cache()  # type: ignore[attr-defined]  # TensorFlow's.
        return own.seed

    @_seed.setter
    def _seed(self, seed: Any) -> None:
        own = _private.tensorflow
        if own is None:
            self.__dict__["_seed"] = seed
        else:
            own.seed = seed

    @property
    def _rng(self) -> Any:
        own = _private.tensorflow
        if own is not None:
            return own.rng
        if "_rng" not in self.__dict__:
            raise AttributeError("_rng")
        return self.__dict__["_rng"]

    @_rng.setter
    def _rng(self, rng: Any) -> None:
        own = _private.tensorflow
        if own is None:
            self.__dict__["_rng"] = rng
        else:
            own.rng = rng

    def _set_global_seed(self, seed: Any) -> None:
        own = _private.tensorflow
        if own is None:
            super()._set_global_seed(seed)  # type: ignore[misc]  # TensorFlow's.
            return
        number = None if seed is None else int(seed)
        own.seed, own.rng, own.is_set_anew = number, random.Random(number), True


def _is_for_an_operation() -> bool:
    """Return whether the seed is asked for by an operation that runs at once, and not to begin a graph with it.

    TensorFlow asks by `global_seed` of its context module in both cases; we ask past it.
    """
    asking = sys._getframe(2)
    if asking.f_code.co_name != "global_seed" or asking.f_back is None:
        return False
    code = asking.f_back.f_code
    return not (code.co_name == "__init__" and code.co_filename.endswith("func_graph.py"))


_private = _Private()
_sources = _Sources()
