"""A search has one output, brought up to date once, of a size that a notebook can bear."""

import json
from types import SimpleNamespace

import pytest

from kt_notebook.panel.bundle import MIME_TYPE, SearchDisplay, search_bundle
from tests.stories import FakeFeed, Story, search_of

WIDGET = SimpleNamespace(model_id="abc")
WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def published(monkeypatch):
    calls = []

    def publish(data, *, transient, update):
        calls.append((data, transient["display_id"], update))

    monkeypatch.setattr("IPython.display.publish_display_data", publish)
    return calls


def test_a_bundle_has_our_own_type_the_widget_html_and_text():
    bundle = search_bundle(FakeFeed(search_of(3).records), WIDGET)

    assert list(bundle) == [MIME_TYPE, WIDGET_TYPE, "text/html", "text/plain"]
    assert bundle[WIDGET_TYPE]["model_id"] == "abc"
    assert bundle[MIME_TYPE]["version"] == 1
    assert bundle[MIME_TYPE]["search_id"] == "s1"


def test_without_a_widget_none_is_named():
    assert WIDGET_TYPE not in search_bundle(FakeFeed(search_of(3).records))


def test_the_saved_snapshot_holds_500_trials_and_the_true_number():
    snapshot = search_bundle(FakeFeed(search_of(700, n_epochs=2).records))[MIME_TYPE]["snapshot"]

    assert len(snapshot["trials"]["trial_id"]) == 500
    assert snapshot["n_trials"] == 700


def test_a_saved_snapshot_that_is_too_large_is_cut_further():
    story = Story()
    for i in range(500):
        story.start(str(i), {"text": "x" * 5_000}).end(str(i), i / 500, {"text": "x" * 5_000})

    bundle = search_bundle(FakeFeed(story.records))[MIME_TYPE]

    assert len(bundle["snapshot"]["trials"]["trial_id"]) == 100
    assert len(json.dumps(bundle)) < 1_000_000


def test_a_bundle_is_json():
    story = Story().start("0").epochs("0", ["NaN", "Infinity"]).end("0", "NaN")

    json.dumps(search_bundle(FakeFeed(story.records)), allow_nan=False)


def test_what_is_shown_is_brought_up_to_date_once_when_the_search_ends(published):
    story = search_of(3, n_running=0)
    feed = FakeFeed(story.records)
    display = SearchDisplay(feed, WIDGET)
    display.show()
    n_before = len(story.records)

    feed.tell(story.note("advice", "slow").records[n_before:])
    feed.tell(story.finish().records[n_before + 1 :])
    display.finish()

    assert [update for _, _, update in published] == [False, True]
    assert published[0][1] == published[1][1]
    assert "finished" in published[1][0]["text/plain"]
    assert feed.sinks == []


def test_without_a_show_the_end_is_the_only_output(published):
    SearchDisplay(FakeFeed(search_of(3).finish().records)).finish()

    assert [update for _, _, update in published] == [False]


def test_a_search_that_has_ended_is_shown_once_and_not_listened_to(published):
    feed = FakeFeed(search_of(3).finish().records)
    display = SearchDisplay(feed, WIDGET)

    display.show()
    display.finish()

    assert [update for _, _, update in published] == [False]
    assert feed.sinks == []
