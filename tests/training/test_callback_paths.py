from pathlib import Path
from typing import Any

import pytest

from kt_notebook.training.callback_paths import place_shown, set_apart
from tests.fakes import assignment
from tests.training.keras_models import VALIDATION, X, Y, model

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _checkpoint(path: Any, **kwargs: Any) -> Any:
    import keras

    return keras.callbacks.ModelCheckpoint(path, **kwargs)


def _place(callback: Any, attribute: str, *, trial_id: str = "3", execution: int = 0, **kwargs: Any) -> str:
    is_of_trial = kwargs.pop("is_of_trial", False)
    set_apart(callback, assignment(trial_id=trial_id, **kwargs), execution, is_of_trial=is_of_trial)
    return str(getattr(callback, attribute))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("best.keras", "best.trial_3.keras"),
        ("ckpt/best.keras", "ckpt/best.trial_3.keras"),
        ("ckpt/old.h5", "ckpt/old.trial_3.h5"),
        ("{epoch:02d}-{val_loss:.2f}.keras", "{epoch:02d}-{val_loss:.2f}.trial_3.keras"),
        ("ckpt/{epoch}/m.v2.keras", "ckpt/{epoch}/m.v2.trial_3.keras"),
        ("gs://bucket/best.keras", "gs://bucket/best.trial_3.keras"),
        ("dir.keras/.keras", "dir.keras/.keras.trial_3"),
    ],
)
def test_a_checkpoint_keeps_folder_placeholders_and_suffix(path: str, place: str) -> None:
    assert _place(_checkpoint(path), "filepath") == place


def test_a_checkpoint_of_weights_keeps_both_parts_of_its_suffix() -> None:
    made = _checkpoint(Path("ckpt") / "{epoch}.weights.h5", save_weights_only=True)
    assert _place(made, "filepath") == "ckpt/{epoch}.trial_3.weights.h5"


def test_several_executions_write_apart() -> None:
    places = {_place(_checkpoint("best.keras"), "filepath", execution=n, executions=2) for n in range(2)}
    assert places == {"best.trial_3.execution_0.keras", "best.trial_3.execution_1.keras"}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("log.csv", "log.trial_3.csv"),
        ("logs/run", "logs/run.trial_3"),
        ("logs.d/run", "logs.d/run.trial_3"),
        ("logs/{a}.csv", "logs/{a}.trial_3.csv"),
    ],
)
def test_a_csv_log_keeps_its_suffix(path: str, place: str) -> None:
    import keras

    assert _place(keras.callbacks.CSVLogger(path), "filename") == place


def test_a_tensorboard_log_lies_where_keras_tuners_users_look() -> None:
    import keras

    assert _place(keras.callbacks.TensorBoard("logs/"), "log_dir") == "logs/3/execution0"
    assert _place(keras.callbacks.TensorBoard("gs://bucket/logs"), "log_dir") == "gs://bucket/logs/3/execution0"


def test_a_backup_moves_with_all_paths_made_from_its_folder() -> None:
    import keras

    made = keras.callbacks.BackupAndRestore("epoch", save_freq="epoch")
    assert _place(made, "backup_dir", seed=255) == "epoch/backup.trial_3-ff"
    assert made.save_freq == "epoch"
    moved = [value for value in vars(made).values() if isinstance(value, str) and value.startswith("epoch/")]
    assert len(moved) >= 5
    assert all(value.startswith("epoch/backup.trial_3-ff") for value in moved)


def test_a_backup_of_an_earlier_search_is_not_taken_up() -> None:
    import keras

    places = {_place(keras.callbacks.BackupAndRestore("backup"), "backup_dir", seed=seed) for seed in (1, 2)}
    assert len(places) == 2


def test_backups_of_several_executions_lie_apart_and_one_of_the_trials_own_is_left() -> None:
    import keras

    made = [keras.callbacks.BackupAndRestore("b/") for _ in range(2)]
    places = [_place(callback, "backup_dir", execution=n, executions=2) for n, callback in enumerate(made)]
    assert places == ["b/backup.trial_3-1.execution_0", "b/backup.trial_3-1.execution_1"]
    own = keras.callbacks.BackupAndRestore("trial_3/b")
    assert _place(own, "backup_dir", is_of_trial=True) == "trial_3/b"


