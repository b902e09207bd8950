"""Forward and backward pass over a shard: some of the sequences of a batch.

The sequences of a batch meet only in the sum of their gradients. A shard therefore runs
through the whole pass by itself, in its own buffers, in any thread or process.
"""

from __future__ import annotations

import numpy as np

from rnncore import layers
from rnncore.cells import CellBuffers
from rnncore.compute.buffers import aligned_zeros
from rnncore.network import Array, Ids, Network, State


class Shard:
    """The sequences ``rows`` of a batch of N, and the buffers for them.

    flat_grads: where the gradients are written, (P,); None means a new array.
    """

    def __init__(
        self, network: Network, rows: slice, N: int, T: int, flat_grads: Array | None = None
    ):
        self.rows = rows
        self.N, self.T, self.batch = rows.stop - rows.start, T, N
        dtype = network.dtype
        self.buffers: list[CellBuffers] = [cell.new_buffers(self.N, T) for cell in network.cells]
        self.probs = aligned_zeros((network.vocab_dim, self.N * T), dtype).T
        self.dtop = aligned_zeros((T, self.N, network.hidden_dim), dtype)
        self.flat_grads = np.zeros_like(network.flat) if flat_grads is None else flat_grads
        self.grads = network.views(self.flat_grads)
        self.dweights = network.weights(self.flat_grads)
        self.dW_out = network.output_weights(self.flat_grads)

    @property
    def dstate(self) -> State:
        """Gradients with respect to the state before the pass."""
        return [buffers.dstate for buffers in self.buffers]

    def run(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> float:
        """Return the summed loss; with ``masks``, also compute the gradients.

        masks: the dropout masks of the batch, [] without dropout, None without gradients.
        """
        if masks is None:
            return self.forward(network, inputs, targets, state)
        return self.forward_backward(network, inputs, targets, state, masks)

    def forward(
        self,
        network: Network,
        inputs: Ids,
        targets: Ids,
        state: State,
        masks: list[Array] | None = None,
    ) -> float:
        """Return the summed loss over the shard's part of a batch; update ``state`` in place."""
        # From here on time is the first axis: (N, T) -> (T, N).
        self.ids = inputs[self.rows].T.reshape(-1)
        self.targets = targets[self.rows].T.reshape(-1)
        x = network.params["W_embed"][self.ids].reshape(self.T, self.N, -1)
        self.masks = [mask[:, self.rows] for mask in masks or ()]
        for i, (cell, W) in enumerate(
            zip(network.cells, network.weights(network.flat), strict=True)
        ):
            x = cell.forward(W, x, state[i][:, self.rows], self.buffers[i])
            if self.masks:
                x = x * self.masks[i]
        rows = self.T * self.N
        self.top = (
            layers.append_ones(x.reshape(rows, -1)) if self.masks
            else self.buffers[-1].h1.reshape(rows, -1)
        )  # fmt: skip
        layers.affine(self.top, network.output_weights(network.flat), out=self.probs)
        return layers.softmax_cross_entropy(self.probs, self.targets)

    def forward_backward(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array]
    ) -> float:
        """Do the same, and fill the shard's part of the gradients of the batch's mean loss."""
        loss = self.forward(network, inputs, targets, state, masks)
        count = self.batch * self.T
        dlogits = layers.softmax_cross_entropy_backward(self.probs, self.targets, count)
        dx = self.dtop
        layers.affine_backward(
            dlogits, self.top, network.output_weights(network.flat), self.dW_out,
            dx=dx.reshape(len(self.top), -1),
        )  # fmt: skip
        weights = network.weights(network.flat)
        for i in reversed(range(len(network.cells))):
            if self.masks:
                dx = dx * self.masks[i]
            dx = network.cells[i].backward(weights[i], dx, self.buffers[i], self.dweights[i])
        layers.embedding_backward(self.ids, dx.reshape(len(self.ids), -1), self.grads["W_embed"])
        return loss
