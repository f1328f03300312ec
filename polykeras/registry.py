"""Objects by name: what a configuration may ask for, and how objects become plain data and back.

A configuration names classes and functions; it never makes the library import a module or run code that it carries.
Found are the public names of our own namespaces, what somebody registered, and what the caller passes in.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import inspect
import types
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from .backend import numpy_dtype
from .dtypes import canonical
from .errors import SerializationError
from .interpreters import kind_or_none
from .ops.conversion import convert_to_numpy
from .spec import Spec

T = TypeVar("T")

NAMESPACES = {
    "keras": "polykeras",
    "keras.activations": "polykeras.activations",
    "keras.constraints": "polykeras.constraints",
    "keras.dtype_policies": "polykeras.dtype_policies",
    "keras.initializers": "polykeras.initializers",
    "keras.layers": "polykeras.layers",
    "keras.losses": "polykeras.losses",
    "keras.metrics": "polykeras.metrics",
    "keras.models": "polykeras.models",
    "keras.optimizers": "polykeras.optimizers",
    "keras.optimizers.schedules": "polykeras.optimizers.schedules",
    "keras.random": "polykeras.random",
    "keras.regularizers": "polykeras.regularizers",
    "keras.src.layers.preprocessing.feature_space": "polykeras.utils.feature_space",
    "keras.src.models.functional": "polykeras.models",
    "keras.utils": "polykeras.utils",
}
"""Where the classes of the library are found, by the name that files have for the place."""

_PRIVATE = {
    "polykeras.models.model.Functional": "keras.src.models.functional",
    "polykeras.utils.feature_space.Cross": "keras.src.layers.preprocessing.feature_space",
    "polykeras.utils.feature_space.Feature": "keras.src.layers.preprocessing.feature_space",
}
"""The places of classes that have no public one in Keras."""

_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scope: ContextVar[Mapping[str, Any]] = ContextVar("polykeras_custom_objects", default=types.MappingProxyType({}))
_custom: dict[str, Any] = {}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Let configurations name a class or function of yours.

    Args:
        package: The first part of the name, so that two projects can each have a class of one name.
        name: The second part; None for the class's or function's own.

    Returns:
        A decorator.

    >>> @register_keras_serializable("documentation")
    ... def double(x):
    ...     return 2 * x
    >>> get_registered_name(double)
    'documentation>double'
    """

    def register(found: T) -> T:
        full = f"{package}>{name or found.__name__}"  # type: ignore[attr-defined]
        if inspect.isclass(found) and not hasattr(found, "get_config"):
            raise SerializationError(
                f"register_keras_serializable: expected {found.__name__} to have a method get_config, from which "
                "another one like it can be made."
            )
        previous = _registered.get(full)
        if previous is not None and _place_of(previous) != _place_of(found):
            raise SerializationError(
                f"register_keras_serializable: {full} is {_place_of(previous)} already; got {_place_of(found)}. Choose "
                "another name or package."
            )
        _registered[full] = found
        _names[found] = full
        return found

    return register


def _place_of(found: Any) -> str:
    return f"{found.__module__}.{found.__qualname__}"


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function is registered, else its own."""
    return _names.get(obj) or obj.__name__


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function of a name: one of the scope's, one that is registered, or one of those given; else None."""
    for place in (_scope.get(), _custom, _registered, custom_objects or {}, module_objects or {}):
        if name in place:
            return place[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The classes and functions of the process that configurations may name, a dictionary that can be changed."""
    return _custom


class CustomObjectScope:
    """Let configurations name some classes and functions within a block.

    Args:
        custom_objects: The classes and functions by name.

    >>> with CustomObjectScope({"triple": lambda x: 3 * x}):
    ...     get_registered_object("triple")(2)
    6
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None):
        self._objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        self._token = _scope.set({**_scope.get(), **self._objects})
        return self

    def __exit__(self, *_: Any) -> None:
        _scope.reset(self._token)


custom_object_scope = CustomObjectScope


# To plain data ---------------------------------------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """An object as data that JSON can hold.

    Args:
        obj: Anything that a configuration may contain: numbers, strings, arrays, structures of them, and objects with
            `get_config`.

    Returns:
        The data, from which `deserialize_keras_object` makes such an object again.

    >>> serialize_keras_object({"axis": slice(1, 2)})["axis"]["class_name"]
    '__slice__'
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, (list, tuple)):
        items = list(map(serialize_keras_object, obj))
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, Mapping) and not hasattr(obj, "get_config"):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    plain = _plain(obj)
    if plain is not None:
        return plain
    if inspect.isfunction(obj):
        return _function(obj)
    if inspect.isclass(obj) or not hasattr(obj, "get_config"):
        raise SerializationError(
            f"serialize_keras_object: expected numbers, strings, arrays, functions or objects with get_config; "
            f"got {obj!r}. Give its class a get_config that returns the arguments of its constructor."
        )
    return _object(obj)


