import numpy as np

from kt_notebook.results.advice import advice
from kt_notebook.results.advice.findings import AdviceKind
from tests.results.searches import Tale


def test_a_crowd_of_good_trials_at_an_edge_is_no_chance():
    """As Bayesian search leaves it: most trials are where the best are, and differ there by chance."""
    draw = np.random.default_rng(3)
    tale = Tale(lambda hp: hp.Float("lr", 1e-5, 1e-3, sampling="log"), objective=(("val_loss", "min"),))
    places = [*np.linspace(0, 0.85, 7), *draw.uniform(0.97, 1, 33)]
    for number, place in enumerate(places):
        loss = 0.12 + 0.5 * (1 - place) + draw.normal(0, 0.012)
        tale.end(str(number), float(loss), {"lr": 10 ** (-5 + 2 * float(place))})

    found = {item.kind: item for item in advice(tale.record)}

    assert AdviceKind.NOISE not in found
    assert found[AdviceKind.EDGE].change.arguments == {"max_value": 0.01}
