"""Cases of recurrent networks over whole sequences."""

from __future__ import annotations

import numpy as np

from ..case import array, case, sample

MASK = np.array([[True, True, False, False], [True, True, True, True], [True, False, False, False]])
GAPS = np.array([[False, True, False, True], [True, False, False, True], [False, False, False, False]])


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _run(step, x, states, mask):
    outputs, output = [], np.zeros_like(states[0])
    for time in range(x.shape[1]):
        counts = np.ones((len(x), 1), bool) if mask is None else mask[:, time, None]
        following = step(x[:, time], states)
        output = np.where(counts, following[0], output)
        states = tuple(np.where(counts, new, old) for new, old in zip(following, states, strict=True))
        outputs.append(output)
    return np.stack(outputs, 1), *states


def simple(x, h, kernel, recurrent, bias=None, mask=None, unroll=False):
    """The op in NumPy: simple over a whole sequence."""
    bias = 0.0 if bias is None else bias
    return _run(lambda x, s: (np.tanh(x @ kernel + s[0] @ recurrent + bias),), x, (h,), mask)


def lstm(x, h, c, kernel, recurrent, bias=None, mask=None, unroll=False):
    """The op in NumPy: lstm over a whole sequence."""

    def step(x, states):
        h, c = states
        i, f, new, o = np.split(x @ kernel + h @ recurrent + (0.0 if bias is None else bias), 4, -1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(new)
        return _sigmoid(o) * np.tanh(c), c

    return _run(step, x, (h, c), mask)


def gru(x, h, kernel, recurrent, bias=None, mask=None, reset_after=True, unroll=False):
    """The op in NumPy: gru over a whole sequence."""
    units = recurrent.shape[0]
    bias = np.zeros((2, 3 * units)) if bias is None else bias if reset_after else np.stack([bias, 0 * bias])

    def step(x, states):
        (h,) = states
        xz, xr, xh = np.split(x @ kernel + bias[0], 3, -1)
        hz, hr, hh = np.split(h @ recurrent + bias[1], 3, -1)
        z, r = _sigmoid(xz + hz), _sigmoid(xr + hr)
        fresh = r * hh if reset_after else (r * h) @ recurrent[:, 2 * units :]
        return (z * h + (1 - z) * np.tanh(xh + fresh),)

    return _run(step, x, (h,), mask)


def _samples(gates, states, bias):
    """The arguments of three examples, four steps, two features and three units."""
    weights = array(2, 3 * gates), array(3, 3 * gates)
    given = (array(3, 4, 2), *(array(3, 3) for _ in range(states)), *weights)
    return [
        sample(*given, array(*bias)),
        sample(*given),
        sample(*given, array(*bias), MASK),
        sample(*given, array(*bias), GAPS, unroll=True),
    ]


def _mistakes(gates, states):
    size, first = 3 * gates, [array(2, 3) for _ in range(states)]
    return [
        sample(array(2, 4), *first, array(2, size), array(3, size)),
        sample(array(2, 4, 2), *first, array(3, size), array(3, size)),
        sample(array(2, 4, 2), *first, array(2, size), array(3, size + 1)),
        sample(array(2, 4, 2), array(2, 2), *first[1:], array(2, size), array(3, size)),
        sample(array(2, 4, 2), *first, array(2, size), array(3, size), array(size + 1)),
        sample(array(2, 4, 2), *first, array(2, size), array(3, size), None, np.ones((2, 3), bool)),
    ]


case(
    "simple_rnn",
    simple,
    *_samples(1, 1, (3,)),
    mistakes=[*_mistakes(1, 1), sample(*[array(2, 2)] * 4), sample(*[array(2, 2, 2)] * 4)],
)
case("lstm", lstm, *_samples(4, 2, (12,)), mistakes=_mistakes(4, 2))


def _steps(x, h, c, recurrent, unroll=False):
    outputs, *states = lstm(x.swapaxes(0, 1), h, c, np.eye(x.shape[-1]), recurrent)
    return outputs.swapaxes(0, 1), *states


case(
    "lstm_steps",
    _steps,
    sample(array(4, 3, 12), array(3, 3), array(3, 3), array(3, 12)),
    sample(array(1, 2, 4), array(2, 1), array(2, 1), array(1, 4), unroll=True),
    sample(array(4, 0, 12), array(0, 3), array(0, 3), array(3, 12)),
    magnitude=lambda *args, **params: 1.0,  # states are up to 1, and so are the sums that gates are made of
    mistakes=[
        sample(array(4, 2), array(2, 3), array(2, 3), array(3, 12)),
        sample(array(0, 2, 12), array(2, 3), array(2, 3), array(3, 12)),
        sample(array(4, 2, 8), array(2, 3), array(2, 3), array(3, 12)),
        sample(array(4, 2, 12), array(2, 2), array(2, 3), array(3, 12)),
        sample(array(4, 2, 12), array(2, 3), array(2, 3), array(3, 11)),
    ],
)
case(
    "gru",
    gru,
    *_samples(3, 1, (2, 9)),
    sample(array(3, 4, 2), array(3, 3), array(2, 9), array(3, 9), array(9), reset_after=False),
    sample(array(3, 4, 2), array(3, 3), array(2, 9), array(3, 9), array(9), MASK, reset_after=False),
    mistakes=[*_mistakes(3, 1), sample(array(2, 4, 2), array(2, 3), array(2, 9), array(3, 9), array(9))],
)
