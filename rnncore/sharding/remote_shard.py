"""A shard that a worker process computes: this process's end of it."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from typing import Any

from rnncore.compute.worker_pool import Worker, WorkerLost
from rnncore.network import Array, Ids, Network, State


class RemoteShard:
    """The sequences ``rows`` of a batch of N; the same as ``passes.Shard``, in two halves.

    What the worker reads (parameters, ids, state, masks) is copied into shared arrays by
    ``send``; what it finds is there after ``receive``.
    """

    def __init__(self, worker: Worker, network: Network, rows: slice, N: int, T: int):
        self.rows = rows
        n, dtype = rows.stop - rows.start, network.dtype.str
        states = [(f"{kind}{i}", part.shape, dtype) for kind in ("state", "dstate")
                  for i, part in enumerate(network.initial_state(n))]  # fmt: skip
        layout = [
            ("flat", (network.num_params,), dtype),
            ("flat_grads", (network.num_params,), dtype),
            ("inputs", (n, T), "<u2"),
            ("targets", (n, T), "<u2"),
            (
                "masks",
                (network.num_layers if network.dropout else 0, T, n, network.hidden_dim),
                dtype,
            ),
            *states,
        ]
        settings = network.settings() | {"idx_to_char": None}
        self._worker = worker
        self._number, self._shared = worker.make(layout, {"model": settings, "batch": N})
        weakref.finalize(self, worker.forget, self._number).atexit = False
        self.flat_grads: Array = self._shared["flat_grads"]
        layers = range(network.num_layers)
        self._state: State = [self._shared[f"state{i}"] for i in layers]
        self.dstate: State = [self._shared[f"dstate{i}"] for i in layers]

    def send(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> bool:
        """Let the worker begin, as ``Shard.run`` does; False if it is lost.

        The worker is this shard's alone until ``receive``, which must follow.
        """
        if not self._worker.is_ours:
            return False
        with ExitStack() as on_failure:
            self._worker.lock.acquire()
            on_failure.callback(self._worker.lock.release)
            self._worker.rest()
            self._shared["flat"][...] = network.flat
            self._shared["inputs"][...] = inputs[self.rows]
            self._shared["targets"][...] = targets[self.rows]
            for shared, mask in zip(self._shared["masks"], masks or (), strict=False):
                shared[...] = mask[:, self.rows]
            for shared, part in zip(self._state, state, strict=True):
                shared[...] = part[:, self.rows]
            try:
                self._worker.ask(
                    {"run": self._number, "backward": masks is not None, "masks": bool(masks)}
                )
            except WorkerLost:
                return False
            on_failure.pop_all()
        return True

    def receive(self, state: State, losses: dict[Any, float]) -> None:
        """Wait for the worker. Its summed loss goes to ``losses``, unless it is lost; ``state``
        is advanced in place."""
        try:
            loss = self._worker.answer()["loss"]
        except WorkerLost:
            return
        finally:
            self._worker.lock.release()
        losses[self] = loss
        for shared, part in zip(self._state, state, strict=True):
            part[:, self.rows] = shared
