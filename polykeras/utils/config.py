"""Settings of a project as attributes."""

from __future__ import annotations

import difflib
import json
from collections.abc import ItemsView, KeysView, ValuesView
from typing import Any

from ..errors import ConfigError


class Config:
    """Settings by name, as attributes and as items, which can be frozen.

    Args:
        **kwargs: The settings.

    >>> config = Config(units=64)
    >>> config.rate = 0.5
    >>> config["units"], config.to_json()
    (64, '{"units": 64, "rate": 0.5}')
    >>> config.freeze()
    >>> config.frozen
    True
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any):
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether nothing can be changed."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Allow changes again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """The settings, as a dictionary of their own."""
        return dict(self._config)

    def to_json(self) -> str:
        """The settings, as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """The names and values."""
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """The setting of a name, or a value in its place."""
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Take a setting away, as `dict.pop` does."""
        return self._changing("pop").pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take over settings, as `dict.update` does."""
        self._changing("update").update(*args, **kwargs)

    def _changing(self, what: str) -> dict[str, Any]:
        if self._frozen:
            raise ConfigError(f"Config: {what} would change what is frozen. Call config.unfreeze() first.")
        return self._config

    def __setattr__(self, name: str, value: Any) -> None:
        self._changing(f"setting {name!r}")[name] = value

    def __getattr__(self, name: str) -> Any:
        config = self.__dict__.get("_config", {})  # which is not there yet while one is being unpickled
        if name in config:
            return config[name]
        close = difflib.get_close_matches(name, config, 1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(config) or 'none'}."
        raise AttributeError(f"Config: there is no setting {name!r}{hint}")

    __setitem__ = __setattr__

    def __getitem__(self, name: str) -> Any:
        return self._config[name]

    def __contains__(self, name: object) -> bool:
        return name in self._config

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
