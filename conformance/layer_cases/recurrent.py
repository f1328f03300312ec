"""Cases of recurrent layers. The loops over steps are held to references here, what becomes of them by comparison."""

from __future__ import annotations

import numpy as np

from ..case import array
from ..cases.recurrent import gru, lstm, simple
from ..layer_case import a, configured, layer

MASK = [[True, True, False, False], [True, True, True, True], [True, False, False, False]]
GAPS = [[False, True, False, True], [True, False, False, True], [True, True, True, True]]
X = array(3, 4, 2)
ALL = {"return_sequences": True, "return_state": True}
ZEROS = np.zeros((3, 3))


def _cases(name, states, reference, *more):
    """What all three layers are tried with; `reference` takes inputs, states, weights and a mask."""
    first = [array(3, 3)] * states

    def apart(w, x, training):
        """Where the whole state is dropped, the recurrent kernel has no part."""
        return reference(x, [ZEROS] * states, [w[0], 0 * w[1], *w[2:]])[1]

    def backwards(w, x):
        """Outputs from the last step to the first, zero where the mask leaves them out."""
        mask = np.array(GAPS)[:, ::-1]
        return reference(x[:, ::-1], [ZEROS] * states, w, mask)[0] * mask[..., None]

    layer(
        name,
        configured(3).on(X).gives(lambda w, x: reference(x, [ZEROS] * states, w)[1]),
        configured(3, **ALL)
        .on(X, initial_state=first)
        .gives(lambda w, x, initial_state: reference(x, initial_state, w)),
        configured(3, **ALL)
        .on(X)
        .masked(MASK)
        .gives_mask(MASK)
        .gives(lambda w, x: reference(x, [ZEROS] * states, w, np.array(MASK))),
        configured(3, return_sequences=True, go_backwards=True, use_bias=False, zero_output_for_mask=True)
        .on(X)
        .masked(GAPS)
        .gives(backwards),
        *more,
        configured(3, activation="sigmoid", unroll=True).on(X).masked(GAPS).gives_mask(False),
        configured(3, dropout=0.4).on(X, training=True),
        configured(3, recurrent_dropout=0.4, dropout=0.2).on(X, training=True),
        configured(3, dropout=1.0)
        .on(X, training=True)
        .gives(lambda w, x, training: reference(0 * x, [ZEROS] * states, w)[1]),
        configured(3, recurrent_dropout=1.0).on(X, training=True).gives(apart),
        configured(3, stateful=True).on(X).but(unknown=(1,)),
        mistakes=[
            (configured(0), "units to be a whole number from 1"),
            (configured(3, dropout=2), "dropout to be a number from 0 to 1"),
            (configured(3, stateful=True).on(X), "Give Input a batch_size"),
            (configured(3).on(array(3, 4)).but(unknown=()), "3 axes"),
        ],
    )
    layer(
        f"{name}Cell",
        configured(3)
        .on(array(3, 2), first)
        .gives(lambda w, x, initial: reference(x[:, None], initial, w)[1:2] + reference(x[:, None], initial, w)[1:]),
        configured(3, use_bias=False, dropout=0.5, recurrent_dropout=0.3, seed=1).on(array(3, 2), first, training=True),
    )


_cases("SimpleRNN", 1, lambda x, states, w, mask=None: simple(x, *states, *w, mask=mask))
_cases("LSTM", 2, lambda x, states, w, mask=None: lstm(x, *states, *w, mask=mask))
_cases(
    "GRU",
    1,
    lambda x, states, w, mask=None: gru(x, *states, *w, mask=mask),
    configured(3, reset_after=False).on(X).gives(lambda w, x: gru(x, ZEROS, *w, reset_after=False)[1]),
)


def _both_ways(w, x, merge):
    """An LSTM from the first step to the last, and one back, the outputs of both merged step by step."""
    half = len(w) // 2
    forward, backward = lstm(x, ZEROS, ZEROS, *w[:half])[0], lstm(x[:, ::-1], ZEROS, ZEROS, *w[half:])[0]
    return merge(forward, backward[:, ::-1])


def _means(w, x):
    return _both_ways(w, x, lambda forward, backward: (forward + backward) / 2)


def _sides(w, x):
    return _both_ways(w, x, lambda forward, backward: np.concatenate([forward, backward], -1))


layer(
    "RNN",
    configured(a("GRUCell", 3, reset_after=False), **ALL)
    .on(X)
    .masked(GAPS)
    .gives_mask(GAPS)
    .gives(lambda w, x: gru(x, ZEROS, *w, mask=np.array(GAPS), reset_after=False)),
    configured([a("LSTMCell", 3, dropout=0.3, seed=1), a("SimpleRNNCell", 2)], **ALL).on(X, training=True),
    mistakes=[(configured(3), "expected a cell")],
)
layer(
    "StackedRNNCells",
    configured([a("LSTMCell", 3), a("GRUCell", 2)]).on(array(3, 2), [[array(3, 3), array(3, 3)], [array(3, 2)]]),
    mistakes=[(configured([3]), "expected cells")],
)
layer(
    "Bidirectional",
    configured(a("LSTM", 3, return_sequences=True)).on(X).gives(_sides),
    configured(a("LSTM", 3, return_sequences=True), "ave").on(X).gives(_means),
    configured(a("LSTM", 3, return_sequences=True)).on(X).masked(MASK).gives_mask(MASK),
    configured(a("GRU", 3, **ALL), merge_mode=None).on(X),
    configured(a("SimpleRNN", 3), "ave", backward_layer=a("SimpleRNN", 3, "sigmoid", go_backwards=True)).on(X),
    configured(a("GRU", 3), merge_mode="sum").on(X, initial_state=[array(3, 3), array(3, 3)]),
    mistakes=[
        (configured(a("Dense", 3)), "expected a recurrent layer"),
        (configured(a("LSTM", 3), merge_mode="max"), "merge_mode to be one of"),
        (configured(a("LSTM", 3), backward_layer=a("LSTM", 3)), "both layers have go_backwards=False"),
    ],
)
for _rank, _sizes in ((1, (5,)), (2, (5, 4)), (3, (3, 4, 3))):
    layer(
        f"ConvLSTM{_rank}D",
        configured(2, 3, **ALL).on(array(2, 3, *_sizes, 2)),
        configured(2, 2, strides=2, padding="same", data_format="channels_first", go_backwards=True).on(
            array(2, 3, 2, *_sizes)
        ),
        *(
            [
                configured(2, 2, dropout=0.3, recurrent_dropout=0.3, seed=1)
                .on(array(3, 4, 5, 2), training=True)
                .masked(GAPS)
            ]
            if _rank == 1
            else []
        ),
    )
