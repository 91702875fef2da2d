"""Facts about tuners with methods of their own: `run_trial`, the hooks around trials and fits, and their oracle."""

import contextlib
import functools
import gc
import threading
import weakref

import pytest

import kt_notebook as kt
from kt_notebook.core.commands import StopNow
from kt_notebook.core.errors import FatalResultError, FatalRuntimeError, OptionError, SearchStateError
from kt_notebook.core.trial import TrialStatus
from tests.tuners.plain import fit_ways_asked


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Square(kt.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        return trial.hyperparameters.Float("x", -1, 1) ** 2


def searched(cls, *args, **kwargs):
    tuner = cls(max_trials=kwargs.pop("max_trials", 3), seed=1, **kwargs)
    tuner.search(*args, verbose=0)
    return tuner


def test_a_number_that_run_trial_returns_is_minimised():
    tuner = searched(Square, max_trials=6)

    assert tuner.best.score == min(tuner.results.x**2)


def test_arguments_of_search_reach_run_trial():
    seen = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, x, *, scale, verbose):
            seen.append((x, scale, verbose))
            return 1.0

    tuner = Own(max_trials=1)
    tuner.search("data", scale=2, verbose=0)

    assert seen == [("data", 2, 0)]


@pytest.mark.parametrize("returned", [{"loss": 2.0, "other": 9.0}, [{"loss": 1.0}, {"loss": 3.0}]])
def test_a_dict_is_a_result_and_so_is_the_mean_of_a_list_of_them(returned):
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            return returned

    assert searched(Own, objective="loss", max_trials=1).best.score == 2.0


def test_metrics_reported_through_the_oracle_are_the_result():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            x = trial.hyperparameters.Float("x", 0, 1)
            for step in range(3):
                self.oracle.update_trial(trial.trial_id, {"val_loss": x + step}, step=step)

    tuner = searched(Own, objective="val_loss")

    assert tuner.best.score == min(tuner.results.x)
    trial = tuner.oracle.get_best_trials()[0]
    assert trial.best_step == 0
    assert [epoch.metrics for epoch in tuner.hub.record.trials[trial.trial_id].epochs] == [
        {"val_loss": trial.score + step} for step in range(3)
    ]
    again = Own(objective="val_loss", max_trials=3)
    assert again.oracle.get_best_trials()[0].score == trial.score


def test_an_objective_left_out_is_the_one_metric_that_is_reported():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            self.oracle.update_trial(trial.trial_id, {"accuracy": trial.hyperparameters.Float("x", 0, 1)})

    tuner = searched(Own)

    assert tuner.objective == kt.Objective("accuracy", "max")
    assert tuner.best.score == max(tuner.results.x)


def test_what_was_reported_counts_where_a_value_is_returned_too():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            self.oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
            return 7.0

    assert searched(Own, objective="val_loss").best.score == 0.5


@pytest.mark.parametrize("returned", ["done", Square, [1.0, "a"], {"other": 1.0}, {}], ids=str)
def test_what_was_reported_counts_whatever_else_is_returned(returned):
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            self.oracle.update_trial(trial.trial_id, {"val_loss": trial.hyperparameters.Float("x", 0, 1)})
            return returned

    tuner = searched(Own, objective="val_loss")

    assert list(tuner.results.val_loss) == list(tuner.results.x)
    assert len(tuner.results) == 3


def test_run_trial_that_returns_and_reports_nothing_ends_the_search():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            trial.hyperparameters.Float("x", 0, 1)

    with pytest.raises(FatalResultError, match="returned None"):
        searched(Own)


def test_an_oracle_that_prunes_says_so_to_update_trial():
    class Prune:
        def judge(self, trial, epoch, oracle):
            from kt_notebook.core.oracle import Verdict

            return Verdict(epoch == 1, "planted")

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            for step in range(9):
                told = self.oracle.update_trial(trial.trial_id, {"val_loss": 9.0 - step}, step=step)
                if told.status == "STOPPED":
                    return

    tuner = searched(Own, objective="val_loss", prune=Prune())

    trial = tuner.oracle.get_trial("0")
    assert trial.pruned == {"epoch": 1, "reason": "planted"}
    assert (trial.status, trial.score) == (TrialStatus.COMPLETED, 8.0)


