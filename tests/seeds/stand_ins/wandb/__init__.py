"""In the place of the package wandb, which needs an account: it takes what it is told and sends it nowhere."""

told = []


def login(key=None):
    """Take a key."""
    told.append("login")
    return True


def init(project=None, config=None):
    """Begin a run that nobody sees."""
    told.append("init")


def finish():
    """End it."""
    told.append("finish")
