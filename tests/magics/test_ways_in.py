"""Facts about finding one's way: loading, help, completion, defaults, and the best trial's names."""

import sys
import types

import pytest

from kt_notebook.magics.options import OPTIONS, TUNERS
from tests.tuners.plain import fit_ways_asked


def test_loading_twice_is_one_set_of_magics(notebook):
    before = notebook.shell.magics_manager.registry["TuneMagics"]
    notebook.ok("%load_ext kt_notebook")
    notebook.ok("%reload_ext kt_notebook")

    assert notebook.shell.magics_manager.registry["TuneMagics"] is before
    assert sum(type(c).__name__ == "KTNotebook" for c in notebook.shell.configurables) == 1


def test_loading_beside_keras_tuner_says_which_imports_to_change(notebook, monkeypatch):
    from kt_notebook.magics.magics import warn_of_keras_tuner

    monkeypatch.setitem(sys.modules, "keras_tuner", types.ModuleType("keras_tuner"))
    notebook.shell.user_ns["warn"] = lambda: warn_of_keras_tuner(notebook.shell)

    assert "import kt_notebook as kt" in notebook.ok("warn()").out


# Help.


@pytest.fixture
def help_text(notebook):
    return notebook.shell.object_inspect_text("%%tune")


def test_help_names_every_option(help_text):
    for option in OPTIONS:
        assert option.flag in help_text


def test_help_shows_a_cell_each_kind_of_hyperparameter_and_the_words_of_the_line_magic(help_text):
    assert "%%tune digits --objective val_accuracy --max-trials 20" in help_text
    for kind in ("hp.Int", "hp.Float", "hp.Choice", "hp.Boolean", "hp.Fixed"):
        assert kind in help_text
    from kt_notebook.magics.line import WORDS

    for word in WORDS:
        assert word in help_text.rpartition("Also:")[2]


def test_the_example_in_the_help_reads_as_a_cell(notebook, help_text):
    from kt_notebook.magics.cell import read_cell

    block = help_text.partition("%%tune digits")[2].partition("The whole cell is a trial")[0].split("\n", 1)[1]
    plan = read_cell("\n".join(line.removeprefix("    ") for line in block.splitlines()), {"keras": object()})

    assert [declaration.name for declaration in plan.declarations] == ["units", "lr"]


def test_help_lines_fit_a_screen(help_text):
    assert max(len(line) for line in help_text.partition("Docstring:")[2].splitlines()) <= 120


def test_the_line_magic_has_help(notebook):
    from kt_notebook.magics.line import WORDS

    told = notebook.shell.object_inspect_text("%tune")

    for word in WORDS:
        assert word in told


# Completion.


def complete(notebook, line):
    """Return the lines that Tab offers, as a kernel asks for them."""
    from IPython.core.completer import provisionalcompleter, rectify_completions

    with provisionalcompleter():
        found = list(rectify_completions(line, notebook.shell.Completer.completions(line, len(line))))
    return [line[: c.start] + c.text for c in found]


def test_options_complete(notebook):
    assert set(complete(notebook, "%%tune --max")) == {"%%tune --max-trials", "%%tune --max-epochs"}
    assert set(complete(notebook, "%%tune digits --")) == {f"%%tune digits {option.flag}" for option in OPTIONS}


def test_an_option_that_is_there_is_not_offered_again(notebook):
    assert complete(notebook, "%%tune --max-trials 3 --max") == ["%%tune --max-trials 3 --max-epochs"]


def test_tuners_and_objectives_complete(notebook):
    assert complete(notebook, "%%tune --tuner ra") == ["%%tune --tuner random"]
    assert set(complete(notebook, "%%tune --tuner ")) == {f"%%tune --tuner {t}" for t in TUNERS}
    assert complete(notebook, "%%tune --prune me") == ["%%tune --prune median"]
    assert set(complete(notebook, "%%tune --fit ")) == {f"%%tune --fit {way}" for way in ("auto", "fused", "plain")}
    assert complete(notebook, "%%tune q --objective val_acc") == ["%%tune q --objective val_accuracy"]
    assert complete(notebook, "%%tune q --objective val_loss,val_l") == []
    assert complete(notebook, "%%tune q --objective val_loss,val_a") == [
        "%%tune q --objective val_loss,val_accuracy",
        "%%tune q --objective val_loss,val_auc",
    ]


