"""When a hyperparameter counts: conditions on the value of another one.

How it works: a hyperparameter carries a list of conditions and is active when all hold. `Parent` lists the values
allowed (KerasTuner's only kind). `Predicate` asks a function of the value and is known by its label: two
predicates on one parent with one label are the same. JSON, and pickle, carry the label only; what is read back is a
predicate that nobody can ask, so its answer is "possibly", and the hyperparameter counts as active until running
code declares the predicate again.
"""

import ast
import hashlib
import linecache
from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any

from kt_notebook.core.errors import SpaceError
from kt_notebook.core.values import Value, identity, plain, value_from_json, value_to_json

__all__ = ["Condition", "Parent", "Predicate", "deserialize", "serialize"]


class Condition:
    """A condition on the value of the hyperparameter called `name`. Immutable.

    Attributes:
        name: Name of the hyperparameter whose value decides.
    """

    name: str

    def holds(self, value: Value) -> bool:
        """Return whether the condition is met by this value of the parent."""
        raise NotImplementedError

    def is_active(self, values: Mapping[str, Value]) -> bool:
        """Return whether the condition is met by these values; without a value of the parent it is not."""
        return self.name in values and self.holds(values[self.name])

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the condition as JSON."""
        raise NotImplementedError

    # Any: JSON
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Condition":
        """Return the condition that `get_config`, or KerasTuner, described."""
        raise NotImplementedError


class Parent(Condition):
    """Met when the parent has one of some values.

    Args:
        name: Name of the parent.
        values: The values, or one value.

    Example:
        >>> Parent("model", ["cnn", "mlp"]).is_active({"model": "cnn"})
        True
    """

    def __init__(self, name: str, values: Value) -> None:
        self.name = str(name)
        many = values if isinstance(values, list | tuple | set | frozenset | range) else [values]
        try:
            self.values: list[Value] = [plain(value) for value in many]
        except TypeError as error:
            raise SpaceError(
                f"The condition on {name!r} lists {error}, but a hyperparameter's value is a number, a text, a bool, "
                f"None, or a list, tuple or dict of these. List such values, or give a function of the value."
            ) from error
        self._key = (self.name, tuple(identity(value) for value in self.values))

    def holds(self, value: Value) -> bool:
        """Return whether the value is one of the list; `True` is not `1` here, but `1.0` is."""
        is_bool = value.__class__ is bool
        return any(value == other and (other.__class__ is bool) == is_bool for other in self.values)

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the condition as JSON, as KerasTuner writes it."""
        return {"name": self.name, "values": [value_to_json(value) for value in self.values]}

    # Any: JSON
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Parent":
        """Return the condition that `get_config`, or KerasTuner, described."""
        return cls(config["name"], [value_from_json(value) for value in config["values"]])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parent) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Parent(name: {self.name!r}, values: {self.values})"


class Predicate(Condition):
    """Met when a function of the parent's value says so.

    Args:
        name: Name of the parent.
        function: Takes the value, returns whether the condition is met. None where only the label is known: then
            the condition counts as met.
        label: What to call the predicate. Defaults to a lambda's source, else to the function's name.

    Example:
        >>> Predicate("dropout", lambda rate: rate > 0.1, label="rate > 0.1").is_active({"dropout": 0.2})
        True
    """

    def __init__(self, name: str, function: Callable[[Value], bool] | None, label: str | None = None) -> None:
        self.name = str(name)
        self.function = function
        self.label = label or (label_of(function) if function is not None else "?")

    @property
    def is_known(self) -> bool:
        """Whether there is a function to ask."""
        return self.function is not None

    def holds(self, value: Value) -> bool:
        """Return the function's answer, or True where only the label is known."""
        return self.function is None or bool(self.function(value))

    # Any: JSON
    def get_config(self) -> dict[str, Any]:
        """Return the condition as JSON: its label, not its function."""
        return {"name": self.name, "label": self.label}

    # Any: JSON
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Predicate":
        """Return the condition that `get_config` described, which counts as met: its function is not known."""
        return cls(config["name"], None, config["label"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predicate) and (self.name, self.label) == (other.name, other.label)

    def __hash__(self) -> int:
        return hash((self.name, self.label))

    def __repr__(self) -> str:
        return f"Predicate(name: {self.name!r}, label: {self.label!r})"

    def __copy__(self) -> "Predicate":
        return self

    # Any: copy's own table
    def __deepcopy__(self, memo: dict[int, Any]) -> "Predicate":
        return self

    def __reduce__(self) -> tuple[type["Predicate"], tuple[str, None, str]]:
        # most predicates are lambdas, which pickle cannot carry; the worker's own code declares them again
        return (Predicate, (self.name, None, self.label))


def label_of(function: Callable[[Value], bool]) -> str:
    """Return a text that names a predicate: a lambda's source where memory holds it, else a name."""
    name = str(getattr(function, "__name__", type(function).__name__))
    code = getattr(function, "__code__", None)
    if name != "<lambda>" or not isinstance(code, CodeType):
        return name
    # linecache holds the text of notebook cells; reading a script's file is not core's business
    held = linecache.cache.get(code.co_filename)
    if held is not None and len(held) == 4:
        try:
            tree = ast.parse("".join(held[2]))
        except SyntaxError:
            tree = ast.Module([], [])
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno]
        if len(found) == 1:
            return ast.unparse(found[0])
    text = repr((code.co_code, code.co_names, code.co_consts if _is_plain(code.co_consts) else None))
    return f"lambda {hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _is_plain(constants: Iterable[object]) -> bool:
    return not any(isinstance(constant, CodeType) for constant in constants)


# Any: JSON
def serialize(condition: Condition) -> dict[str, Any]:
    """Return the condition as `{"class_name", "config"}`."""
    return {"class_name": type(condition).__name__, "config": condition.get_config()}


# Any: JSON
def deserialize(config: Mapping[str, Any]) -> Condition:
    """Return the condition that `serialize`, or KerasTuner, wrote.

    Raises:
        SpaceError: The class is neither Parent nor Predicate.
    """
    kind, held = config["class_name"], config["config"]
    if kind == "Parent":
        return Parent.from_config(held)
    if kind == "Predicate":
        return Predicate.from_config(held)
    raise SpaceError(
        f"A saved condition has the class {kind!r}; Parent and Predicate are known. "
        f"Open the project with the version of kt_notebook that wrote it."
    )
