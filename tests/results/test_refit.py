"""Facts about the honest ending without Keras: who is trained and for how long, what is kept, what is said."""

import json
import math

import pandas as pd
import pytest

from kt_notebook.core.errors import OptionError, ResultError, StorageError
from kt_notebook.results.finish import Entry, finish_of
from kt_notebook.results.held_out import HeldOut
from kt_notebook.results.refit import Entrant, Refitting, best_epochs, entrants, objective_of, seeds
from kt_notebook.storage.finish_file import FinishFile
from kt_notebook.training.refit import Refitted
from tests.results.searches import Tale

ROWS = HeldOut("test-hash", 1000)


def run_trial(tale, trial_id, curves, *, values=None, best_step=0, score=None, **ended):
    """Tell a trial whose executions have these curves of the objective."""
    tale.tell("trial_started", trial_id=trial_id, values=values or {"x": trial_id}, seed=1, execution=0)
    for execution, curve in enumerate(curves):
        for epoch, value in enumerate(curve):
            tale.tell(
                "epoch_ended", trial_id=trial_id, execution=execution, epoch=epoch, stage=0, n_epochs=len(curve),
                metrics={tale.metric: value},
            )  # fmt: skip
    tale.tell(
        "trial_ended",
        **{
            "trial_id": trial_id, "status": "COMPLETED", "score": score if score is not None else max(curves[0]),
            "best_step": best_step, "metrics": {}, "values": values or {"x": trial_id}, "error": None, "pruned": None,
            **ended,
        },
    )  # fmt: skip


@pytest.fixture
def record():
    """A search of three trials whose best are 2 and then 1."""
    tale = Tale()
    run_trial(tale, "0", [[0.5, 0.6]], best_step=1)
    run_trial(tale, "1", [[0.7, 0.9, 0.8]], best_step=1)
    run_trial(tale, "2", [[0.8, 0.91, 0.95]], best_step=2)
    return tale.record


class FakeTrainer:
    """Trains nothing: a score is the trial's own and what its seed adds. Interrupts after so many fits."""

    def __init__(self, level, *, fits=10**9, notes=()):
        self.level = level
        self.left = fits
        self.notes = notes
        self.trained = []
        self.kept = {}

    def __call__(self, trial_id, seed, epochs):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.trained.append((trial_id, seed, epochs))
        score = self.level[trial_id] + round(seed % 7) / 1000
        return Refitted(f"model {trial_id} {seed}", score, {"accuracy": score}, 10, 0.5, self.notes)

    def keep(self, trial_id, key, model):
        self.kept[trial_id, key] = model

    def load(self, trial_id, key):
        return self.kept[trial_id, key]


class Told:
    """A `Progress` that remembers."""

    def __init__(self):
        self.fits = []
        self.texts = []

    def begin_fit(self, number, of, trial_id):
        self.fits.append((number, of, trial_id))

    def end(self, text):
        self.texts.append(text)


def refitting(record, trainer, folder, *, test=ROWS, key="k", rivals=1, clock=lambda: 0.0, **options):
    """Return what trains the winner and its rivals, each key of whom ends with the trial's id."""
    chosen = [Entrant(t, best_epochs(record, t), f"{key}{t.trial_id}") for t in entrants(record, rivals)]
    return Refitting(record, chosen, trainer, FinishFile(folder / "digits"), test, clock=clock, **options)


LEVEL = {"2": 0.9, "1": 0.8, "0": 0.5}


# Who, and for how long.


def test_the_winner_comes_first_and_rivals_have_other_values(record):
    assert [trial.trial_id for trial in entrants(record, 1)] == ["2", "1"]
    assert [trial.trial_id for trial in entrants(record, 9)] == ["2", "1", "0"]
    record.trials["1"].values = dict(record.trials["2"].values)
    assert [trial.trial_id for trial in entrants(record, 1)] == ["2", "0"]


def test_a_trial_that_goes_on_in_another_is_no_rival_of_it(record):
    record.trials["2"].values = {"x": "1", "tuner/epochs": 9, "tuner/trial_id": "1"}
    record.trials["1"].values = {"x": "1", "tuner/epochs": 3}
    assert [trial.trial_id for trial in entrants(record, 1)] == ["2", "0"]


def test_a_pruned_trial_is_no_rival(record):
    record.trials["1"].pruned = {"reason": "worse"}
    assert [trial.trial_id for trial in entrants(record, 5)] == ["2", "0"]


def test_without_a_completed_trial_there_is_no_winner():
    tale = Tale()
    with pytest.raises(ResultError, match="no winner"):
        entrants(tale.record, 1)
    with pytest.raises(ResultError, match="no result yet"):
        objective_of(Tale(objective=None).record)


