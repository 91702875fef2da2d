"""Every optimizer and learning-rate schedule that Keras ships, with the options that change what a step does."""

from collections.abc import Callable
from typing import Any

from tests.training.same_as_fit import FUSED, REUSED, Case, Values, rows, small_model

Make = Callable[[Any, Values], Any]  # Of keras.optimizers and a trial's values.


def _plain(name: str, **kwargs: Any) -> Make:
    return lambda optimizers, v: getattr(optimizers, name)(v.rate, **kwargs)


# By class; the options of one in the others' cases are the same code in Keras' base class.
OPTIMIZERS: dict[str, Make] = {
    "Adadelta": _plain("Adadelta"),
    "Adafactor": _plain("Adafactor"),
    "Adagrad": _plain("Adagrad"),
    "Adam": _plain("Adam", amsgrad=True),
    "AdamW": _plain("AdamW", weight_decay=0.01),
    "Adamax": _plain("Adamax"),
    "Ftrl": _plain("Ftrl", l1_regularization_strength=0.001),
    "Lamb": _plain("Lamb"),
    "Lion": _plain("Lion"),
    "LossScaleOptimizer": lambda o, v: o.LossScaleOptimizer(o.Adam(v.rate), dynamic_growth_steps=3),
    "MultiOptimizer": lambda o, v: o.MultiOptimizer(lambda variable: o.SGD(v.rate)),
    "Muon": _plain("Muon"),
    "Nadam": _plain("Nadam"),
    "RMSprop": _plain("RMSprop", momentum=0.9, centered=True),
    "SGD": _plain("SGD", momentum=0.9, nesterov=True),
    "ScheduleFreeAdamW": _plain("ScheduleFreeAdamW", warmup_steps=2),
}
LEFT_OUT = {"Optimizer": "the base class"}

OPTIONS: dict[str, Make] = {
    "clipnorm": _plain("Adam", clipnorm=0.1),
    "clipvalue": _plain("SGD", clipvalue=0.05),
    "global_clipnorm": _plain("Adam", global_clipnorm=0.1),
    "weight_decay": _plain("RMSprop", weight_decay=0.01),
    "gradient_accumulation": _plain("Adam", gradient_accumulation_steps=3),
    "ema": _plain("Adam", use_ema=True, ema_momentum=0.9),
    "ema_overwritten": _plain("SGD", use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3),
    "loss_scale_factor": _plain("Adam", loss_scale_factor=64.0),
    "by_name": lambda optimizers, v: "rmsprop",
    "rate_set_afterwards": lambda o, v: _set_afterwards(o.Adam(0.5), v.rate),
}


def _set_afterwards(optimizer: Any, rate: float) -> Any:
    optimizer.learning_rate = rate
    return optimizer


SCHEDULES: dict[str, Callable[[Any, float], Any]] = {
    "CosineDecay": lambda s, rate: s.CosineDecay(rate, 6, warmup_target=2 * rate, warmup_steps=2),
    "CosineDecayRestarts": lambda s, rate: s.CosineDecayRestarts(rate, 3),
    "ExponentialDecay": lambda s, rate: s.ExponentialDecay(rate, 3, 0.5),
    "InverseTimeDecay": lambda s, rate: s.InverseTimeDecay(rate, 2, 0.5),
    "PiecewiseConstantDecay": lambda s, rate: s.PiecewiseConstantDecay([2, 5], [rate, rate / 2, rate / 4]),
    "PolynomialDecay": lambda s, rate: s.PolynomialDecay(rate, 5, power=2.0),
}
LEFT_OUT_SCHEDULES = {"LearningRateSchedule": "the base class: a schedule of the user's own is in test_optimizers.py"}

# What is not taken over, and why.
NOT_REUSED = {"MultiOptimizer": "which optimizer serves which weight is a function of the user's"}


def optimizer_case(name: str, make: Make, **further: Any) -> Case:
    """Return a case with this optimizer, one of the dictionaries above."""

    def build(v: Values) -> Any:
        import keras

        return small_model(v, optimizer=make(keras.optimizers, v))

    further.setdefault("later", FUSED if name in NOT_REUSED else REUSED)
    return Case(name, build, rows, why=NOT_REUSED.get(name, ""), **further)


def schedule_case(name: str, *, is_same: bool = True) -> Case:
    """Return a case whose trials have the same schedule, or each its own, which is part of the graph."""

    def build(v: Values) -> Any:
        import keras

        schedule = SCHEDULES[name](keras.optimizers.schedules, 0.01 if is_same else v.rate)
        return small_model(v, optimizer=keras.optimizers.Adam(schedule))

    return Case(name, build, rows, later=REUSED if is_same else FUSED, why="" if is_same else "another schedule")
