"""The picture without script is small, safe, whole, and tells what it leaves out."""

import math
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kt_notebook.panel.static import MAX_BYTES, to_html
from tests.stories import Story, error, search_of

VOID = {"br", "circle", "path", "polyline", "i"}
# HTML closes these by itself.
OPTIONAL_END = {"td", "th", "tr", "li", "thead", "tbody"}


class Page(HTMLParser):
    """Collects the elements, their attributes and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID | OPTIONAL_END:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID | OPTIONAL_END:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def count(self, tag):
        return self.tags.count(tag)


def page_of(story):
    return Page(to_html(story.snapshot()))


def test_a_pruned_trial_says_why_and_the_head_what_it_saved():
    story = Story().start("0").epochs("0", [0.5, 0.5], n_epochs=12)
    page = page_of(story.end("0", 0.5, pruned={"epoch": 1, "reason": "behind <all>"}))

    assert ("title", "pruned after epoch 2: behind <all>") in page.attributes
    assert "1 pruned · 10 epochs saved" in page.text


def test_how_a_trial_fitted_is_told_at_its_time_and_the_head_counts():
    story = Story().start("0").fit("0", "plain", "the callback <Plot> acts").end("0", 0.5)
    story.start("1").fit("1", "fused").fit("1", "reused").end("1", 0.5)
    page = page_of(story.start("2").end("2", 0.5).start("3").fit("3", "reused"))

    titles = [value for name, value in page.attributes if name == "title"]
    assert titles == ["fit: plain (Keras) – the callback <Plot> acts", "fit: fused", "fit: fused, graph taken over"]
    assert "1 running · fused 1 of 2 trials" in page.text


def test_the_head_says_why_no_trial_fitted_faster():
    story = Story().start("0").fit("0", "plain", "the callback <Plot> acts").end("0", 0.5)

    assert "plain: 1 of 1 trial – the callback <Plot> acts" in page_of(story).text


def hostile(texts, n_trials=4):
    story = Story(name=texts[0], tuner=texts[1], objective=[{"name": texts[2], "direction": "min"}])
    values = {f"{texts[3]}{i}": text for i, text in enumerate(texts)}
    for i in range(n_trials):
        fault = error(texts[4], kind=texts[5]) if i % 2 else None
        story.start(str(i), values).fit(str(i), "plain", texts[5]).epochs(str(i), [1.0, 0.5], metric=texts[2])
        story.end(str(i), None if fault else 0.5, values, status="FAILED" if fault else "COMPLETED", error=fault)
    return story.note("advice", texts[6]).finish("failed", error(texts[7]))


def test_the_head_says_what_was_searched_and_found():
    text = page_of(search_of(3, n_running=0).finish()).text

    for piece in ("digits", "finished", "RandomSearch", "val_accuracy ↑", "0.9729", "trial 1", "3", "of 40"):
        assert piece in text


def test_a_search_that_has_just_begun_says_so():
    page = page_of(Story())

    assert "Waiting for the first trial" in page.text
    assert page.count("table") == 0
    assert page.count("svg") == 0


def test_the_best_trial_comes_first():
    rows = re.findall(r"<tr[^>]*><td class=t>(\d+)", to_html(search_of(60).snapshot()))

    assert rows[0] == "13"


def test_a_failed_trial_says_what_failed_and_where():
    assert "ValueError, line 6" in page_of(search_of(8)).text


def test_a_failed_search_shows_its_error_and_folds_the_traceback():
    page = page_of(search_of(3, n_running=0).finish("failed", error("units must be even")))

    assert "ValueError, line 6: units must be even" in page.text
    assert "Traceback" in page.text
    assert page.count("details") == 1


def test_notes_are_folded_with_their_count_and_line():
    page = page_of(Story().note("advice", "try more units", 4).note("warning", "slow"))

    assert "1 warning, 1 hint" in page.text
    assert "try more units, line 4" in page.text


def test_both_pictures_are_drawn():
    html = to_html(search_of(20).snapshot())

    assert 'aria-label="Scores of' in html
    assert 'aria-label="Learning curves of' in html


def test_the_history_is_left_out_where_trials_in_between_are_missing():
    html = to_html(search_of(60).snapshot(20))

    assert 'aria-label="Scores of' not in html
    assert "20 of 60 trials" in html


def test_what_is_left_out_is_said():
    values = {f"parameter_{i}": i for i in range(15)}
    story = Story()
    for i in range(60):
        story.start(str(i), values).end(str(i), i / 60, values)
    text = page_of(story).text

    assert "50 of 60 trials" in text
    assert "3 hyperparameters are not shown: parameter_12, parameter_13, parameter_14" in text


@pytest.mark.parametrize("score", ["NaN", "Infinity", "-Infinity", 1e300, -1e300, 1e-300, 0.0])
def test_any_score_can_be_drawn(score):
    story = Story(objective=[{"name": "val_loss", "direction": "min"}])
    for i, value in enumerate([score, 1.0, score]):
        story.start(str(i)).epochs(str(i), [value, 0.5, value], metric="val_loss").end(str(i), value)

    html = to_html(story.snapshot())

    assert Page(html).open == []
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*"', html)


def test_ten_thousand_trials_fit():
    html = to_html(search_of(10_000, n_epochs=6).snapshot())

    assert len(html.encode()) <= MAX_BYTES
    assert "50 of 10,000 trials" in html


@pytest.mark.parametrize("size", [1, 1_000, 100_000])
@pytest.mark.parametrize("letter", ["&", "한", "<script>", "😀", "\N{COMBINING ACUTE ACCENT}", "\x00"])
def test_long_texts_fit(letter, size):
    html = to_html(hostile([letter * size] * 8, n_trials=60 if size <= 1_000 else 2).snapshot())

    assert len(html.encode()) <= MAX_BYTES
    assert Page(html).open == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=8, max_size=8))
def test_whatever_names_and_values_are_there_is_no_script_and_the_page_is_whole(texts):
    page = Page(to_html(hostile(texts).snapshot()))

    assert page.open == []
    known = {
        "style",
        "div",
        "header",
        "b",
        "span",
        "small",
        "i",
        "br",
        "svg",
        "g",
        "text",
        "circle",
        "path",
        "polyline",
    }
    known |= {"table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li", "pre"}
    assert set(page.tags) <= known
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"href", "src"}]


def test_a_script_as_a_value_is_text():
    attack = "<script>alert(1)</script>"
    page = page_of(hostile([attack] * 8))

    assert page.count("script") == 0
    assert attack in page.text


def test_the_score_line_never_gets_worse():
    html = to_html(search_of(30, n_running=0).snapshot())
    points = re.search(r'stroke="#0f9168"[^>]*points="([^"]*)"', html).group(1)
    heights = [float(point.split(",")[1]) for point in points.split()]

    assert heights == sorted(heights, reverse=True)
    assert all(math.isfinite(height) for height in heights)
