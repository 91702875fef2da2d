"""Facts about `%tune refine`: what it shows, the cell that it puts below, and what running that cell starts from."""

import pytest

from kt_notebook.magics.refine import Refinement, refined_line

# The best x is at 14, beyond its range; y has no effect, z is well-ranged.
CELL = """\
x = hp.Float("x", 2, 10)  # too low
y = hp.Choice("y", ["a", "b"])
z = hp.Float("z", 0, 1)
runs.append((x, y, z))
((x - 14) / 8) ** 2 + 3 * (z - 0.4) ** 2
"""


def searched(notebook):
    """Search the cell; as a function, since what a fixture runs prints elsewhere."""
    notebook.shell.user_ns["runs"] = []
    notebook.ok(f"%%tune q --tuner random --max-trials 40 --seed 3 --wait\n{CELL}")
    return notebook


def refine(notebook, name=""):
    return notebook.ok(f"%tune refine {name}").out


def cell_in(out):
    """Return the new cell as a script prints it."""
    return out[out.index("%%tune ") :]


def test_findings_and_the_difference_are_shown_and_the_cell_is_put_below(notebook):
    refined = searched(notebook)
    out = refine(refined)

    assert "q, 40 trials with a result: 2 findings" in out
    assert "The best x is at the upper end of its range, 10" in out
    assert "y has no effect that counts" in out
    assert '- x = hp.Float("x", 2, 10)  # too low' in out
    assert '+ x = hp.Float("x", 2, 14)  # too low' in out
    new = cell_in(out)
    assert new.splitlines()[2].startswith('y = hp.Fixed("y", "')
    assert new.splitlines()[3:6] == CELL.splitlines()[2:]


def test_the_new_line_keeps_its_options_and_lets_as_many_trials_run_as_before(notebook):
    refined = searched(notebook)
    out = refine(refined, "q")
    (n_fixed,) = {n for n in range(10, 40) if f"starts from the {n} of 40 trials" in out}
    line = cell_in(out).splitlines()[0]

    assert line.startswith(f"%%tune q --tuner random --max-trials {n_fixed + 40} --seed 3 --wait --start-from q-")
    assert f"--max-trials {n_fixed + 40} lets 40 more run" in out


def test_the_new_search_has_the_old_trials_and_runs_none_of_them_again(notebook):
    refined = searched(notebook)
    out = refine(refined)
    old, before = list(refined["runs"]), refined["q"].hub.record
    line, _, cell = cell_in(out).partition("\n")
    cell = "\n".join(cell.splitlines()[:5])
    ran = refined.ok(f"{line}\n{cell}")
    record = refined["q"].hub.record
    new = refined["runs"][len(old) :]

    assert len(new) == 40
    assert not set(new) & set(old)
    n_taken = len(record.trials) - 40
    taken = list(record.trials.values())[:n_taken]
    assert f"{n_taken} of 40 trials of" in ran.out
    assert {trial.score for trial in taken} <= {trial.score for trial in before.trials.values()}
    assert refined["q"].best["x"] > 10
    assert record.search["search_id"] != before.search["search_id"]
    again = refined.ok(f"{line}\n{cell}")
    assert len(refined["runs"]) == len(old) + 40
    assert "goes on" not in again.out


def test_a_second_refinement_counts_new_trials_only(notebook):
    refined = searched(notebook)
    out = refine(refined)
    line, _, cell = cell_in(out).partition("\n")
    refined.ok(line + "\n" + "\n".join(cell.splitlines()[:5]).replace("2, 14)", "2, 12)"))
    out = refine(refined)

    assert "lets 40 more run" in out


def test_trials_are_not_taken_over_when_the_cell_says_something_else(notebook):
    refined = searched(notebook)
    out = refine(refined)
    line, _, cell = cell_in(out).partition("\n")
    ran = refined.ok(line + "\n" + "\n".join(cell.splitlines()[:5]).replace("0.4", "0.5"))

    assert "was taken over" in ran.out
    assert "this cell says something else" in ran.out
    assert not any("Taken over" in str(t.outputs) for t in refined["q"].hub.record.trials.values())


