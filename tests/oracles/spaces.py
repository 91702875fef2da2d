"""Search spaces for the facts about oracles: some written out, others drawn."""

import math

from hypothesis import strategies as st

from kt_notebook.core.conditions import Parent, Predicate
from kt_notebook.core.parameter import Float, Int
from kt_notebook.core.space import HyperParameters
from kt_notebook.core.values import identity
from tests.core.strategies import parameters


def network(hp):
    """Declare a space of every kind, with conditions."""
    hp.Int("units", 8, 64, step=8)
    hp.Float("lr", 1e-4, 1e-1, sampling="log")
    hp.Choice("kernel", [(1, 3), (1, 5), None])
    if hp.Boolean("dropout"):
        pass
    with hp.conditional_scope("dropout", True):
        hp.Float("rate", 0, 0.5, step=0.1)


def twelve(hp):
    """Declare a space of 12 configurations."""
    hp.Choice("model", ["a", "b"])
    hp.Int("n", 1, 3)
    with hp.conditional_scope("model", "a"):
        hp.Choice("deep", [True, 1, None])


def branching(hp):
    """Declare conditions of every kind: lists, predicates, nested ones, and one name on two branches."""
    hp.Choice("model", ["cnn", "mlp", "linear"])
    hp.Fixed("batch", 32)
    with hp.conditional_scope("model", ["cnn", "mlp"]):
        hp.Int("layers", 1, 9, sampling="reverse_log")
        with hp.conditional_scope("layers", lambda n: n > 3, label="n > 3"):
            hp.Boolean("residual")
            with hp.conditional_scope("residual", [True]):
                hp.Float("scale", 0.1, 1, sampling="reverse_log")
    with hp.conditional_scope("model", "cnn"):
        hp.Int("width", 8, 128, step=2, sampling="log")
    with hp.conditional_scope("model", "mlp"):
        hp.Int("width", 100, 900, step=100)


def extreme(hp):
    """Declare ranges at the ends of what numbers can say, and entries with one value."""
    hp.Float("vast", -1e308, 1e308)
    hp.Float("log", 1e-300, 1e300, sampling="log")
    hp.Float("thin", 1.0, math.nextafter(1.0, 2))
    hp.Int("many", 1, 10**15, sampling="log")
    hp.Int("most", 1, 10**15, sampling="reverse_log")
    hp.Int("one", 3, 3)
    hp.Float("single", 0.5, 0.5)
    hp.Choice("only", [{"a": [1, None]}])
    hp.Choice("mixed", [1, 1.0, True, "1", (1,), [1], math.nan])


def dependent(hp):
    """Declare a range that depends on another value."""
    a = hp.Int("a", 1, 4)
    assert 0 <= hp.Int("b", 0, a) <= a


def space_of(declare):
    hp = HyperParameters()
    declare(hp)
    return hp


def key_set(space, rows):
    return {space.key(row) for row in rows}


def own(values):
    """Return the values without what an oracle adds of its own, as Hyperband's `tuner/epochs`."""
    return {name: value for name, value in values.items() if not name.startswith("tuner/")}


def check_configuration(space, values):
    """Assert that values are those of the active entries, of their type, inside their ranges and on their steps."""
    values = own(values)
    active = {entry.name: entry for entry in space.active_entries(values)}
    assert values.keys() == active.keys()
    for name, entry in active.items():
        value = values[name]
        assert entry.contains(value)
        if entry.n_values is None:
            assert type(value) is float
        else:
            assert identity(entry.prob_to_value(entry.value_to_prob(value))) == identity(value)


@st.composite
def spaces(draw, max_parameters=5, prefix="p"):
    """A space of hyperparameters of every kind; some depend on earlier ones, which may do so themselves."""
    hp = HyperParameters()
    for number in range(draw(st.integers(1, max_parameters))):
        entry = draw(parameters)
        entry.name = f"{prefix}{number}"
        if number and draw(st.booleans()):
            parent = hp.space[draw(st.integers(0, number - 1))]
            entry = entry.with_conditions([*parent.conditions, draw(conditions_on(parent))])
        hp.merge([entry])
    return hp


def conditions_on(parent):
    """Draw a condition on a hyperparameter, one that some of its values meet."""
    probs = st.floats(0, 1, exclude_max=True)
    if isinstance(parent, Int | Float):
        return probs.map(parent.prob_to_value).map(
            lambda least: Predicate(parent.name, lambda value: value >= least, label=f">= {least}")
        )
    listed = list(parent.values)
    met = st.lists(st.sampled_from(listed), min_size=1, max_size=2)
    return met.map(lambda values: Parent(parent.name, values)) | met.map(
        lambda values: Predicate(parent.name, Parent(parent.name, values).holds, label=f"in {values!r}")
    )
