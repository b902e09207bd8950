"""Forward and backward pass over a batch (N, T), split into shards.

Each worker process, or each thread where there are no worker processes, computes one
shard (``rnncore.sharding``). The shards' gradients are summed once per batch.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import pairwise

import numpy as np

from rnncore import layers
from rnncore.compute import blas, threads, worker_pool
from rnncore.compute.worker_pool import WorkerLost
from rnncore.network import Array, Ids, Network, State
from rnncore.sharding.remote_shard import RemoteShard
from rnncore.sharding.shard import Shard

# Handing over a shard takes some 100 µs: it must be worth it.
_MIN_SEQUENCES, _MIN_FLOPS = 4, 3e7


class Pass:
    """Buffers of passes over (N, T), made once and used again."""

    def __init__(self, network: Network, N: int, T: int):
        self.N, self.T = N, T
        count = choose_shard_count(network.num_params, N, T, blas.info().workers)
        cuts = [slice(a, b) for a, b in pairwise(N * i // count for i in range(count + 1))]
        first = Shard(network, cuts[0], N, T)
        self.shards: list[Shard | RemoteShard] = [first, *_others(network, cuts[1:], N, T)]
        # The first shard's gradients become the sum of all.
        self.flat_grads = first.flat_grads
        self.grads = first.grads

    def forward(self, network: Network, inputs: Ids, targets: Ids, state: State) -> float:
        """Summed loss over the batch (N, T); ``state`` is advanced in place."""
        return sum(self._run(network, inputs, targets, state, None))

    def forward_backward(
        self,
        network: Network,
        inputs: Ids,
        targets: Ids,
        state: State,
        rng: np.random.Generator | None = None,
    ) -> float:
        """The same, leaving the gradients of the mean loss in ``grads``; ``rng`` for dropout."""
        masks: list[Array] = []
        if rng is not None and network.dropout > 0:
            # For the whole batch at once: the draws do not depend on the number of shards.
            shape = (self.T, self.N, network.hidden_dim)
            masks = [
                layers.dropout_mask(rng, shape, network.dropout, network.dtype)
                for _ in network.cells
            ]
        losses = self._run(network, inputs, targets, state, masks)
        for other in self.shards[1:]:
            self.flat_grads += other.flat_grads
        return sum(losses)

    @property
    def dstate(self) -> State:
        """Gradients of the mean loss with respect to the state before the pass."""
        layers_of_shards = zip(*(shard.dstate for shard in self.shards), strict=True)
        return [np.concatenate(parts, axis=1) for parts in layers_of_shards]

    def _run(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> list[float]:
        """Each shard's loss: workers begin, this process does its own share, then it waits."""
        batch = (network, inputs, targets, state, masks)
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
                self.shards[i] = replacement = Shard(network, shard.rows, self.N, self.T)
                losses[replacement] = replacement.run(*batch)
        return [losses[shard] for shard in self.shards]


def _others(network: Network, cuts: list[slice], N: int, T: int) -> list[Shard | RemoteShard]:
    """Shards for worker processes, or for threads where those cannot be had."""
    try:
        workers = worker_pool.workers(len(cuts))
        return [RemoteShard(w, network, rows, N, T) for w, rows in zip(workers, cuts, strict=True)]
    except WorkerLost:
        return [Shard(network, rows, N, T) for rows in cuts]


def choose_shard_count(num_params: int, N: int, T: int, workers: int) -> int:
    """How many are worth sharing a batch of this size."""
    flops = 6 * num_params * N * T
    return max(1, min(workers, N // _MIN_SEQUENCES, int(flops // _MIN_FLOPS)))
