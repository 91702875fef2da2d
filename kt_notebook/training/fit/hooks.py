"""What callbacks do beside the end of an epoch: at each batch, or before the first step."""

from typing import Any

from kt_notebook.training.callback_copies import flat_callbacks
from kt_notebook.training.kinds import is_reporting

__all__ = ["batch_hook", "has_early_hooks"]

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)
# Keras' own whose batch hooks do nothing when they save once per epoch.
_SAVERS = ("ModelCheckpoint", "BackupAndRestore")
# They run before Keras would trace the first step, and may change what a step is.
_EARLY_HOOKS = ("set_model", "on_train_begin", "on_epoch_begin", "on_test_begin")


# Any: Keras' callbacks, here and below.
def batch_hook(callback: Any) -> str | None:
    """Return the name of a hook that the callback wants called at each batch, None where it wants none."""
    import keras

    if is_reporting(callback):
        return None  # Ours: it looks whether the search goes on, and need not see each batch.
    kind = type(callback)
    if any(kind is getattr(keras.callbacks, name) for name in _SAVERS) and callback.save_freq == "epoch":
        return None
    return next((name for name in _BATCH_HOOKS if _has(callback, name)), None)


def has_early_hooks(callbacks: Any) -> bool:
    """Return whether callbacks, as `fit` takes them, may change the model before its first step is traced.

    Those of Keras do not, and ours neither.
    """
    import keras

    for callback in flat_callbacks(callbacks):
        is_known = type(callback).__module__.partition(".")[0] in ("keras", "kt_notebook")
        if is_known and not isinstance(callback, keras.callbacks.LambdaCallback):
            continue
        if any(_has(callback, name) for name in _EARLY_HOOKS):
            return True
    return False


def _has(callback: Any, name: str) -> bool:
    """Return whether a callback has a hook of its own by this name."""
    import keras

    return name in vars(callback) or getattr(type(callback), name, None) is not getattr(keras.callbacks.Callback, name)