def test_words_of_the_line_magic_complete(notebook):
    assert complete(notebook, "%tune sta") == ["%tune status"]
    assert set(complete(notebook, "%tune ")) >= {"%tune list", "%tune open", "%tune stop"}


def test_names_of_searches_complete(notebook):
    notebook.ok("%%tune digits --max-trials 1\nhp.Float('x', 0, 1)\n")

    assert complete(notebook, "%tune status di") == ["%tune status digits"]


def test_projects_on_disk_complete(notebook):
    notebook.ok("%%tune digits --max-trials 1\nhp.Float('x', 0, 1)\n")

    assert complete(notebook, "%tune open di") == [f"%tune open {name}" for name in notebook.projects()]


# %config


@pytest.fixture
def config(notebook):
    from kt_notebook.magics.settings import KTNotebook

    settings = next(c for c in notebook.shell.configurables if isinstance(c, KTNotebook))
    before = {name: getattr(settings, name) for name in settings.trait_names(config=True)}
    yield settings
    for name, value in before.items():
        setattr(settings, name, value)


def test_config_holds_defaults(notebook, config):
    notebook.ok("%config KTNotebook.max_trials = 3")
    notebook.ok("%%tune q\nhp.Float('x', 0, 1)\n")
    notebook.ok("%%tune r --max-trials 2\nhp.Float('x', 0, 1)\n")

    assert (len(notebook["q"].results), len(notebook["r"].results)) == (3, 2)


def test_config_says_what_there_is(notebook):
    said = notebook.ok("%config KTNotebook").out

    names = ("tuner", "objective", "max_trials", "executions_per_trial", "timeout", "prune", "fit", "workers", "keep")
    for name in names:
        assert f"KTNotebook.{name}" in said


def test_how_fits_run_is_what_the_line_says_else_the_configuration(notebook, config, monkeypatch):
    asked = fit_ways_asked(monkeypatch)
    notebook.ok("%%tune a --max-trials 1\nhp.Float('x', 0, 1)\n")
    notebook.ok("%config KTNotebook.fit = 'plain'")
    notebook.ok("%%tune b --max-trials 1\nhp.Float('x', 0, 1)\n")
    notebook.ok("%%tune c --max-trials 1 --fit fused\nhp.Float('x', 0, 1)\n")

    assert asked == ["auto", "plain", "fused"]


def test_another_way_to_fit_goes_on_with_the_same_search(notebook):
    notebook.ok("%%tune q --max-trials 1\nhp.Float('x', 0, 1)\n")
    notebook.ok("%%tune q --max-trials 2 --fit plain\nhp.Float('x', 0, 1)\n")

    assert len(notebook["q"].results) == 2


def test_config_of_the_time_limit_is_checked_when_it_is_set(notebook, config, caplog):
    notebook.run("%config KTNotebook.timeout = 'soon'")

    assert "timeout soon is no time" in caplog.text
    assert config.timeout == ""
    notebook.ok("%config KTNotebook.timeout = '30m'")
    assert config.defaults()["timeout_s"] == 1800


def test_a_wrong_default_is_named_when_a_cell_runs(notebook, config):
    notebook.ok("%config KTNotebook.tuner = 'randm'")

    assert "randm is unknown. Did you mean random" in notebook.fails("%%tune q\nhp.Float('x', 0, 1)\n").out


def test_a_tuner_that_comes_later_is_told_with_those_of_today(notebook):
    ran = notebook.fails("%%tune q --tuner Sklearn\nhp.Float('x', 0, 1)\n")

    assert "--tuner Sklearn comes later. Today there are auto, bayesian, random, grid, hyperband" in ran.out


@pytest.mark.parametrize(
    ("name", "meant"), [("BayesianOptimization", "bayesian"), ("Hyperband", "hyperband"), ("RandomSearch", "random")]
)
def test_the_name_of_a_class_is_asked_whether_it_means_ours(notebook, name, meant):
    ran = notebook.fails(f"%%tune q --tuner {name}\nhp.Float('x', 0, 1)\n")

    assert f"--tuner {name} is unknown. Did you mean {meant}?" in ran.out


def test_bayesian_search_is_used_by_name(notebook):
    notebook.ok("%%tune q --tuner bayesian --max-trials 6 --seed 1\nx = hp.Float('x', -1, 1)\nx * x\n")

    assert notebook["q"].hub.record.search["tuner"] == "BayesianOptimization"
    assert len(notebook["q"].results) == 6