def test_inside_a_trial_the_oracle_answers_with_copies():
    seen = []

    class Own(Square):
        def run_trial(self, trial, *args, **kwargs):
            oracle = self.oracle
            seen.append((isinstance(oracle, kt.Oracle), len(oracle.trials), oracle.get_trial(trial.trial_id).status))
            oracle.get_trial(trial.trial_id).score = "changed"
            return super().run_trial(trial, *args, **kwargs)

    tuner = searched(Own)

    assert seen == [(True, n, "RUNNING") for n in (1, 2, 3)]
    assert all(isinstance(trial.score, float) for trial in tuner.oracle.trials.values())


def test_best_values_are_known_inside_a_search_without_waiting_for_its_end():
    seen = []

    class Own(Square):
        def on_trial_end(self, trial):
            seen.append((trial.score, len(self.get_best_hyperparameters(9))))

    tuner = searched(Own)

    assert seen == [(tuner.oracle.get_trial(str(n)).score, n + 1) for n in range(3)]


def test_a_search_that_runs_gives_nobody_a_trial():
    class Own(Square):
        def run_trial(self, trial, *args, **kwargs):
            self.oracle.create_trial("me")

    with pytest.raises(SearchStateError, match="asks for its trials itself"):
        searched(Own)


def test_hooks_come_in_order_on_the_callers_thread():
    told = []

    class Own(Square):
        def on_search_begin(self):
            told.append("search begins")

        def on_search_end(self):
            told.append("search ends")

        def on_trial_begin(self, trial):
            trial.begun = threading.current_thread()
            told.append(f"{trial.trial_id} begins")

        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            assert trial.begun is threading.current_thread() is threading.main_thread()
            assert self.oracle.get_trial(trial.trial_id).score == trial.score
            told.append(f"{trial.trial_id} ends {trial.status.value}")

    searched(Own, max_trials=2)

    assert told == [
        "search begins",
        "0 begins",
        "0 ends COMPLETED",
        "1 begins",
        "1 ends COMPLETED",
        "search ends",
    ]


def test_methods_may_be_wrapped_as_those_that_they_override():
    told = []

    class Own(Square):
        @functools.wraps(kt.RandomSearch.run_trial)
        def run_trial(self, trial, *args, **kwargs):
            return float(trial.hyperparameters.Int("mine", 1, 3))

        @functools.wraps(kt.Tuner.on_trial_end)
        def on_trial_end(self, trial):
            told.append(trial.score)

    tuner = searched(Own, max_trials=2, hypermodel=lambda hp: -1.0)

    assert told == list(tuner.results.sort_index().mine)


def test_methods_may_be_set_on_the_tuner_itself():
    told = []
    tuner = kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), max_trials=1)
    tuner.run_trial = lambda trial, **kwargs: 7.0
    tuner.on_trial_end = lambda trial: told.append(trial.score)
    tuner.search(verbose=0)

    assert told == [7.0]


def test_a_tuner_whose_methods_are_all_ours_is_told_of_no_trial():
    assert not kt.RandomSearch(lambda hp: hp.Float("x", 0, 1), max_trials=1)._own.watches_trials


def cut_by_an_interrupt(tuner):
    raise KeyboardInterrupt


def cut_by_a_stop(tuner):
    tuner.session.post(StopNow())
    while True:
        tuner.oracle.update_trial("0", {"default_objective": 1.0}, step=1)


@pytest.mark.parametrize("cut", [cut_by_an_interrupt, cut_by_a_stop])
def test_a_trial_that_was_cut_is_let_go_of(cut):
    held = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            trial.model = Square
            held.append(weakref.ref(trial))
            cut(self)

        def on_trial_end(self, trial):
            pytest.fail("The trial has not ended.")

    tuner = Own(objective=kt.Objective("default_objective", "min"), max_trials=2)
    with contextlib.suppress(KeyboardInterrupt):
        tuner.search(verbose=0)

    gc.collect()
    assert [trial() for trial in held] == [None]


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_trial_whose_work_is_over_cannot_be_run_by_hand(is_cut):
    trials = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            trials.append(trial)
            if is_cut:
                raise KeyboardInterrupt
            return super().run_trial(trial, *args, **kwargs)

    tuner = Own(lambda hp: hp.Float("x", 0, 1), max_trials=1)
    with contextlib.suppress(KeyboardInterrupt):
        tuner.search(verbose=0)

    with pytest.raises(SearchStateError, match="does not run"):
        kt.RandomSearch.run_trial(tuner, trials[0])


def test_the_end_of_a_failed_trial_is_told_too():
    told = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            if trial.trial_id == "1":
                raise ValueError("planted")
            return trial.hyperparameters.Float("x", 0, 1)

        def on_trial_end(self, trial):
            told.append(trial.status)

    searched(Own)

    assert told == ["COMPLETED", "FAILED", "COMPLETED"]


