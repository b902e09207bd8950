"""Reach: how much each earlier character moved a prediction.

It is the norm of the gradient of a character's surprise (in bits) with respect to the embedding
of an earlier character, computed backwards through all steps between them. Training cuts this
gradient off after ``seq_length`` steps; here it is not cut off.
"""

from __future__ import annotations

import numpy as np

from rnncore import batches, checks
from rnncore.cells import CellBuffers
from rnncore.errors import SettingError
from rnncore.inspect.predictions import log_softmax
from rnncore.inspect.unit_values import Progress, state_after
from rnncore.network import Array, Ids, Network, State

WINDOW = 1000  # earlier characters that ``reach`` goes back by default
_VALUES = 1 << 20  # hidden values of one group of positions


def reach(network: Network, ids: Ids, at: int, window: int = WINDOW) -> Array:
    """Return how much each earlier character moved the prediction of ``ids[at]``, (at,).

    ids: the text, (T,). at: a position from 1 to T - 1.
    window: characters before ``at`` that the gradient goes back; those before them get 0.
    """
    ids = batches.check_ids(ids, network.vocab_dim)
    at = checks.check_whole("at", at, 1, len(ids) - 1) if len(ids) > 1 else _refuse(len(ids))
    start = max(0, at - checks.check_whole("window", window, 1))
    norms = np.zeros(at, network.dtype)
    state = state_after(network, ids[:start])
    norms[start:] = _gradient_norms(network, ids[None, start:at], ids[at : at + 1], state)[0]
    return norms


def reach_by_distance(
    network: Network,
    ids: Ids,
    window: int = 200,
    count: int = 64,
    seed: int = 0,
    progress: Progress | None = None,
) -> Array:
    """Return the mean reach at each distance, (window,); entry 0 is of the character just before.

    ids: a text of more than ``window`` characters. ``count`` positions are drawn from it; each is
    predicted from the ``window`` characters before it, from a zero state.
    progress: called after each group of positions with the number of positions done.
    """
    ids = batches.check_ids(ids, network.vocab_dim)
    window = checks.check_whole("window", window, 1)
    if len(ids) <= window:
        raise SettingError(
            f"The text has {len(ids):,} characters; a reach of {window:,} needs more than that."
        )
    rng = np.random.default_rng(seed)
    places = rng.integers(window, len(ids), checks.check_whole("count", count, 1))
    total = np.zeros(window)
    group = max(1, _VALUES // (window * network.hidden_dim))
    for start in range(0, count, group):
        ends = places[start : start + group]
        inputs = ids[ends[:, None] - window + np.arange(window)]
        norms = _gradient_norms(network, inputs, ids[ends], network.initial_state(len(ends)))
        total += norms.sum(axis=0, dtype=np.float64)
        if progress is not None:
            progress(start + len(ends))
    return total[::-1] / count


def _refuse(length: int) -> int:
    raise SettingError(
        f"The text has {length:,} characters; a reach needs one before the one predicted."
    )


def _gradient_norms(network: Network, inputs: Ids, targets: Ids, state: State) -> Array:
    """Return the norms (N, T) for inputs (N, T) and the characters (N,) that follow them."""
    N, T = inputs.shape
    weights = network.weights(network.flat)
    x = network.params["W_embed"][inputs.T]
    buffers: list[CellBuffers] = []
    for layer, cell in enumerate(network.cells):
        buffers.append(cell.new_buffers(N, T))
        x = cell.forward(weights[layer], x, state[layer], buffers[-1])
    W = network.output_weights(network.flat)
    p = np.exp(log_softmax(x[-1] @ W[:-1] + W[-1]))
    p[np.arange(N), targets] -= 1
    dx = np.zeros((T, N, network.hidden_dim), network.dtype)
    dx[-1] = p @ W[:-1].T / np.log(2)
    for layer in reversed(range(network.num_layers)):
        dW = np.empty_like(weights[layer])
        dx = network.cells[layer].backward(weights[layer], dx, buffers[layer], dW)
    return np.sqrt(np.square(dx).sum(axis=2)).T
