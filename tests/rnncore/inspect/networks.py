"""Small networks with lively units, and texts for them."""

from __future__ import annotations

import numpy as np

from rnncore import RNN

V, H, T = 7, 6, 25


def network(cell_type, num_layers=2, seed=0, dtype="float32"):
    """Return a network whose units differ: noise on all weights, biases too."""
    model = RNN(V, "abcdefg", 3, H, cell_type, num_layers, dtype=dtype, seed=seed)
    model.flat += 0.3 * np.random.default_rng(seed).standard_normal(model.flat.shape)
    return model


def random_ids(length=T, seed=1):
    """Return a text of random characters, (length,)."""
    return np.random.default_rng(seed).integers(0, V, length)