@pytest.mark.parametrize("tuner", ["hyperband", "hyperband+bayesian"])
def test_hyperband_is_refused_before_the_start_where_it_could_tell_nobody_its_epochs(notebook, tuner):
    ran = notebook.fails(f"%%tune q --tuner {tuner}\nprint('ran')\nhp.Float('x', 0, 1)\n")

    assert "this cell has no model.fit(…) that it could tell" in ran.out
    assert notebook.projects() == []


@pytest.mark.parametrize("tuner", ["hyperband", "hyperband+bayesian"])
def test_hyperband_has_an_end_of_its_own(notebook, tuner):
    notebook.ok(
        f"%%tune q --tuner {tuner} --max-epochs 9 --seed 1 --objective loss:min\n"
        "x = hp.Float('x', -1, 1)\nn = hp.get('tuner/epochs')\n{'loss': x * x + 1 / n}\n"
    )

    oracle = notebook["q"].oracle
    assert (oracle.max_epochs, oracle.max_trials) == (9, None)
    assert notebook["q"].hub.record.search["reason"] == "exhausted"
    assert len(notebook["q"].results) == 22


def test_hyperband_takes_a_limit_that_is_given(notebook):
    notebook.ok(
        "%%tune q --tuner hyperband --max-epochs 9 --max-trials 4 --objective loss:min\n"
        "x = hp.Float('x', -1, 1)\nn = hp.get('tuner/epochs')\n{'loss': x + 1 / n}\n"
    )

    assert len(notebook["q"].results) == 4


def test_an_oracle_of_ones_own_prunes_too(notebook):
    notebook.ok("from kt_notebook.oracles.random_search import RandomSearchOracle as Mine")
    notebook.ok("mine = Mine(max_trials=1, prune='median')")
    kinds = []
    for line in ("Mine --max-trials 1", "mine", "mine --prune none"):
        notebook.ok(f"%%tune q --overwrite --tuner {line}\nhp.Float('x', 0, 1)\n")
        kinds.append(type(notebook["q"].oracle.pruner).__name__)
    assert kinds == ["GainPruner", "MedianPruner", "NoneType"]


def test_a_tuner_of_ones_own_may_be_called_as_one_of_ours(notebook):
    notebook.ok("from kt_notebook.oracles.random_search import RandomSearchOracle as Hyperband")
    notebook.ok("%%tune q --tuner Hyperband --max-trials 2\nhp.Float('x', 0, 1)\n")

    assert len(notebook["q"].results) == 2


# --keep


def test_keep_has_the_names_of_the_best_trial(notebook):
    notebook.ok("data = [1, 2]")
    notebook.ok(
        "%%tune q --keep --max-trials 30 --seed 5\n"
        "import math\nx = hp.Float('x', -1, 1)\nmodel = ('model of', x)\ny = x * x\ny\n"
    )

    names = notebook["q"].best_names
    best = notebook["q"].best["x"]
    assert names["model"] == ("model of", best)
    assert names["y"] == best * best
    assert set(names) == {"math", "x", "model", "y"}
    assert "model" not in notebook


def test_without_keep_nothing_is_kept(notebook):
    notebook.ok("%%tune q --max-trials 3\nx = hp.Float('x', -1, 1)\nx\n")

    assert notebook["q"].best_names is None
    assert notebook["q"].hypermodel.names_of == {}


def test_only_the_best_trials_names_are_held(notebook):
    notebook.ok("%%tune q --keep --max-trials 40\nx = hp.Float('x', -1, 1)\nbig = bytearray(100)\nx\n")

    assert set(notebook["q"].hypermodel.names_of) == {notebook["q"].best.trial_id}


def test_the_kept_names_outlive_a_second_run_of_the_cell(notebook):
    cell = "%%tune q --keep --max-trials {n} --seed 5\nx = hp.Float('x', -1, 1)\ny = x\nabs(x)\n"
    notebook.ok(cell.format(n=20))
    kept = notebook["q"].best_names
    notebook.ok(cell.format(n=20))

    assert notebook["q"].best_names is kept
    notebook.ok(cell.format(n=24))
    assert notebook["q"].best_names["y"] == notebook["q"].best["x"]


# Oracles of the user's own.


