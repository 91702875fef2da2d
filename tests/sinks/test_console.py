"""Progress as text: a line for each trial, and on a terminal a live line that leaves nothing behind."""

import io

import pytest

from kt_notebook.core.format import width
from kt_notebook.core.record import SearchRecord
from kt_notebook.sinks.console import ConsoleSink, console_on
from tests.stories import Story, error, search_of

SPACE = [{"class_name": "Int", "config": {"name": name}} for name in ("lr", "units")]


def told(story, **options):
    pieces = []
    ConsoleSink(pieces.append, **options).receive(story.records)
    return "".join(pieces).splitlines()


def on_screen(pieces):
    """Return the lines as a terminal shows them, carriage returns carried out."""
    shown = []
    for line in "".join(pieces).split("\n"):
        cells = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return shown


def test_nothing_is_said_when_nothing_is_wanted():
    assert told(search_of(3), verbose=0) == []


def test_the_head_says_what_will_be_searched_and_how_long():
    lines = told(Story(space=SPACE, n_combinations=36, timeout_s=1800.0))

    assert lines == [
        "digits: RandomSearch, val_accuracy ↑, 40 trials, 36 combinations, at most 30:00, seed 7",
        "  2 hyperparameters: lr, units",
    ]


def test_each_trial_that_ends_is_a_line():
    story = Story().start("07", {"units": 96, "lr": 0.00231}).epochs("07", [0.5, 0.9611])
    story.end("07", 0.9611, {"units": 96, "lr": 0.00231})

    assert told(story)[-1] == "trial  7  val_accuracy 0.9611  best 0.9611 (trial 7)  0.9 s  units=96 lr=2.31e-3"


def test_trials_by_hand_are_told_when_they_join_the_line_and_marked_when_they_end():
    story = Story().enqueue(1, {"units": 96, "lr": 0.00231}).enqueue(2)
    story.start("07", {"units": 96}, number=1).epochs("07", [0.5]).end("07", 0.5, {"units": 96})

    assert told(story)[2:] == [
        "by hand: units=96 lr=2.31e-3 (1 in line)",
        "by hand: the defaults (2 in line)",
        "trial  7  val_accuracy 0.5000  best 0.5000 (trial 7)  0.5 s  by hand  units=96",
    ]


def test_the_live_line_says_how_many_trials_by_hand_wait():
    story = Story().start("0").enqueue(1)

    assert told(story, is_terminal=True)[-1].endswith("0 of 40 · 0:00 · 1 in line")


def test_a_failed_trial_says_why_and_the_best_stays():
    story = Story().start("0").end("0", 0.9).start("1").end("1", None, status="FAILED", error=error())

    assert told(story)[-1] == "trial  1  failed: ValueError, line 6: units must be even  best 0.9000 (trial 0)  0.1 s"


def test_a_pruned_trial_is_never_the_best():
    story = Story().start("0").end("0", 0.5).start("1").end("1", 0.9, pruned={"epoch": 3, "reason": "slow"})

    assert "pruned after epoch 4  best 0.5000 (trial 0)" in told(story)[-1]


@pytest.mark.parametrize(("direction", "best"), [("min", "0.1000 (trial 1)"), ("max", "0.5000 (trial 0)")])
def test_the_best_follows_the_direction(direction, best):
    story = Story(objective=[{"name": "x", "direction": direction}])
    story.start("0").end("0", 0.5).start("1").end("1", 0.1).start("2").end("2", "NaN")

    assert f"best {best}" in told(story)[-1]


def test_a_trial_that_is_cut_says_that_it_runs_again():
    story = Story().start("0").add("trial_cut", trial_id="0")

    assert told(story)[-1] == "trial  0  cut; it runs again when the search goes on"


def test_every_epoch_is_a_line_when_that_is_wanted():
    lines = told(Story().start("0").epochs("0", [0.5, 0.75]), verbose=2)

    assert lines[-2:] == [
        "  trial  0  epoch 1/2  val_accuracy 0.5000",
        "  trial  0  epoch 2/2  val_accuracy 0.7500",
    ]


