"""Facts about projects of KerasTuner's, whole and broken, as a tuner reads them."""

import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kt_notebook.core.errors import StorageError
from kt_notebook.core.events import EpochEnded, SearchEnded, SearchStarted, TrialEnded, TrialStarted
from kt_notebook.storage.journal import Journal
from kt_notebook.storage.journal_reader import read_journal
from kt_notebook.storage.project_store import ProjectStore, load_record
from kt_notebook.storage.projects import Project
from tests.storage.keras_tuner_projects import SPACE, STARTED_AT, oracle_state, trial_state, write

_TRACEBACK = """Traceback (most recent call last):
  File "a.py", line 3, in build
    raise ValueError("too: large")
ValueError: too: large
of two lines
"""


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "a [project]")


def read(project):
    return load_record(project)[0]


def damage(project):
    recovery = load_record(project)[1]
    return "" if recovery is None else recovery.describe()


def test_a_project_that_is_not_there_is_empty(project):
    assert load_record(project)[0].seq == 0
    assert load_record(project)[1] is None


def test_trials_are_taken_over_with_all_that_is_known_of_them(project):
    write(
        project, [trial_state("0", val_loss=0.25, val_accuracy=0.9), trial_state("1", score=0.5, step=1, val_loss=0.5)]
    )
    record = read(project)

    first = record.trials["0"]
    assert first.values == first.drawn_values == {"x": 0.0, "kind": "relu"}
    assert (first.status, first.score, first.best_step) == ("COMPLETED", 0.25, 3)
    assert first.metrics == {"val_loss": 0.25, "val_accuracy": 0.9}
    assert (record.trials["1"].started_at, record.trials["1"].ended_at) == (STARTED_AT, STARTED_AT + 10)
    assert record.search["seed"] == 7
    assert record.search["space"] == SPACE
    assert (record.state, record.end_order) == ("stopped", ["0", "1"])
    assert damage(project) == ""
    assert [note["text"] for note in record.search["notes"]] == [
        "2 trials were read from KerasTuner's files, 2 of them to their end."
    ]


def test_reading_changes_nothing_on_disk(project):
    write(project, [trial_state("0")])
    before = sorted(project.path.rglob("*"))
    load_record(project)
    assert sorted(project.path.rglob("*")) == before


def test_a_trial_that_runs_in_the_files_is_to_run_again(project):
    trials = [trial_state("0"), trial_state("1", status="RUNNING", score=None, step=0)]
    write(project, trials, oracle_state(["0", "1"], ["0"]))
    assert [trial.status for trial in read(project).trials.values()] == ["COMPLETED", "IDLE"]
    assert read(project).end_order == ["0"]


def test_a_trial_file_that_has_ended_counts_whatever_the_oracle_says(project):
    trials = [trial_state("0"), trial_state("1")]
    write(project, trials, oracle_state(["0"], []))
    assert read(project).end_order == ["0", "1"]


@pytest.mark.parametrize(("ended", "status"), [(["0"], "INVALID"), ([], "IDLE")])
def test_a_trial_that_was_to_be_retried_runs_again(project, ended, status):
    # KerasTuner's INVALID; what has had its last retry is FAILED there.
    write(project, [trial_state("0", status="INVALID", score=None)], oracle_state(["0"], ended))
    assert read(project).trials["0"].status == status


def test_an_invalid_trial_of_ours_has_ended_though_the_oracle_is_lost(project):
    write(project, [{**trial_state("0", status="INVALID", score=math.nan), "seed": 5}])
    (project.path / "oracle.json").unlink()
    assert (read(project).trials["0"].status, read(project).trials["0"].seed) == ("INVALID", 5)


def test_a_bare_nan_is_a_score_that_came_out_as_nan(project):
    write(project, [{**trial_state("0", status="FAILED", score=math.nan, loss=math.nan), "best_step": None}])
    trial = read(project).trials["0"]
    assert trial.status == "FAILED"
    assert math.isnan(trial.score)
    assert math.isnan(trial.metrics["loss"])
    assert trial.error["message"] == "The objective came out as nan."


def test_the_exception_of_a_failed_trial_is_told_apart_from_its_traceback(project):
    write(project, [trial_state("0", status="FAILED", score=None, message=_TRACEBACK)])
    error = read(project).trials["0"].error
    assert (error["type"], error["message"]) == ("ValueError", "too: large\nof two lines")
    assert error["traceback"] == _TRACEBACK


