"""A shard that a worker process computes, as seen by the process that owns the batch."""

from __future__ import annotations

import time
import weakref
from contextlib import ExitStack
from typing import Any

from rnncore.compute import worker_pool
from rnncore.compute.worker_pool import Worker, WorkerLost
from rnncore.network import Array, Ids, Network, State


class RemoteShard:
    """The sequences ``rows`` of a batch of N, computed by a worker.

    It does the same as ``Shard.run``, in two halves, so that this process can compute a
    shard of its own in between. ``send`` copies what the worker reads (parameters, ids,
    state, masks) to shared arrays; after ``receive`` the results are in shared arrays.
    """

    def __init__(self, worker: Worker, network: Network, rows: slice, N: int, T: int):
        self.rows = rows
        n, dtype = rows.stop - rows.start, network.dtype.str
        states = [(f"{kind}{i}", part.shape, dtype) for kind in ("state", "dstate")
                  for i, part in enumerate(network.initial_state(n))]  # fmt: skip
        num_masks = network.num_layers if network.dropout else 0
        layout = [
            ("flat", (network.num_params,), dtype),
            ("flat_grads", (network.num_params,), dtype),
            ("inputs", (n, T), "<u2"),
            ("targets", (n, T), "<u2"),
            ("masks", (num_masks, T, n, network.hidden_dim), dtype),
            *states,
        ]
        settings = network.settings() | {"idx_to_char": None}
        self._worker = worker
        self._job, self._shared = worker.create_job(layout, {"network": settings, "batch": N})
        weakref.finalize(self, worker.drop_job, self._job).atexit = False
        self.flat_grads: Array = self._shared["flat_grads"]
        layers = range(network.num_layers)
        self._state: State = [self._shared[f"state{i}"] for i in layers]
        self.dstate: State = [self._shared[f"dstate{i}"] for i in layers]

    def send(
        self, network: Network, inputs: Ids, targets: Ids, state: State, masks: list[Array] | None
    ) -> bool:
        """Start the worker with the arguments of ``Shard.run``; return False if it is lost.

        After True, ``receive`` must follow. Until then the worker's lock is held.
        """
        if not self._worker.belongs_to_this_process:
            return False
        self._sent = time.monotonic()
        with ExitStack() as on_failure:
            self._worker.lock.acquire()
            on_failure.callback(self._worker.lock.release)
            self._worker.wait_until_idle()
            if self._worker.lost:
                return False
            self._shared["flat"][...] = network.flat
            self._shared["inputs"][...] = inputs[self.rows]
            self._shared["targets"][...] = targets[self.rows]
            for shared, mask in zip(self._shared["masks"], masks or (), strict=False):
                shared[...] = mask[:, self.rows]
            for shared, part in zip(self._state, state, strict=True):
                shared[...] = part[:, self.rows]
            try:
                self._worker.send_request(
                    {"run": self._job, "backward": masks is not None, "masks": bool(masks)}
                )
            except WorkerLost:
                return False
            on_failure.pop_all()
        return True

    def receive(self, state: State, losses: dict[Any, float]) -> None:
        """Wait for the worker; store its summed loss in ``losses[self]`` and update ``state``.

        If the worker is lost, both stay as they are.
        """
        # Meanwhile this process has computed a shard of about the same size.
        patience = worker_pool.PATIENCE_SECONDS + 10 * (time.monotonic() - self._sent)
        try:
            loss = self._worker.wait_for_reply(patience)["loss"]
        except WorkerLost:
            return
        finally:
            self._worker.lock.release()
        losses[self] = loss
        for shared, part in zip(self._state, state, strict=True):
            part[:, self.rows] = shared