def test_the_end_sums_up():
    lines = told(search_of(8, n_running=0, max_trials=8).finish())

    assert lines[-2:] == [
        "digits finished: 8 trials (1 pruned, 1 failed) in 0:31, 8 epochs saved",
        "  best val_accuracy 0.9729 (trial 1)  lr=0.05822 units=16 act=tanh dropout=0.1",
    ]


def test_epochs_saved_are_counted_on_when_a_search_goes_on():
    story = search_of(8, n_running=0).finish()
    pieces = []
    sink = ConsoleSink(pieces.append, record=story.record())
    sink.receive([{"seq": 999, "time": 2e3, "kind": "search_ended", "reason": "stopped", "error": None}])

    assert "8 epochs saved" in "".join(pieces)


def fitted():
    story = Story()
    for i, path in enumerate(["fused", "reused", "plain", "reused", None]):
        story.start(str(i))
        if path is not None:
            story.fit(str(i), path)
        story.end(str(i), 0.5)
    return story


def test_the_end_says_how_many_trials_fitted_faster():
    assert "5 trials in 0:01, fused 3 of 4 trials, graph taken over in 2" in told(fitted().finish())[-2]


def test_trials_that_fitted_before_count_when_a_search_goes_on():
    story = fitted().finish()
    pieces = []
    sink = ConsoleSink(pieces.append, record=story.record())
    story.start("5").fit("5", "fused").end("5", 0.5).finish()
    sink.receive(story.records[-4:])

    assert "fused 4 of 5 trials, graph taken over in 2" in "".join(pieces)


def plain(*reasons):
    story = Story()
    for i, reason in enumerate(reasons):
        story.start(str(i)).fit(str(i), "plain", reason).end(str(i), 0.5)
    return story.finish()


def test_the_end_says_why_no_trial_fitted_faster():
    assert told(plain("b", "a", "a"))[-2].endswith("3 trials in 0:00, plain: 3 of 3 trials – a")


def test_fits_that_were_to_be_keras_own_are_no_news():
    assert not any("plain" in line for line in told(plain(None, None)))


def test_how_a_trial_fits_is_said_once_where_epochs_are():
    story = Story().start("0").fit("0", "fused").fit("0", "reused").fit("0", "reused")
    story.fit("0", "plain", "Plot acts at each batch").fit("0", "plain", "Plot acts at each batch")

    assert told(story, verbose=2)[2:] == [
        "  trial  0  fit: fused",
        "  trial  0  fit: fused, graph taken over",
        "  trial  0  fit: plain (Keras) – Plot acts at each batch",
    ]


def test_why_a_trial_was_pruned_is_said_where_epochs_are():
    story = Story().start("0").epochs("0", [0.5], n_epochs=9).end("0", 0.5, pruned={"epoch": 0, "reason": "too slow"})

    assert told(story, verbose=2)[-1] == "    too slow"
    assert "too slow" not in told(story)[-1]


def test_a_failed_search_says_why():
    assert told(Story().finish("failed", error()))[-2:] == [
        "digits failed: 0 trials in 0:00",
        "  ValueError, line 6: units must be even",
    ]


def test_what_is_asked_of_the_search_is_said():
    story = Story().add("search_paused").add("search_resumed").add("stop_requested", now=False)
    story.add("limits_changed", max_trials=50, timeout_s=None).note("warning", "slow", 3)

    assert told(story)[2:] == [
        "paused",
        "goes on",
        "stopping",
        "limits: 50 trials",
        "warning (line 3): slow",
    ]


