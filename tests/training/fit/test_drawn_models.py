"""Models, data and arguments of fit that nobody chose: whatever they are, fast fits give what Keras' own gives."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.fit.layer_cases import LAYERS, NOT_REUSED
from tests.training.same_as_fit import Case, Values, check, fit_data, numbers

pytestmark = pytest.mark.keras
_SERIES = [
    name
    for name in ("Conv1D", "GRU", "LSTM", "SimpleRNN", "MultiHeadAttention", "SpatialDropout1D", "TimeDistributed")
    if name not in NOT_REUSED
]
_ROW = ("Dense", "Dropout", "BatchNormalization", "LayerNormalization", "GaussianNoise", "PReLU", "Add", "Rescaling")
_SAME_SHAPE = ("Dropout", "BatchNormalization", "LayerNormalization", "PReLU", "Rescaling", "SpatialDropout1D")

_strengths = st.sampled_from([1e-4, 1e-2, 0.1])
_values = st.builds(Values, st.sampled_from([1e-3, 1e-2, 0.1]), st.sampled_from([0.1, 0.25, 0.6]), _strengths)


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    as_series = draw(st.booleans())
    before = draw(st.lists(st.sampled_from(_SAME_SHAPE), max_size=2)) if as_series else []
    names = [*before, *([draw(st.sampled_from(_SERIES))] if as_series else [])]
    after = draw(st.lists(st.sampled_from(_ROW), max_size=3))
    optimizer = draw(st.sampled_from(["Adam", "SGD", "RMSprop", "Nadam", "Adagrad"]))
    options = draw(st.sampled_from([{}, {"clipnorm": 0.5}, {"use_ema": True}, {"weight_decay": 0.01}]))
    n, batch_size = draw(st.integers(3, 60)), draw(st.integers(2, 40))
    arguments: dict[str, Any] = {"batch_size": batch_size, "shuffle": draw(st.booleans())}
    if draw(st.booleans()):
        arguments |= {"validation_data": None, "validation_split": draw(st.sampled_from([0.2, 0.5]))}
    if draw(st.booleans()):
        arguments["sample_weight"] = abs(numbers(n, seed=5))
    jitter = draw(st.lists(_values, min_size=2, max_size=2))
    shape = (5, 4) if as_series else (8,)

    def build(v: Values) -> Any:
        import keras

        x = begin = keras.layers.Input(shape)
        for name in names:
            x = LAYERS[name][1](x, v)
        if as_series:
            x = keras.layers.Flatten()(x)
        for name in after:
            x = LAYERS[name][1](x, v)
        made = keras.Model(begin, keras.layers.Dense(1)(x))
        made.compile(getattr(keras.optimizers, optimizer)(v.rate, **options), "mse", metrics=["mae"])
        return made

    name = " ".join([*names, "|", *after, "|", optimizer, *options, "|", f"{n} by {batch_size}"])
    return Case(
        name,
        build,
        lambda: fit_data(lambda n: numbers(n, *shape), n=n, **arguments),
        later=None,
        why="some constants are part of the graph, depending on what stands before them",
        is_used_on=False,
        values=jitter,
    )


@settings(max_examples=3)
@given(_cases())
def test_a_few_drawn_models_are_the_same(case: Case) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=30)
@given(_cases())
def test_many_drawn_models_are_the_same(case: Case) -> None:
    check(case)