def test_folders_are_made_as_far_as_they_are_known() -> None:
    import keras

    _place(_checkpoint("a/b/{epoch}/best.keras"), "filepath")
    _place(keras.callbacks.CSVLogger("c/d/log.csv"), "filename")
    _place(_checkpoint("gs://bucket/best.keras"), "filepath")
    assert sorted(str(path) for path in Path().rglob("*")) == ["a", "a/b", "c", "c/d"]


def test_a_path_that_names_the_trial_is_left_where_it_was_made_for_the_trial() -> None:
    for path in ("ckpt/3.keras", "trial_3/best.keras", "trial3.keras", "a-3-b.keras", "3/{epoch:02d}.keras"):
        assert _place(_checkpoint(path), "filepath", is_of_trial=True) == path
        assert _place(_checkpoint(path), "filepath") != path
    for path in ("ckpt/13.keras", "best3.keras", "v3x.keras", "{epoch:3}.keras"):
        assert _place(_checkpoint(path), "filepath", is_of_trial=True) != path


def test_a_path_that_names_the_trial_still_gets_the_execution() -> None:
    place = _place(_checkpoint("ckpt/3.keras"), "filepath", is_of_trial=True, execution=1, executions=2)
    assert place == "ckpt/3.execution_1.keras"


def test_a_path_in_the_trials_own_folder_is_left(tmp_path: Path) -> None:
    import keras

    path = str(tmp_path / "project/trial_3/best.keras")
    assert _place(_checkpoint(path), "filepath", directory=tmp_path / "project/trial_3") == path
    assert _place(_checkpoint(path), "filepath", directory=tmp_path / "project/trial_30") != path
    logs = str(tmp_path / "project/trial_3/logs")
    assert _place(keras.callbacks.TensorBoard(logs), "log_dir", directory=tmp_path / "project/trial_3") == logs


def test_setting_apart_again_begins_from_the_path_that_was_given() -> None:
    made = _checkpoint("best.keras")
    assert _place(made, "filepath", trial_id="0") == "best.trial_0.keras"
    assert _place(made, "filepath", trial_id="1") == "best.trial_1.keras"
    made.filepath = "other.keras"
    assert _place(made, "filepath", trial_id="2") == "other.trial_2.keras"


def test_subclasses_are_set_apart_and_other_callbacks_with_a_path_are_not() -> None:
    import keras

    class Own(keras.callbacks.ModelCheckpoint):
        pass

    class Other(keras.callbacks.Callback):
        filepath = "best.keras"

    assert _place(Own("best.keras"), "filepath") == "best.trial_3.keras"
    assert _place(Other(), "filepath") == "best.keras"


def test_where_files_go_is_told_for_files_only() -> None:
    import keras

    assert place_shown(_checkpoint("best.keras"), with_execution=False) == (
        "ModelCheckpoint writes best.trial_<id>.keras"
    )
    assert place_shown(keras.callbacks.CSVLogger("log.csv"), with_execution=True) == (
        "CSVLogger writes log.trial_<id>.execution_<n>.csv"
    )
    assert place_shown(keras.callbacks.TensorBoard("logs"), with_execution=False) is None
    assert place_shown(keras.callbacks.History(), with_execution=False) is None


def test_a_fit_writes_to_the_places() -> None:
    import keras

    made = [
        _checkpoint("ckpt/{epoch:02d}-{val_loss:.1f}.keras"),
        keras.callbacks.CSVLogger("logs/log.csv"),
        keras.callbacks.BackupAndRestore("backup", delete_checkpoint=False),
    ]
    for callback in made:
        set_apart(callback, assignment(trial_id="3", seed=1), 0)
    model().fit(X, Y, validation_data=VALIDATION, verbose=0, callbacks=made)
    found = {str(path) for path in Path().rglob("*") if path.is_file()}
    assert {"logs/log.trial_3.csv", "backup/backup.trial_3-1/latest.weights.h5"} <= found
    assert len(list(Path("ckpt").glob("01-0.*.trial_3.keras"))) == 1