OWN = """
from kt_notebook.oracles import RandomSearchOracle

class Mine(RandomSearchOracle):
    def populate_space(self, trial_id):
        response = super().populate_space(trial_id)
        made.append(trial_id)
        return response

made = []
"""


def test_an_oracle_class_of_the_notebook_is_used(notebook):
    notebook.ok(OWN)
    notebook.ok("%%tune q --tuner Mine --max-trials 4\nhp.Float('x', 0, 1)\n")

    assert len(notebook["made"]) == 4
    assert "Mine" in notebook["q"].hub.record.search["tuner"]


def test_an_oracle_made_already_is_used_and_left_as_it_was(notebook):
    notebook.ok(OWN + "mine = Mine(max_trials=3, objective='loss')\n")
    cell = "%%tune q --tuner mine\nx = hp.Float('x', 0, 1)\n{'loss': x}\n"
    notebook.ok(cell)
    notebook.ok(cell)

    assert len(notebook["q"].results) == 3
    assert notebook["mine"].trials == {}


def test_an_oracle_made_already_cannot_be_told_more(notebook):
    notebook.ok(OWN + "mine = Mine(max_trials=3)\n")
    for tuner in ("mine", "'Mine(max_trials=3)'"):
        for option in ("--objective val_accuracy", "--seed 4"):
            ran = notebook.fails(f"%%tune q --tuner {tuner} {option}\nhp.Float('x', 0, 1)\n")
            flag = option.split()[0]
            assert f"{flag} has no say where --tuner" in ran.out
            assert f"Give {flag[2:]}= to the oracle" in ran.out


@pytest.mark.parametrize("tuner", ["mine", "'Mine(max_trials=3)'"])
def test_an_oracle_made_already_is_told_the_number_of_trials_and_goes_on_with_more(notebook, tuner):
    notebook.ok(OWN + "mine = Mine(max_trials=3)\n")
    for n in (2, 5):
        notebook.ok(f"%%tune q --tuner {tuner} --max-trials {n}\nhp.Float('x', 0, 1)\n")
        assert len(notebook["q"].results) == n
    assert notebook["mine"].max_trials == 3


@pytest.mark.parametrize(
    ("options", "pruner"),
    [
        ("--tuner 'Mine(max_trials=1)'", "NoneType"),
        ("--tuner 'Mine(max_trials=1, prune=\"none\")'", "NoneType"),
        ("--tuner 'Mine(max_trials=1, prune=\"median\")'", "MedianPruner"),
        ("--tuner 'Mine(max_trials=1)' --prune halving", "HalvingPruner"),
        ("--tuner mine", "NoneType"),
        ("--tuner Mine --max-trials 1", "GainPruner"),
    ],
)
def test_pruning_of_an_oracle_made_already_is_its_own_unless_the_line_says(notebook, options, pruner):
    notebook.ok(OWN + "mine = Mine(max_trials=1)\n")
    notebook.ok(f"%%tune q {options}\nhp.Float('x', 0, 1)\n")

    assert type(notebook["q"].oracle.pruner).__name__ == pruner


def test_advice_on_combinations_counts_the_trials_of_an_own_oracle(notebook):
    notebook.ok(OWN)
    few = notebook.ok("%%tune q --tuner 'Mine(max_trials=9)'\nhp.Int('x', 0, 3)\n")
    enough = notebook.ok("%%tune p --tuner 'Mine(max_trials=3)'\nhp.Int('x', 0, 3)\n")

    assert "4 combinations, 9 trials asked for" in few.out
    assert "combinations, " not in enough.out.replace("4 combinations, seed", "")


def test_an_oracle_made_on_the_line_is_used(notebook):
    notebook.ok(OWN)
    notebook.ok("%%tune q --tuner 'Mine(max_trials=2)'\nhp.Float('x', 0, 1)\n")

    assert len(notebook["q"].results) == 2
    assert "quotes" in notebook.fails("%%tune q --tuner Mine(objective='loss')\nhp.Float('x', 0, 1)\n").out


def test_an_oracle_of_the_cell_itself_is_used(notebook):
    notebook.ok("made = []")
    notebook.ok(
        "%%tune q --tuner Mine --max-trials 3" + OWN + "\ndef loss(hp):\n    return hp.Float('x', 0, 1)\nsearch()\n"
    )

    assert len(notebook["made"]) == 3
