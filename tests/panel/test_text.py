"""The plain text of a search is compact and lines up."""

from kt_notebook.core.format import width
from kt_notebook.panel.text import to_text
from tests.stories import Story, error, search_of


def test_the_first_line_sums_up():
    first = to_text(search_of(60, n_running=0).finish().snapshot()).splitlines()[0]

    assert first == (
        "digits · finished · best val_accuracy 0.9795 (trial 13) · 60 of 60 trials · 10 pruned · 7 failed · "
        "80 epochs saved · 3:48"
    )


def test_ten_trials_are_shown_and_the_rest_is_counted():
    lines = to_text(search_of(60).snapshot()).splitlines()

    assert len(lines) == 14
    assert lines[-1] == "… 50 more"


def test_a_search_without_trials_is_one_line():
    assert to_text(Story().snapshot()) == "digits · running · 0 of 40 trials · 0:00"


def test_trials_by_hand_that_wait_are_counted():
    story = Story().enqueue(1, {"n": 3}).enqueue(2).start("0", {"n": 3}, number=1)

    assert to_text(story.snapshot()).startswith("digits · running · 1 of 40 trials · 1 running · 1 in line · 0:00")


def test_a_search_of_an_older_version_has_nobody_in_line_and_tells_no_fits():
    snapshot = Story().start("0").snapshot()
    del snapshot["search"]["enqueued"], snapshot["trials"]["enqueued"], snapshot["trials"]["fit"]

    assert to_text(snapshot).startswith("digits · running · 1 of 40 trials · 1 running · 0:00")


def test_trials_that_fitted_faster_are_counted():
    story = Story()
    for i, path in enumerate(["fused", "reused", "plain"]):
        story.start(str(i)).fit(str(i), path).end(str(i), 0.5)

    assert "3 of 40 trials · fused 2 of 3 trials, graph taken over in 1 · 0:00" in to_text(story.snapshot())


def test_where_no_trial_fitted_faster_the_head_says_why():
    story = Story().start("0").fit("0", "plain", "x is a Dataset").end("0", 0.5)

    assert "1 of 40 trials · plain: 1 of 1 trial – x is a Dataset · 0:00" in to_text(story.snapshot())


def test_a_failed_search_says_why():
    assert "ValueError, line 6: units must be even" in to_text(Story().finish("failed", error()).snapshot())


def test_columns_line_up_where_letters_are_wide():
    story = Story()
    for i, act in enumerate(["렐루", "relu"]):
        story.start(str(i), {"활성화": act, "n": i}).end(str(i), 0.5 + i / 10, {"활성화": act, "n": i})

    rows = to_text(story.snapshot()).splitlines()[2:]

    assert len({width(row) for row in rows}) == 1


def test_an_escape_code_as_a_value_does_not_reach_the_terminal():
    story = Story().start("0", {"act": "\x1b[2J"}).end("0", 0.5, {"act": "\x1b[2J"})

    assert "\x1b" not in to_text(story.snapshot())