@pytest.mark.parametrize("hook", ["on_trial_end", "pre_create_trial", "on_search_begin", "on_search_end"])
def test_a_fault_of_a_hook_ends_the_search_and_is_raised(hook):
    def fail(self, *args):
        raise ZeroDivisionError(hook)

    tuner = type("Own", (Square,), {hook: fail})(max_trials=3)
    with pytest.raises(ZeroDivisionError, match=hook):
        tuner.search(verbose=0)

    ended = [trial for trial in tuner.hub.record.trials.values() if trial.ended_at is not None]
    assert len(ended) == {"on_trial_end": 1, "pre_create_trial": 0, "on_search_begin": 0}.get(hook, 3)
    assert not tuner.session.is_running


def test_pre_create_trial_comes_before_each_trial_is_made():
    counts = []

    class Own(Square):
        def pre_create_trial(self):
            counts.append(len(self.oracle.trials))

    searched(Own)

    assert counts[:3] == [0, 1, 2]


def test_a_search_that_does_not_block_tells_its_end():
    ended = threading.Event()

    class Own(Square):
        def on_search_end(self):
            ended.set()

    tuner = Own(max_trials=2)
    tuner.search(block=False, verbose=0)

    assert tuner.wait(20)
    assert ended.wait(20)
    assert len(tuner.results) == 2


def test_super_run_trial_runs_the_hypermodel_for_each_execution():
    calls = []

    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            values = super().run_trial(trial, *args, **kwargs)
            calls.append(values)
            return values

    tuner = Own(lambda hp: hp.Float("x", 0, 1) * 0 + 1.5, max_trials=1, executions_per_trial=2)
    tuner.search(verbose=0)

    assert calls == [[1.5, 1.5]]
    assert tuner.best.score == 1.5


def test_what_super_run_trial_gave_has_to_be_returned():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            super().run_trial(trial, *args, **kwargs)

    with pytest.raises(FatalResultError, match=r"Return what super\(\).run_trial"):
        searched(Own, hypermodel=lambda hp: hp.Float("x", 0, 1))


def test_super_run_trial_without_a_hypermodel_says_what_is_missing():
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return super().run_trial(trial, *args, **kwargs)

    with pytest.raises(FatalRuntimeError, match="no hypermodel"):
        searched(Own)


def test_a_tuner_with_neither_is_refused_before_anything_runs():
    with pytest.raises(OptionError, match="no hypermodel"):
        kt.RandomSearch(max_trials=1).search()


def test_run_trial_outside_of_a_search_says_what_to_do():
    tuner = kt.RandomSearch(lambda hp: 1.0)

    with pytest.raises(SearchStateError, match="does not run"):
        tuner.run_trial(tuner.oracle.create_trial("tuner0"))


def test_any_oracle_drives_a_tuner_of_ones_own():
    from kt_notebook.oracles import GridSearchOracle

    class Own(kt.Tuner):
        def run_trial(self, trial, **kwargs):
            return trial.hyperparameters.Int("a", 1, 4)

    tuner = Own(oracle=GridSearchOracle())
    tuner.search(verbose=0)

    assert sorted(tuner.results.a) == [1, 2, 3, 4]


def test_hyperband_gives_run_trial_its_epochs():
    class Own(kt.Hyperband):
        def run_trial(self, trial, **kwargs):
            values = trial.hyperparameters.values
            for epoch in range(values["tuner/initial_epoch"], values["tuner/epochs"]):
                x = trial.hyperparameters.Float("x", 0, 1)
                self.oracle.update_trial(trial.trial_id, {"val_loss": x / (1 + epoch)}, step=epoch)

    tuner = Own(objective="val_loss", max_epochs=4, factor=2, seed=1)
    tuner.search(verbose=0)

    assert {trial.hyperparameters.values["tuner/epochs"] for trial in tuner.oracle.trials.values()} == {1, 2, 4}
    assert tuner.best.score < 0.25


def test_the_same_seed_gives_the_same_trials_blocking_in_a_thread_and_resumed():
    def xs(**kwargs):
        name = "-".join(f"{k}{v}" for k, v in kwargs.items()) or "plain"
        tuner = Square(max_trials=4, seed=3, project_name=name)
        tuner.search(verbose=0, **kwargs)
        tuner.wait()
        return list(tuner.results.sort_index().x)

    first = Square(max_trials=2, seed=3, project_name="resumed")
    first.search(verbose=0)
    second = Square(max_trials=4, seed=3, project_name="resumed")
    second.search(verbose=0)

    assert xs() == xs(block=False) == list(second.results.sort_index().x)


