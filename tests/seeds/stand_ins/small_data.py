"""Small data that a model can learn from, in the shapes of the data that the tutorials fetch."""

import numpy as np

N_CLASSES = 10


def images(n, shape=(28, 28), seed=0):
    """Return `n` images (uint8, 0 to 255) of ten classes, each a pattern of its own with noise, and their labels."""
    patterns = np.random.default_rng(1).uniform(0, 255, (N_CLASSES, *shape))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, N_CLASSES, n)
    noisy = 0.5 * patterns[labels] + rng.uniform(0, 127, (n, *shape))
    return noisy.astype("uint8"), labels.astype("uint8")


def shares(n, seed=0):
    """Return images as numbers from 0 to 1, and their labels."""
    x, y = images(n, seed=seed)
    return (x / 255).astype("float32"), y
