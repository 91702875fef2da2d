"""What a search asks of TensorBoard's table of hyperparameters; nothing is written."""


class HParam:
    """A hyperparameter."""

    def __init__(self, name, domain=None):
        self.name = name


class Discrete(list):
    """Values."""


class IntInterval:
    """A range."""

    def __init__(self, low, high):
        self.low, self.high = low, high


class RealInterval(IntInterval):
    """A range."""


class KerasCallback:
    """Writes a row at the beginning of a training, and how it went at its end."""

    def __init__(self, writer, hparams, trial_id=None):
        self.hparams = hparams

    def on_train_begin(self, logs=None):
        """Write nothing."""

    def on_train_end(self, logs=None):
        """Write nothing."""
