"""What layers around layers, and layers with windows and states, need of their base."""

from __future__ import annotations

import numpy as np
import pytest

from polykeras import layers
from polykeras.errors import ArgumentError


def test_a_layer_that_was_only_an_argument_is_not_part_of_the_one_made_from_it():
    template = layers.LSTM(3)
    template(np.ones((2, 4, 5), "float32"))
    both = layers.Bidirectional(template)
    both(np.ones((2, 4, 5), "float32"))
    assert len(both.weights) == 6
    assert template not in both.all_layers()


def test_inputs_of_the_wrong_rank_are_named_before_weights_are_made():
    layer = layers.Conv2D(4, 3)
    with pytest.raises(ArgumentError, match="at least 4 axes"):
        layer(np.ones((2, 4), "float32"))
    assert not layer.built


def test_states_go_on_from_batch_to_batch_and_are_no_weights():
    layer, x = layers.GRU(3, stateful=True), np.ones((2, 4, 5), "float32")
    first, second = layer(x), layer(x)
    assert not np.allclose(first, second)
    assert [w.name for w in layer.weights] == ["kernel", "recurrent_kernel", "bias"]
    assert "rnn_state" in [v.name for v in layer.variables]
    layer.reset_state()
    np.testing.assert_array_equal(layer(x), first)


def test_a_frozen_batch_normalization_keeps_its_averages():
    layer, x = layers.BatchNormalization(), np.ones((4, 3), "float32")
    layer(x, training=True)
    before = layer.moving_mean.numpy()
    layer.trainable = False
    layer(x, training=True)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), before)
