"""Objects whose every special method raises: reading must never touch them."""


class BitingMeta(type):
    def __getattribute__(cls, name):
        raise AssertionError(f"reading asked the class for {name}")

    def __instancecheck__(cls, instance):
        raise AssertionError("reading asked for an instance check")

    def __hash__(cls):
        raise AssertionError("reading hashed the class")

    def __eq__(cls, other):
        raise AssertionError("reading compared the class")


def _bite(self, *args, **kwargs):
    raise AssertionError("reading ran the user's code")


_NAMES = (
    *("__getattribute__", "__getattr__", "__setattr__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
    *("__hash__", "__bool__", "__len__", "__iter__", "__next__", "__contains__", "__getitem__", "__call__"),
    *("__add__", "__radd__", "__sub__", "__mul__", "__rmul__", "__truediv__", "__floordiv__", "__mod__", "__pow__"),
    *("__neg__", "__int__", "__float__", "__index__", "__str__", "__repr__", "__format__", "__enter__", "__exit__"),
    *("__array__", "__instancecheck__"),
)

Biting = BitingMeta("Biting", (), dict.fromkeys(_NAMES, _bite))


def biting():
    return object.__new__(Biting)
