"""Facts about tuners used from Python: searching, going on, what they answer and refuse."""

import json
import signal
import threading
import warnings
from pathlib import Path

import pytest

import kt_notebook as kt
from kt_notebook.core.errors import (
    FatalValueError,
    KTNotebookError,
    ObjectiveError,
    OptionError,
    ProjectLockedError,
    SearchStateError,
    StorageError,
)
from kt_notebook.search.session import Session

DEADLINE_S = 20


def square(hp):
    return hp.Float("x", -1, 1) ** 2


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_runs_to_its_end_and_prints_a_line_for_each_trial(here, capsys):
    tuner = kt.RandomSearch(square, max_trials=4, seed=1)
    tuner.search()

    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("trial")] == ["0", "1", "2", "3"]
    assert tuner.get_best_hyperparameters()[0].values == tuner.best
    assert tuner.remaining_trials == 0


def test_verbose_0_prints_nothing(here, capsys):
    kt.RandomSearch(square, max_trials=2).search(verbose=0)

    assert capsys.readouterr().out == ""


def test_defaults_are_keras_tuners(here):
    tuner = kt.RandomSearch(square)

    assert tuner.oracle.max_trials == 10
    assert (tuner.directory, tuner.project_name) == (".", "untitled_project")
    assert tuner.executions_per_trial == 1


def test_a_tuner_made_again_goes_on(here):
    first = kt.RandomSearch(square, max_trials=3, seed=5, project_name="p")
    first.search(verbose=0)
    second = kt.RandomSearch(square, max_trials=7, seed=5, project_name="p")

    assert len(second.results) == 3
    assert second.best == first.best
    second.search(verbose=0)
    assert len(second.results) == 7
    whole = kt.RandomSearch(square, max_trials=7, seed=5, project_name="whole")
    whole.search(verbose=0)
    assert list(second.results.x) == list(whole.results.x)


def test_overwrite_begins_anew(here):
    kt.RandomSearch(square, max_trials=3, project_name="p").search(verbose=0)
    again = kt.RandomSearch(square, max_trials=2, project_name="p", overwrite=True)

    assert len(again.results) == 0
    assert Path("p.old/journal.jsonl").exists()


def test_a_search_that_was_searched_to_its_end_does_nothing_more(here):
    ran = []
    tuner = kt.RandomSearch(lambda hp: ran.append(1) or square(hp), max_trials=3)
    tuner.search(verbose=0)
    tuner.search(verbose=0)

    assert len(ran) == 3


def test_a_search_with_nothing_left_to_run_says_so_and_what_to_do(here, capsys):
    tuner = kt.RandomSearch(square, max_trials=2)
    tuner.search()
    assert "nothing is trained now" not in capsys.readouterr().out
    tuner.search()

    assert (
        "All 2 trials have run before, so nothing is trained now. Give a larger max_trials" in capsys.readouterr().out
    )


def test_a_grid_covers_every_combination(here):
    tuner = kt.GridSearch(lambda hp: hp.Int("a", 0, 2) * 10 + hp.Choice("b", [1, 2]))
    tuner.search(verbose=0)

    assert sorted(tuner.results.score) == [1, 2, 11, 12, 21, 22]


def test_an_objective_object_counts(here):
    tuner = kt.RandomSearch(
        lambda hp: {"f1": hp.Float("x", 0, 1)}, objective=kt.Objective("f1", "max"), max_trials=4, seed=3
    )
    tuner.search(verbose=0)

    assert tuner.best.score == max(tuner.results.x)


def test_several_objectives_count_as_one_sum(here):
    objectives = [kt.Objective("size", "min"), kt.Objective("acc", "max")]
    tuner = kt.RandomSearch(
        lambda hp: {"size": hp.Float("s", 0, 1), "acc": hp.Float("a", 0, 1)}, objective=objectives, max_trials=5
    )
    tuner.search(verbose=0)

    best = tuner.best
    assert best.score == pytest.approx(min(tuner.results.s - tuner.results.a))
    assert list(tuner.results.score) == sorted(tuner.results.score)


