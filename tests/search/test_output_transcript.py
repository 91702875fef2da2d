import threading

import pytest

from kt_notebook.search.output.transcript import Transcript


class _Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class _Kept:
    """Takes what a transcript hands on."""

    def __init__(self):
        self.items = []

    def __call__(self, stream, text, data=None):
        self.items.append((stream, text if data is None else data))

    def text(self, stream="stdout"):
        return "".join(text for kept, text in self.items if kept == stream)


@pytest.fixture
def kept():
    return _Kept()


@pytest.fixture
def clock():
    return _Clock()


@pytest.fixture
def woken():
    return []


@pytest.fixture
def transcript(kept, clock, woken):
    return Transcript(kept, lambda: woken.append(True), clock)


def test_the_first_line_is_handed_on_at_once_and_the_next_ones_together(transcript, kept, clock, woken):
    transcript.write("stdout", "one\n")
    assert kept.items == [("stdout", "one\n")]
    transcript.write("stdout", "two\n")
    transcript.write("stdout", "three\n")
    assert len(kept.items) == 1
    assert woken

    clock.now += 0.3
    transcript.write("stdout", "four\n")
    assert kept.items[1:] == [("stdout", "two\nthree\nfour\n")]


def test_what_waits_is_handed_on_by_a_flush(transcript, kept):
    transcript.write("stdout", "one\n")
    transcript.write("stdout", "two\n")
    transcript.flush()
    transcript.flush()
    assert kept.items == [("stdout", "one\n"), ("stdout", "two\n")]


def test_eight_kilobytes_do_not_wait(transcript, kept):
    transcript.write("stdout", "one\n")
    transcript.write("stdout", "x" * 9000 + "\n")
    assert len(kept.items) == 2


def test_an_unfinished_line_waits_for_its_end_or_the_trials(transcript, kept):
    transcript.write("stdout", "loss: ")
    transcript.flush()
    assert kept.items == []
    transcript.write("stdout", "0.5\nacc: ")
    assert kept.items == [("stdout", "loss: 0.5\n")]
    transcript.close()
    assert kept.items[1:] == [("stdout", "acc: ")]


def test_streams_keep_their_order_and_their_own_lines(transcript, kept):
    transcript.write("stdout", "a\n")
    transcript.write("stdout", "b1 ")
    transcript.write("stderr", "oh\n")
    transcript.write("stdout", "b2\n")
    transcript.close()
    assert kept.items == [("stdout", "a\n"), ("stderr", "oh\n"), ("stdout", "b1 b2\n")]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["10%\r", "50%\r", "100%\n"], "100%\n"),
        (["\r10%", "\r50%", "\r100%", "\n"], "100%\n"),
        (["abc\r\n"], "abc\n"),
        (["10%\r", "100%\r", "\n"], "100%\n"),
        (["1/3\b\b\b2/3\b\b\b3/3\n"], "3/3\n"),
        (["\x1b[1m1/3\x1b[0m\b\b\b\r\x1b[1m3/3\x1b[0m loss\n"], "3/3 loss\n"),
        (["\x1b[3", "1mred\x1b[", "0m\n"], "red\n"),
        (["a\n\r", "b\r", "c"], "a\nc"),
        (["\b\bx\n"], "x\n"),
        (["\n", "\n"], "\n\n"),
    ],
)
def test_a_rewritten_line_is_kept_in_its_last_state(transcript, kept, pieces, shown):
    for piece in pieces:
        transcript.write("stdout", piece)
    transcript.close()
    assert kept.text() == shown


def test_a_progress_bar_does_not_grow_while_it_waits(transcript):
    for step in range(10_000):
        transcript.write("stderr", f"\r{step}/10000")
    assert len(transcript._unfinished["stderr"]) < 20


def test_a_line_without_end_is_handed_on_in_parts(transcript, kept):
    for _ in range(300):
        transcript.write("stdout", "." * 100)
    transcript.close()
    assert kept.text() == "." * 30_000
    assert len(kept.items) < 10


def test_of_a_long_output_beginning_and_end_are_kept_and_the_cut_is_said(transcript, kept):
    for number in range(100_000):
        transcript.write("stdout", f"line {number}\n")
    transcript.close()

    text = kept.text()
    assert text.startswith("line 0\nline 1\n")
    assert text.endswith("line 99998\nline 99999\n")
    assert "characters were cut here: of a trial's output 256 KB are kept" in text
    assert 256 << 10 <= len(text) < 257 << 10


def test_an_output_of_exactly_the_limit_is_kept_whole(transcript, kept):
    transcript.write("stdout", "x" * ((256 << 10) - 1) + "\n")
    transcript.close()
    assert kept.text() == "x" * ((256 << 10) - 1) + "\n"


def test_a_display_comes_after_what_was_printed_before(transcript, kept):
    transcript.write("stdout", "one\n")
    transcript.write("stdout", "two\n")
    transcript.display({"text/plain": "fig"})
    assert kept.items[1:] == [("stdout", "two\n"), ("display", {"text/plain": "fig"})]


def test_only_what_json_can_hold_of_a_display_is_kept(transcript, kept):
    transcript.display(
        {
            "image/png": b"\x89PNG",
            "text/html": "<b>",
            "application/json": {"a": [1]},
            "x/nan": float("nan"),
            "x/object": object(),
            "application/vnd.jupyter.widget-view+json": {"model_id": "1"},
        }
    )
    assert kept.items == [("display", {"image/png": "iVBORw==", "text/html": "<b>", "application/json": {"a": [1]}})]


def test_a_trial_that_clears_its_output_keeps_the_last_display(transcript, kept):
    for epoch in range(300):
        transcript.clear()
        transcript.display({"text/plain": f"epoch {epoch}"})
    assert kept.items == []
    transcript.close()
    assert kept.items == [("display", {"text/plain": "epoch 299"})]


def test_an_updated_display_is_kept_in_its_last_state(transcript, kept):
    for epoch in range(300):
        transcript.display({"text/plain": f"epoch {epoch}"}, "an id")
    transcript.close()
    assert kept.items == [("display", {"text/plain": "epoch 299"})]


def test_too_many_displays_are_left_out_and_counted(transcript, kept):
    for number in range(105):
        transcript.display({"text/plain": str(number)})
    transcript.close()
    assert len(kept.items) == 101
    assert "5 more displays were left out" in kept.items[-1][1]


def test_too_large_displays_are_left_out_and_counted(transcript, kept):
    transcript.display({"text/html": "x" * (5 << 20)})
    transcript.close()
    assert "1 more displays were left out" in kept.items[-1][1]


def test_twenty_figures_are_wanted(transcript):
    for _ in range(20):
        assert transcript.wants_figure()
        transcript.display({"image/png": b""}, is_figure=True)
    assert not transcript.wants_figure()


def test_threads_do_not_tear_each_others_lines(transcript, kept):
    def write(word):
        for _ in range(500):
            transcript.write("stdout", f"{word * 20}\n")

    threads = [threading.Thread(target=write, args=(word,)) for word in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transcript.close()

    lines = kept.text().splitlines()
    assert len(lines) == 2000
    assert {len(set(line)) for line in lines} == {1}