def test_a_metric_that_cannot_be_read_costs_itself_alone(project):
    state = trial_state("0", loss=0.25)
    state["metrics"]["metrics"]["odd"] = {"direction": "min", "observations": [{"value": "many", "step": None}]}
    write(project, [state])
    assert read(project).trials["0"].metrics == {"loss": 0.25}


def test_a_message_that_is_no_traceback_is_kept_as_it_is(project):
    write(project, [trial_state("0", status="FAILED", score=None, message="out of memory")])
    assert read(project).trials["0"].error["message"] == "out of memory"


def test_epochs_are_taken_over_where_the_metrics_have_several_steps(project):
    write(project, [trial_state("0", score=0.25, step=1, loss=[0.5, [0.25, 0.25], 0.75])])
    trial = read(project).trials["0"]
    assert [(e.execution, e.epoch, e.metrics) for e in trial.epochs] == [
        (0, 0, {"loss": 0.5}), (0, 1, {"loss": 0.25}), (0, 2, {"loss": 0.75}), (1, 1, {"loss": 0.25}),
    ]  # fmt: skip
    assert trial.metrics == {"loss": 0.25}


def test_the_best_epoch_alone_is_no_curve(project):
    write(project, [trial_state("0", score=0.25, step=3, loss=0.25)])
    assert read(project).trials["0"].epochs == []


@pytest.mark.parametrize(
    ("metrics", "objective"),
    [
        ([{"val_loss": 0.25, "val_accuracy": 0.9}], [{"name": "val_loss", "direction": "min"}]),
        ([{"loss": 0.5, "my_acc": 0.25}], [{"name": "my_acc", "direction": "max"}]),
        ([{"default_objective": 0.25}], [{"name": "default_objective", "direction": "min"}]),
        ([{"a": 0.25, "b": 0.25}, {"a": 0.25, "b": 0.5}], [{"name": "a", "direction": "min"}]),
        ([{"a": 0.25, "b": 0.25}], None),
        ([{"a": 0.5, "b": -0.25, "multi_objective": 0.25}], None),
        ([{"a": 0.5}], None),
    ],
)
def test_the_objective_is_the_metric_that_is_every_score(project, metrics, objective):
    write(project, [trial_state(str(number), **held) for number, held in enumerate(metrics)])
    assert read(project).search["objective"] == objective


def test_trials_are_in_the_order_in_which_they_began_and_ended(project):
    trials = [trial_state(trial_id) for trial_id in ("2", "0", "10", "1")]
    write(project, trials, oracle_state(["0", "1", "2"], ["1", "0", "2"]))
    record = read(project)
    assert list(record.trials) == ["0", "1", "2", "10"]
    assert record.end_order == ["1", "0", "2", "10"]


def test_times_of_starts_are_taken_from_the_display(project):
    import datetime as dt

    started = dt.datetime.fromtimestamp(STARTED_AT - 5)  # noqa: DTZ006 - KerasTuner's form has no zone
    display = {"search_start": None, "trial_start": {"0": started.isoformat()}, "trial_number": {"0": 1}}
    write(project, [trial_state("0")], oracle_state(["0"], display=display))
    assert read(project).trials["0"].duration_s == 5


def test_a_text_that_looks_like_a_number_stays_a_text(project):
    choice = {
        "class_name": "Choice",
        "config": {"name": "fill", "values": ["NaN", "mean"], "default": "NaN", "conditions": [], "ordered": False},
    }
    write(project, [trial_state("0", values={"fill": "NaN"}, space=[choice])], oracle_state(["0"], space=[choice]))
    record = read(project)
    assert record.trials["0"].values == {"fill": {"__str__": "NaN"}}
    assert record.search["space"][0]["config"]["values"] == [{"__str__": "NaN"}, "mean"]


def test_a_continued_trial_is_in_the_bracket_of_the_one_that_it_continues(project):
    # With several workers KerasTuner notes the bracket that it has begun meanwhile.
    new = {"x": 0.5, "tuner/epochs": 2, "tuner/initial_epoch": 0, "tuner/bracket": 2, "tuner/round": 0}
    continued = {
        **new,
        "tuner/epochs": 4,
        "tuner/initial_epoch": 2,
        "tuner/bracket": 1,
        "tuner/round": 1,
        "tuner/trial_id": "0",
    }
    again = {**continued, "tuner/epochs": 8, "tuner/round": 2, "tuner/trial_id": "1", "tuner/bracket": 0}
    write(project, [trial_state(str(n), values=values) for n, values in enumerate((new, continued, again))])
    assert [trial.values["tuner/bracket"] for trial in read(project).trials.values()] == [2, 2, 2]