def test_the_best_epoch_is_counted_from_one(record):
    assert [best_epochs(record, record.trials[n]) for n in "012"] == [2, 2, 3]


def test_over_executions_the_best_epoch_is_the_median_rounded_up():
    tale = Tale()
    run_trial(tale, "0", [[0.1, 0.9], [0.2, 0.1, 0.3, 0.9], [0.9]], best_step=1)
    run_trial(tale, "1", [[0.1, 0.9], [0.1, 0.2, 0.9]], best_step=1)
    assert best_epochs(tale.record, tale.record.trials["0"]) == 2
    assert best_epochs(tale.record, tale.record.trials["1"]) == 3


def test_a_value_that_is_no_number_is_no_best_epoch():
    tale = Tale(objective=(("val_loss", "min"),))
    run_trial(tale, "0", [[math.nan, 0.4, 0.2, math.nan]], best_step=2, score=0.2)
    assert best_epochs(tale.record, tale.record.trials["0"]) == 3


def test_a_trial_judged_by_what_it_returned_was_best_at_its_end():
    tale = Tale()
    run_trial(tale, "0", [[0.1, 0.9, 0.2]], best_step=None, score=0.5)
    run_trial(tale, "1", [[]], best_step=None, score=0.4)
    run_trial(tale, "2", [[]], best_step=4, score=0.3)
    found = [best_epochs(tale.record, tale.record.trials[n]) for n in "012"]
    assert found == [3, None, 5]


# Running and keeping.


def test_both_are_trained_with_the_same_seeds(record, tmp_path):
    trainer = FakeTrainer(LEVEL)
    found = refitting(record, trainer, tmp_path).run(3, 1, Told())
    assert trainer.trained == [(trial, seed, epochs) for seed in seeds(1, 3) for trial, epochs in (("2", 3), ("1", 2))]
    assert list(found.scores.index) == seeds(1, 3)
    assert list(found.scores.columns) == [2, 1]


def test_the_same_call_again_trains_nothing_and_shows_the_same(record, tmp_path):
    first = refitting(record, FakeTrainer(LEVEL), tmp_path).run(3, 1, Told())
    idle = FakeTrainer({})
    again = refitting(record, idle, tmp_path)
    assert again.warning is None
    assert repr(again.run(3, 1, Told())) == repr(first)
    assert idle.trained == []


def test_an_interrupted_call_goes_on_where_it_was(record, tmp_path):
    cut, told = FakeTrainer(LEVEL, fits=3), Told()
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        refitting(record, cut, tmp_path).run(3, 1, told)
    assert told.texts == ["Interrupted: 3 of 6 fits are kept. Call it again to go on."]
    trainer = FakeTrainer(LEVEL)
    again = refitting(record, trainer, tmp_path)
    assert again.warning is None
    found = again.run(3, 1, told := Told())
    assert len(trainer.trained) == 3
    assert told.fits[0] == (1, 3, "1")
    assert told.texts == ["3 fits in 0.0 s, 3 known from before"]
    whole = refitting(record, FakeTrainer(LEVEL), tmp_path / "other").run(3, 1, Told())
    pd.testing.assert_frame_equal(found.table, whole.table)


def test_more_repeats_train_only_what_is_missing(record, tmp_path):
    refitting(record, FakeTrainer(LEVEL), tmp_path).run(2, 1, Told())
    trainer = FakeTrainer(LEVEL)
    again = refitting(record, trainer, tmp_path)
    assert again.warning is None
    assert len(again.run(5, 1, Told()).scores) == 5
    assert len(trainer.trained) == 6


def test_the_model_is_the_winners_of_the_first_seed(record, tmp_path):
    trainer = FakeTrainer(LEVEL)
    found = refitting(record, trainer, tmp_path).run(3, 1, Told())
    first = seeds(1, 1)[0]
    assert found.model == f"model 2 {first}"
    assert found.model_of(1) == f"model 1 {first}"
    again = refitting(record, trainer, tmp_path).run(3, 1, Told())
    assert again.model == found.model
    with pytest.raises(OptionError, match=r"Trial 7 was not trained anew\. There are: 2, 1"):
        found.model_of(7)


def test_a_failing_fit_is_raised_and_what_was_before_is_kept(record, tmp_path):
    class Failing(FakeTrainer):
        def __call__(self, trial_id, seed, epochs):
            if len(self.trained) == 2:
                raise ValueError("it broke")
            return super().__call__(trial_id, seed, epochs)

    with pytest.raises(ValueError, match="it broke"):
        refitting(record, Failing(LEVEL), tmp_path).run(3, 1, Told())
    assert len(FinishFile(tmp_path / "digits").scores()) == 2