def test_a_summary_of_several_objectives_names_each_with_its_direction(here, capsys):
    objectives = [kt.Objective("size", "min"), kt.Objective("acc", "max")]
    tuner = kt.RandomSearch(lambda hp: {"size": hp.Float("s", 0, 1), "acc": 1.0}, objectives, max_trials=2)
    tuner.search(verbose=0)
    tuner.results_summary()

    out = capsys.readouterr().out
    assert '\nMultiObjective(name="multi_objective", direction="min"): [Objective(name="size", direction="min")' in out
    assert 'Objective(name="acc", direction="max")]\n' in out


def test_the_pareto_set_is_a_list_of_trials_and_the_same_when_made_again(here):
    def make():
        objectives = [kt.Objective("size", "min"), kt.Objective("acc", "max")]
        return kt.RandomSearch(
            lambda hp: {"size": hp.Float("s", 0, 1), "acc": hp.Float("a", 0, 1)}, objectives, max_trials=12, seed=1
        )

    tuner = make()
    assert tuner.pareto == []
    tuner.search(verbose=0)
    front = [trial.hyperparameters.values for trial in tuner.pareto]
    assert 1 < len(front) < 12
    assert front == sorted(front, key=lambda values: values["s"]) == sorted(front, key=lambda values: values["a"])
    assert [trial.hyperparameters.values for trial in make().pareto] == front
    assert [int(trial.trial_id) for trial in tuner.pareto] == list(tuner.results.pareto().index)


def test_a_search_without_an_objective_is_told_by_a_dict(here):
    tuner = kt.RandomSearch(lambda hp: {"f1": hp.Float("x", 0, 1)}, max_trials=4)

    with pytest.raises(KTNotebookError, match=r"Objective\('f1', 'max'\)"):
        tuner.search(verbose=0)


@pytest.mark.parametrize("executions", [0, -1, True])
def test_executions_are_counted_from_one(executions):
    with pytest.raises(OptionError, match="executions_per_trial"):
        kt.RandomSearch(square, executions_per_trial=executions)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_trial": 3}, r"no argument max_trial=3\. Did you mean max_trials"),
        ({"directroy": "x"}, r"Did you mean directory"),
        ({"fit": "plain"}, r"no argument fit='plain': it belongs to search\(…, fit='plain'\)"),
        ({"zzz": 1}, r"RandomSearch has no argument zzz=1\. See help\(kt_notebook\.RandomSearch\)"),
        ({"max_trials": 0}, r"max_trials=0"),
        ({"max_retries_per_trial": -1}, r"max_retries_per_trial=-1"),
        ({"max_consecutive_failed_trials": 0}, r"max_consecutive_failed_trials=0"),
        ({"seed": 1.5}, r"seed=1\.5"),
    ],
)
def test_a_wrong_argument_is_named(here, arguments, said):
    with pytest.raises(OptionError, match=said):
        kt.RandomSearch(square, **arguments)
    assert list(here.iterdir()) == []


def test_an_objective_of_unknown_direction_is_named():
    with pytest.raises(ObjectiveError, match="'quality:min' or 'quality:max'"):
        kt.RandomSearch(square, objective="quality")


@pytest.mark.parametrize("hypermodel", [3, "model", [square]])
def test_what_is_no_hypermodel_is_named(hypermodel):
    with pytest.raises(OptionError, match="hypermodel is"):
        kt.RandomSearch(hypermodel)


def test_a_tuner_without_a_hypermodel_says_so_when_it_searches(here):
    with pytest.raises(OptionError, match="has no hypermodel"):
        kt.RandomSearch().search(verbose=0)


