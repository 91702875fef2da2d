"""Models of trials that have ended: they keep their weights and work on by themselves, whoever has their graph now."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.fit_way import FitWay
from kt_notebook.training.checkpoints import load_best
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.same_as_fit import (
    FUSED,
    REUSED,
    VALUES,
    Case,
    OwnFit,
    Remembering,
    differences,
    hyperparameters,
    numbers,
    rows,
    small_model,
    state_of,
)

pytestmark = pytest.mark.keras
CASE = Case("left", small_model, rows)


class _Search:
    """Trials of one trial function, one after another, and their models."""

    def __init__(self, fit_way: FitWay = FitWay.AUTO, folder: Path | None = None) -> None:
        self._folder = folder
        self._hypermodel = Remembering(CASE)
        self._trial = make_trial_function(self._hypermodel, (), rows(), fit_way=fit_way)
        self.models = self._hypermodel.models
        self.paths: list[Any] = []

    def run(self, n: int = 1) -> Any:
        for _ in range(n):
            number, reporter = len(self.models), FakeReporter()
            folder = None if self._folder is None else self._folder / str(number)
            hp = hyperparameters(VALUES[number % len(VALUES)])
            self._trial(assignment(hp, trial_id=str(number), seed=number, directory=folder), reporter)
            self.paths.extend(path for _, _, path, _ in reporter.fits)
        return self.models[-1]


def test_a_model_keeps_all_that_it_had_when_others_take_over_its_graph() -> None:
    search = _Search()
    search.run(2)
    before = [state_of(model) for model in search.models]
    search.run(3)
    assert not list(differences(before, [state_of(model) for model in search.models[:2]]))
    assert search.paths == [FUSED, *[REUSED] * 4]


def test_a_model_trains_on_while_others_use_its_graph() -> None:
    import keras

    x, y = numbers(50, 8), numbers(50, 1)
    left = {}
    for way in (FitWay.PLAIN, FitWay.AUTO):
        search = _Search(way)
        model = search.run(2)
        model.fit(x, y, shuffle=False, verbose=0)
        search.run()
        history = model.fit(x, y, shuffle=False, epochs=2, verbose=0)
        model.compile(keras.optimizers.SGD(name="other"), "mae")
        model.fit(x, y, shuffle=False, verbose=0)
        left[way] = [history.history, state_of(model), model.predict(x, verbose=0), state_of(search.models[-1])]
    assert not list(differences(left[FitWay.PLAIN], left[FitWay.AUTO]))


def test_a_model_holds_no_variable_of_another() -> None:
    search = _Search()
    search.run(3)
    handles = [
        id(variable.value) for model in search.models for variable in [*model.variables, *model.optimizer.variables]
    ]
    assert len(handles) == len(set(handles))


@pytest.mark.parametrize("number", [0, 1])
def test_a_saved_model_reloads_equal(number: int, tmp_path: Path) -> None:
    import keras

    search, x = _Search(), numbers(20, 8)
    search.run(2)
    model = search.models[number]
    expected = model.predict(x, verbose=0)
    model.save(tmp_path / "left.keras")
    model.save_weights(tmp_path / "left.weights.h5")
    search.run()
    loaded = keras.models.load_model(tmp_path / "left.keras")
    assert np.array_equal(loaded.predict(x, verbose=0), expected)
    assert loaded.to_json() == model.to_json()
    assert all(np.array_equal(a, b) for a, b in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True))
    other = small_model(VALUES[number])
    other.optimizer.build(other.trainable_variables)
    other.load_weights(tmp_path / "left.weights.h5")
    assert np.array_equal(other.predict(x, verbose=0), expected)


def test_what_a_trial_made_of_its_model_keeps_its_weights() -> None:
    """A part of the model, and a function that the trial has had traced, do not follow the graph to the next trial."""
    import keras
    import tensorflow as tf

    x, made = numbers(20, 8), []

    def fit(trial: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        history = fit_hook(model)(*args, **kwargs)
        part = keras.Model(model.inputs, model.layers[0].output)
        part.predict(x, verbose=0)
        graph = tf.function(model)
        graph(x)
        made.append((part, graph, model))
        return history

    case = Case("parts", small_model, rows, fit=fit)
    trial = make_trial_function(OwnFit(case), (), rows())
    for number in range(3):
        trial(assignment(hyperparameters(VALUES[number]), trial_id=str(number), seed=number), FakeReporter())
    for part, graph, model in made:
        dense, last = model.layers[0], model.layers[-1]
        hidden = np.array(dense(x))
        assert np.allclose(part.predict(x, verbose=0), hidden, atol=1e-6)
        assert np.allclose(graph(x), last(hidden), atol=1e-6)


def test_a_copied_model_is_equal() -> None:
    import keras

    search, x = _Search(), numbers(20, 8)
    model = search.run(2)
    copies = [copy.deepcopy(model), keras.models.clone_model(model)]
    copies[1].set_weights(model.get_weights())
    expected = model.predict(x, verbose=0)
    search.run()
    assert all(np.array_equal(made.predict(x, verbose=0), expected) for made in copies)


def test_the_best_weights_on_disk_are_those_of_fit(tmp_path: Path) -> None:
    weights = {}
    for way in (FitWay.PLAIN, FitWay.AUTO):
        _Search(way, tmp_path / way).run(3)
        weights[way] = []
        for number in range(3):
            hp = hyperparameters(VALUES[number])
            model = load_best(Remembering(CASE).build, hp, tmp_path / way / str(number))
            weights[way].append(model.get_weights())
    assert not list(differences(weights[FitWay.PLAIN], weights[FitWay.AUTO]))


def test_a_trial_that_is_stopped_leaves_its_graph_to_the_next() -> None:
    from kt_notebook.core.errors import TrialStoppedError

    search = _Search()
    search.run()
    stopped = FakeReporter()
    stopped.stop_at(3)
    with pytest.raises(TrialStoppedError, match="stopped"):
        search._trial(assignment(hyperparameters(VALUES[1]), trial_id="s", seed=5), stopped)
    before = state_of(search.models[1])
    search.run()
    assert search.paths == [FUSED, REUSED]
    assert not list(differences(before, state_of(search.models[1])))