def test_a_project_of_kerastuner_1_0_is_read(project):
    ids = ["3f1c2a", "09bb41"]
    trials = [trial_state("0", values={"x": 0.5}, loss=0.25) | {"trial_id": trial_id} for trial_id in ids]
    oracle = oracle_state(ids)
    for state in trials:
        del state["message"]
    for name in ("run_times", "retry_queue", "display", "id_to_hash", "tried_so_far", "end_order"):
        del oracle[name]
    write(project, trials, oracle)
    assert list(read(project).trials) == read(project).end_order == ids
    assert damage(project) == ""


# Broken ones.


@pytest.mark.parametrize(
    ("content", "fault"), [(None, "is missing"), ("", "is empty"), ('{"ongoing_tri', "is cut short")]
)
def test_a_broken_oracle_costs_the_seed_alone(project, content, fault):
    write(project, [trial_state("0"), trial_state("1", status="RUNNING")])
    path = project.path / "oracle.json"
    path.unlink() if content is None else path.write_text(content)
    record = read(project)

    assert [trial.status for trial in record.trials.values()] == ["COMPLETED", "IDLE"]
    assert record.search["seed"] is None
    assert record.search["space"] == SPACE
    assert damage(project) == (
        f"Some of the project's files are damaged: oracle.json {fault}, the seed is lost. "
        "2 trials were read from KerasTuner's files, 1 of them to their end."
    )


def test_what_stands_before_the_cut_of_an_oracle_is_kept(project):
    write(project, [trial_state("1"), trial_state("0")], {**oracle_state(["1", "0"]), "long": "x" * 100})
    path = project.path / "oracle.json"
    path.write_text(path.read_text()[:-50])
    assert list(read(project).trials) == ["1", "0"]
    assert read(project).search["seed"] == 7


def test_an_empty_trial_file_is_said_and_costs_no_other_trial(project):
    write(project, [trial_state("0"), trial_state("1"), trial_state("2")])
    (project.trial_dir("1") / "trial.json").write_text("")
    assert list(read(project).trials) == ["0", "2"]
    assert "trial_1/trial.json is empty, a new trial takes its place" in damage(project)


def test_a_trial_without_a_file_is_said(project):
    write(project, [trial_state("0")], oracle_state(["0", "1"]))
    project.trial_dir("2").mkdir()
    said = damage(project)
    assert "trial_1/trial.json is missing" in said
    assert "trial_2/trial.json is missing" in said


@pytest.mark.parametrize(
    ("until", "status", "said"),
    [('"metrics"', "IDLE", "it runs again with its values"), ('"message"', "COMPLETED", "its result was kept")],
)
def test_a_trial_file_that_is_cut_short_keeps_what_can_be_read(project, until, status, said):
    write(project, [trial_state("0", loss=0.25)])
    path = project.trial_dir("0") / "trial.json"
    text = path.read_text()
    path.write_text(text[: text.index(until)])
    trial = read(project).trials["0"]
    assert (trial.status, trial.values) == (status, {"x": 0.0, "kind": "relu"})
    assert f"trial_0/trial.json is cut short, {said}" in damage(project)


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"trial_id": "0"}', '{"trial_id": "0", "hyperparameters": 3}', "\0\0"]
)
def test_a_file_that_is_no_trial_is_said(project, content):
    write(project, [trial_state("0"), trial_state("1")])
    (project.trial_dir("0") / "trial.json").write_text(content)
    assert list(read(project).trials) == ["1"]
    assert "trial_0/trial.json" in damage(project)


def test_a_copied_folder_does_not_stand_for_another_trial(project):
    write(project, [trial_state("0")])
    copy = project.path / "trial_0 copy"
    copy.mkdir()
    (copy / "trial.json").write_text(json.dumps(trial_state("0", score=99)))
    assert read(project).trials["0"].score == 0.25
    assert "trial_0 copy/trial.json tells of trial 0, whose folder is another one" in damage(project)


def test_a_hyperparameter_that_cannot_be_read_is_said_and_left_out(project):
    odd = [{"class_name": "Spline", "config": {"name": "s"}}, {"class_name": "Float", "config": {"name": "y"}}]
    write(project, [trial_state("0", space=[*SPACE, *odd])])
    assert read(project).search["space"] == SPACE
    assert "the class 'Spline'" in damage(project)