def test_making_a_tuner_writes_nothing(here):
    kt.RandomSearch(square)

    assert list(here.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_said_before_a_trial(here):
    Path("file").write_text("in the way")
    ran = []
    tuner = kt.RandomSearch(lambda hp: ran.append(1) or square(hp), directory="file")

    with pytest.raises(StorageError, match="file"):
        tuner.search(verbose=0)
    assert ran == []


def test_two_tuners_do_not_search_in_one_project_at_once(here):
    gate, begun = threading.Event(), threading.Event()

    def wait(hp):
        begun.set()
        assert gate.wait(DEADLINE_S)
        return square(hp)

    first = kt.RandomSearch(wait, max_trials=2, project_name="p")
    second = kt.RandomSearch(square, max_trials=2, project_name="p")
    thread = threading.Thread(target=first.search, kwargs={"verbose": 0})
    thread.start()
    try:
        assert begun.wait(DEADLINE_S)
        with pytest.raises(ProjectLockedError, match="is being searched by"):
            second.search(verbose=0)
        with pytest.raises(SearchStateError, match="searching already"):
            first.search(verbose=0)
    finally:
        gate.set()
        thread.join(DEADLINE_S)
    # what the second had read is old by now
    with pytest.raises(StorageError, match="Make the tuner anew"):
        second.search(verbose=0)


def test_results_and_best_answer_at_any_time_while_trials_run(here):
    tuner = kt.RandomSearch(square, max_trials=80)
    thread = threading.Thread(target=tuner.search, kwargs={"verbose": 0})
    thread.start()
    seen = []
    while thread.is_alive():
        seen.append((len(tuner.results), tuner.best.trial_id, repr(tuner.best)))
    thread.join(DEADLINE_S)

    assert [n for n, *_ in seen] == sorted(n for n, *_ in seen)
    assert len(tuner.results) == 80


def test_the_first_interrupt_cuts_the_trial_that_runs_and_it_runs_again(here, capsys):
    n_runs = []

    def interrupted(hp):
        n_runs.append(hp.Float("x", 0, 1))
        if len(n_runs) == 2:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return n_runs[-1]

    tuner = kt.RandomSearch(interrupted, max_trials=3, seed=1)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        tuner.search(verbose=0)
    assert "Interrupt again to stop now" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    assert dict(tuner.results.status) == {0: "COMPLETED", 1: "IDLE"}
    tuner.search(verbose=0)
    assert list(tuner.results.status) == ["COMPLETED"] * 3
    assert n_runs[1] == n_runs[2]


def test_a_failing_trial_costs_that_trial(here):
    def fails(hp):
        if hp.Int("x", 0, 3) == 2:
            raise ValueError("two")
        return 1.0

    tuner = kt.GridSearch(fails)
    tuner.search(verbose=0)

    assert sorted(tuner.results.status) == ["COMPLETED"] * 3 + ["FAILED"]
    assert tuner.results.error.iloc[-1] == "ValueError: two"


def test_trials_that_all_fail_alike_raise_the_users_error(here):
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        kt.RandomSearch(lambda hp: hp.Float("x", 0, 1) / 0, max_trials=9).search(verbose=0)


def test_a_tuner_of_numbers_has_no_model_to_load(here):
    tuner = kt.RandomSearch(square, max_trials=1)
    tuner.search(verbose=0)

    with pytest.raises(KTNotebookError, match=r"Trial 0 kept no model: it returned its result without a Keras fit"):
        tuner.get_best_models()


def test_summaries_print_what_keras_tuner_prints(here, capsys):
    tuner = kt.RandomSearch(square, max_trials=2, seed=1, project_name="p")
    tuner.search(verbose=0)
    capsys.readouterr()
    tuner.search_space_summary()
    space = capsys.readouterr().out
    tuner.results_summary(1)
    results = capsys.readouterr().out

    assert space.splitlines()[:3] == ["Search space summary", "Default search space size: 1", "x (Float)"]
    assert results.splitlines()[:3] == ["Results summary", "Results in ./p", "Showing 1 best trials"]
    assert f"x: {tuner.best['x']}" in results
    assert f"Score: {tuner.best.score}" in results


def test_the_space_is_summarised_before_a_search_by_building_once(here, capsys):
    n_built = 0

    def build(hp):
        nonlocal n_built
        n_built += 1
        return hp.Int("units", 8, 64) + hp.Boolean("deep")

    tuner = kt.RandomSearch(build, max_trials=2, project_name="p")
    tuner.search_space_summary()
    tuner.search_space_summary()

    assert capsys.readouterr().out.splitlines()[1::6] == ["Default search space size: 2"] * 2
    assert n_built == 1
    assert [entry.name for entry in tuner.oracle.get_space().space] == ["units", "deep"]
    assert not Path("p").exists()


def test_a_function_that_fails_while_the_space_is_looked_for_says_so_itself(here):
    tuner = kt.RandomSearch(lambda hp: hp.Int("units", 8, 64) / 0, max_trials=2)

    with pytest.raises(ZeroDivisionError, match="division by zero"):
        tuner.search_space_summary()
    assert tuner.oracle.get_space().space == []


def test_a_space_that_is_given_is_summarised_without_building(here, capsys):
    hp = kt.HyperParameters()
    hp.Int("units", 8, 64)
    kt.RandomSearch(lambda hp: 1 / 0, hyperparameters=hp).search_space_summary()

    assert "Default search space size: 1" in capsys.readouterr().out


def test_a_tuner_is_shown_in_one_line(here):
    shown = []

    def best_is_first(hp):
        hp.Float("x", 0, 1)
        shown.append(repr(tuner))
        return float(len(shown))

    tuner = kt.RandomSearch(best_is_first, max_trials=20)
    assert repr(tuner) == "<untitled_project: RandomSearch, not searched yet>"
    assert not Path("untitled_project").exists()
    tuner.search(verbose=0)

    assert shown[0] == "<untitled_project: RandomSearch, running, 0 of 20 trials>"
    assert shown[5] == "<untitled_project: RandomSearch, running, 5 of 20 trials, best 1.000 (trial 0)>"
    assert repr(tuner) == "<untitled_project: RandomSearch, finished, 20 of 20 trials, best 1.000 (trial 0)>"
    assert repr(kt.RandomSearch(square)) == repr(tuner)


def test_a_search_that_was_cut_off_is_not_shown_as_running(here):
    kt.RandomSearch(square, max_trials=2, project_name="p").search(verbose=0)
    journal = Path("p/journal.jsonl")
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"search_ended"' not in line))

    assert repr(kt.RandomSearch(square, project_name="p")).startswith("<p: RandomSearch, interrupted, 2 of 2 trials")


def test_keras_tuners_files_follow(here):
    kt.RandomSearch(square, max_trials=2, directory="d", project_name="p").search(verbose=0)

    oracle = json.loads(Path("d/p/oracle.json").read_text())
    assert oracle["end_order"] == ["0", "1"]
    assert json.loads(Path("d/p/trial_0/trial.json").read_text())["status"] == "COMPLETED"


def test_importing_the_package_loads_no_keras():
    import subprocess
    import sys

    code = (
        "import sys, kt_notebook; kt_notebook.RandomSearch; print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert ran.stdout == "False False\n"


def test_a_warning_of_a_trial_points_at_the_users_line(here):
    def warns(hp):
        warnings.warn("careful", UserWarning, stacklevel=1)
        return square(hp)

    with pytest.warns(UserWarning, match="careful") as caught:
        kt.RandomSearch(warns, max_trials=1).search(verbose=0)
    assert caught[0].filename == __file__


def test_a_search_that_could_not_begin_does_not_print_the_next_one_twice(here, capsys):
    tuner = kt.RandomSearch(square, max_trials=2, seed=1)
    with pytest.raises(KTNotebookError, match="only once"):
        tuner.search(n for n in range(3))
    tuner.search()

    assert sum(line.startswith("trial 0") for line in capsys.readouterr().out.splitlines()) == 1


def test_a_list_of_one_objective_means_the_same_best_trial_everywhere(here):
    tuner = kt.RandomSearch(lambda hp: {"val_accuracy": hp.Float("a", 0, 1)}, objective=["val_accuracy"], max_trials=5)
    tuner.search(verbose=0)

    assert tuner.best["a"] == max(tuner.results["a"]) == tuner.get_best_hyperparameters()[0].get("a")


def test_a_trial_has_the_same_seed_whatever_the_limit_of_trials(here):
    seeds = {
        kt.RandomSearch(square, max_trials=n, seed=1, project_name=str(n)).oracle.create_trial("tuner0").seed
        for n in (9, 10, 1000)
    }

    assert len(seeds) == 1


def test_two_interrupts_end_a_search_whose_oracle_is_thinking(here):
    before = signal.getsignal(signal.SIGINT)

    def wait_until(is_so):
        deadline = threading.Event()
        for _ in range(1000 * DEADLINE_S):
            if is_so() or deadline.wait(0.001):
                return

    class Slow(type(kt.RandomSearch(square).oracle)):
        def populate_space(self, trial_id):
            wait_until(lambda: signal.getsignal(signal.SIGINT) is not before)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            wait_until(lambda: signal.getsignal(signal.SIGINT) is before)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            return super().populate_space(trial_id)

    tuner = kt.RandomSearch(square, max_trials=2, seed=1, project_name="slow")
    tuner.oracle.__class__ = Slow
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        tuner.search(verbose=0)

    assert (tuner.session.is_running, tuner.session.state) == (False, "stopped")


def test_an_interrupt_right_after_the_start_leaves_nothing_running(here, monkeypatch):
    tuner = kt.RandomSearch(square, max_trials=50, seed=1, project_name="started")
    start = Session.start

    def interrupted(session, notes=()):
        start(session, notes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Session, "start", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            tuner.search(verbose=0)

    assert not tuner.session.is_running
    kt.RandomSearch(square, max_trials=3, seed=1, project_name="started").search(verbose=0)


def test_a_failure_is_told_once_where_there_are_results(here):
    def third_fails(hp):
        if hp.Float("x", -1, 1) is not None and len(tuner.results) > 2:
            raise FatalValueError("no more")
        return 1.0

    tuner = kt.RandomSearch(third_fails, max_trials=9, seed=1)
    with pytest.raises(FatalValueError, match="no more"):
        tuner.search(verbose=0)

    assert len(tuner.get_best_hyperparameters(5)) == 2


def test_a_project_of_another_objective_is_refused(here):
    kt.RandomSearch(square, max_trials=2, project_name="p").search(verbose=0)

    with pytest.raises(OptionError, match=r"searched for default_objective \(min\).*asks for other \(max\)"):
        kt.RandomSearch(square, objective=kt.Objective("other", "max"), project_name="p")


@pytest.mark.parametrize("kind", [kt.RandomSearch, kt.GridSearch])
def test_a_tuner_takes_prune(here, kind):
    assert kind(lambda hp: hp.Float("x", 0, 1), prune="auto").oracle.pruner is not None
    assert kind(lambda hp: hp.Float("x", 0, 1)).oracle.pruner is None


def test_prune_fits_any_oracle_and_none_leaves_it_as_it_is(here):
    class Mine(kt.Oracle):
        pass

    pruner = kt.Tuner(Mine("val_loss"), prune="median").oracle.pruner
    assert kt.Tuner(Mine("val_loss", pruner=pruner)).oracle.pruner is pruner
    assert kt.Tuner(Mine("val_loss", pruner=pruner), prune="none").oracle.pruner is None


def test_a_trials_line_comes_before_what_the_next_one_prints(here, capsys):
    def trial(hp):
        print("inside")  # noqa: T201
        return hp.Float("x", 0, 1)

    kt.RandomSearch(trial, max_trials=5).search()

    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith(("inside", "trial"))]
    assert lines == ["inside", "trial"] * 5
