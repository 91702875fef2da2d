"""Writes a trial's values into TensorBoard's table of hyperparameters, beside what the TensorBoard callback writes."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kt_notebook.core.hyperparameter import HyperParameter
    from kt_notebook.core.space import HyperParameters

__all__ = ["hparams_callback"]


# Any: Keras' callback and TensorBoard's objects.
def hparams_callback(log_dir: str, hp: "HyperParameters", trial_id: str) -> Any:
    """Return a callback that tells TensorBoard the trial's active values and how the trial went.

    It needs the package tensorboard, without which nobody could read what it writes.

    Args:
        log_dir: Where the execution's own TensorBoard callback writes.
        hp: The trial's values.
        trial_id: What the row is called.
    """
    import keras

    made: list[Any] = []

    def begin(logs: Any = None) -> None:
        from tensorboard.plugins.hparams import api

        # Only now: what building the model declares is among the values.
        values = {
            api.HParam(entry.name, _domain(entry, api)): _told(hp.get(entry.name))
            for entry in hp.space
            if hp.is_active(entry)
        }
        made.append(api.KerasCallback(writer=log_dir, hparams=values, trial_id=trial_id))
        made[-1].on_train_begin(logs)

    def end(logs: Any = None) -> None:
        made[-1].on_train_end(logs)

    return keras.callbacks.LambdaCallback(on_train_begin=begin, on_train_end=end)


def _domain(entry: "HyperParameter", api: Any) -> Any:
    """Return what the table may filter by: a range of numbers, or the values there are; None where neither is plain."""
    config = entry.get_config()
    if "values" in config:
        return api.Discrete([_told(value) for value in config["values"]])
    if config.get("step") is None and "min_value" in config:
        bounds = (config["min_value"], config["max_value"])
        if all(isinstance(bound, int) for bound in bounds):
            return api.IntInterval(*bounds)
        if all(isinstance(bound, int | float) for bound in bounds):
            return api.RealInterval(*(float(bound) for bound in bounds))
    return None


def _told(value: Any) -> Any:
    """Return a value as TensorBoard can hold it: a number, a bool or a text."""
    return value if isinstance(value, bool | int | float | str) else repr(value)