def test_the_tuners_own_file_is_not_needed(project):
    write(project, [trial_state("0")])
    (project.path / "tuner0.json").unlink()
    assert list(read(project).trials) == ["0"]
    assert damage(project) == ""


def test_trials_without_an_oracle_are_a_project(project):
    write(project, [trial_state("0")])
    (project.path / "oracle.json").unlink()
    assert project.is_there


# Into the journal.


def test_what_was_read_is_in_the_journal_once_the_search_begins(project):
    write(project, [trial_state("0"), trial_state("1", status="RUNNING", score=None)])
    (project.trial_dir("1") / "trial.json").write_text(json.dumps(trial_state("1"))[:-40])
    record = read(project)
    store = ProjectStore(project, print)
    store.acquire(record.seq)
    store.release()

    records, _ = read_journal(project.journal_path)
    assert [item["seq"] for item in records] == list(range(1, record.seq + 1))
    again, recovery = load_record(project)
    assert again.snapshot() == record.snapshot()
    assert recovery.describe() == ""  # It was said, and stands in the journal.
    assert [note["code"] for note in again.search["notes"]] == ["journal_recovered"]


def test_a_project_that_kerastuner_changed_meanwhile_is_not_written_over(project):
    write(project, [trial_state("0"), trial_state("1", status="RUNNING", score=None)], oracle_state(["0", "1"], ["0"]))
    record = read(project)
    write(project, [trial_state("0"), trial_state("1"), trial_state("2")])
    with pytest.raises(StorageError, match="has gone on since this tuner read it"):
        ProjectStore(project, print).acquire(record.seq)
    assert read_journal(project.journal_path)[0] == []


def journal_of(project, *events):
    project.create()
    with Journal.open(project.journal_path) as journal:
        started = SearchStarted(
            "id", "p", "RandomSearch", None, 5, 1, None, 7, 1, "calling", None, SPACE, str(project.path), False, None
        )
        records = [event.to_record(n, STARTED_AT) for n, event in enumerate((started, *events), 1)]
        journal.append(records, durable=False)


def _started(trial_id):
    return TrialStarted(trial_id, {"x": 0.5, "kind": "tanh"}, 1)


def _ended(trial_id, status="COMPLETED", score=0.5):
    return TrialEnded(trial_id, status, score, 0, {"loss": score}, {"x": 0.5, "kind": "tanh"})


def test_trials_with_which_kerastuner_went_on_are_taken_in(project):
    journal_of(
        project,
        _started("0"),
        _ended("0"),
        _started("1"),
        EpochEnded("1", 0, 0, 3, 0, {"loss": 9.0}),
        SearchEnded("stopped"),
    )
    write(
        project,
        [
            trial_state("0", score=99.0, loss=99.0),
            trial_state("1", score=0.25, loss=0.25),
            trial_state("2", score=0.75, loss=0.75),
            trial_state("3", status="RUNNING", score=None),
        ],
        oracle_state(["0", "1", "2", "3"], ["0", "1", "2"]),
    )
    record = read(project)

    assert {trial.trial_id: (trial.status, trial.score) for trial in record.trials.values()} == {
        "0": ("COMPLETED", 0.5), "1": ("COMPLETED", 0.25), "2": ("COMPLETED", 0.75), "3": ("IDLE", None),
    }  # fmt: skip
    assert record.trials["1"].epochs == []  # It was run again, there.
    assert record.end_order == ["0", "1", "2"]
    assert record.search["objective"] == [{"name": "loss", "direction": "min"}]
    assert [note["text"] for note in record.search["notes"]] == [
        "3 trials were taken in from KerasTuner's files that the journal did not know."
    ]


def test_what_kerastuner_has_found_in_the_space_is_taken_in(project):
    journal_of(project, _started("0"), _ended("0"))
    more = [*SPACE, {"class_name": "Boolean", "config": {"name": "normed", "default": False, "conditions": []}}]
    write(project, [trial_state("0"), trial_state("1", space=more)], oracle_state(["0", "1"], space=SPACE))
    assert [entry["config"]["name"] for entry in read(project).search["space"]] == ["x", "kind", "normed"]


