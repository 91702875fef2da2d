"""Facts about a tuned cell of plain numbers: the three forms, what a trial may return, and what is refused."""

from pathlib import Path

import pytest

from kt_notebook.core.errors import CellError, KTNotebookError, ObjectiveError, OptionError, ResultError

SQUARE = "%%tune q --max-trials {n} --seed 1\nx = hp.Float('x', -1, 1)\nx ** 2\n"


# The three forms.


def test_an_inline_cell_is_searched(notebook):
    ran = notebook.ok(SQUARE.format(n=5))

    results = notebook["q"].results
    assert list(results.status) == ["COMPLETED"] * 5
    assert list(results.score) == sorted(x**2 for x in results.x)
    assert notebook["q"].best == {"x": results.x.iloc[0]}
    assert "q finished: 5 trials" in ran.out


def test_an_objective_cell_needs_no_search_line(notebook):
    notebook.ok("%%tune q --max-trials 4\ndef loss(hp):\n    return hp.Float('x', 0, 1) + 1\n")

    assert len(notebook["q"].results) == 4
    assert callable(notebook["loss"])


def test_an_objective_cell_may_call_search(notebook):
    notebook.ok("%%tune q --max-trials 4\ndef loss(hp):\n    return hp.Float('x', 0, 1) + 1\nsearch()\nafter = 1")

    assert len(notebook["q"].results) == 4
    assert notebook["after"] == 1


def test_a_hypermodel_may_return_numbers(notebook):
    notebook.ok(
        "import kt_notebook\n\n"
        "class Loss(kt_notebook.HyperModel):\n"
        "    def __init__(self, shift=0):\n"
        "        super().__init__()\n"
        "        self.shift = shift\n"
        "    def build(self, hp):\n"
        "        return hp.Float('x', 0, 1) + self.shift\n"
    )
    notebook.ok("%%tune q --max-trials 3\nmodel = Loss(shift=2)\nsearch()\n")

    assert notebook["q"].results.score.between(2, 3).all()


def test_a_class_that_needs_arguments_asks_for_an_instance(notebook):
    ran = notebook.fails(
        "%%tune\nimport kt_notebook\n"
        "class Loss(kt_notebook.HyperModel):\n"
        "    def __init__(self, shift):\n"
        "        self.shift = shift\n"
        "    def build(self, hp):\n"
        "        return hp.Float('x', 0, 1)\n"
        "search()\n"
    )

    assert isinstance(ran.error, CellError)
    assert "it also needs shift" in ran.out


def test_a_cell_that_calls_its_own_tuner_shows_its_search(notebook):
    notebook.ok(
        "%%tune\nimport kt_notebook as kt\n"
        "mine = kt.RandomSearch(lambda hp: hp.Float('x', 0, 1), max_trials=3, project_name='own')\n"
        "mine.search()\n"
    )

    assert len(notebook["mine"].results) == 3
    assert "tuner" not in notebook
    assert Path("own/journal.jsonl").exists()


def test_a_cell_runs_the_search_that_its_tuners_class_has_of_its_own(notebook):
    notebook.ok(
        "%%tune\nimport kt_notebook as kt\n"
        "class Own(kt.RandomSearch):\n"
        "    def search(self, *args, **kwargs):\n"
        "        self.seen = args\n"
        "        super().search(**kwargs)\n"
        "mine = Own(lambda hp: hp.Float('x', 0, 1), max_trials=2, project_name='own')\n"
        "mine.search('data', timeout='1h')\n"
    )

    assert notebook["mine"].seen == ("data",)
    assert len(notebook["mine"].results) == 2
    assert notebook["mine"].session.settings.timeout_s == 3600


def test_a_cell_that_calls_its_own_tuner_takes_no_options(notebook):
    ran = notebook.fails(
        "%%tune --max-trials 3\nimport kt_notebook as kt\n"
        "mine = kt.RandomSearch(lambda hp: hp.Float('x', 0, 1))\nmine.search()\n"
    )

    assert isinstance(ran.error, OptionError)
    assert "only --wait or --no-wait" in ran.out
    assert "mine" not in notebook


# What a trial may return.


