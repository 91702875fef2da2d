"""Every callback that Keras ships, and callbacks of the user's own that look at, change and end a fit."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kt_notebook.core.fit_way import FitPath
from tests.training.same_as_fit import FUSED, PLAIN, REUSED, Case, Values, numbers, rows, small_model

Told = list[Any]
Make = Callable[[Any, Told], Any]  # Of keras.callbacks, and where to write down what is seen.

# By class, without files: callbacks, and further arguments of fit.
SHIPPED: dict[str, tuple[Make, dict[str, Any]]] = {
    "EarlyStopping": (
        lambda c, told: [c.EarlyStopping("val_loss", patience=1, min_delta=10.0, restore_best_weights=True)],
        {"epochs": 5},
    ),
    "LambdaCallback": (
        lambda c, told: [
            c.LambdaCallback(
                on_train_begin=lambda logs: told.append("begin"),
                on_epoch_begin=lambda epoch, logs: told.append(("epoch", epoch, dict(logs or {}))),
                on_epoch_end=lambda epoch, logs: told.append((epoch, dict(logs))),
                on_train_end=lambda logs: told.append(("end", dict(logs))),
                on_test_begin=lambda logs: told.append(("test", logs)),
                on_test_end=lambda logs: told.append(("tested", dict(logs))),
            )
        ],
        {},
    ),
    "LearningRateScheduler": (
        lambda c, told: [c.LearningRateScheduler(lambda epoch, rate: rate / (1 + epoch))],
        {"epochs": 3},
    ),
    "ReduceLROnPlateau": (
        lambda c, told: [c.ReduceLROnPlateau("loss", factor=0.1, patience=0, min_delta=10.0, cooldown=0)],
        {"epochs": 4},
    ),
    "TerminateOnNaN": (lambda c, told: [c.TerminateOnNaN()], {}),
    "SwapEMAWeights": (lambda c, told: [c.SwapEMAWeights(swap_on_epoch=True)], {}),
}
# By class, those that write files: a name to write to.
WRITING: dict[str, Make] = {
    "BackupAndRestore": lambda c, told: [c.BackupAndRestore("backup", delete_checkpoint=False)],
    "CSVLogger": lambda c, told: [c.CSVLogger("log.csv")],
    "ModelCheckpoint": lambda c, told: [
        c.ModelCheckpoint("{epoch}.keras"),
        c.ModelCheckpoint("best.weights.h5", save_best_only=True, save_weights_only=True),
    ],
}
LEFT_OUT = {
    "Callback": "the base class: callbacks of the user's own are here",
    "CallbackList": "holds callbacks, and is refused by a search",
    "History": "belongs to every fit",
    "OrbaxCheckpoint": "needs the package orbax",
    "ProgbarLogger": "prints at each batch: among the callbacks with batch hooks",
    "RemoteMonitor": "needs a server",
    "TensorBoard": "needs the package tensorboard: a test of its own",
}
# Their batch hooks may do anything at any batch.
PATHS: dict[str, FitPath] = {"TerminateOnNaN": PLAIN}


def callback_case(name: str, make: Make, path: FitPath | None = None, **arguments: Any) -> Case:
    """Return a case with these callbacks; `path` is that of all trials where it is not (fused, reused)."""
    told: Told = []

    def data() -> dict[str, Any]:
        import keras

        return rows(callbacks=make(keras.callbacks, told), **arguments)

    def build(v: Values) -> Any:
        import keras

        return small_model(v, optimizer=keras.optimizers.Adam(v.rate, use_ema=name == "SwapEMAWeights"))

    why = "" if path is None else "a callback has batch hooks, or changes the model before its first step"
    return Case(name, build, data, path or FUSED, path or REUSED, why, told=told)


def _own(told: Told, **hooks: Callable[..., Any]) -> Any:
    """Return a callback whose class has these hooks; each is called with the callback before its own arguments."""
    import keras

    return type("Own", (keras.callbacks.Callback,), dict(hooks))()


def _evaluates(c: Any, told: Told) -> Any:
    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        told.append(self.model.evaluate(numbers(12, 8), numbers(12, 1), verbose=0, return_dict=True))
        told.append(self.model.predict(numbers(5, 8), verbose=0))
        told.append(self.model.train_on_batch(numbers(4, 8), numbers(4, 1), return_dict=True))
        told.append(self.model.test_on_batch(numbers(4, 8), numbers(4, 1), return_dict=True))

    return [_own(told, on_epoch_end=on_epoch_end)]


def _changes_weights(c: Any, told: Told) -> Any:
    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        self.model.set_weights([weight * 0.9 for weight in self.model.get_weights()])
        self.model.optimizer.learning_rate = 0.004 * (1 + epoch)

    return [_own(told, on_epoch_end=on_epoch_end)]


def _keeps_weights(c: Any, told: Told) -> Any:
    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        told.append([np.array(variable) for variable in self.model.variables])
        told.append(int(self.model.optimizer.iterations))
        told.append(dict(self.params))
        told.append(dict(self.model.get_metrics_result()))

    return [_own(told, on_epoch_end=on_epoch_end)]


def _changes_logs(c: Any, told: Told) -> Any:
    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        logs["val_loss"] += epoch
        logs["mine"] = epoch * 2.0

    return [_own(told, on_epoch_end=on_epoch_end), c.EarlyStopping("mine", mode="min")]


def _stops(hook: str, epoch: int = 1) -> Make:
    def make(c: Any, told: Told) -> Any:
        def stop(self: Any, *args: Any) -> None:
            told.append((hook, [arg for arg in args if isinstance(arg, int)]))
            if not isinstance(args[0], int) or args[0] == epoch:
                self.model.stop_training = True

        return [_own(told, **{hook: stop})]

    return make


def _turns_off_dropout(c: Any, told: Told) -> Any:
    """What Keras has traced does not change, and no more does ours."""

    def on_epoch_begin(self: Any, epoch: int, logs: Any = None) -> None:
        self.model.layers[1].rate = 0.0

    return [_own(told, on_epoch_begin=on_epoch_begin)]


def _hook(name: str) -> Make:
    def make(c: Any, told: Told) -> Any:
        def note(self: Any, batch: int, logs: Any = None) -> None:
            told.append((name, batch, dict(logs or {})))

        return [_own(told, **{name: note})]

    return make


def _stops_amid(c: Any, told: Told) -> Any:
    def on_train_batch_end(self: Any, batch: int, logs: Any = None) -> None:
        if batch == 2:
            self.model.stop_training = True

    return [_own(told, on_train_batch_end=on_train_batch_end)]


OF_USERS: dict[str, tuple[Make, FitPath | None]] = {
    "evaluates, predicts, trains": (_evaluates, None),
    "changes weights and rate": (_changes_weights, None),
    "keeps weights": (_keeps_weights, None),
    "changes logs": (_changes_logs, None),
    "stops at an epoch's end": (_stops("on_epoch_end"), None),
    "stops at an epoch's begin": (_stops("on_epoch_begin"), None),
    "stops before validation": (_stops("on_test_begin"), None),
    "stops after validation": (_stops("on_test_end"), None),
    "stops at the begin": (_stops("on_train_begin"), None),
    "changes what is traced": (_turns_off_dropout, FUSED),
    "on_train_batch_end": (_hook("on_train_batch_end"), PLAIN),
    "on_train_batch_begin": (_hook("on_train_batch_begin"), PLAIN),
    "on_test_batch_end": (_hook("on_test_batch_end"), PLAIN),
    "stops amid an epoch": (_stops_amid, PLAIN),
    "a lambda for batches": (
        lambda c, told: [c.LambdaCallback(on_train_batch_end=lambda n, logs: told.append(n))],
        PLAIN,
    ),
}
