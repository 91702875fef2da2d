"""A reporter for tests of captured output."""

import threading


class Keeper:
    """A reporter of which only the output counts."""

    def __init__(self):
        self.items = []
        self.came = threading.Event()

    def output(self, stream, text, data=None):
        self.items.append((stream, text if data is None else data))
        self.came.set()

    def text(self, stream="stdout"):
        return "".join(text for kept, text in self.items if kept == stream)
