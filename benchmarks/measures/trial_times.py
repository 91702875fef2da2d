"""What each trial of a search took, from when it began: as a contender notes it, or as our journal tells it.

A trial's time is that from its beginning to the beginning of the next one, so that what a package does between two
trials counts too; the last one's ends with the search.
"""

import itertools
from collections.abc import Sequence
from typing import Any

__all__ = ["Search", "as_search", "search_of_journal"]

# Any: a search as JSON holds it: {"seconds", "trials": [{"seconds", "values", "seed", "val_loss", "path", "reason"}]}.
Search = dict[str, Any]


def as_search(start: float, begun: Sequence[float], end: float, trials: Sequence[dict[str, Any]]) -> Search:
    """Return a search of these trials, given when it and each of them began and when it ended, in seconds."""
    took = [b - a for a, b in itertools.pairwise([*begun, end])]
    return {
        "seconds": end - start,
        "trials": [{**trial, "seconds": seconds} for trial, seconds in zip(trials, took, strict=True)],
    }


def search_of_journal(start: float, records: Sequence[dict[str, Any]], end: float) -> Search:
    """Return a search of ours as its journal tells it, given when it was called and when it returned.

    Raises:
        RuntimeError: A trial did not come to its end, so there is nothing to compare.
    """
    trials: dict[str, dict[str, Any]] = {}
    begun: list[float] = []
    for record in records:
        match record["kind"]:
            case "trial_started":
                begun.append(record["time"])
                trials[record["trial_id"]] = {"seed": record["seed"]}
            case "epoch_ended":
                trials[record["trial_id"]]["val_loss"] = float(record["metrics"]["val_loss"])
            case "fit_chosen":
                trials[record["trial_id"]] |= {"path": record["path"], "reason": record["reason"]}
            case "trial_ended":
                if record["status"] != "COMPLETED":
                    raise RuntimeError(f"Trial {record['trial_id']} ended as {record['status']}: {record['error']}")
                # Those of a first trial are known only now: it is what declares them.
                trials[record["trial_id"]]["values"] = record["values"]
            case _:
                pass
    return as_search(start, begun, end, list(trials.values()))
