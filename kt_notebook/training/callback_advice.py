"""Says before a search what callbacks would wait for in vain: values no metric takes, metrics no fit gives."""

import sys
from collections.abc import Iterator
from typing import Any

from kt_notebook.core.metrics import infer_metric_direction
from kt_notebook.training.callback_copies import flat_callbacks

__all__ = ["advice_on_callbacks"]

# Metrics of Keras that lie between 0 and 1, and losses that are never below 0; with whatever a model's output puts
# before them (`digit_accuracy`) and the number that Keras puts after a second one (`auc_1`).
_SHARES = frozenset({"accuracy", "acc", "auc", "precision", "recall", "f1", "f1_score", "fbeta_score", "iou", "io_u"})
_DISTANCES = frozenset(
    {"loss", "error", "mse", "mae", "mape", "msle", "rmse", "crossentropy", "hinge", "huber", "logcosh"}
)  # fmt: skip


# Any: Keras' callbacks, here and below.
def advice_on_callbacks(callbacks: Any, *, has_validation: bool = True) -> list[str]:
    """Return what to tell the user about these callbacks before anything trains; nothing is changed.

    Args:
        callbacks: As given to `search`. Functions that make callbacks are not called.
        has_validation: Whether the fits are given something to validate with. Leave it out where that is not known.
    """
    found = [
        text
        for callback in flat_callbacks(callbacks)
        if _is_a(callback, "Callback")
        for text in _advice_on(callback, has_validation)
    ]
    return list(dict.fromkeys(found))


def _advice_on(callback: Any, has_validation: bool) -> Iterator[str]:
    name = type(callback).__name__
    is_checkpoint = _is_a(callback, "ModelCheckpoint")
    if is_checkpoint and not has_validation and "{val_" in str(callback.filepath):
        yield (
            f"{name} has a metric of the validation in its filepath, {callback.filepath!r}, and search(…) has no "
            "validation, so saving would fail. Add validation_data= or validation_split=, or take it out."
        )
    watches = _is_a(callback, "EarlyStopping") or _is_a(callback, "ReduceLROnPlateau")
    if not watches and not (is_checkpoint and callback.save_best_only):
        return
    monitor = str(getattr(callback, "monitor", ""))
    if monitor.startswith("val_") and not has_validation:
        yield (
            f"{name} watches {monitor!r}, which only a validation gives, and search(…) has none, so it never acts. Add "
            f"validation_data= or validation_split=, or write monitor={monitor.removeprefix('val_')!r}."
        )
    mode = getattr(callback, "mode", "auto")
    direction = None if monitor.endswith("score") else infer_metric_direction(monitor)  # Of a score nobody knows.
    if mode in ("min", "max") and direction is not None and mode != direction:
        better = "large" if direction == "max" else "small"
        yield (
            f"{name}(monitor={monitor!r}, mode={mode!r}) has it the wrong way round: {monitor} is better when it is "
            f"{better}. Write mode={direction!r}, or leave mode out."
        )
        return
    yield from _advice_on_baseline(callback, monitor, is_checkpoint)


def _advice_on_baseline(callback: Any, monitor: str, is_checkpoint: bool) -> Iterator[str]:
    argument = "initial_value_threshold" if is_checkpoint else "baseline"
    baseline = getattr(callback, "best" if is_checkpoint else "baseline", None)
    if isinstance(baseline, bool) or not isinstance(baseline, int | float):
        return
    delta = abs(getattr(callback, "min_delta", 0) or 0)
    said = f"{type(callback).__name__}(monitor={monitor!r}, {argument}={baseline:g})"
    patience = getattr(callback, "patience", None)
    outcome = "nothing would be saved" if is_checkpoint else f"its patience ({patience}) runs out in every trial"
    if _is_one_of(monitor, _SHARES) and baseline + delta >= 1:
        share = baseline / 100 if 1 < baseline < 100 else 0.9
        yield (
            f"{said} waits in vain: {monitor} lies between 0 and 1, so {outcome}. Write {argument}={share:g}, or a "
            "value that trials can rise above."
        )
    elif _is_one_of(monitor, _DISTANCES) and baseline - delta <= 0:
        yield (
            f"{said} waits in vain: {monitor} hardly ever falls below 0, so {outcome}. Give {argument} a value that "
            "trials can fall below, or leave it out."
        )


def _is_one_of(monitor: str, words: frozenset[str]) -> bool:
    stem = monitor.removeprefix("val_").rstrip("0123456789").rstrip("_").lower()
    stems = {stem, stem.rpartition("_")[2], monitor.removeprefix("val_").lower()}
    return bool(stems & words)


def _is_a(callback: Any, name: str) -> bool:
    keras: Any = sys.modules.get("keras")
    return keras is not None and isinstance(callback, getattr(keras.callbacks, name))
