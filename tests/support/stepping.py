"""A network's logits after each character of a text, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnncore import RNN
from rnncore.cells import CELLS


def small_network(cell: str, layers: int = 1, dtype: str = "float32", V: int = 12) -> RNN:
    """Return a network whose parameters are all different from zero, the biases too."""
    network = RNN(V, _CHARS[:V], 5, 16, cell, layers, dtype=dtype, seed=layers)
    rng = np.random.default_rng(7)
    network.flat += (0.1 * rng.standard_normal(network.num_params)).astype(dtype)
    return network


# A space and a line feed, markup, right to left, a combining mark, beyond 16 bits.
_CHARS = "e \n<&\"'ש\u0301é😀t"
EVERY_CELL = sorted(CELLS)


def read_logits(network: RNN, ids: Sequence[int]) -> np.ndarray:
    """Return the logits (T, V) after each of the ids, from the steppers that samples use."""
    steppers = [
        cell.new_stepper(W, cell.initial_state(1)[:, 0])
        for cell, W in zip(network.cells, network.weights(network.flat), strict=True)
    ]
    p = network.params
    logits = []
    for i in ids:
        x = p["W_embed"][i]
        for stepper in steppers:
            x = stepper(x @ stepper.Wx + stepper.b)
        logits.append(x @ p["W_out"] + p["b_out"])
    return np.array(logits)
