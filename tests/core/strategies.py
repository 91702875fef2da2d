"""Hypothesis strategies: values, hyperparameters and whole search spaces."""

from hypothesis import strategies as st

from kt_notebook.core.parameter import Boolean, Choice, Fixed, Float, HyperParameter, Int
from kt_notebook.core.space import HyperParameters

SAMPLINGS = st.sampled_from(["linear", "log", "reverse_log"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "__tuple__"])
)
keys = st.text(max_size=5) | st.sampled_from(["__tuple__", "__str__", "__dict__"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(keys, inner, max_size=2)
    ),
    max_leaves=6,
)


@st.composite
def ints(draw, name="n"):
    sampling = draw(SAMPLINGS)
    low = draw(st.integers(1 if sampling != "linear" else -1000, 1000))
    high = low + draw(st.integers(0, 5000))
    step = draw(st.none() | st.integers(2 if sampling != "linear" else 1, 50))
    default = draw(st.none() | st.integers(low, high))
    return Int(name, low, high, step, sampling, default)


@st.composite
def floats(draw, name="x"):
    sampling = draw(SAMPLINGS)
    digits = draw(st.integers(0, 6))
    low = draw(st.integers(1 if sampling != "linear" else -1000, 1000)) / 10**digits
    high = low + draw(st.integers(0, 100_000)) / 10**digits
    if sampling == "linear":
        step = draw(st.none() | st.integers(1, 10_000).map(lambda n: n / 10**digits))
    else:
        step = draw(st.none() | st.sampled_from([1.5, 2, 10, 3.7]))
    return Float(name, low, high, step, sampling)


@st.composite
def discrete(draw, name="c"):
    kind = draw(st.sampled_from(["choice", "boolean", "fixed"]))
    if kind == "choice":
        listed = draw(st.lists(values, min_size=1, max_size=5))
        return Choice(name, listed, default=draw(st.sampled_from(listed)))
    return Boolean(name, draw(st.booleans())) if kind == "boolean" else Fixed(name, draw(values))


parameters = ints() | floats() | discrete()
probs = st.floats(0, 1, exclude_max=True)


@st.composite
def countable_spaces(draw, max_parameters=4):
    """A space of few configurations; some hyperparameters depend on earlier ones."""
    hp = HyperParameters()
    for number in range(draw(st.integers(1, max_parameters))):
        name = f"p{number}"
        entry: HyperParameter = draw(
            st.builds(Int, st.just(name), st.just(1), st.integers(1, 3))
            | st.builds(Boolean, st.just(name))
            | st.lists(scalars, min_size=1, max_size=3).map(lambda listed, name=name: Choice(name, listed))
            | st.just(Float(name, 0, 1, step=0.5))
        )
        if number and draw(st.booleans()):
            parent = hp.space[draw(st.integers(0, number - 1))]
            entry = entry.with_conditions([*parent.conditions, hp_condition(parent, draw)])
        hp.merge([entry])
    return hp


def hp_condition(parent, draw):
    from kt_notebook.core.conditions import Parent, Predicate

    met = draw(st.lists(st.sampled_from(list(parent.values)), min_size=1, max_size=2))
    if draw(st.booleans()):
        return Parent(parent.name, met)
    return Predicate(parent.name, Parent(parent.name, met).holds, label=f"in {met!r}")