def test_a_journal_that_knows_all_ends_is_taken_as_it_is(project):
    journal_of(project, _started("0"), _ended("0"), SearchEnded("finished"))
    write(project, [trial_state("0", score=99.0)])
    (project.path / "oracle.json").write_text("")
    record, recovery = load_record(project)
    assert (record.seq, record.trials["0"].score) == (4, 0.5)
    assert recovery.describe() == ""


def test_a_trial_of_ours_that_was_to_be_retried_is_not_ended_by_its_file(project):
    journal_of(project, _started("0"))
    write(project, [{**trial_state("0", status="FAILED", score=None), "seed": 1}])
    assert read(project).trials["0"].status == "RUNNING"


def test_a_trial_of_ours_keeps_its_epochs_when_its_file_knows_its_end(project):
    journal_of(project, _started("0"), EpochEnded("0", 0, 0, 1, 0, {"loss": 0.25}))
    write(project, [{**trial_state("0", score=0.25, loss=0.25), "seed": 1, "curve": [[0, 0.25]]}])
    trial = read(project).trials["0"]
    assert (trial.status, trial.score, len(trial.epochs)) == ("COMPLETED", 0.25, 1)


def test_a_failure_that_is_older_than_the_trials_new_start_does_not_count(project):
    journal_of(project, _started("0"))
    write(project, [trial_state("0", status="FAILED", score=None)])
    path = project.trial_dir("0") / "trial.json"
    os.utime(path, (STARTED_AT - 1,) * 2)
    assert read(project).trials["0"].status == "RUNNING"
    os.utime(path, (STARTED_AT + 1,) * 2)
    assert read(project).trials["0"].status == "FAILED"


def test_nothing_is_taken_in_while_somebody_searches(project):
    journal_of(project, _started("0"))
    write(project, [trial_state("0"), trial_state("1")])
    with project.lock():
        assert read(project).seq == 2
    assert list(read(project).trials) == ["0", "1"]


def test_files_of_ours_without_their_journal_give_all_that_they_hold(project):
    ours = {"seed": 11, "pruned": {"epoch": 1, "reason": "slow"}, "curve": [[0, 0.5], [1, 0.25]], "n_epochs": 4}
    state = {**trial_state("0", score=0.25, step=1, loss=0.25), **ours, "enqueued": None}
    objective = [{"name": "loss", "direction": "min"}]
    waiting = [{"number": 1, "values": {"x": 0.5}}]
    write(project, [state], oracle_state(["0"], objective=objective, enqueued=waiting))
    record = read(project)
    trial = record.trials["0"]
    assert (trial.seed, trial.pruned, trial.n_epochs) == (11, ours["pruned"], 4)
    assert [(epoch.epoch, epoch.metrics) for epoch in trial.epochs] == [(0, {"loss": 0.5}), (1, {"loss": 0.25})]
    assert record.objective == objective
    assert record.enqueued == waiting


def test_a_cut_at_any_place_costs_the_trial_that_it_is_in_alone(project):
    write(project, [trial_state("0"), trial_state("1", loss=0.25)])
    path = project.trial_dir("1") / "trial.json"
    text = path.read_text()
    for length in range(len(text)):
        path.write_text(text[:length])
        trials = read(project).trials
        assert trials["0"].score == 0.25
        assert trials.get("1") is None or trials["1"].values == {"x": 0.1, "kind": "relu"}


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(list(oracle_state(["0"]))), held=_anything)
def test_nothing_in_an_oracle_file_keeps_a_project_from_opening(tmp_path_factory, name, held):
    project = Project(tmp_path_factory.mktemp("p"))
    write(project, [trial_state("0")], {**oracle_state(["0"]), "objective": None, "enqueued": [], name: held})
    assert read(project).trials["0"].score == 0.25


@given(
    name=st.sampled_from([*trial_state("0"), "seed", "pruned", "curve", "n_epochs", "enqueued"]),
    held=_anything,
    ours=st.booleans(),
)
def test_nothing_in_a_trial_file_keeps_a_project_from_opening(tmp_path_factory, name, held, ours):
    project = Project(tmp_path_factory.mktemp("p"))
    more = {"seed": 1, "pruned": None, "curve": [[0, 0.5]], "n_epochs": 3} if ours else {}
    write(project, [trial_state("0", loss=0.25), trial_state("1")])
    (project.trial_dir("1") / "trial.json").write_text(json.dumps({**trial_state("1", loss=0.25), **more, name: held}))
    record = read(project)
    assert record.trials["0"].score == 0.25
    store = ProjectStore(project, print)
    store.acquire(record.seq)
    store.release()