def test_a_dict_is_judged_by_the_objective(notebook):
    notebook.ok(
        "%%tune q --objective f1:max --max-trials 4\nx = hp.Float('x', 0, 1)\n{'f1': x, 'loss': 1 - x}\n",
    )

    assert list(notebook["q"].results.f1) == sorted(notebook["q"].results.x, reverse=True)


def test_a_dict_without_an_objective_asks_which_counts(notebook):
    ran = notebook.fails("%%tune q\nx = hp.Float('x', 0, 1)\n{'f1': x, 'loss': 1 - x}\n")

    assert isinstance(ran.error, ResultError)
    assert "dict with f1, loss" in ran.out
    assert "--objective f1:max" in ran.out


def test_a_dict_that_lacks_the_objective_names_what_there_is(notebook):
    ran = notebook.fails("%%tune q --objective f2:max\nx = hp.Float('x', 0, 1)\n{'f1': x, 'loss': 1 - x}\n")

    assert isinstance(ran.error, ObjectiveError)
    assert "'f2'" in ran.out
    assert "f1, loss" in ran.out
    assert len(notebook["q"].results) == 1


@pytest.mark.parametrize(("value", "said"), [("'good'", "str 'good'"), ("None", "None"), ("[]", "list")])
def test_what_is_no_score_is_named(notebook, value, said):
    ran = notebook.fails(f"%%tune q --max-trials 8\nx = hp.Float('x', 0, 1)\n{value}\n")

    assert isinstance(ran.error, ResultError)
    assert said in ran.out
    assert "Keras History" in ran.out
    assert len(notebook["q"].results) <= 3


def test_a_cell_without_a_last_expression_has_no_score(notebook):
    ran = notebook.fails("%%tune q --max-trials 8\nx = hp.Float('x', 0, 1)\nscore = x\n")

    assert isinstance(ran.error, KTNotebookError)
    assert "no score" in ran.out


def test_a_trial_without_a_number_costs_that_trial(notebook):
    notebook.ok(
        "%%tune q --max-trials 8 --seed 4\nx = hp.Float('x', -1, 1)\nfloat('nan') if x < 0 else x\n",
    )

    results = notebook["q"].results
    assert set(results.status) == {"COMPLETED", "INVALID"}
    assert (results[results.status == "INVALID"].x < 0).all()
    assert results.status.iloc[0] == "COMPLETED"
    assert results.error.dropna().str.contains("nan").all()


def test_one_branch_without_a_value_costs_that_trial(notebook):
    notebook.ok(
        "%%tune q --max-trials 8 --seed 4\n"
        "def loss(hp):\n    x = hp.Float('x', -1, 1)\n    if x > 0:\n        return x\n"
    )

    results = notebook["q"].results
    assert set(results.status) == {"COMPLETED", "FAILED"}
    assert results.error.dropna().str.contains("returned None").all()


def test_a_failing_trial_keeps_its_traceback_with_the_cells_line(notebook):
    notebook.ok(
        "%%tune q --tuner random --max-trials 8 --seed 4\n"
        "x = hp.Float('x', -1, 1)\n"
        "\n"
        "def root(value):\n"
        "    if value < 0:\n"
        "        raise ValueError(f'no root of {value}')\n"
        "    return value ** 0.5\n"
        "root(x)\n",
    )

    tuner = notebook["q"]
    failed = tuner.results[tuner.results.status == "FAILED"]
    assert 0 < len(failed) < 8
    assert failed.error.str.fullmatch(r"ValueError: no root of -0\.\d+ \(line 6\)").all()
    text = tuner.hub.detail(str(failed.index[0]))["error"]["traceback"]
    assert "raise ValueError(f'no root of {value}')" in text
    assert "kt_notebook/" not in text


def test_trials_that_all_fail_alike_end_the_search(notebook):
    ran = notebook.fails("%%tune q --max-trials 20\nx = hp.Float('x', -1, 1)\nx + int('none')\n")

    assert isinstance(ran.error, ValueError)
    assert len(notebook["q"].results) == 3
    assert "invalid literal for int() with base 10: 'none'" in ran.out


# What is refused before anything runs.