def _plain(obj: Any) -> Any:
    """Data for an object of a kind that has no class in a configuration, or None."""
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("latin-1")}}
    if isinstance(obj, slice):
        parts = {name: serialize_keras_object(getattr(obj, name)) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if obj is ...:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, np.dtype):
        return canonical(obj)
    if kind_or_none(type(obj)) is not None and not isinstance(obj, Spec):
        return _array(obj)
    return None


def _array(array: Any) -> Any:
    """Data for an array: one of the host without axes is a number."""
    is_host_data = isinstance(array, (np.ndarray, np.generic))
    values = np.asarray(convert_to_numpy(array))
    plain = values.tolist()
    if is_host_data and isinstance(plain, (bool, int, float)):
        return plain
    name = "__numpy__" if is_host_data else "__tensor__"
    return {"class_name": name, "config": {"value": plain, "dtype": canonical(values.dtype)}}


def _function(function: Any) -> Any:
    if function.__name__ == "<lambda>":
        raise SerializationError(
            "serialize_keras_object: a lambda has no name by which it could be found again, and code is never written "
            "to a configuration. Define a function, and register it with register_keras_serializable."
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": get_registered_name(function),
        "registered_name": "function",
    }


def _object(obj: Any) -> dict[str, Any]:
    place = place_of_class(type(obj))
    data = {
        "module": place,
        "class_name": vars(type(obj)).get("_name_in_files", type(obj).__name__),
        "config": {key: serialize_keras_object(value) for key, value in obj.get_config().items()},
        "registered_name": get_registered_name(type(obj)) if place is None or ".src." in place else None,
    }
    for extra in ("build_config", "compile_config"):
        if hasattr(obj, f"get_{extra}"):
            found = getattr(obj, f"get_{extra}")()
            if found is not None:
                data[extra] = serialize_keras_object(found)
    return data


def place_of_class(cls: type) -> str | None:
    """The namespace in which files find a class of the library; None for somebody else's."""
    if not cls.__module__.startswith("polykeras."):
        return None
    if _place_of(cls) in _PRIVATE:
        return _PRIVATE[_place_of(cls)]
    if in_namespace("keras", cls.__name__) is cls:
        return "keras"
    home = cls.__module__.removeprefix("polykeras")
    fitting = [name for name in NAMESPACES if f"{home}.".startswith(f"{name.removeprefix('keras')}.")]
    place = max(fitting, key=len)
    return place if in_namespace(place, cls.__name__) is cls else None


def in_namespace(namespace: str, name: str) -> Any:
    """The public class or function of a name in one of our namespaces, or None."""
    place = NAMESPACES.get(namespace) or _of_private(namespace)
    if place is None:
        return None
    module = importlib.import_module(place)
    return getattr(module, name) if name in module.__all__ else None


def _of_private(namespace: str) -> str | None:
    """Our namespace for a private one of Keras's, which some files name: that of its optimizers on PyTorch."""
    if not namespace.startswith("keras.src."):
        return None
    return next((NAMESPACES[f"keras.{part}"] for part in namespace.split(".") if f"keras.{part}" in NAMESPACES), None)


