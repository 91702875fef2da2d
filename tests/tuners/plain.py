"""Searches of plain functions of hp that tests of several files make."""

import kt_notebook as kt
from kt_notebook.tuners import base_tuner

SCORE = kt.Objective("score", "min")


def score(hp):
    """Return a dict with one number."""
    return {"score": hp.Float("x", 0, 1)}


def random_search(cls=kt.RandomSearch, **options):
    """Return a tuner over `score`, which has not searched."""
    return cls(score, **{"objective": SCORE, "max_trials": 3, "seed": 1, **options})


def searched(function, **options):
    """Return a tuner that has searched with a function of hp."""
    made = kt.RandomSearch(function, **{"max_trials": 10, "seed": 1} | options)
    made.search(verbose=0)
    return made


def statuses(tuner):
    """Return how the trials ended, in their order."""
    return list(tuner.results.sort_index().status)


def fit_ways_asked(monkeypatch):
    """Return a list that gets, for each search from now on, the way in which its trials are to fit."""
    asked = []
    make_trial_function = base_tuner.make_trial_function

    def make(*args, fit_way, **options):
        asked.append(fit_way)
        return make_trial_function(*args, fit_way=fit_way, **options)

    monkeypatch.setattr(base_tuner, "make_trial_function", make)
    return asked