def test_trials_are_not_taken_over_when_the_data_changed(notebook):
    cell = CELL.replace("14)", "centre)")
    notebook.ok("runs = []; centre = 14")
    notebook.ok(f"%%tune q --tuner random --max-trials 40 --seed 3 --wait\n{cell}")
    out = refine(notebook)
    notebook.ok("centre = 15")
    line, _, new = cell_in(out).partition("\n")
    ran = notebook.ok(line + "\n" + "\n".join(new.splitlines()[:5]))

    assert "this search starts from nothing: centre changed since" in ran.out


def test_a_well_ranged_search_is_told_that_nothing_is_to_change(notebook):
    notebook.ok(
        "%%tune q --tuner random --max-trials 40 --seed 3 --wait\n"
        "x = hp.Float('x', 0, 1)\nz = hp.Float('z', 0, 1)\n(x - 0.5) ** 2 + (z - 0.4) ** 2 + 0.2 * (x - 0.5) * z\n"
    )
    out = refine(notebook)

    assert out == "q, 40 trials with a result: there is nothing to change.\n"


def test_too_few_trials_are_said_and_no_cell_is_put(notebook):
    notebook.ok("%%tune q --max-trials 4 --wait\nx = hp.Float('x', 0, 1)\nx\n")
    out = refine(notebook)

    assert "4 trials with a result are too few to tell anything of 1 hyperparameter: run 10 or more." in out
    assert "%%tune" not in out


def test_a_search_of_another_name_is_refused(notebook):
    refined = searched(notebook)
    ran = refined.fails("%tune refine p")

    assert "no search called 'p'" in ran.out


def test_a_source_that_is_not_there_is_refused(notebook):
    ran = notebook.fails("%%tune q --start-from nowhere --wait --max-trials 2\nx = hp.Float('x', 0, 1)\nx\n")

    assert "--start-from nowhere is no search. Beside this notebook there are: none." in ran.out


@pytest.mark.parametrize("source", ["a", "a-"])
def test_a_search_may_start_from_one_that_is_named(notebook, source):
    notebook.ok("%%tune a --max-trials 5 --seed 1 --wait\nx = hp.Float('x', 0, 1)\nx\n")
    source = notebook.projects()[0] if source == "a-" else source
    notebook.ok(f"%%tune b --max-trials 8 --seed 2 --wait --start-from {source}\nx = hp.Float('x', 0, 1)\nx\n")

    assert len(notebook["b"].results) == 8
    assert set(notebook["a"].results.x) <= set(notebook["b"].results.x)


def test_another_objective_takes_nothing_over(notebook):
    notebook.ok("%%tune a --max-trials 3 --wait --objective f1:max\nx = hp.Float('x', 0, 1)\n{'f1': x, 'g': x}\n")
    ran = notebook.ok(
        "%%tune b --max-trials 3 --wait --objective g:max --start-from a\nx = hp.Float('x', 0, 1)\n{'f1': x, 'g': x}\n"
    )

    assert "its objective is another" in ran.out
    assert len(notebook["b"].results) == 3


@pytest.mark.parametrize(
    ("line", "options", "new"),
    [
        ("", {"--max-trials": "9"}, "--max-trials 9"),
        ("q", {"--max-trials": "9"}, "q --max-trials 9"),
        ("q --max-trials=5 --wait", {"--max-trials": "9"}, "q --max-trials 9 --wait"),
        ("q --wait  # now", {"--start-from": "a b"}, "q --wait --start-from 'a b'  # now"),
        ("--start-from 'a b' q", {"--start-from": "c-1"}, "--start-from c-1 q"),
    ],
)
def test_options_change_in_a_line_and_the_rest_stays(line, options, new):
    assert refined_line(line, options) == new


