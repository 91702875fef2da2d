"""Searches of plain functions of hp that tests of several files make."""

import kt_notebook as kt

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
