"""How many epochs pruning and Hyperband have saved, counted so that each trial that ends adds a few numbers.

How it works: `cut` counts, for each number of epochs that were trained and that were planned, the runs of trials that
ended so. Trials that ran to their end tell what such plans come to: where they stop themselves early, as EarlyStopping
lets them, the others would have stopped too. Hyperband's trials add up: one that goes on with a configuration takes
what that had away again, and counts it anew where it has come to. `labextension/src/savings.ts` follows the same rules.
"""

from collections.abc import Sequence
from typing import Any

from kt_notebook.core.budget import Budget

__all__ = ["NO_SAVINGS", "counted", "epochs_saved"]

# Any: JSON, as a snapshot holds it: `done` and `planned` are sums over complete trials, `cut` lists [done, planned, n].
NO_SAVINGS: dict[str, Any] = {"done": 0, "planned": 0, "cut": []}


def counted(
    savings: dict[str, Any],
    values: dict[str, Any],
    lengths: Sequence[int],
    *,
    n_epochs: int | None,
    is_pruned: bool,
    max_epochs: int | None,
) -> dict[str, Any]:
    """Return the counts with one more trial, which has completed.

    Args:
        savings: The counts before; they stay as they are.
        values: The trial's, in JSON form.
        lengths: The number after the last epoch reported, for each of the executions that were planned: what is
            pruned in its first run is spared the others. 0 where none was.
        n_epochs: How many epochs its fit had planned, None where nothing is known of that.
        is_pruned: Whether it was ended early.
        max_epochs: Most epochs of a trial, None where each decides for itself.
    """
    budget = Budget.of(values)
    first = 0 if budget is None else budget.initial_epoch
    is_hyperband = budget is not None and max_epochs is not None
    planned = max_epochs if is_hyperband else n_epochs
    if planned is None:
        return savings
    # Loops of one's own report no epochs, and several fits count on: what Hyperband gave is what was trained.
    end = planned if budget is None or not is_hyperband else min(planned, budget.epochs)
    cut = {(done, of): n for done, of, n in savings["cut"]}
    total_done, total_planned = savings["done"], savings["planned"]
    for length in lengths:
        if is_hyperband and budget is not None and budget.trial_id is not None:
            cut[first, planned] = cut.get((first, planned), 0) - 1
        if is_pruned or is_hyperband:
            done = min(max(length, first), end) if is_pruned else end
            cut[done, planned] = cut.get((done, planned), 0) + 1
        if not is_pruned and end == planned and length:
            total_done += min(length, planned)
            total_planned += planned
    kept = [[done, of, n] for (done, of), n in sorted(cut.items()) if n and done < of]
    return {"done": total_done, "planned": total_planned, "cut": kept}


def epochs_saved(savings: dict[str, Any]) -> int:
    """Return how many epochs fewer were trained than would have been without pruning and Hyperband."""
    saved = 0
    for done, planned, n in savings["cut"]:
        likely = planned * savings["done"] // savings["planned"] if savings["planned"] else planned
        saved += n * max(0, likely - done)
    return max(0, saved)
