"""What is written down about each seed is all that is changed, and no more than is needed."""

import pytest

from tests.seeds import seed_000, seed_001, seed_002, seed_003, seed_004
from tests.seeds.tutorial import (
    bound_and_free,
    changed_blocks,
    code_blocks,
    undefined_names,
    with_our_imports,
    without_output,
)

TUTORIALS = [module.TUTORIAL for module in (seed_000, seed_001, seed_002, seed_003, seed_004)]
REASONS = ("size", "place", "internet", "Keras 3")


@pytest.fixture(params=TUTORIALS, ids=lambda tutorial: tutorial.number)
def tutorial(request):
    return request.param


def test_every_block_is_read(tutorial, seed_text):
    assert len(code_blocks(seed_text(tutorial.number))) == tutorial.n_blocks


def test_every_change_is_found_and_has_one_of_the_reasons(tutorial, seed_text):
    blocks = [with_our_imports(code) for code in code_blocks(seed_text(tutorial.number))]
    changed = changed_blocks(seed_text(tutorial.number), tutorial)

    assert all(change.why.startswith(REASONS) for change in tutorial.changes)
    differ = {number for number, (before, after) in enumerate(zip(blocks, changed, strict=True), 1) if before != after}
    assert differ == {change.block for change in tutorial.changes}


def test_names_are_given_where_the_author_left_them_undefined_and_nowhere_else(tutorial, seed_text):
    missing = undefined_names(code_blocks(seed_text(tutorial.number)))
    given = {name: cell.before for cell in tutorial.given for name in cell.names.split()}
    anew = {name for cell in tutorial.given for name in cell.anew.split()}

    assert set(given) - anew == set(missing)
    assert all(given[name] <= number for name, number in missing.items())


def test_cells_of_ours_bind_what_they_say(tutorial):
    for cell in tutorial.given:
        assert set(cell.names.split()) <= bound_and_free(cell.code)[0]


def test_every_reason_is_written(tutorial):
    written = (*tutorial.given, *tutorial.stand_ins, *tutorial.changes, *tutorial.faults)

    assert all(len(entry.why) >= 4 for entry in written)


def test_import_lines_are_changed_as_users_are_told_to():
    code = "import keras_tuner\nimport keras_tuner as kt\nfrom keras_tuner.tuners import X\nfrom kerastuner import Y\n"

    assert with_our_imports(code) == (
        "import kt_notebook as keras_tuner\nimport kt_notebook as kt\n"
        "from kt_notebook.tuners import X\nfrom kt_notebook import Y\n"
    )


def test_blocks_are_read_in_order_without_what_they_show_as_output():
    quoted = "\t'''\n\n\tif a:\n\t  b = 2\n\t----------\n\tshown\n\t----------\n\t'''\n"
    text = f"```python\na = 1\n```\n```\nno code\n```\n{quoted}```Python\n>>> c = 3\n>>> c\n3\n```"

    assert code_blocks(text) == ["a = 1\n", "if a:\n  b = 2\n", ">>> c = 3\n>>> c\n"]
    assert without_output("d\n") == "d\n"


def test_names_that_nobody_binds_are_found():
    blocks = ["x = f(y)\ndef g(z):\n    return z + w + x\n", ">>> y\n>>> [v for v in x]\n", "w = 1\n"]

    assert undefined_names(blocks) == {"f": 1, "y": 1, "w": 1}
