"""The functions that tf.summary hands to tensorboard; a log's folders and files are TensorFlow's own."""


def scalar(name, data, step=None, description=None):
    """Take one number of a log."""
    return True


histogram = image = audio = text = scalar