def test_a_disk_that_takes_nothing_costs_a_note_and_no_result(record, tmp_path):
    (tmp_path / "digits").write_text("in the way")
    found = refitting(record, FakeTrainer(LEVEL), tmp_path).run(2, 1, Told())
    assert len(found.scores) == 2
    assert any("could be kept on disk" in note for note in found.notes)


def test_a_damaged_file_counts_for_what_can_be_read(record, tmp_path):
    refitting(record, FakeTrainer(LEVEL), tmp_path).run(1, 1, Told())
    path = tmp_path / "digits" / "finish.json"
    held = json.loads(path.read_text())
    held["scores"][0] = {"other": 1}
    path.write_text(json.dumps(held))
    assert len(FinishFile(path.parent).scores()) == 1
    path.write_text("{")
    assert FinishFile(path.parent).scores() == []


def test_what_json_cannot_hold_is_a_storage_error(record, tmp_path):
    class Odd(FakeTrainer):
        def __call__(self, *args):
            made = super().__call__(*args)
            return Refitted(made.model, made.score, {"accuracy": object()}, 1, 0.1, ())

    found = refitting(record, Odd(LEVEL), tmp_path).run(1, 1, Told())
    assert any("cannot be written" in note for note in found.notes)
    assert issubclass(StorageError, OSError)


# Looking twice.


def test_another_winner_on_the_same_test_set_is_a_second_look(record, tmp_path):
    refitting(record, FakeTrainer(LEVEL), tmp_path, clock=lambda: 1_778_587_200.0).run(2, 1, Told())
    second = refitting(record, FakeTrainer(LEVEL), tmp_path, key="other")
    assert second.warning is not None
    assert second.warning.startswith(
        "This is the second time that this test set is looked at (first: trial 2 of digits, 12 May 2026, 0.9"
    )
    assert second.warning in second.run(2, 1, Told()).notes
    third = refitting(record, FakeTrainer(LEVEL), tmp_path, key="third")
    assert "the third time" in third.warning


def test_a_second_look_is_told_again_with_its_result_but_not_warned_of(record, tmp_path):
    refitting(record, FakeTrainer(LEVEL), tmp_path).run(1, 1, Told())
    refitting(record, FakeTrainer(LEVEL), tmp_path, key="other", clock=lambda: 1.0).run(1, 1, Told())
    again = refitting(record, FakeTrainer(LEVEL), tmp_path, key="other", clock=lambda: 2.0)
    assert again.warning is None
    assert "second time" in again.run(1, 1, Told()).notes[0]


def test_another_search_beside_this_one_that_looked_counts(record, tmp_path):
    refitting(record, FakeTrainer(LEVEL), tmp_path).run(1, 1, Told())
    chosen = [Entrant(record.trials["2"], 3, "new")]
    assert Refitting(record, chosen, FakeTrainer(LEVEL), FinishFile(tmp_path / "changed"), ROWS).warning
    assert not Refitting(record, chosen, FakeTrainer(LEVEL), FinishFile(tmp_path / "changed"), HeldOut("b", 9)).warning


def test_fewer_rivals_are_no_new_look(record, tmp_path):
    refitting(record, FakeTrainer(LEVEL), tmp_path).run(1, 1, Told())
    assert refitting(record, FakeTrainer(LEVEL), tmp_path, rivals=0).warning is None
    assert refitting(record, FakeTrainer(LEVEL), tmp_path, rivals=2).warning is not None


def test_a_call_that_was_stopped_before_its_first_score_has_not_looked(record, tmp_path):
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        refitting(record, FakeTrainer(LEVEL, fits=0), tmp_path).run(1, 1, Told())
    assert refitting(record, FakeTrainer(LEVEL), tmp_path, key="other").warning is None


def test_a_test_set_that_cannot_be_known_again_leaves_nothing(record, tmp_path):
    found = refitting(record, FakeTrainer(LEVEL), tmp_path, test=HeldOut(None, None)).run(2, 1, Told())
    assert len(found.scores) == 2
    assert not (tmp_path / "digits").exists()


# What is said.


def of(first, second, *, sign=-1.0, n_rows=1000, sizes=(50, 20)):
    """Return the ending of two trials with these test scores."""
    entries = [Entry("12", 0.98, None, 6, first, sizes[0]), Entry("07", 0.97, None, 8, second, sizes[1])]
    return finish_of(entries, list(range(len(first))), sign, objective="val_accuracy", n_rows=n_rows)


