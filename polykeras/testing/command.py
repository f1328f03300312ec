"""The command `polykeras diff`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ..backend import available
from ..errors import ConfigError

TARGETS = ("y", "sample_weight")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be given on the command line.

    Args:
        parser: The parser of the command.
    """
    parser.add_argument("model", type=Path, help="a model that `model.save` wrote")
    parser.add_argument(
        "--input",
        type=Path,
        required=True,
        metavar="FILE",
        help="a batch in a file of numpy.savez: x, or an array for each input by its name; perhaps y and sample_weight",
    )
    parser.add_argument(
        "--backends",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        metavar="NAMES",
        help="with commas between, the one first whose inputs the others get (default: all installed)",
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the picture")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table for machines")


def main(options: argparse.Namespace) -> int:
    """Run the command.

    Args:
        options: What was given on the command line.

    Returns:
        The exit status: 1 if the backends part.
    """
    from .difference import diff

    if len(names := options.backends or available()) < 2:
        raise ConfigError(f"diff: expected two backends or more; got {', '.join(names)}.")
    for path in filter(None, (options.svg, options.json)):
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise ConfigError(f"diff: expected a file in a folder that can be written to; got {str(path)!r}.")
    model = importlib.import_module("polykeras.saving").load_model(options.model)
    x, targets = read_batch(options.input)
    found = diff(model, x, targets.get("y"), sample_weight=targets.get("sample_weight"), backends=names)
    console = Console(soft_wrap=True)
    console.print(str(found), markup=False, highlight=False)
    if options.svg:
        options.svg.write_text(found.svg(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    return 0 if found.agree else 1


def read_batch(path: Path) -> tuple[Any, dict[str, np.ndarray]]:
    """The inputs in a file, and what else there is.

    Args:
        path: A file of `numpy.savez`.

    Returns:
        One array, or a dictionary of them by the names of the inputs; and targets and weights by name.
    """
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            raise ConfigError(f"{path}: expected a file of numpy.savez; got a single array. Write savez(path, x=x).")
        with found as file:
            arrays = {name: file[name] for name in file.files}
    except ConfigError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # whose text recommends to allow pickles
        raise ConfigError(
            f"{path}: expected a file of numpy.savez with arrays of numbers; got something else."
        ) from error
    targets = {name: arrays.pop(name) for name in TARGETS if name in arrays}
    if not arrays:
        raise ConfigError(f"{path}: expected an array x, or one for each input by its name; got none.")
    return (arrays["x"] if list(arrays) == ["x"] else arrays), targets
