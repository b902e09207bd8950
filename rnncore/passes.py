"""One forward and backward pass over a batch (N, T), in shards that threads share.

A shard is some of the batch's sequences: they meet the others only in the sum of
the gradients. So each thread takes its shard through the whole pass, in buffers of
its own, and the threads meet once a batch.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnncore import blas, layers, parallel
from rnncore.cells import Run

if TYPE_CHECKING:
    from rnncore.model import RNN, Ids, State

Array = NDArray[np.floating]

# Waking a thread takes some 50 µs: a shard must be worth it.
_MIN_SEQUENCES, _MIN_FLOPS = 4, 3e7


class Pass:
    """Buffers of passes over (N, T), made once and used again."""

    def __init__(self, model: RNN, N: int, T: int):
        self.N, self.T = N, T
        count = shard_count(model.num_params, N, T, blas.info().workers)
        cuts = [N * i // count for i in range(count + 1)]
        self.shards = [Shard(model, slice(a, b), N, T) for a, b in pairwise(cuts)]
        # The first shard's gradients become the sum of all.
        self.flat_grads = self.shards[0].flat_grads
        self.grads = self.shards[0].grads

    def forward(self, model: RNN, inputs: Ids, targets: Ids, state: State) -> float:
        """Summed loss over the batch (N, T); ``state`` is advanced in place."""
        return sum(
            parallel.run([partial(s.forward, model, inputs, targets, state) for s in self.shards])
        )

    def forward_backward(
        self,
        model: RNN,
        inputs: Ids,
        targets: Ids,
        state: State,
        rng: np.random.Generator | None = None,
    ) -> float:
        """The same, leaving the gradients of the mean loss in ``grads``; ``rng`` for dropout."""
        masks: list[Array] = []
        if rng is not None and model.dropout > 0:
            # For the whole batch at once: the draws do not depend on the number of shards.
            shape = (self.T, self.N, model.hidden_dim)
            masks = [
                layers.dropout_mask(rng, shape, model.dropout, model.dtype) for _ in model.cells
            ]
        losses = parallel.run(
            [partial(s.forward_backward, model, inputs, targets, state, masks) for s in self.shards]
        )
        for other in self.shards[1:]:
            self.flat_grads += other.flat_grads
        return sum(losses)

    @property
    def dstate(self) -> State:
        """Gradients of the mean loss with respect to the state before the pass."""
        runs = zip(*(shard.runs for shard in self.shards), strict=True)
        return [np.concatenate([run.dstate for run in layer], axis=1) for layer in runs]


class Shard:
    """The sequences ``rows`` of a batch of N, and the buffers for them."""

    def __init__(self, model: RNN, rows: slice, N: int, T: int):
        self.rows = rows
        self.N, self.T, self.batch = rows.stop - rows.start, T, N
        dtype = model.dtype
        self.runs: list[Run] = [cell.run(self.N, T) for cell in model.cells]
        self.probs = np.empty((self.N * T, model.vocab_dim), dtype)
        self.dtop = np.empty((T, self.N, model.hidden_dim), dtype)
        self.flat_grads = np.zeros_like(model.flat)
        self.grads = model.views(self.flat_grads)
        self.dweights = model.weights(self.flat_grads)

    def forward(
        self,
        model: RNN,
        inputs: Ids,
        targets: Ids,
        state: State,
        masks: list[Array] | None = None,
    ) -> float:
        """Summed loss over the shard's part of a batch."""
        # Time comes first from here on: (N, T) -> (T, N).
        self.ids = inputs[self.rows].T.reshape(-1)
        self.targets = targets[self.rows].T.reshape(-1)
        x = model.params["W_embed"][self.ids].reshape(self.T, self.N, -1)
        self.masks = [mask[:, self.rows] for mask in masks or ()]
        for i, (cell, W) in enumerate(zip(model.cells, model.weights(model.flat), strict=True)):
            x = cell.forward(W, x, state[i][:, self.rows], self.runs[i])
            if self.masks:
                x = x * self.masks[i]
        self.top = x.reshape(self.T * self.N, -1)
        layers.affine(self.top, model.params["W_out"], model.params["b_out"], out=self.probs)
        return layers.softmax_cross_entropy(self.probs, self.targets)

    def forward_backward(
        self, model: RNN, inputs: Ids, targets: Ids, state: State, masks: list[Array]
    ) -> float:
        """The same, and the shard's share of the gradients of the batch's mean loss."""
        loss = self.forward(model, inputs, targets, state, masks)
        count = self.batch * self.T
        dlogits = layers.softmax_cross_entropy_backward(self.probs, self.targets, count)
        grads, dx = self.grads, self.dtop
        layers.affine_backward(
            dlogits, self.top, model.params["W_out"], grads["W_out"], grads["b_out"],
            dx=dx.reshape(len(self.top), -1),
        )  # fmt: skip
        weights = model.weights(model.flat)
        for i in reversed(range(len(model.cells))):
            if self.masks:
                dx = dx * self.masks[i]
            dx = model.cells[i].backward(weights[i], dx, self.runs[i], self.dweights[i])
        layers.embedding_backward(self.ids, dx.reshape(len(self.ids), -1), grads["W_embed"])
        return loss


def shard_count(num_params: int, N: int, T: int, workers: int) -> int:
    """How many threads are worth sharing a batch of this size."""
    flops = 6 * num_params * N * T
    return max(1, min(workers, N // _MIN_SEQUENCES, int(flops // _MIN_FLOPS)))