def test_a_search_that_goes_on_remembers_its_best():
    before = Story().start("0", {"units": 8}).end("0", 0.9, {"units": 8}).finish("stopped")
    record = SearchRecord()
    for item in before.records:
        record.fold(item)
    story = Story(resumed=True).start("1").end("1", 0.5).finish()
    pieces = []

    ConsoleSink(pieces.append, record=record).receive(story.records)

    lines = "".join(pieces).splitlines()
    assert lines[0].startswith("digits goes on: ")
    assert lines[-2].startswith("digits finished: 2 trials")
    assert lines[-1] == "  best val_accuracy 0.9000 (trial 0)  units=8"


def test_after_the_end_another_sink_speaks():
    pieces = []
    sink = ConsoleSink(pieces.append)
    sink.receive(search_of(3).finish().records)
    pieces.clear()

    sink.receive(Story(resumed=True).records)

    assert pieces == []


def test_what_a_search_that_goes_on_noted_before_is_left_to_its_record():
    record = search_of(1).note("advice", "slow").record()

    ConsoleSink(lambda text: None, record=record).receive(Story(resumed=True).note("advice", "new").records)

    assert [note["text"] for note in record.search["notes"]] == ["slow"]


def test_a_log_holds_no_carriage_return_and_no_escape_code():
    text = "\n".join(told(search_of(8).finish()))

    assert "\r" not in text
    assert "\x1b" not in text


def test_on_a_terminal_the_lines_are_the_same_and_the_live_line_leaves_nothing():
    story = search_of(8, n_running=0).finish()
    pieces = []
    sink = ConsoleSink(pieces.append, is_terminal=True, columns=200)

    for record in story.records:
        sink.receive([record])

    assert on_screen(pieces) == [*told(story), ""]


def test_the_live_line_says_what_runs_and_how_long_it_will_take():
    story = search_of(4, max_trials=20)
    story.add(
        "trial_progressed",
        trial_id="03",
        execution=0,
        epoch=6,
        step=30,
        n_steps=120,
        metrics={"val_accuracy": 0.5},
    )
    pieces = []
    ConsoleSink(pieces.append, is_terminal=True, columns=200).receive(story.records)

    assert "".join(pieces).splitlines()[-1] == (
        "trial 3 epoch 7 batch 30/120 val_accuracy 0.5000 · 3 of 20 · best 0.9729 · 0:17 · 1:23 left"
    )


def test_the_live_line_fits_the_terminal():
    pieces = []
    ConsoleSink(pieces.append, is_terminal=True, columns=30).receive(search_of(4).records)

    assert width("".join(pieces).split("\n")[-1]) <= 29


def test_a_stream_that_is_no_terminal_gets_plain_lines():
    stream = io.StringIO()

    console_on(stream).receive(search_of(3).records)

    assert stream.getvalue().splitlines() == told(search_of(3))


def test_the_end_of_hyperband_is_not_that_of_the_space():
    story = Story(tuner="Hyperband", max_trials=None, n_combinations=2)
    for trial_id in ("0000", "0001"):
        story.start(trial_id).end(trial_id, 0.5)
    lines = told(story.finish("exhausted"))
    assert "no limit of trials" not in lines[0]
    assert "digits finished: 2 trials" in lines[-2]


@pytest.mark.parametrize(("n_combinations", "said"), [(2, "finished, every combination tried:"), (None, "finished:")])
def test_every_combination_was_tried_only_where_their_number_is_known(n_combinations, said):
    story = Story(max_trials=None, n_combinations=n_combinations)
    for trial_id in ("0", "1"):
        story.start(trial_id).end(trial_id, 0.5)
    assert f"digits {said} 2 trials" in told(story.finish("exhausted"))[-2]


def test_a_score_that_is_no_number_is_called_invalid_once(tmp_path, monkeypatch, capsys):
    import kt_notebook as kt

    monkeypatch.chdir(tmp_path)
    with pytest.raises(kt.errors.FailedTrialError, match="No trial has a score"):
        kt.RandomSearch(lambda hp: hp.Float("x", 0, 1) * float("nan"), max_trials=1).search()

    assert "trial 0  invalid: The objective came out as nan." in capsys.readouterr().out
