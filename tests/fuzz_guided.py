"""Inputs that lead to code that no input before them has reached: mutated files, chosen by what they cover (atheris).

Run by `nox -s fuzz` where there is atheris, which is on Linux. An input is a byte that says which seed it was made of,
and the file.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import random
import resource
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris")  # its stubs lack what is used here

with atheris.instrument_imports(include=["polykeras"]):
    import polykeras

    from . import fuzz_files, fuzz_mutations


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default=tempfile.gettempdir(), help="the folder for an input that breaks the promise")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (fuzz_files.MEMORY, fuzz_files.MEMORY))
    warnings.simplefilter("ignore")
    known = fuzz_mutations.seeds()
    outcomes: Counter = Counter()
    counted = itertools.count(1)

    with polykeras.using("numpy"), tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as corpus:

        def try_one(data: bytes) -> None:
            seed = known[data[0] % len(known) if data else 0]
            outcomes[seed.name, fuzz_mutations.tried(seed, data[1:], folder)] += 1
            number = next(counted)
            if number % fuzz_files.EVERY == 0:
                print(f"{number} inputs", flush=True)
            if number == options.inputs:  # the fuzzer ends the process, so that nothing can be told after it
                fuzz_files.show(outcomes)
                sys.stdout.flush()

        def mutate(data: bytes, largest: int, number: int) -> bytes:
            source = random.Random(number)
            if not data or source.random() < 0.2:
                return atheris.Mutate(data, largest)
            seed = known[data[0] % len(known)]._replace(data=data[1:])
            try:
                return (data[:1] + fuzz_mutations.mutated(seed, source))[:largest]
            except Exception:  # what is no longer a file of its format has no inside that could be changed
                return (data[:1] + fuzz_mutations.in_bytes(data[1:], source))[:largest]

        for number, seed in enumerate(known):
            Path(corpus, str(number)).write_bytes(bytes([number]) + seed.data)
        limits = [f"-runs={options.inputs}", f"-seed={options.seed}", f"-timeout={fuzz_files.SECONDS}"]
        manners = ["-max_len=262144", "-rss_limit_mb=0", "-verbosity=0", f"-artifact_prefix={options.keep}/"]
        atheris.Setup([sys.argv[0], *limits, *manners, corpus], try_one, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
