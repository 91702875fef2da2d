"""KerasTuner's faults in declaring and drawing hyperparameters, each with what happens here; numbers are its issues."""

import math

import pytest

import kt_notebook as kt


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def searched(function, tuner=kt.RandomSearch, **options):
    """Return a tuner that has searched with a function of hp."""
    made = tuner(function, **{"max_trials": 12, "seed": 1} | options)
    made.search(verbose=0)
    return made


def values(tuner):
    return [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]


# Seeds.


@pytest.mark.parametrize("seed", [0, -1, 2**40])
def test_zero_and_every_other_integer_is_a_seed(seed):
    """Fault: `seed=0` means random [421]."""

    def runs(project):
        return values(searched(lambda hp: hp.Float("x", 0, 1), seed=seed, max_trials=4, project_name=project))

    assert runs("a") == runs("b")


def test_different_seeds_give_different_trials():
    """Fault: `seed=0` means random [421]; here no two of these share a trial but the first, which is the default."""
    drawn = [
        trial["x"]
        for seed in (0, 1, -1, 2**40)
        for trial in values(searched(lambda hp: hp.Float("x", 0, 1), seed=seed, max_trials=4, project_name=f"p{seed}"))
    ]
    assert len(set(drawn) - {0.0}) == 4 * 3


def test_one_seed_draws_the_same_values_wherever_they_are_declared():
    """Fault: `seed=0` means random [421]; a seed draws other values where the space is given beforehand."""

    def plain(hp):
        return hp.Float("x", 0, 1) + hp.Int("n", 1, 1000)

    def turned_round(hp):
        hp.Fixed("seventeen", 17)
        n = hp.Int("n", 1, 1000)
        with hp.name_scope("inner"):
            hp.Choice("kind", ["p", "q"])
        return n + hp.Float("x", 0, 1)

    given = kt.HyperParameters()
    plain(given)

    def drawn(project, function, **options):
        return [(trial["x"], trial["n"]) for trial in values(searched(function, project_name=project, **options))]

    one = drawn("plain", plain)
    assert len(set(one)) == 12
    assert drawn("turned", turned_round) == one
    # A space that is known beforehand has no need to be met with its defaults first.
    assert drawn("given", plain, hyperparameters=given)[1:] == one[1:]


# Ranges.


def test_a_stepped_float_includes_its_end_in_clean_decimals():
    """Fault: `Float(0, 1, step=.1)` ends at .9 [1001], and gives `.30000000000000004`."""
    grid = searched(lambda hp: hp.Float("x", 0, 1, step=0.1), kt.GridSearch, max_trials=None)
    assert [trial["x"] for trial in values(grid)] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_a_random_search_draws_the_end_of_a_stepped_float_too():
    """Fault: `Float(0, 1, step=.1)` ends at .9 [1001], and gives `.30000000000000004`."""
    drawn = searched(lambda hp: hp.Float("x", 0.1, 0.7, step=0.2), max_trials=9)
    assert sorted(trial["x"] for trial in values(drawn)) == [0.1, 0.3, 0.5, 0.7]


# Choices.


@pytest.mark.parametrize(
    "options",
    [
        [True, False],
        [1, 0.5],
        [None, "l2"],
        [(1, 3), (1, 5)],
        [[64], [64, 32], []],
        [{"rate": 0.1, "kind": "l1"}, {"rate": 0.2, "kind": "l2"}],
        [1, True, "1", None, (1,), [1]],
    ],
    ids=repr,
)
def test_a_choice_takes_any_values_and_returns_them_as_they_are(options):
    """Fault: `Choice([True, False])` gives 1; `[1, .5]`, `[None, "l2"]`, `[(1, 3), (1, 5)]` raise [128, 388]."""
    got = []

    def function(hp):
        got.append(hp.Choice("c", options))
        return 1.0

    tuner = searched(function, kt.GridSearch, max_trials=None)
    # What is read back from the files is of the same types.
    again = kt.GridSearch(function, max_trials=None, seed=1)

    expected = sorted(map(repr, options))
    assert sorted(map(repr, got)) == expected
    for each in (tuner, again):
        assert sorted(repr(trial["c"]) for trial in values(each)) == expected
        assert repr(each.get_best_hyperparameters()[0].get("c")) == repr(got[0])


def test_the_default_of_a_choice_is_its_first_value_of_the_very_type():
    """Fault: `Choice([True, False])` gives 1 [128, 388]."""
    hp = kt.HyperParameters()
    assert hp.Choice("flag", [True, False]) is True
    assert hp.get("flag") is True


# What depends on other values.


@pytest.mark.parametrize("tuner", [kt.RandomSearch, kt.BayesianOptimization])
def test_a_bound_that_depends_on_another_value_moves_with_it(tuner):
    """Fault: `Int("b", 0, a)` keeps its first bound [749, 907]."""
    asked = []

    def function(hp):
        a = hp.Int("a", 1, 100)
        asked.append((a, hp.Int("b", 0, a)))
        return -asked[-1][1]

    found = searched(function, tuner)

    assert all(b <= a for a, b in asked)
    # The first trial has a = 1: with its bound no b would be above 1.
    assert max(b for _, b in asked) > 20
    assert [(trial["a"], trial["b"]) for trial in values(found)] == asked


def test_a_grid_covers_a_bound_that_depends_on_another_value():
    """Fault: `Int("b", 0, a)` keeps its first bound [749, 907]."""
    grid = searched(lambda hp: hp.Int("b", 0, hp.Int("a", 1, 3)), kt.GridSearch, max_trials=None)
    pairs = [(trial["a"], trial["b"]) for trial in values(grid)]
    assert set(pairs) == {(a, b) for a in (1, 2, 3) for b in range(a + 1)}


def test_a_condition_may_be_a_predicate_on_a_float():
    """Fault: a condition on a float, or a predicate, cannot be said [762]."""

    def function(hp):
        rate = hp.Float("rate", 0.0, 1.0)
        with hp.conditional_scope("rate", lambda rate: rate > 0.5):
            layers = hp.Int("layers", 1, 9)
        assert (layers is not None) == (rate > 0.5)
        return rate

    tuner = searched(function)

    drawn = values(tuner)
    assert {"layers" in trial for trial in drawn} == {True, False}
    assert all(("layers" in trial) == (trial["rate"] > 0.5) for trial in drawn)
    # In the table an inactive value is missing, as it is for a condition on a choice.
    table = tuner.results
    assert all(math.isnan(layers) == (rate <= 0.5) for rate, layers in zip(table.rate, table.layers, strict=True))