def test_the_table_has_a_row_for_each_trial_and_what_the_search_said():
    table = of([0.96, 0.95, 0.97], [0.93, 0.94, 0.93]).table
    assert list(table.index) == [12, 7]
    assert list(table.columns) == [
        "validation", "test", "test std", "test min", "test max", "repeats", "epochs", "parameters",
    ]  # fmt: skip
    assert table.loc[12, "test"] == pytest.approx(0.96)
    assert table.loc[12, "test std"] == pytest.approx(0.01)


def test_the_spread_over_executions_has_a_column_where_there_are_any(tmp_path):
    tale = Tale(executions_per_trial=2)
    run_trial(tale, "0", [[0.5, 0.6], [0.8]], best_step=0, score=0.7)
    found = refitting(tale.record, FakeTrainer({"0": 0.6}), tmp_path).run(2, 1, Told())
    assert found.table.loc[0, "validation std"] == pytest.approx(math.sqrt(0.02))
    assert found.verdict == "There is no other trial to compare trial 0 with."


def test_a_clear_winner_is_said_to_beat_by_how_much_and_how_often():
    verdict = of([0.961, 0.958, 0.963, 0.960, 0.959], [0.951, 0.950, 0.951, 0.952, 0.950]).verdict
    assert verdict == (
        "Trial 12 beats trial 7 by 0.0094 ± 0.0021 on the 1,000 test rows, in 5 of 5 repeats: more than chance."
    )


def test_a_winner_that_is_beaten_is_said_to_be():
    verdict = of([0.951, 0.950, 0.951, 0.952, 0.950], [0.961, 0.958, 0.963, 0.960, 0.959]).verdict
    assert verdict.startswith("Trial 7, which came after it in the search, beats trial 12 by 0.0094 ± 0.0021")


def test_where_chance_may_be_all_the_smaller_model_is_named():
    verdict = of([0.96, 0.95, 0.97], [0.95, 0.96, 0.96]).verdict
    assert "Trial 12 cannot be told from trial 7" in verdict
    assert verdict.endswith("Take the smaller one, trial 7 (20 parameters; trial 12: 50).")
    assert of([0.96, 0.95, 0.97], [0.95, 0.96, 0.96], sizes=(5, 5)).verdict.endswith("5 parameters: take either.")
    assert of([0.9, 0.8], [0.8, 0.9], sizes=(None, 5)).verdict.endswith("cheaper to run.")


def test_a_loss_is_read_the_other_way_round():
    found = of([0.31, 0.30, 0.32], [0.51, 0.53, 0.52], sign=1.0)
    assert found.verdict.startswith("Trial 12 beats trial 7 by 0.210 ± 0.043")
    assert found.optimism == pytest.approx(0.31 - 0.98)


def test_the_optimism_is_what_the_search_promised_too_much():
    found = of([0.96, 0.95, 0.97], [0.9, 0.9, 0.9])
    assert found.optimism == pytest.approx(0.02)
    assert found.summary == (
        "Trial 12 had val_accuracy 0.9800 in the search and has 0.9600 on the test set (standard deviation 0.010 over "
        "3 seeds, known to ± 0.012 with 1,000 rows): 0.020 worse than the search promised, within chance."
    )


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ([0.9], [0.8], "One repeat does not tell"),
        ([0.9, math.nan], [0.8, 0.7], "1 of 4 fits ended without a finite score"),
        ([0.9, 0.8], [0.9, 0.8], "score the same in each of 2 repeats"),
        ([0.9, 0.9], [0.8, 0.8], "other rows could"),
        ([0.902, 0.901, 0.902], [0.9, 0.899, 0.9], "2.0 of the 1,000 test rows"),
    ],
)
def test_what_cannot_be_concluded_is_said(first, second, said):
    assert said in of(first, second).verdict


def test_notes_are_shown_once_and_escaped(record, tmp_path):
    found = refitting(record, FakeTrainer(LEVEL, notes=("a <b> & c",)), tmp_path, notes=["first"]).run(2, 1, Told())
    assert found.notes == ("first", "a <b> & c")
    assert "a &lt;b&gt; &amp; c" in found._repr_html_()
    assert repr(found).endswith("first\na <b> & c")
    assert "<script" not in found._repr_html_()


def test_only_a_gap_that_seeds_or_rows_explain_is_called_chance():
    few = [0.9, 0.9, 0.9]
    assert of([0.975, 0.976, 0.974], few).summary.endswith("0.0050 worse than the search promised, within chance.")
    assert of([0.901, 0.900, 0.899], few).summary.endswith("0.080 worse than the search promised.")
