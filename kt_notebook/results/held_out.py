"""What is known of a test set, and whether an earlier look was at it, or at rows of it."""

from dataclasses import dataclass

import numpy as np

from kt_notebook.storage.finish_file import Look
from kt_notebook.training.row_marks import share_known

__all__ = ["HeldOut"]

_N_MARKS = 256
_ENOUGH = 0.5  # Of two test sets: this share of the smaller one in both makes them one.


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What is known of the test set.

    Attributes:
        hash: Of its contents; None where they cannot be known again.
        n_rows: How many rows it has; None where unknown.
        marks: Of its rows, by which they are known again in another order or another set; None where they have none.
    """

    hash: str | None
    n_rows: int | None
    marks: np.ndarray | None = None

    @property
    def some_marks(self) -> list[int]:
        """The least of the marks: the same ones for the same rows, and a random part of them."""
        return [] if self.marks is None else np.unique(self.marks)[:_N_MARKS].tolist()

    def was_seen(self, look: Look) -> bool:
        """Return whether a look was at this test set, or at half of the smaller one of two that share rows."""
        if look.test == self.hash:
            return True
        if self.marks is None or not look.marks or not look.n_rows or not self.n_rows:
            return False
        share = share_known(np.array(look.marks, np.uint64), self.marks)
        return share >= _ENOUGH * min(1.0, self.n_rows / look.n_rows)