def test_what_is_shown_as_html_is_escaped():
    shown = Refinement("q <1>", ["a < b"], ["c & d"], "x = 1", "x = 2")._repr_html_()

    assert "q &lt;1&gt;" in shown
    assert "<li>a &lt; b</li>" in shown
    assert "c &amp; d" in shown


X = "x = hp.Float('x', 0, 1)\nx\n"


def test_a_search_that_has_begun_says_that_it_takes_no_trials_over(notebook):
    notebook.ok(f"%%tune a --max-trials 5 --seed 1 --wait\n{X}")
    notebook.ok(f"%%tune b --max-trials 3 --seed 2 --wait\n{X}")
    ran = notebook.ok(f"%%tune b --max-trials 6 --seed 2 --wait --start-from a\n{X}")

    assert "No trial of a was taken over: b has begun already, and goes on from its own trials." in ran.out
    assert len(notebook["b"].results) == 6


def test_a_search_that_is_to_begin_anew_cannot_start_from_itself(notebook):
    notebook.ok(f"%%tune a --max-trials 5 --seed 1 --wait\n{X}")
    notebook.fails(f"%%tune a --max-trials 6 --seed 1 --wait --overwrite --start-from a\n{X}")
    ran = notebook.ok(f"%%tune a --max-trials 6 --seed 1 --wait\n{X}")

    assert "a goes on from 5 trials." in ran.out


def test_nothing_is_overwritten_where_the_source_is_not_there(notebook):
    notebook.ok(f"%%tune a --max-trials 5 --seed 1 --wait\n{X}")
    notebook.fails(f"%%tune a --max-trials 6 --seed 1 --wait --overwrite --start-from nowhere\n{X}")

    assert "a goes on from 5 trials." in notebook.ok(f"%%tune a --max-trials 6 --seed 1 --wait\n{X}").out


def test_trials_are_not_taken_over_when_what_a_function_calls_changed(notebook):
    cell = "x = hp.Float('x', 0, 1)\nf(x)\n"
    notebook.ok("def g(x):\n    return x\n")
    notebook.ok("def f(x):\n    return g(x)\n")
    notebook.ok(f"%%tune a --max-trials 5 --seed 1 --wait\n{cell}")
    notebook.ok("def g(x):\n    return 2 * x\n")
    ran = notebook.ok(f"%%tune b --max-trials 6 --seed 2 --wait --start-from a\n{cell}")

    assert "this search starts from nothing: f changed since" in ran.out


def test_trials_of_a_search_whose_cell_is_not_known_are_not_taken_over(notebook):
    notebook.ok(
        "import kt_notebook\n"
        "t = kt_notebook.RandomSearch(lambda hp: hp.Float('x', 0, 1) + 7, max_trials=3, directory='made', "
        "objective=kt_notebook.Objective('score', 'min'), project_name='p')\n"
        "t.search(block=True)\n"
    )
    ran = notebook.ok(f"%%tune b --max-trials 4 --seed 2 --wait --objective score:min --start-from made/p\n{X}")

    assert "nothing is known of its code and data" in ran.out


def test_a_search_without_a_result_tells_nothing_yet(notebook):
    notebook.fails("%%tune q --max-trials 4 --wait\nx = hp.Float('x', 0, 1)\nraise ValueError(x)\n")

    assert refine(notebook) == "q, 0 trials with a result: nothing can be told yet.\n"


def test_a_part_that_fails_is_cut_off_at_a_round_number(notebook):
    notebook.ok(
        "%%tune q --max-trials 40 --seed 4 --tuner random --wait\n"
        "x = hp.Float('x', 0, 1)\nif x > 0.8:\n    raise ValueError\nx + hp.Float('y', 0, 1)\n"
    )

    assert "+ x = hp.Float('x', 0, 0.8)" in refine(notebook)
