"""What the fast fit uses of Keras' and TensorFlow's insides, gathered in one place; None where a version lacks it."""

import functools
from dataclasses import dataclass
from typing import Any

__all__ = ["Internals", "internals"]


@dataclass(frozen=True, slots=True)
class Internals:
    """Names that Keras and TensorFlow do not promise to keep.

    Attributes:
        array_adapter: Class of what gives `fit` batches of arrays.
        data_adapter: Its base; `fit` takes an object of such a class in the place of x.
        can_convert_arrays: Whether all leaves of a structure are arrays.
        to_tensors: Gives arrays the form in which `fit` cuts batches from them: floats in floatx.
        split_validation: Splits arrays as `fit(validation_split=…)` does.
        functional: Class of what `keras.Model(inputs, outputs)` gives.
        mean_metric: Class of metrics that have all their variables from the start.
        compute_output_spec: Runs a function on shapes alone.
        global_seed: Returns the seed that TensorFlow's operations take theirs from, None where there is none.
    """

    # Any: Keras' and TensorFlow's functions and classes have no types.
    array_adapter: Any
    data_adapter: Any
    can_convert_arrays: Any
    to_tensors: Any
    split_validation: Any
    functional: Any
    mean_metric: Any
    compute_output_spec: Any
    global_seed: Any


@functools.cache  # What is installed does not change while Python runs.
def internals() -> Internals | None:
    """Return the insides of the loaded versions, None where one of them is not as we know it."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return None
    try:
        from keras.src import backend
        from keras.src.metrics.reduction_metrics import MeanMetricWrapper
        from keras.src.models.functional import Functional
        from keras.src.trainers import data_adapters
        from keras.src.trainers.data_adapters import array_data_adapter, array_slicing, data_adapter
        from keras.src.trainers.epoch_iterator import EpochIterator
        from tensorflow.python.eager import context
    except ImportError:
        return None
    model, adapter = keras.Model, array_data_adapter.ArrayDataAdapter
    try:
        found = Internals(
            adapter,
            data_adapter.DataAdapter,
            array_data_adapter.can_convert_arrays,
            functools.partial(array_slicing.convert_to_sliceable, target_backend="tensorflow"),
            array_slicing.train_validation_split,
            Functional,
            MeanMetricWrapper,
            backend.compute_output_spec,
            lambda: context.context()._seed,  # Past global_seed, which would tell that an operation wants it.
        )
        probe = _probe(data_adapter.DataAdapter)
        known = (
            data_adapters.get_data_adapter(probe) is probe
            and hasattr(EpochIterator, "catch_stop_iteration")
            and all(hasattr(model, name) for name in _OF_MODEL)
        )
    except (AttributeError, TypeError, ValueError):
        return None
    return found if known else None


_OF_MODEL = (
    "_symbolic_build",
    "_get_metrics_result_or_logs",
    "make_train_function",
    "make_test_function",
    "reset_metrics",
    "get_metrics_result",
    "_flatten_layers",
)


def _probe(base: Any) -> Any:
    return type("Probe", (base,), {})()