# And back --------------------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """The object that data from `serialize_keras_object` describes.

    Args:
        config: The data.
        custom_objects: Classes and functions by name, besides those that are registered.
        safe_mode: Accepted for compatibility. Code in a configuration is never run.
        **kwargs: `module_objects`, further classes and functions by name.

    Returns:
        The object.

    >>> deserialize_keras_object({"class_name": "__slice__", "config": {"start": 1, "stop": 2, "step": None}})
    slice(1, 2, None)
    """
    with CustomObjectScope(custom_objects) if custom_objects else contextlib.nullcontext():
        return _deserialized(config, kwargs.get("module_objects") or {})


def _deserialized(config: Any, module_objects: Mapping[str, Any]) -> Any:
    if config is None or isinstance(config, (bool, int, float)):
        return config
    if isinstance(config, str):
        found = get_registered_object(config, module_objects=module_objects)
        return config if found is None else found
    if isinstance(config, (list, tuple)):
        return type(config)(_deserialized(item, module_objects) for item in config)
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialized(value, module_objects) for key, value in config.items()}
    if config["class_name"] in _PLAIN:
        return _PLAIN[config["class_name"]](config["config"])
    if config["class_name"] == "function":
        return _named_function(config["config"], module_objects)
    return _made(config, module_objects)


def _slice(config: Mapping[str, Any]) -> slice:
    return slice(*(_deserialized(config[name], {}) for name in ("start", "stop", "step")))


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "__bytes__": lambda config: config["value"].encode("latin-1"),
    "__ellipsis__": lambda config: ...,
    "__numpy__": lambda config: np.array(config["value"], numpy_dtype(canonical(config["dtype"]))),
    "__slice__": _slice,
    "__tensor__": lambda config: np.array(config["value"], numpy_dtype(canonical(config["dtype"]))),
}


def _named_function(name: Any, module_objects: Mapping[str, Any]) -> Any:
    found = get_registered_object(name, module_objects=module_objects) if isinstance(name, str) else None
    if found is None:
        raise SerializationError(
            f"deserialize_keras_object: no function is known by the name {name!r}. Register it with "
            "register_keras_serializable, or pass it in custom_objects."
        )
    return found


def _made(config: Mapping[str, Any], module_objects: Mapping[str, Any]) -> Any:
    cls = _class_of(config, module_objects)
    try:
        made = cls.from_config(dict(config["config"]))
    except TypeError as error:
        raise SerializationError(
            f"{config['class_name']}: its configuration {config['config']!r} does not fit its constructor: {error}. "
            "Give the class a from_config that takes what its get_config returns."
        ) from error
    for extra in ("build", "compile"):
        if config.get(f"{extra}_config") and hasattr(made, f"{extra}_from_config"):
            getattr(made, f"{extra}_from_config")(config[f"{extra}_config"])
    return made


def _class_of(config: Mapping[str, Any], module_objects: Mapping[str, Any]) -> Any:
    registered, name, place = config.get("registered_name"), config["class_name"], config.get("module")
    found = get_registered_object(registered, module_objects=module_objects) if registered else None
    if found is None and isinstance(place, str):
        found = in_namespace(place, name)
    if found is None:
        found = get_registered_object(name, module_objects=module_objects)
    if found is None:
        raise SerializationError(
            f"deserialize_keras_object: no class is known by the name {registered or name!r} (module {place!r}). "
            "Register it with register_keras_serializable, or pass it in custom_objects."
        )
    if not hasattr(found, "from_config"):
        raise SerializationError(
            f"deserialize_keras_object: expected {name} to be a class with a method from_config; got {found!r}."
        )
    return found


# Kinds of objects ------------------------------------------------------------------------------------------


class Configurable:
    """The base of classes that are made from a configuration, the arguments of their constructor."""

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {}

    @classmethod
    def from_config(cls: type[T], config: dict[str, Any]) -> T:
        """An object made from its configuration."""
        return cls(**config)


class Family:
    """The named objects of one kind, such as initializers, and how an argument of a user's names one of them."""

    def __init__(self, kind: str, members: Mapping[str, Any]):
        self._kind = kind
        self._members = dict(members)

    def get(self, identifier: Any) -> Any:
        """The object that an identifier stands for: its name, its configuration, its class, or the object itself."""
        if identifier is None:
            return None
        if isinstance(identifier, Mapping):
            identifier = self.deserialize(identifier)
        elif isinstance(identifier, str):
            identifier = self._find(identifier)
        if inspect.isclass(identifier):
            return identifier()
        if callable(identifier) or isinstance(identifier, Configurable):
            return identifier
        raise SerializationError(
            f"expected {self._kind}: its name, its configuration or a callable; got {identifier!r}."
        )

    def serialize(self, found: Any) -> Any:
        """The name of a function of ours, the configuration of anything else."""
        if inspect.isfunction(found):
            for name, member in self._members.items():
                if member is found:
                    return name
        return serialize_keras_object(found)

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that `serialize` gave this configuration for."""
        with CustomObjectScope(custom_objects) if custom_objects else contextlib.nullcontext():
            if isinstance(config, str):
                return self._find(config)
            return deserialize_keras_object(config, module_objects=self._members)

    def _find(self, name: str) -> Any:
        found = get_registered_object(name, module_objects=self._members)
        if found is None:
            known = ", ".join(difflib.get_close_matches(name, self._members, 3, 0) or self._members)
            raise SerializationError(
                f"unknown {self._kind} {name!r}; names like it are {known}. Register one of your own with "
                "register_keras_serializable."
            )
        return found
