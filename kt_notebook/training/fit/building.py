"""Makes all variables of a model, its metrics and its optimizer before the first batch, as that batch would."""

from typing import Any

from kt_notebook.training.fit.internals import Internals

__all__ = ["build_for", "builds_by_tracing"]


# Any: Keras' models and symbolic tensors, here and below.
def builds_by_tracing(model: Any) -> bool:
    """Return whether only a trace of its step tells which variables a model's optimizer gets."""
    import keras

    return getattr(type(model), "train_step", None) is not keras.Model.train_step and not model.optimizer.built


def build_for(known: Internals, model: Any, batch: Any) -> None:
    """Build a compiled model for batches like this symbolic one.

    Raises:
        Exception: What the model's own layers raise.
    """
    import tensorflow as tf

    # Layers that draw count their draws in variables, and some draw when only shapes are asked for.
    counted = [(variable, tf.identity(variable.value)) for variable in model.variables if not variable.trainable]
    _build_all(known, model, batch)
    for variable, value in counted:
        variable.assign(value)


def _build_all(known: Internals, model: Any, batch: Any) -> None:
    import keras
    import tensorflow as tf

    _build_loss_and_metrics(known, model, batch)
    if not builds_by_tracing(model):
        model._symbolic_build(data_batch=batch)
        return
    # A step of the user's own may train a part of the model, or another one: its optimizers are built by tracing it.
    optimizer = model.optimizer
    model.optimizer = None
    try:
        model._symbolic_build(data_batch=batch)
    finally:
        model.optimizer = optimizer
    step = tf.function(tf.autograph.experimental.do_not_convert(model.train_step), autograph=False)
    step.get_concrete_function(keras.tree.map_structure(_specification, batch))


def _specification(symbolic: Any) -> Any:
    import tensorflow as tf

    return tf.TensorSpec(symbolic.shape, symbolic.dtype)


def _build_loss_and_metrics(known: Internals, model: Any, batch: Any) -> None:
    """Build them from the shapes of a model that knows its output: Keras would call the whole model for that."""
    import keras

    is_plain = type(model) in (keras.Sequential, known.functional) and model.built and len(model.outputs) == 1
    if not is_plain or isinstance(getattr(model, "_outputs_struct", None), list | tuple | dict):
        return
    x, target, weight = keras.utils.unpack_x_y_sample_weight(batch)
    loss, metrics = model._compile_loss, model._compile_metrics
    if target is None or keras.tree.is_nested(target):
        return
    if loss is not None and not loss.built:
        loss.build(target, model.outputs[0])
    if metrics is None or metrics.built:
        return
    metrics.build(target, model.outputs[0])
    if not all(isinstance(metric, known.mean_metric) for metric in metrics.metrics):
        # Others make variables when they first see data.
        known.compute_output_spec(model.compute_metrics, x, target, model.outputs[0], sample_weight=weight)
