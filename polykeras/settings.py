"""The settings of the process, and where their first values come from.

A setting is taken from its environment variable, else from the configuration file, else it has its default. The
file is `config.toml` in the folder `POLYKERAS_HOME`, by default `~/.polykeras`. It may hold:

    backend = "numpy"                       # or POLYKERAS_BACKEND
    floatx = "float32"                      # or POLYKERAS_FLOATX
    epsilon = 1e-7
    image_data_format = "channels_last"
    matmul_precision = "highest"
    flash_attention = true                  # by default as the backend likes
    interactive_logging = true
    traceback_filtering = true
    max_epochs = 10                         # or POLYKERAS_MAX_EPOCHS; by default no limit
    max_steps_per_epoch = 100               # or POLYKERAS_MAX_STEPS_PER_EPOCH; by default no limit
    compilation_cache = "~/.cache/programs" # or POLYKERAS_COMPILATION_CACHE; by default none
"""

from __future__ import annotations

import os
import tomllib
from operator import attrgetter
from pathlib import Path
from typing import Any

from .errors import ConfigError

CHOICES = {
    "floatx": ("bfloat16", "float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
    "matmul_precision": ("highest", "high", "default"),
    "flash_attention": (None, True, False),
    "interactive_logging": (True, False),
    "traceback_filtering": (True, False),
}
EMBEDDED = "numpy"
"""The backend that every installation has."""

_DEFAULTS = {
    "backend": EMBEDDED,
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "matmul_precision": "highest",
    "flash_attention": None,
    "interactive_logging": True,
    "traceback_filtering": True,
    "max_epochs": None,
    "max_steps_per_epoch": None,
    "compilation_cache": None,
}
_FROM_ENVIRONMENT = ("backend", "floatx", "max_epochs", "max_steps_per_epoch", "compilation_cache")
_OF_PROGRAMS = attrgetter("backend", "floatx", "epsilon", "image_data_format", "matmul_precision", "flash_attention")


def home() -> Path:
    """The folder of the configuration file."""
    return Path(os.environ.get("POLYKERAS_HOME") or Path.home() / ".polykeras")


def checked(name: str, value: Any, where: str) -> Any:
    """The value, if the setting may have it."""
    choices = CHOICES.get(name)
    if choices and value not in choices:
        raise ConfigError(f"{where}: expected {name} to be one of {', '.join(map(str, choices))}; got {value!r}.")
    if name in ("max_epochs", "max_steps_per_epoch"):
        return _limit(name, value, where)
    if name == "epsilon":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise ConfigError(f"{where}: expected epsilon to be a positive number; got {value!r}.")
        return float(value)
    if name == "backend" and not isinstance(value, str):
        raise ConfigError(f"{where}: expected backend to be a name; got {value!r}.")
    if name == "compilation_cache" and value is not None:
        if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
            raise ConfigError(f"{where}: expected compilation_cache to be a folder, or None for none; got {value!r}.")
        if isinstance(value, str) and "://" in value:
            return value
        folder = Path(value).expanduser().absolute()
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{where}: expected compilation_cache to be a folder; {folder} is a file.")
        return str(folder)
    return value


def _limit(name: str, value: Any, where: str) -> int | None:
    """A limit of a count, which is text where the environment has it."""
    try:
        limit = int(value) if isinstance(value, str) else value
    except ValueError:
        limit = 0
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ConfigError(f"{where}: expected {name} to be a whole number from 1, or None for no limit; got {value!r}.")
    return limit


class Settings:
    """What is set now. Change it through `polykeras.config`."""

    backend: str
    floatx: str
    epsilon: float
    image_data_format: str
    matmul_precision: str
    flash_attention: bool | None
    interactive_logging: bool
    traceback_filtering: bool
    max_epochs: int | None
    max_steps_per_epoch: int | None
    compilation_cache: str | None

    def __init__(self, values: dict[str, Any], origins: dict[str, str]):
        vars(self).update(values)
        self.origins = origins
        """Where settings come from that were made outside of the process."""

    @classmethod
    def read(cls) -> Settings:
        """The settings that environment and configuration file ask for."""
        values, origins = dict(_DEFAULTS), {}
        file = home() / "config.toml"
        for name, value in _read_file(file).items():
            if name not in values:
                raise ConfigError(f"{file}: unknown setting {name!r}; known ones: {', '.join(values)}.")
            values[name], origins[name] = checked(name, value, str(file)), str(file)
        for name in _FROM_ENVIRONMENT:
            variable = f"POLYKERAS_{name.upper()}"
            if os.environ.get(variable):
                values[name], origins[name] = checked(name, os.environ[variable], variable), variable
        return cls(values, origins)

    def set(self, name: str, value: Any) -> None:
        """Change one setting."""
        setattr(self, name, checked(name, value, f"set_{name}"))
        self.origins.pop(name, None)

    def of_programs(self) -> tuple[Any, ...]:
        """Those settings with which compiled programs change."""
        return _OF_PROGRAMS(self)


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}. Mend or remove it.") from error


settings = Settings.read()