def test_two_objectives_are_searched_together(notebook):
    cell = (
        "%%tune q --objective {objective} --max-trials 6 --seed 1\n"
        "x = hp.Float('x', 0, 1)\n{{'cost': x, 'auc': x * x - hp.Float('y', 0, 1)}}\n"
    )
    assert "'cost:min' or 'cost:max'" in notebook.fails(cell.format(objective="auc,cost")).out
    ran = notebook.ok(cell.format(objective="cost:min,auc"))

    results = notebook["q"].results
    assert list(results.columns)[:4] == ["status", "score", "cost", "auc"]
    assert list(results.score) == pytest.approx(sorted(results.cost - results.auc))
    assert [int(trial.trial_id) for trial in notebook["q"].pareto] == list(results.pareto().index)
    assert "cost ↓ + auc ↑" in ran.out
    assert "ends no trial" not in ran.out
    ran = notebook.ok(cell.format(objective="cost:min,auc --prune median --overwrite"))
    assert "--prune median ends no trial of several objectives" in ran.out


def test_an_objective_of_unknown_direction_is_refused(notebook):
    ran = notebook.fails("%%tune q --objective quality\nprint('ran')\nhp.Float('x', 0, 1)\n")

    assert isinstance(ran.error, ObjectiveError)
    assert "'quality:min' or 'quality:max'" in ran.out
    assert "q" not in notebook


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--max-trials 0", "--max-trials 0 is no count"),
        ("--tuner randm", "--tuner randm is unknown. Did you mean random?"),
        ("--tuner hyperband_of_mine", "--tuner hyperband_of_mine is unknown. Did you mean hyperband?"),
        ("--tuner optuna", "--tuner optuna is unknown. Import OptunaOracle from kt_notebook.oracles"),
        ("--tuner 'OptunaOracle(TPESampler())'", "Import OptunaOracle from kt_notebook.oracles"),
        ("--tuner 3", "--tuner 3 gives int, which is no Oracle"),
        ("--tuner 1/0", "--tuner 1/0 cannot be made: ZeroDivisionError"),
        ("--tuner a:b", "--tuner a:b is neither a name nor an expression"),
    ],
)
def test_a_line_that_means_nothing_runs_nothing(notebook, line, said):
    ran = notebook.fails(f"%%tune q {line}\nprint('ran')\nhp.Float('x', 0, 1)\n")

    assert isinstance(ran.error, OptionError)
    assert said in ran.out
    assert "\nran" not in ran.out
    assert notebook.projects() == []


def test_a_name_that_holds_something_else_is_not_taken(notebook):
    notebook.ok("tuner = [1, 2]")

    ran = notebook.fails("%%tune\nhp.Float('x', 0, 1)\n")

    assert isinstance(ran.error, OptionError)
    assert "tuner holds list" in ran.out
    assert "%%tune my_search" in ran.out
    assert notebook["tuner"] == [1, 2]
    assert notebook.projects() == []


def test_a_taken_name_is_known_before_the_cells_definitions_run(notebook):
    notebook.ok("q = 5")

    notebook.fails("%%tune q\ndef loss(hp):\n    return hp.Float('x', 0, 1)\nsearch()\n")

    assert "loss" not in notebook


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = 1\nx\n", "hp"),
        ("x = hp.Int('x', 5, 1)\nx\n", "min_value=5 above max_value=1"),
        ("x = hp.Int('x', 1, 5.5)\nx\n", "hp.Float"),
        ("x = hp.Float('x', 0, 1, sampling='log')\nx\n", "log"),
        ("x = hp.Int('x', 1, 5)\ny = hp.Int('x', 1, 6)\nx\n", "x"),
        ("x = hp.Int('x', 1, 5\nx\n", "line 2"),
        ("hp = 3\nx = hp.Int('x', 1, 5)\nx\n", "hp"),
        ("x = hp.Int('x', 1, 5)\ninput()\n", "input"),
    ],
)
def test_a_cell_that_cannot_be_tuned_is_refused_with_its_line(notebook, cell, said):
    ran = notebook.fails("%%tune q\n" + cell)

    assert isinstance(ran.error, KTNotebookError)
    assert said in ran.out
    assert "q" not in notebook
    assert notebook.projects() == []


