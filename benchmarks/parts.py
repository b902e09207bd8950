"""Contenders that time a part of rnncore's training step: a shard, its products, or the rest.

``benchmarks.products`` and ``benchmarks.cores`` use them. Each runs in a process of its own
(``worker.py``), where it may replace functions of rnncore.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contenders import Call, make_ids, rnncore_step
from benchmarks.shapes import Shape
from rnncore import RNN, batch_pass
from rnncore.compute import worker_pool
from rnncore.compute.worker_pool import Worker
from rnncore.sharding.shard import Shard

Product = tuple[Any, Any, Any]  # both operands, and the array for the result or None


def shard_pass(shape: Shape, shards: int) -> Call:
    """Return the forward and backward pass over the largest of ``shards`` parts of a batch."""
    rows = slice(0, -(-shape.N // shards))
    model = RNN(shape.V, None, shape.D, shape.H, shape.cell, shape.layers)
    shard = Shard(model, rows, shape.N, shape.T)
    ids = make_ids(shape)[: shape.N * (shape.T + 1)].reshape(shape.N, -1)
    state = model.initial_state(shape.N)
    return partial(shard.run, model, ids[:, :-1], ids[:, 1:], state, [])


def shard_products(shape: Shape, shards: int) -> Call:
    """Return the matrix products of ``shard_pass`` alone, on the same arrays."""
    products = record_products(shard_pass(shape, shards))

    def multiply() -> None:
        for a, b, out in products:
            np.matmul(a, b, out=out)

    return multiply


def record_products(call: Callable[[], Any]) -> list[Product]:
    """Return the arguments of each ``np.matmul`` in a call, in order."""
    products: list[Product] = []
    matmul = np.matmul

    def record(a: Any, b: Any, out: Any = None) -> Any:
        products.append((a, b, out))
        return matmul(a, b, out=out)

    np.matmul = record  # type: ignore[assignment]
    try:
        call()
    finally:
        np.matmul = matmul
    return products


def empty_step(shape: Shape, shards: int) -> Call:
    """Return ``Solver.step`` whose shards compute nothing.

    What is left: the batch, sending parameters and state to ``shards - 1`` processes, waiting
    for their replies, the sum of the shards' gradients, clipping, Adam and the history.
    """
    Shard.run = lambda self, *batch: 0.0  # type: ignore[method-assign]
    batch_pass.choose_shard_count = lambda *sizes: shards
    worker_pool._workers[:] = [_IdleWorker() for _ in range(shards - 1)]
    return rnncore_step(shape)


class _IdleWorker(Worker):
    """A worker process that replies at once instead of computing a shard."""

    def send_request(self, request: dict[str, Any], descriptor: int | None = None) -> None:
        request.pop("run", None)
        super().send_request(request, descriptor)

    def wait_for_reply(self, seconds: float) -> dict[str, Any]:
        return {"loss": 0.0} | super().wait_for_reply(seconds)
