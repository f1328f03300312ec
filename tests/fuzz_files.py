"""Mutated files: each ends in a loaded model or in one of our own errors, within bounded time and memory.

Run by `nox -s fuzz`; with `--inputs N` and `--seed S` by itself. Inputs that break the promise are kept.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path

import polykeras
from polykeras import Input, Model, Sequential, layers, ops, saving
from polykeras.errors import PolykerasError

SECONDS = 5
MEMORY = 4 * 2**30
NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0xFFFF, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)
VALUES = (
    None,
    True,
    -1,
    0,
    1,
    10**9,
    10**18,
    1e308,
    "",
    "x",
    "../x",
    "/etc/passwd",
    [],
    {},
    [[]],
    "Dense",
    "keras.layers",
)


class TooSlowError(Exception):
    """An input took longer than it may."""


def seeds():
    """Small real files of each format."""
    with polykeras.using("numpy"), tempfile.TemporaryDirectory() as folder:
        polykeras.set_random_seed(0)
        i = Input((4, 4))
        x = layers.Bidirectional(layers.GRU(2))(layers.MultiHeadAttention(1, 2)(i, i))
        x = layers.BatchNormalization()(layers.Dropout(0.5)(layers.Dense(3, "relu", kernel_regularizer="l2")(x)))
        graph = Model(i, ops.multiply(x[:, 0], 2.0) + ops.sum(x, axis=1))
        stack = Sequential(
            [Input((5,)), layers.Embedding(9, 2), layers.Conv1D(2, 2), layers.Flatten(), layers.Dense(1)]
        )
        for model in (graph, stack):
            model.compile("adam", "mse", metrics=["mae"])
            model.optimizer.build(model.trainable_variables)
        for number, model in enumerate((graph, stack)):
            for name in ("m.keras", "m.h5"):
                model.save(f"{folder}/{name}")
                yield name, Path(folder, name).read_bytes(), None
            for name in ("m.weights.h5", "m.safetensors"):
                model.save_weights(f"{folder}/{name}")
                yield name, Path(folder, name).read_bytes(), model
            yield "m.json", model.to_json().encode(), None
            del number


def in_bytes(data, source):
    """Bits turned, numbers put in, pieces cut out, doubled or exchanged."""
    data = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        place = source.randrange(len(data))
        kind = source.randrange(6)
        if kind == 0:
            data[place] ^= 1 << source.randrange(8)
        elif kind == 1:
            data[place] = source.randrange(256)
        elif kind == 2:
            width = source.choice("BHIQ")
            number = source.choice(NUMBERS) % 2 ** (8 * struct.calcsize(width))
            data[place : place + struct.calcsize(width)] = struct.pack(f"<{width}", number)
        elif kind == 3:
            del data[place : place + source.choice((1, 8, 64, 4096))]
        elif kind == 4:
            other = source.randrange(len(data))
            data[place : place + 8] = data[other : other + 8]
        else:
            del data[place:]
    return bytes(data)


def in_json(text, source):
    """Values exchanged, removed, doubled, or put elsewhere."""
    root = json.loads(text)
    places = []

    def walk(node):
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            walk(node[key])

    walk(root)
    for _ in range(source.choice((1, 1, 2, 5))):
        node, key = source.choice(places)
        try:
            kind = source.randrange(4)
            if kind == 0:
                node[key] = source.choice(VALUES)
            elif kind == 1:
                other, name = source.choice(places)
                node[key] = json.loads(json.dumps(other[name]))
            elif kind == 2 and isinstance(node, dict):
                node[source.choice(("class_name", "config", "module", "name", "axis", "units"))] = node.pop(key)
            else:
                del node[key]
        except (KeyError, IndexError, ValueError):
            continue
    return json.dumps(root).encode()


def mutated(name, data, source):
    """Another input, made of a seed."""
    if name == "m.json":
        return in_json(data, source) if source.random() < 0.8 else in_bytes(data, source)
    if name == "m.keras" and source.random() < 0.8:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        member = source.choice(("config.json", "config.json", "model.weights.h5", "metadata.json"))
        change = in_json if member.endswith("json") and source.random() < 0.8 else in_bytes
        members[member] = change(members[member], source)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for each, content in members.items():
                archive.writestr(each, content)
        return made.getvalue()
    if name == "m.safetensors" and source.random() < 0.5:
        length = struct.unpack("<Q", data[:8])[0]
        table = in_json(data[8 : 8 + length], source)
        return struct.pack("<Q", len(table)) + table + data[8 + length :]
    return in_bytes(data, source)


def tried(name, data, model, path):
    """Load one input: True where it gave a model, False where it was refused."""
    try:
        if name == "m.json":
            polykeras.models.model_from_json(data.decode("utf-8", "replace"))
        else:
            path.write_bytes(data)
            if model is None:
                saving.load_model(path)
            else:
                model.load_weights(path)
    except PolykerasError:
        return False
    return True


def run(inputs, seed, keep):
    """Try so many inputs; return how many were loaded, and what broke the promise."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")

    def too_slow(*_):
        raise TooSlowError

    signal.signal(signal.SIGALRM, too_slow)
    known = list(seeds())
    loaded, findings, slowest = 0, {}, 0.0
    with polykeras.using("numpy"), tempfile.TemporaryDirectory() as folder:
        for number in range(inputs):
            source = random.Random(seed * 1_000_003 + number)
            name, data, model = known[number % len(known)]
            data = mutated(name, data, source)
            begin = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                loaded += tried(name, data, model, Path(folder, name))
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                place = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
                if what not in findings and keep:
                    Path(keep, f"finding_{len(findings)}_{name}").write_bytes(data)
                findings.setdefault(what, str(error)[:200])
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            slowest = max(slowest, time.perf_counter() - begin)
    return loaded, findings, slowest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", default=None)
    options = parser.parse_args()
    begin = time.time()
    loaded, findings, slowest = run(options.inputs, options.seed, options.keep and os.fspath(options.keep))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"{options.inputs} inputs in {time.time() - begin:.0f} s: {loaded} loaded, the rest refused; slowest "
        f"{slowest:.2f} s, peak memory {peak:.0f} MiB"
    )
    for what, message in findings.items():
        print(f"finding: {what}: {message}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