def test_a_generator_that_every_trial_would_read_is_refused(notebook):
    notebook.ok("rows = (n for n in range(3))")

    ran = notebook.fails(
        "%%tune q\ndef build(hp):\n    return hp.Float('x', 0, 1)\nsearch(rows)\n",
    )

    assert isinstance(ran.error, KTNotebookError)
    assert "rows" in ran.out
    assert "only once" in ran.out


# --dry-run.


def test_a_dry_run_runs_nothing(notebook):
    ran = notebook.ok(
        "%%tune q --dry-run\n"
        "open('ran', 'w')\n"
        "if hp.Boolean('deep'):\n"
        "    units = hp.Int(16, 64, step=16)\n"
        "hp.Float('lr', 1e-4, 1e-1, sampling='log')\n"
    )

    assert not Path("ran").exists()
    assert "q" not in notebook
    assert notebook.projects() == []
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["units", "Int", "16", "to", "64,", "step", "16", "deep", "is", "True", "4"] in rows
    assert "Nothing was run" in ran.out


def test_a_dry_run_counts_one_as_one(notebook):
    out = notebook.ok("%%tune --dry-run\nx = hp.Choice('x', [1])\n").out

    assert "1 hyperparameter, 1 combination. Nothing was run." in out


def test_a_dry_run_claims_no_size_for_what_is_known_when_it_runs_and_keeps_the_reason_out_of_the_table(notebook):
    notebook.ok("class Data:\n    n = 3\ndata = Data()")
    out = notebook.ok("%%tune --dry-run\nx = hp.Int('x', 1, data.n)\ny = hp.Boolean('y')\n").out
    table, _, below = out.partition("\n\n")

    assert "2 hyperparameters, the rest is known when it runs. Nothing was run." in below
    assert "combination" not in out
    assert "does not look into" in below
    assert table.splitlines()[1].split() == ["x", "Int", "known", "when", "it", "runs", "see", "below", "2"]
    assert max(len(line) for line in table.splitlines()) < 60


def test_a_dry_run_of_definitions_defines_nothing(notebook):
    notebook.ok("%%tune --dry-run\ndef loss(hp):\n    return hp.Float('x', 0, 1)\nsearch()\n")

    assert "loss" not in notebook


def test_a_dry_run_checks_the_line_too(notebook):
    assert "Did you mean random" in notebook.fails("%%tune --dry-run --tuner randm\nhp.Float('x', 0, 1)\n").out


# How an error looks.


def test_an_error_is_one_block_without_our_frames(notebook):
    out = notebook.fails("%%tune q\ny = 2\nx = hp.Int('x', 5, 1)\nx * y\n").out

    assert out.startswith("CellError: line 3")
    assert "hp.Int('x', 5, 1)" in out
    assert "Traceback" not in out
    assert "kt_notebook" not in out
    assert len(out.splitlines()) <= 6


def test_an_error_of_a_trial_shows_the_cells_line(notebook):
    out = notebook.fails("%%tune q\nimport numpy as np\nx = hp.Int('x', 1, 5)\n{'f1': x}\n").out

    assert "Traceback" not in out
    assert "kt_notebook/" not in out


def test_a_users_own_error_shows_the_users_frames_only(notebook):
    out = notebook.fails("%%tune q\nx = hp.Int('x', 1, 5)\nx / 0\n").out

    assert "ZeroDivisionError: division by zero" in out
    assert "x / 0" in out
    assert "kt_notebook/" not in out
    assert "interactiveshell.py" not in out


def test_an_error_of_the_cells_definitions_shows_the_users_frames_only(notebook):
    out = notebook.fails("%%tune q\nfactor = 1 / 0\ndef loss(hp):\n    return hp.Float('x', 0, 1)\n").out

    assert "ZeroDivisionError: division by zero" in out
    assert "factor = 1 / 0" in out
    assert "kt_notebook/" not in out


