"""Activations: what every unit of a network does at every character of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rnncore import batches, checks
from rnncore.cells import CellBuffers
from rnncore.errors import SettingError
from rnncore.network import Array, Ids, Network, State

STEPS = 512  # characters of a block: its buffers take a few megabytes
# A function that is called with the number of characters done so far.
Progress = Callable[[int], object]


def run_blocks(
    network: Network, ids: Ids, state: State | None = None, steps: int | None = None
) -> Iterator[tuple[slice, list[CellBuffers]]]:
    """Run a network over ids (T,); yield each block of the text and its buffers, one a layer.

    state: the state of one sequence before the text, updated in place; None means zeros.
    steps: characters in a block, ``STEPS`` by default. The buffers are valid until the next block.
    """
    ids = batches.check_ids(ids, network.vocab_dim)
    state = network.initial_state(1) if state is None else state
    return run_streams(network, ids[None], state, steps or STEPS)


def run_streams(
    network: Network, ids: Ids, state: State, steps: int
) -> Iterator[tuple[slice, list[CellBuffers]]]:
    """Do the same for several texts of one length side by side, ids (N, T)."""
    weights, embed = network.weights(network.flat), network.params["W_embed"]
    buffers: list[CellBuffers] = []
    N, length = ids.shape
    for start in range(0, length, steps):
        block = slice(start, min(start + steps, length))
        T = block.stop - start
        if not buffers or buffers[0].T != T:
            buffers = [cell.new_buffers(N, T) for cell in network.cells]
        x = embed[ids[:, block].T]
        for layer, cell in enumerate(network.cells):
            x = cell.forward(weights[layer], x, state[layer], buffers[layer])
        yield block, buffers


def activations(
    network: Network,
    ids: Ids,
    parts: Sequence[str] = ("h",),
    *,
    state: State | None = None,
    progress: Progress | None = None,
) -> Array:
    """Return the values of all units after each character, (T, layers, parts, H).

    ids: the text, (T,).
    parts: names out of ``network.cells[0].parts``: "h" is a unit's output; an LSTM also has
        its cell state "c" and the gates "i", "f", "o" and "g", a GRU the gates "r", "z" and "n".
    state: the state before the text, updated in place; None means zeros.
    progress: called after each block with the number of characters done.

    The result takes 4 bytes a value: 80 MB for 100,000 characters of 200 units and one part.
    """
    names = list(parts)
    if not names:
        raise SettingError("parts is empty; name at least one, such as 'h'.")
    for name in names:
        checks.check_choice("part", name, network.cells[0].parts)
    shape = (len(ids), network.num_layers, len(names), network.hidden_dim)
    values = np.empty(shape, network.dtype)
    for block, buffers in run_blocks(network, ids, state):
        for layer, cell in enumerate(network.cells):
            read = cell.read(buffers[layer])
            for k, name in enumerate(names):
                values[block, layer, k] = read[name][:, 0]
        if progress is not None:
            progress(block.stop)
    return values


def state_after(network: Network, ids: Ids) -> State:
    """Return the state of one sequence after ids (T,): the context of a text that follows."""
    state = network.initial_state(1)
    for _ in run_blocks(network, ids, state):
        pass
    return state