def test_a_time_limit_ends_a_search_and_a_wrong_one_is_refused():
    release = threading.Event()

    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            release.wait(0.02)
            return trial.hyperparameters.Float("x", 0, 1)

    tuner = Own(max_trials=100_000)
    tuner.search(timeout="1s", verbose=0)

    assert tuner.session.state == "timed_out"
    assert 0 < len(tuner.results) < 100_000
    with pytest.raises(OptionError, match="timeout=0 is no time"):
        tuner.search(timeout=0)


@pytest.mark.parametrize(("given", "asked"), [({}, "auto"), ({"fit": "plain"}, "plain"), ({"fit": "fused"}, "fused")])
def test_how_fits_run_reaches_the_trials(monkeypatch, given, asked):
    seen = fit_ways_asked(monkeypatch)
    Square(max_trials=1).search(verbose=0, **given)

    assert seen == [asked]


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        ("fuse", r"fit='fuse' is no way to fit. Did you mean 'fused'\? Give 'auto' .* or 'plain'"),
        (True, "fit=True is no way to fit. Give 'auto'"),
        (None, "fit=None is no way"),
        (["fused"], r"fit=\['fused'\] is no way"),
    ],
)
def test_what_is_no_way_to_fit_is_refused_before_anything_runs(fit, said):
    tuner = Square(max_trials=1)
    with pytest.raises(OptionError, match=said):
        tuner.search(fit=fit, verbose=0)

    assert tuner.session is None


@pytest.mark.parametrize("verbose", [3, "loud", -1])
def test_a_verbosity_without_meaning_is_refused(verbose):
    with pytest.raises(OptionError, match="verbose="):
        Square(max_trials=1).search(verbose=verbose)


def test_logger_is_taken_and_has_no_effect_and_the_tuner_has_an_id():
    with pytest.warns(DeprecationWarning, match="logger="):
        tuner = Square(max_trials=1, logger=object())

    assert tuner.tuner_id == "tuner0"
    assert Square(max_trials=1, tuner_id="mine").tuner_id == "mine"


def test_an_oracle_that_is_none_is_refused():
    with pytest.raises(OptionError, match="Give an Oracle"):
        kt.Tuner("bayesian", lambda hp: 1.0)


def test_a_tuners_own_state_is_there_when_it_is_made_again():
    class Own(Square):
        n_ended = 0

        def on_trial_end(self, trial):
            self.n_ended += 1

        def get_state(self):
            return {"n_ended": self.n_ended}

        def set_state(self, state):
            self.n_ended = state["n_ended"]

    searched(Own, max_trials=2)

    assert Own(max_trials=2).n_ended == 2


def test_trials_run_by_hand_are_saved_and_reloaded():
    tuner = Square(objective="loss", max_trials=3, seed=1)
    for _ in range(2):
        trial = tuner.oracle.create_trial("me")
        trial.hyperparameters.Float("x", -1, 1)
        tuner.oracle.update_space(trial.hyperparameters)
        tuner.oracle.update_trial(trial.trial_id, {"loss": float(trial.trial_id)})
        trial.status = "COMPLETED"
        tuner.oracle.end_trial(trial)
    tuner.save()

    again = Square(objective="loss", max_trials=3, seed=1)
    assert [trial.score for trial in again.oracle.get_best_trials(3)] == [0.0, 1.0]
    tuner.oracle.trials["0"].score = 99.0
    tuner.reload()
    assert tuner.oracle.trials["0"].score == 0.0
    assert len(tuner.results) == 2
    again.search(verbose=0)
    assert len(again.results) == 3


def test_a_list_of_numbers_from_run_trial_is_averaged_and_said(capsys):
    class Own(kt.RandomSearch):
        def run_trial(self, trial, **kwargs):
            return [1.0, 2.0]

    tuner = Own(max_trials=1)
    tuner.search()

    assert tuner.best.score == 1.5
    assert "their mean is the score" in capsys.readouterr().out


def test_run_trial_that_does_not_ask_for_hyperbands_epochs_runs_and_is_warned(capsys):
    class Own(kt.Hyperband):
        def run_trial(self, trial, **kwargs):
            return trial.hyperparameters.Float("x", 0, 1)

    tuner = Own(max_epochs=4, factor=2, seed=1)
    tuner.search()

    assert len(tuner.results) > 4
    assert "never asks how many epochs" in capsys.readouterr().out
