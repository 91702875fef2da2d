from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.errors import ResultError, StorageError
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.checkpoints import WEIGHTS_NAME, BestWeights, load_best
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.hypermodel import FunctionHyperModel
from kt_notebook.training.trial_function import make_trial_function
from tests.fakes import FakeReporter, assignment
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras

_BUILD = FunctionHyperModel(lambda hp: model())


def _fill(made: Any, value: float) -> None:
    made.set_weights([np.full_like(w, value) for w in made.get_weights()])


def test_the_weights_of_the_best_epoch_come_back(tmp_path: Path) -> None:
    reporter = FakeReporter("val_loss:max")  # The first epoch is the best one, the last one not.
    trial = make_trial_function(_BUILD, (X, Y), {"epochs": 3, "validation_data": VALIDATION})
    result = trial(assignment(directory=tmp_path), reporter)
    assert result.best_step == 0
    loaded = load_best(_BUILD.build, HyperParameters(), tmp_path)
    assert loaded.evaluate(*VALIDATION, verbose=0)[0] == pytest.approx(result.metrics["val_loss"])


def test_of_several_executions_the_best_one_is_kept(tmp_path: Path) -> None:
    reporter = FakeReporter()
    trial = make_trial_function(_BUILD, (X, Y), {"validation_data": VALIDATION})
    trial(assignment(directory=tmp_path, executions=3), reporter)
    loaded = load_best(_BUILD.build, HyperParameters(), tmp_path)
    best = min(v for v in reporter.column("val_loss") if v is not None)
    assert loaded.evaluate(*VALIDATION, verbose=0)[0] == pytest.approx(best)


def test_the_users_model_keeps_the_weights_it_ended_with(tmp_path: Path) -> None:
    made = model()
    weights = BestWeights(tmp_path)
    assert weights.accepts(made)
    _fill(made, 1.0)
    weights.keep(made, 0.1)
    _fill(made, 2.0)
    weights.write()
    assert all((w == 2.0).all() for w in made.get_weights())
    loaded = load_best(_BUILD.build, HyperParameters(), tmp_path)
    assert all((w == 1.0).all() for w in loaded.get_weights())


def test_without_a_directory_nothing_is_kept() -> None:
    weights = BestWeights(None)
    assert not weights.accepts(model())
    weights.write()


def test_only_an_executions_first_model_is_kept(tmp_path: Path) -> None:
    weights, first = BestWeights(tmp_path), model()
    assert weights.accepts(first)
    assert not weights.accepts(model())


def test_nothing_temporary_is_left_behind(tmp_path: Path) -> None:
    made = model()
    weights = BestWeights(tmp_path)
    weights.accepts(made)
    weights.keep(made, 0.1)
    weights.write()
    assert {path.name for path in tmp_path.iterdir()} == {"build_config.json", WEIGHTS_NAME}


def test_weights_that_cannot_be_written_cost_the_file_not_the_trial(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the directory should be")
    reporter = FakeReporter()
    trial = make_trial_function(_BUILD, (X, Y), {})
    trial(assignment(directory=tmp_path / "taken"), reporter)
    assert "weights_not_written" in [code for _, code, _ in reporter.notes]


def test_a_stopped_trial_leaves_its_best_weights(tmp_path: Path) -> None:
    reporter = FakeReporter(on_report=lambda r: r.stop_at(0))
    trial = make_trial_function(_BUILD, (X, Y), {"epochs": 5})
    with pytest.raises(BaseException, match="by the test"):
        trial(assignment(directory=tmp_path), reporter)
    assert (tmp_path / WEIGHTS_NAME).exists()


def test_missing_weights_are_said_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no weights at .*checkpoint\.weights\.h5"):
        load_best(_BUILD.build, HyperParameters(), tmp_path)


def test_weights_of_another_model_are_said_so(tmp_path: Path) -> None:
    model(8).save_weights(tmp_path / WEIGHTS_NAME)
    with pytest.raises(StorageError, match="do not fit the model"):
        load_best(_BUILD.build, HyperParameters(), tmp_path)


def test_damaged_weights_are_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_NAME).write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be read, the file is damaged"):
        load_best(_BUILD.build, HyperParameters(), tmp_path)


def test_a_model_without_weights_before_its_data_is_said_to_need_building(tmp_path: Path) -> None:
    import keras

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.layer = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.layer(inputs)

    model(8).save_weights(tmp_path / WEIGHTS_NAME)
    with pytest.raises(StorageError, match=r"has none before it sees data.*model\.build"):
        load_best(lambda hp: Own(), HyperParameters(), tmp_path)


def test_a_function_that_returns_a_number_has_no_model_to_load(tmp_path: Path) -> None:
    model().save_weights(tmp_path / WEIGHTS_NAME)
    with pytest.raises(ResultError, match=r"returned float 1\.0 where a Keras model is needed"):
        load_best(lambda hp: 1.0, HyperParameters(), tmp_path)


def test_a_model_that_knows_its_shapes_from_its_data_only_is_built_again(tmp_path: Path) -> None:
    import keras

    def build(hp: HyperParameters) -> Any:
        made = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(1)])
        made.compile("adam", "mse", run_eagerly=True)
        return made

    make_trial_function(FunctionHyperModel(build), (X, Y), {})(assignment(directory=tmp_path), FakeReporter())
    assert load_best(build, HyperParameters(), tmp_path).count_params() == 19


def test_fits_of_the_users_own_code_are_kept_too(tmp_path: Path) -> None:
    trial = make_trial_function(FunctionHyperModel(lambda hp: fit_hook(model())(X, Y)))
    trial(assignment(directory=tmp_path), FakeReporter())
    assert load_best(_BUILD.build, HyperParameters(), tmp_path).count_params() == 25
