import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kt_notebook.core.fit_way import FitWay
from tests.training.fit.callback_cases import LEFT_OUT, OF_USERS, PATHS, SHIPPED, WRITING, callback_case
from tests.training.same_as_fit import PLAIN, check, classes_of, differences, run_trials, slow_but

pytestmark = pytest.mark.keras
_QUICK = ("EarlyStopping", "ReduceLROnPlateau")
_QUICK_OWN = (
    "evaluates, predicts, trains",
    "stops at an epoch's begin",
    "changes what is traced",
)


def test_every_callback_of_keras_is_here() -> None:
    import keras

    here = {*SHIPPED, *WRITING, *LEFT_OUT}
    assert classes_of(keras.callbacks, object) == here


@pytest.mark.parametrize("name", slow_but(_QUICK, SHIPPED))
def test_a_callback_of_keras_does_the_same(name: str) -> None:
    make, arguments = SHIPPED[name]
    check(callback_case(name, make, PATHS.get(name), **arguments))


@pytest.mark.parametrize("name", slow_but(_QUICK_OWN, OF_USERS))
def test_a_callback_of_the_users_own_sees_and_does_the_same(name: str) -> None:
    make, path = OF_USERS[name]
    check(callback_case(name, make, path, epochs=3))


@pytest.mark.parametrize("name", slow_but(("ModelCheckpoint",), WRITING))
def test_a_callback_writes_the_same_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left, files = {}, {}
    for way in (FitWay.PLAIN, FitWay.AUTO):
        folder = tmp_path / way
        folder.mkdir()
        monkeypatch.chdir(folder)
        left[way] = run_trials(callback_case(name, WRITING[name], epochs=3), way)
        files[way] = {str(path.relative_to(folder)): _content(path) for path in folder.rglob("*") if path.is_file()}
    assert files[FitWay.PLAIN]
    assert not list(differences(files[FitWay.PLAIN], files[FitWay.AUTO]))
    assert not list(differences(left[FitWay.PLAIN], left[FitWay.AUTO]))
    assert all(path is not PLAIN for one in left[FitWay.AUTO] for path in one.paths)


def _content(path: Path) -> Any:
    """Return what a file holds, without the time at which it was written."""
    import h5py
    import keras

    if path.suffix == ".keras":
        model = keras.models.load_model(path)
        return [*model.get_weights(), *(np.array(variable) for variable in model.optimizer.variables)]
    if path.suffix != ".h5":
        return path.read_text()
    held: dict[str, Any] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: held.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return held


@pytest.mark.slow
def test_a_board_of_figures_is_the_same(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorboard") is None:
        pytest.skip("tensorboard is not installed")
    check(callback_case("TensorBoard", lambda c, told: [c.TensorBoard(str(tmp_path))], PLAIN))
