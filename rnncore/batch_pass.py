"""Forward and backward pass over a batch (N, T), split into shards.

Each worker process, or each thread where there are no worker processes, computes one
shard (``rnncore.sharding``). The shards' gradients are summed once per batch.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from itertools import pairwise

import numpy as np

from rnncore import layer_figures, layers
from rnncore.compute import blas, threads, uninterrupted, worker_pool
from rnncore.compute.worker_pool import WorkerLost
from rnncore.network import Array, Ids, Network, State
from rnncore.sharding.remote_shard import RemoteShard
from rnncore.sharding.shard import Shard

# The smallest shard worth splitting off, in sequences and floating-point operations: sending
# it to a worker and waiting for the reply takes about 100 µs.
_MIN_SEQUENCES, _MIN_FLOPS = 4, 3e7


class Pass:
    """Buffers for passes over batches (N, T), created once and reused.

    grads: named views of ``flat_grads``, the gradients of the last ``forward_backward``.
    """

    def __init__(self, network: Network, N: int, T: int):
        self.N, self.T = N, T
        count = choose_shard_count(network.num_params, N, T, blas.info().workers)
        cuts = [slice(a, b) for a, b in pairwise(N * i // count for i in range(count + 1))]
        first = Shard(network, cuts[0], N, T)
        self.shards: list[Shard | RemoteShard] = [first, *_further_shards(network, cuts[1:], N, T)]
        self._without_worker: list[int] = []  # indices of shards whose workers were lost
        # ``forward_backward`` adds the other shards' gradients to those of the first.
        self.flat_grads = first.flat_grads
        self.grads = first.grads

    def forward(self, network: Network, inputs: Ids, targets: Ids, state: State) -> float:
        """Return the summed loss in nats over the batch (N, T); update ``state`` in place."""
        return sum(self._run(network, inputs, targets, state, None))

    def forward_backward(
        self,
        network: Network,
        inputs: Ids,
        targets: Ids,
        state: State,
        rng: np.random.Generator | None = None,
    ) -> float:
        """Do the same and write the gradients of the mean loss to ``grads``.

        rng: draws the dropout masks; None means no dropout.
        """
        masks: list[Array] = []
        if rng is not None and network.dropout > 0:
            # Drawn for the whole batch, so that masks do not depend on the number of shards.
            shape = (self.T, self.N, network.hidden_dim)
            masks = [
                layers.draw_dropout_mask(rng, shape, network.dropout, network.dtype)
                for _ in network.cells
            ]
        losses = self._run(network, inputs, targets, state, masks)
        for other in self.shards[1:]:
            self.flat_grads += other.flat_grads
        return sum(losses)

    def measure_gates(self, network: Network) -> dict[str, float]:
        """Return the saturation of the gates in the last pass, from its first sequences."""
        first = self.shards[0]
        assert isinstance(first, Shard)
        return layer_figures.measure_gates(network, first.buffers)

    @property
    def dstate(self) -> State:
        """Gradients of the mean loss with respect to the state before the pass."""
        layers_of_shards = zip(*(shard.dstate for shard in self.shards), strict=True)
        return [np.concatenate(parts, axis=1) for parts in layers_of_shards]

    def _run(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> list[float]:
        """Return each shard's summed loss."""
        compute = partial(self._compute_shards, network, inputs, targets, state, masks)
        if len(self.shards) == 1:
            return compute()
        # Ctrl-C must not leave a worker's lock held.
        return uninterrupted.run(compute, stop=lambda: None)

    def _compute_shards(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> list[float]:
        """Do what ``_run`` does.

        Workers start first; this process computes its own shards, then waits for theirs.
        """
        self._replace_lost_workers(network)
        batch = (network, inputs, targets, state, masks)
        own = [shard for shard in self.shards if isinstance(shard, Shard)]
        losses: dict[Shard | RemoteShard, float] = {}
        with ExitStack() as replies:
            for shard in self.shards:
                if isinstance(shard, RemoteShard) and shard.send(*batch):
                    replies.callback(shard.receive, state, losses)
            own_losses = threads.run([partial(shard.run, *batch) for shard in own])
        losses |= zip(own, own_losses, strict=True)
        for i, shard in enumerate(self.shards):
            if shard not in losses:  # its worker is lost; its part of ``state`` is unchanged
                worker_pool.count_loss()
                self._without_worker.append(i)
                self.shards[i] = replacement = Shard(network, shard.rows, self.N, self.T)
                losses[replacement] = replacement.run(*batch)
        return [losses[shard] for shard in self.shards]

    def _replace_lost_workers(self, network: Network) -> None:
        """Let new workers compute the shards of lost ones; without new ones, threads do it."""
        indices, self._without_worker = self._without_worker, []
        if not indices:
            return
        with suppress(WorkerLost):
            workers = worker_pool.get_workers(len(self.shards) - 1)
            for i in indices:
                rows = self.shards[i].rows
                self.shards[i] = RemoteShard(workers[i - 1], network, rows, self.N, self.T)


def _further_shards(
    network: Network, cuts: list[slice], N: int, T: int
) -> list[Shard | RemoteShard]:
    """Return shards for worker processes, or for threads where there are no processes."""
    with suppress(WorkerLost):
        workers = worker_pool.get_workers(len(cuts))
        try:
            return [
                RemoteShard(w, network, rows, N, T) for w, rows in zip(workers, cuts, strict=True)
            ]
        except WorkerLost:  # one had ended unnoticed: it is replaced, and a second try made
            worker_pool.count_loss()
        workers = worker_pool.get_workers(len(cuts))
        return [RemoteShard(w, network, rows, N, T) for w, rows in zip(workers, cuts, strict=True)]
    return [Shard(network, rows, N, T) for rows in cuts]


def choose_shard_count(num_params: int, N: int, T: int, workers: int) -> int:
    """Return the number of shards, at most ``workers``, that makes a batch fastest."""
    flops = 6 * num_params * N * T
    return max(1, min(workers, N // _MIN_SEQUENCES, int(flops // _MIN_FLOPS)))