def test_a_callback_that_lacks_its_package_is_known_before_a_trial(notebook, monkeypatch):
    from kt_notebook.magics import magics

    monkeypatch.setattr(magics, "_has_module", lambda name: False)
    ran = notebook.fails(
        "%%tune q\nlog = TensorBoard('logs')\nmodel = make(hp.Int('n', 1, 3))\nmodel.fit(x, y, callbacks=[log])\n"
    )

    assert isinstance(ran.error, CellError)
    assert "%pip install tensorboard" in ran.out
    assert "-> 2 | log = TensorBoard('logs')" in ran.out
    assert notebook.projects() == []


def test_advice_is_given_once_at_the_start(notebook):
    ran = notebook.ok("%%tune q --max-trials 9\nn = hp.Int('n', 1, 3)\nunused = hp.Int('m', 1, 2)\nn\n")

    codes = [note["code"] for note in notebook["q"].hub.snapshot()["search"]["notes"]]
    assert sorted(codes) == ["number_minimised", "tuner_chosen", "unused"]
    assert "m is declared and never used" in ran.out or "unused is declared and never used" in ran.out
    assert "tuner auto: grid search, as 9 trials are enough for 6 combinations" in ran.out
    assert len(notebook["q"].results) == 6


def test_few_combinations_are_said_where_the_tuner_was_named(notebook):
    ran = notebook.ok("%%tune q --tuner random --max-trials 9\nhp.Int('n', 1, 3)\n")

    assert "3 combinations, 9 trials asked for" in ran.out


def test_a_space_that_trials_find_grows(notebook):
    notebook.ok("def inner(hp, name):\n    return hp.Float(name, 0, 1)")
    notebook.ok("%%tune q --max-trials 4 --seed 1\nx = hp.Float('x', 0, 1)\ninner(hp, ''.join(['y', str(1)])) + x\n")

    tuner = notebook["q"]
    assert {entry.name for entry in tuner.oracle.get_space().space} == {"x", "y1"}
    assert tuner.results.y1.notna().all()


def test_a_group_of_errors_shows_its_parts_without_our_frames(notebook):
    out = notebook.fails("%%tune q\nx = hp.Int('x', 1, 5)\nraise ExceptionGroup('many', [ValueError('a')])\nx\n").out

    assert "ExceptionGroup: many" in out
    assert "ValueError: a" in out
    assert "launch.py" not in out


def test_an_exception_whose_text_cannot_be_made_costs_its_trial(notebook):
    notebook.ok("class Bad(Exception):\n    def __str__(self):\n        raise ValueError('no text')")
    notebook.fails("%%tune q --max-trials 9\nx = hp.Float('x', 0, 1)\nraise Bad()\n")

    assert list(notebook["q"].results.status) == ["FAILED"] * 3


def test_a_name_that_nobody_defines_is_told_before_a_trial(notebook):
    ran = notebook.fails("%%tune q --max-trials 3\nx = hp.Float('x', -1, 1)\nx * factro\n")

    assert isinstance(ran.error, CellError)
    assert "line 3" in ran.out
    assert "factro is not defined in this notebook" in ran.out
    assert notebook.projects() == []


def test_a_misspelt_name_is_told_with_the_nearest(notebook):
    ran = notebook.fails("%%tune q\nunits = hp.Int('units', 1, 5)\nunit ** 2\n")

    assert "unit is not defined in this notebook. Did you mean units?" in ran.out


def test_a_name_in_code_that_may_never_run_is_let_pass(notebook):
    notebook.ok("%%tune q --max-trials 2\nx = hp.Float('x', -1, 1)\nif x > 5:\n    nowhere()\nx\n")


def test_a_table_that_a_trial_changes_in_place_stops_the_search(notebook):
    notebook.ok("import pandas as pd\ntable = pd.DataFrame({'a': [1.0, 2.0]})")
    cell = "%%tune q --max-trials 3\ntable['a'] = table['a'] * hp.Float('x', 0, 1)\ntable['a'].mean()\n"
    ran = notebook.fails(cell)

    assert "changes the notebook's table 'table' in place in line 2" in ran.out


def test_a_search_without_a_single_number_has_failed(notebook):
    ran = notebook.fails("%%tune q --max-trials 3\nhp.Float('x', 0, 1) * float('nan')\n")

    assert "all 3 came out as NaN" in ran.out
