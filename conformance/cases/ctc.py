"""Cases of sequences of labels without positions."""

from __future__ import annotations

import itertools

import numpy as np

from ..case import array, case, given, sample
from .activation import log_softmax
from .arithmetic import INF

REAL = ("float32", "float64")


def collapsed(path, blank):
    """The labels that a path stands for."""
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def paths(logits, blank):
    """The probabilities of all sequences of labels, by looking at every path."""
    logs = log_softmax(logits)
    found: dict = {}
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        labels = collapsed(path, blank)
        found[labels] = found.get(labels, 0.0) + np.exp(sum(logs[step, c] for step, c in enumerate(path)))
    return found


def _loss(target, output, target_length, output_length, mask_index=0):
    losses = []
    for labels, logits, count, steps in zip(target, output, target_length, output_length, strict=True):
        likely = paths(logits[:steps], mask_index).get(tuple(int(label) for label in labels[:count]), 0.0)
        losses.append(-np.log(likely) if likely else INF)
    return np.array(losses)


def ints(*values):
    """Integers."""
    return np.array(values, "int32")


case(
    "ctc_loss",
    _loss,
    sample(ints([1, 2], [1, 1], [2, 0]), array(3, 4, 3), ints(2, 2, 1), ints(4, 4, 3)),
    sample(ints([0, 1, 0], [1, 1, 1]), array(2, 4, 3), ints(3, 1), ints(4, 2), mask_index=2),
    sample(ints([2, 1], [2, -1]), array(2, 3, 3, low=-20, high=20), ints(2, 1), ints(3, 3), gradient=False),
    sample(ints([1, 1], [1, 2], [0, 0], [0, 0]), array(4, 3, 3), ints(2, 2, 0, 0), ints(2, 1, 3, 0), gradient=False),
    sample(ints([1, 1], [1, 2]), array(2, 3, 3), ints(2, 2), ints(2, 3), dtypes=REAL, kink=True),
    sample(np.zeros((2, 0), "int32"), array(2, 3, 3), ints(0, 0), ints(3, 2)),
    sample(ints([1]), array(1, 1, 2), ints(1), ints(1)),
    magnitude=lambda target, output, *rest, **options: 1 + np.abs(output).max(),
    mistakes=[
        sample(ints([1, 2]), array(2, 4, 3), ints(2, 2), ints(4, 4)),
        sample(ints([1, 2]), array(1, 4, 3), ints([2]), ints(4)),
        sample(ints([1, 2]), array(1, 4, 3), ints(2), ints(4), mask_index=3),
    ],
)


def _padded(labels, steps):
    return [*labels, *[-1] * (steps - len(labels))]


def _decode(
    inputs, sequence_lengths, strategy="greedy", beam_width=100, top_paths=1, merge_repeated=True, mask_index=0
):
    """The best sequences by looking at every path; so the beam has to be wide enough for all of them."""
    steps = inputs.shape[1]
    blank = inputs.shape[2] - 1 if mask_index is None else mask_index
    decoded, scores = [], []
    for logits, length in zip(inputs, sequence_lengths, strict=True):
        logits = logits[:length]
        if strategy == "greedy":
            path = logits.argmax(1).tolist()
            labels = collapsed(path, blank) if merge_repeated else [label for label in path if label != blank]
            decoded.append([_padded(labels, steps)])
            scores.append([-sum(logits.max(1))])
            continue
        best = sorted(paths(logits, blank).items(), key=lambda item: -item[1])[:top_paths]
        best += [((), 0.0)] * (top_paths - len(best))
        decoded.append([_padded(labels, steps) for labels, _ in best])
        scores.append([np.log(likely) for _, likely in best])
    shape = (len(inputs), top_paths, steps)
    return np.array(decoded, "int32").reshape(shape).transpose(1, 0, 2), np.array(scores).reshape(shape[:2])


BEAM: dict = {"dtypes": ("float32",), "gradient": False}
case(
    "ctc_decode",
    _decode,
    sample(array(3, 5, 4, apart=0.1), ints(5, 3, 0), gradient=False),
    sample(array(2, 5, 3, apart=0.1), ints(5, 4), merge_repeated=False, mask_index=None, gradient=False),
    sample(array(2, 6, 3), ints(6, 4), "beam_search", 100, 3, **BEAM),
    sample(array(2, 5, 3), ints(5, 5), "beam_search", 60, 2, mask_index=2, **BEAM),
    sample(array(1, 2, 2), ints(1), "beam_search", 8, 4, **BEAM),
    sample(array(2, 3, 3), ints(3, 0), strategy="beam_search", beam_width=40, top_paths=1, **BEAM),
    sample(given([[0.0, 1.0, 0.5], [0.0, 1.0, 0.5], [2.0, 1.0, 0.5], [0.0, 1.0, 0.5]]), ints(4), gradient=False),
    sample(array(0, 3, 3), np.zeros(0, "int32"), gradient=False),
    dtypes=REAL,
    magnitude=lambda inputs, *rest, **options: 1 + np.abs(inputs).max(initial=0.0),
    mistakes=[
        sample(array(2, 5), ints(5, 5)),
        sample(array(2, 5, 3), ints(5)),
        sample(array(2, 5, 3), ints(5, 5), "best"),
        sample(array(2, 5, 3), ints(5, 5), "beam_search", 2, 3),
        sample(array(2, 5, 3), ints(5, 5), mask_index=3),
    ],
)
