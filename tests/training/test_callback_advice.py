from typing import Any

import pytest

from kt_notebook.training.callback_advice import advice_on_callbacks

pytestmark = pytest.mark.keras


def _made(name: str, **kwargs: Any) -> Any:
    import keras

    return getattr(keras.callbacks, name)(**kwargs)


def _advice(name: str, *, has_validation: bool = True, **kwargs: Any) -> str:
    return " | ".join(advice_on_callbacks([_made(name, **kwargs)], has_validation=has_validation))


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        ({"monitor": "val_accuracy", "baseline": 90, "mode": "max"}, "baseline=0.9,"),
        ({"monitor": "accuracy", "baseline": 97.5}, "baseline=0.975,"),
        ({"monitor": "val_auc_1", "baseline": 1.0}, "baseline=0.9,"),
        ({"monitor": "val_digit_accuracy", "baseline": 100}, "baseline=0.9,"),
        ({"monitor": "val_f1_score", "baseline": 0.95, "min_delta": 0.05}, "baseline=0.9,"),
    ],
)
def test_a_baseline_above_what_a_share_can_reach_is_told_with_the_cure(arguments: dict[str, Any], cure: str) -> None:
    text = _advice("EarlyStopping", patience=5, **arguments)
    shown = f"EarlyStopping(monitor={arguments['monitor']!r}, baseline={arguments['baseline']:g}) waits in vain"
    assert text.startswith(shown)
    assert "lies between 0 and 1" in text
    assert "its patience (5) runs out in every trial" in text
    assert cure in text


def test_a_baseline_below_what_a_loss_can_reach_is_told() -> None:
    for arguments in ({"baseline": -1}, {"baseline": 0, "monitor": "loss"}, {"baseline": 0.1, "min_delta": 0.2}):
        assert "hardly ever falls below 0" in _advice("EarlyStopping", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"baseline": 0.5},
        {"baseline": 90},
        {"monitor": "val_accuracy", "baseline": 0.9},
        {"monitor": "val_my_score", "baseline": 90, "mode": "min"},
        {"monitor": "val_cosine_similarity", "baseline": -0.5, "mode": "min"},
        {"monitor": "val_true_positives", "baseline": 90, "mode": "max"},
    ],
)
def test_what_can_be_reached_is_not_mentioned(arguments: dict[str, Any]) -> None:
    assert not _advice("EarlyStopping", **arguments)


def test_a_checkpoints_threshold_is_looked_at_too() -> None:
    text = _advice(
        "ModelCheckpoint",
        filepath="a.keras",
        monitor="val_accuracy",
        save_best_only=True,
        initial_value_threshold=90,
    )
    assert text.startswith("ModelCheckpoint(monitor='val_accuracy', initial_value_threshold=90) waits in vain")
    assert "nothing would be saved" in text


@pytest.mark.parametrize("name", ["EarlyStopping", "ReduceLROnPlateau"])
def test_a_direction_the_wrong_way_round_is_told(name: str) -> None:
    assert "val_accuracy is better when it is large. Write mode='max'" in _advice(
        name, monitor="val_accuracy", mode="min"
    )
    assert "val_loss is better when it is small. Write mode='min'" in _advice(name, monitor="val_loss", mode="max")
    assert not _advice(name, monitor="val_loss", mode="min")


def test_a_metric_of_a_validation_that_is_not_there_is_told() -> None:
    for name in ("EarlyStopping", "ReduceLROnPlateau"):
        text = _advice(name, has_validation=False)
        assert text.startswith(f"{name} watches 'val_loss', which only a validation gives")
        assert "monitor='loss'" in text
        assert not _advice(name, has_validation=False, monitor="loss")
    checkpoint = {"filepath": "a.keras", "has_validation": False}
    assert "ModelCheckpoint watches 'val_loss'" in _advice("ModelCheckpoint", save_best_only=True, **checkpoint)
    assert not _advice("ModelCheckpoint", **checkpoint)


def test_a_metric_of_a_validation_that_is_not_there_in_a_filepath_is_told() -> None:
    text = _advice("ModelCheckpoint", filepath="{epoch}-{val_loss:.2f}.keras", has_validation=False)
    assert text.startswith("ModelCheckpoint has a metric of the validation in its filepath")
    assert not _advice("ModelCheckpoint", filepath="{epoch}-{val_loss:.2f}.keras")


def test_subclasses_are_named_and_each_advice_is_given_once() -> None:
    import keras

    class Patient(keras.callbacks.EarlyStopping):
        pass

    made = [Patient(monitor="val_accuracy", baseline=90) for _ in range(2)]
    (text,) = advice_on_callbacks([made, None, lambda: made[0]])
    assert text.startswith("Patient(monitor='val_accuracy', baseline=90)")


def test_callbacks_are_not_changed_and_functions_are_not_called() -> None:
    def never() -> None:
        raise AssertionError("called")

    made = _made("EarlyStopping", monitor="val_accuracy", baseline=90)
    before = dict(vars(made))
    assert len(advice_on_callbacks([made, never])) == 1
    assert vars(made) == before
    assert advice_on_callbacks(None) == []
