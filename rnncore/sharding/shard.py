"""One forward and backward pass over a batch (N, T), in shards that processes share.

A shard is some of the batch's sequences: they meet the others only in the sum of the
gradients. So each process takes its shard through the whole pass, in buffers of its own,
and they meet once a batch. Where there are no worker processes (``crew.py``), threads do
the same.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnncore import layers
from rnncore.cells import Run
from rnncore.compute import blas, threads, worker_pool
from rnncore.compute.buffers import aligned_zeros
from rnncore.compute.worker_pool import WorkerLost
from rnncore.sharding.remote_shard import RemoteShard

if TYPE_CHECKING:
    from rnncore.model import RNN, Ids, State

Array = NDArray[np.floating]

# Handing over a shard takes some 100 µs: it must be worth it.
_MIN_SEQUENCES, _MIN_FLOPS = 4, 3e7


class Pass:
    """Buffers of passes over (N, T), made once and used again."""

    def __init__(self, model: RNN, N: int, T: int):
        self.N, self.T = N, T
        count = shard_count(model.num_params, N, T, blas.info().workers)
        cuts = [slice(a, b) for a, b in pairwise(N * i // count for i in range(count + 1))]
        first = Shard(model, cuts[0], N, T)
        self.shards: list[Shard | RemoteShard] = [first, *_others(model, cuts[1:], N, T)]
        # The first shard's gradients become the sum of all.
        self.flat_grads = first.flat_grads
        self.grads = first.grads

    def forward(self, model: RNN, inputs: Ids, targets: Ids, state: State) -> float:
        """Summed loss over the batch (N, T); ``state`` is advanced in place."""
        return sum(self._run(model, inputs, targets, state, None))

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
        losses = self._run(model, inputs, targets, state, masks)
        for other in self.shards[1:]:
            self.flat_grads += other.flat_grads
        return sum(losses)

    @property
    def dstate(self) -> State:
        """Gradients of the mean loss with respect to the state before the pass."""
        layers_of_shards = zip(*(shard.dstate for shard in self.shards), strict=True)
        return [np.concatenate(parts, axis=1) for parts in layers_of_shards]

    def _run(
        self, model: RNN, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> list[float]:
        """Each shard's loss: workers begin, this process does its own share, then it waits."""
        batch = (model, inputs, targets, state, masks)
        own = [shard for shard in self.shards if isinstance(shard, Shard)]
        losses: dict[Shard | RemoteShard, float] = {}
        with ExitStack() as answers:
            for shard in self.shards:
                if isinstance(shard, RemoteShard) and shard.send(*batch):
                    answers.callback(shard.receive, state, losses)
            found = threads.run([partial(shard.run, *batch) for shard in own])
        losses |= zip(own, found, strict=True)
        for i, shard in enumerate(self.shards):
            if shard not in losses:  # its worker is lost, and its part of ``state`` untouched
                worker_pool.give_up()
                self.shards[i] = replacement = Shard(model, shard.rows, self.N, self.T)
                losses[replacement] = replacement.run(*batch)
        return [losses[shard] for shard in self.shards]


def _others(model: RNN, cuts: list[slice], N: int, T: int) -> list[Shard | RemoteShard]:
    """Shards for worker processes, or for threads where those cannot be had."""
    try:
        workers = worker_pool.workers(len(cuts))
        return [RemoteShard(w, model, rows, N, T) for w, rows in zip(workers, cuts, strict=True)]
    except WorkerLost:
        return [Shard(model, rows, N, T) for rows in cuts]


class Shard:
    """The sequences ``rows`` of a batch of N, and the buffers for them."""

    def __init__(self, model: RNN, rows: slice, N: int, T: int, flat_grads: Array | None = None):
        self.rows = rows
        self.N, self.T, self.batch = rows.stop - rows.start, T, N
        dtype = model.dtype
        self.runs: list[Run] = [cell.run(self.N, T) for cell in model.cells]
        self.probs = aligned_zeros((model.vocab_dim, self.N * T), dtype).T
        self.dtop = aligned_zeros((T, self.N, model.hidden_dim), dtype)
        self.flat_grads = np.zeros_like(model.flat) if flat_grads is None else flat_grads
        self.grads = model.views(self.flat_grads)
        self.dweights = model.weights(self.flat_grads)
        self.dW_out = model.output_weights(self.flat_grads)

    @property
    def dstate(self) -> State:
        return [run.dstate for run in self.runs]

    def run(
        self, model: RNN, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> float:
        """The summed loss, and with ``masks`` (which may be none: []) the gradients."""
        if masks is None:
            return self.forward(model, inputs, targets, state)
        return self.forward_backward(model, inputs, targets, state, masks)

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
        rows = self.T * self.N
        self.top = (
            layers.with_ones(x.reshape(rows, -1)) if self.masks
            else self.runs[-1].h1.reshape(rows, -1)
        )  # fmt: skip
        layers.affine(self.top, model.output_weights(model.flat), out=self.probs)
        return layers.softmax_cross_entropy(self.probs, self.targets)

    def forward_backward(
        self, model: RNN, inputs: Ids, targets: Ids, state: State, masks: list[Array]
    ) -> float:
        """The same, and the shard's share of the gradients of the batch's mean loss."""
        loss = self.forward(model, inputs, targets, state, masks)
        count = self.batch * self.T
        dlogits = layers.softmax_cross_entropy_backward(self.probs, self.targets, count)
        dx = self.dtop
        layers.affine_backward(
            dlogits, self.top, model.output_weights(model.flat), self.dW_out,
            dx=dx.reshape(len(self.top), -1),
        )  # fmt: skip
        weights = model.weights(model.flat)
        for i in reversed(range(len(model.cells))):
            if self.masks:
                dx = dx * self.masks[i]
            dx = model.cells[i].backward(weights[i], dx, self.runs[i], self.dweights[i])
        layers.embedding_backward(self.ids, dx.reshape(len(self.ids), -1), self.grads["W_embed"])
        return loss


def shard_count(num_params: int, N: int, T: int, workers: int) -> int:
    """How many are worth sharing a batch of this size."""
    flops = 6 * num_params * N * T
    return max(1, min(workers, N // _MIN_SEQUENCES, int(flops // _MIN_FLOPS)))
