"""The command `polykeras`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from . import version
from .errors import PolykerasError, StateError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line, and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # who reads has seen enough, as `head` does; what is left goes nowhere, at the end, too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PolykerasError as error:
        print(f"polykeras: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("polykeras: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("polykeras", description="Deep learning code with the same numbers everywhere.")
    parser.add_argument("--version", action="version", version=f"polykeras {version()}")
    parser.set_defaults(run=lambda options: parser.print_help() or 0)
    commands = parser.add_subparsers(metavar="COMMAND")
    demo = commands.add_parser("demo", help="train a small network on every installed backend, and compare")
    demo.add_argument("--epochs", type=_positive, default=10, help="how often to go through the images (default: 10)")
    demo.add_argument("--seed", type=_seed, default=0, help="where all random numbers come from (default: 0)")
    demo.set_defaults(run=_demo)
    doctor = commands.add_parser("doctor", help="say which backends are installed, and what they can do")
    doctor.add_argument("--json", action="store_true", help="print the report as JSON")
    doctor.set_defaults(run=_doctor)
    conformance = commands.add_parser("conformance", help="check that backends give the same numbers")
    conformance.set_defaults(run=lambda options: _part("conformance.running.command").main(options))
    _part("conformance.running.command").add_arguments(conformance)
    diff = commands.add_parser("diff", help="show where a model parts on two backends, layer by layer")
    diff.set_defaults(run=lambda options: _part("testing.command").main(options))
    _part("testing.command").add_arguments(diff)
    inspect = commands.add_parser("inspect", help="show what is in a file of a model or of weights, without loading it")
    inspect.add_argument("file", help="the path of a .keras, .h5 or .safetensors file")
    inspect.add_argument("--json", action="store_true", help="print the report as JSON")
    inspect.set_defaults(run=_inspect)
    # Without a prefix of its own, nothing is an option here: everything goes on to the benchmarks as it is.
    bench = commands.add_parser(
        "bench", help="measure this beside native code and Keras", add_help=False, prefix_chars="\0"
    )
    bench.add_argument("arguments", nargs="*")
    bench.set_defaults(run=_bench)
    return parser


def _part(name: str) -> Any:
    """A module with a command of its own."""
    return importlib.import_module(f"polykeras.{name}")


def _positive(text: str) -> int:
    return _integer(text, 1, None)


def _seed(text: str) -> int:
    return _integer(text, 0, 2**32 - 1)


def _integer(text: str, lowest: int, highest: int | None) -> int:
    expected = f"a whole number from {lowest}" + ("" if highest is None else f" to {highest}")
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected {expected}; got {text!r}") from None
    if number < lowest or (highest is not None and number > highest):
        raise argparse.ArgumentTypeError(f"expected {expected}; got {number}")
    return number


def _demo(options: argparse.Namespace) -> int:
    from . import demo

    return demo.run(options.epochs, options.seed, Console())


def _bench(options: argparse.Namespace) -> int:
    root = Path(__file__).resolve().parents[1]
    if not (root / "benchmarks" / "__main__.py").is_file():
        raise StateError(
            f"bench: expected the benchmarks beside the package, as in a checkout of the repository; got {root}, where "
            "there are none. In a checkout, run pip install -e '.[all]' keras, and then polykeras bench."
        )
    return subprocess.run([sys.executable, "-m", "benchmarks", *options.arguments], cwd=root, check=False).returncode


def _doctor(options: argparse.Namespace) -> int:
    from . import doctor

    report = doctor.examine()
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        doctor.show(report, Console())
    broken = any(facts["state"] == "broken" for facts in report["backends"].values())
    return 1 if broken or report["problems"] else 0


def _inspect(options: argparse.Namespace) -> int:
    from .saving import inspection

    report = inspection.inspect_file(options.file)
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        inspection.show(report, Console())
    return 1 if report["suspicious"] else 0
