"""Facts about one trial in full."""

import math

import pytest

from kt_notebook.core.errors import OptionError
from kt_notebook.results.trial_view import trial_view
from tests.results.searches import Tale, empty_search, mixed_search


@pytest.fixture
def tale():
    told = Tale()
    for number, score in enumerate([0.7, 0.9, 0.8]):
        told.end(f"{number:02d}", score, {"units": number})
    return told


def test_it_says_state_score_and_rank(tale):
    view = trial_view(tale.record, 2)

    assert (view.trial_id, view.state, view.score, view.rank, view.n_ranked) == ("02", "complete", 0.8, 2, 3)
    assert repr(view).startswith(
        "Trial 2 of digits: complete · val_accuracy ↑ 0.8000 · rank 2 of 3\n1.0 s\n\nunits = 2\n"
    )


@pytest.mark.parametrize("asked", ["1", "01", 1, "0001"])
def test_zeros_before_a_number_do_not_count(tale, asked):
    assert trial_view(tale.record, asked).trial_id == "01"


def test_an_unknown_trial_is_said_with_those_there_are(tale):
    with pytest.raises(OptionError, match=r"digits has no trial '9'\. It has 0 to 2\."):
        trial_view(tale.record, 9)
    with pytest.raises(OptionError, match=r"It has none yet\."):
        trial_view(empty_search(), 0)


def test_values_are_pythons_own_and_written_so_that_they_can_be_copied():
    told = Tale()
    told.end("0", 0.5, {"kernel": (3, 3), "norm": None, "lr": 0.0036059684923461384, "tuner/epochs": 3})
    view = trial_view(told.record, 0)

    assert view.values == {"kernel": (3, 3), "norm": None, "lr": 0.0036059684923461384}
    assert "kernel = (3, 3)\nnorm = None\nlr = 0.0036059684923461384\n# seed 11" in repr(view)
    assert "0.0036059684923461384" in view._repr_html_()


def test_curves_and_epochs_are_small():
    told = Tale().begin("0", {}).curve("0", [i / 100 for i in range(100)])
    view = trial_view(told.end("0", 0.99).record, 0)

    assert view.curves()[0].startswith("▁")
    assert view.curves()[0].endswith("█  0.000 → 0.9900")
    assert view.picked_epochs().epoch.tolist() == [1, 2, 3, 97, 98, 99, 100]
    assert view.epochs_note == "Epochs, 7 of 100"
    assert len(view.epochs) == 100


def test_the_best_epoch_is_among_those_shown():
    told = Tale().begin("0", {}).curve("0", [0.1] * 50)
    told.end("0", 0.1)
    told.record.trials["0"].best_step = 20

    view = trial_view(told.record, 0)
    assert view.best_epoch == 21
    assert 21 in view.picked_epochs().epoch.tolist()
    assert "Metrics, epoch 21" in repr(view)


def test_several_executions_have_a_curve_each_and_epochs_of_their_mean():
    told = Tale(executions_per_trial=2).begin("0", {})
    told.curve("0", [0.1, 0.2], execution=0).curve("0", [0.3, math.nan], execution=1)
    view = trial_view(told.end("0", 0.25).record, 0)

    assert view.curves() == ["run 1  ▁█  0.1000 → 0.2000"]
    assert view.picked_epochs().val_accuracy.tolist() == pytest.approx([0.2, 0.2])
    assert view.epochs_note == "Epochs, mean of 2 runs"


def test_a_failed_trial_shows_its_traceback():
    told = Tale()
    told.end("0", None, {}, status="FAILED", error="bad <shape>")
    told.record.trials["0"].error.update(traceback="Traceback\n  line 3\nValueError: bad <shape>\n", line=3)
    view = trial_view(told.record, 0)

    assert "ValueError: bad <shape> (line 3)\nTraceback\n  line 3\n" in repr(view)
    assert "bad &lt;shape&gt;" in view._repr_html_()
    assert "<shape>" not in view._repr_html_()


def test_it_says_why_a_trial_was_pruned_and_how_it_was_fitted():
    told = Tale().begin("0", {})
    told.tell("fit_chosen", trial_id="0", execution=0, stage=0, path="plain", reason="the data come as a generator")
    told.tell("fit_chosen", trial_id="0", execution=1, stage=0, path="plain", reason="the data come as a generator")
    view = trial_view(told.end("0", 0.5, pruned=3).record, 0)

    assert view.state == "pruned"
    assert "pruned after epoch 4: worse than others at this epoch" in view.notes
    assert "fit: plain (Keras) – the data come as a generator (2 fits)" in view.notes


def test_output_is_counted_and_its_end_shown():
    told = Tale().begin("0", {})
    text = "".join(f"line {i}\n" for i in range(30)) + "<script>\n"
    told.tell("output_captured", trial_id="0", stream="stdout", text=text, data=None)
    told.tell("output_captured", trial_id="0", stream="warning", text="careful\n", data=None)
    told.tell("output_captured", trial_id="0", stream="display", text=None, data={"text/plain": "x"})
    view = trial_view(told.end("0", 0.5).record, 0)

    assert view.output_note == "Output: 31 lines, 1 line of warnings, 1 display"
    assert "line 29" in repr(view)
    assert "line 19" not in repr(view)
    assert "line 0\n" in view._repr_html_()
    assert "<script" not in view._repr_html_()


def test_trials_by_hand_and_those_that_go_on_are_said():
    told = Tale()
    told.tell("trial_started", trial_id="0", values={"x": 1}, seed=1, enqueued={"number": 1, "values": {"x": 1}})
    told.begin("1", {"x": 1, "tuner/epochs": 9, "tuner/initial_epoch": 3, "tuner/trial_id": "0"})

    assert trial_view(told.record, 0).notes == ("by hand",)
    assert trial_view(told.record, 1).notes == ("goes on with trial 0",)


def test_every_trial_of_a_search_can_be_shown():
    record = mixed_search(30)
    for trial_id in record.trials:
        view = trial_view(record, trial_id)
        assert repr(view)
        assert view._repr_html_().count("<div") == view._repr_html_().count("</div>")


def test_several_objectives_have_their_sum_as_the_score():
    told = Tale(objective=(("val_loss", "min"), ("val_accuracy", "max")))
    told.end("0", -0.4, {}, metrics={"val_loss": 0.5, "val_accuracy": 0.9})

    assert "score ↓ -0.4000 · rank 1 of 1" in repr(trial_view(told.record, 0))
