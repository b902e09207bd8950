"""The program of a worker process: ``python -m rnncore.sharding.worker DESCRIPTOR``.

It inherits a socket with this descriptor, replies to each request with one message, and ends
when the socket closes. ``rnncore.compute.worker_pool`` is the other end.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from rnncore.compute import shared_memory
from rnncore.compute.worker_pool import MESSAGE_BYTES
from rnncore.network import Network
from rnncore.sharding.shard import Shard


class Job:
    """A shard of one network, with its parameters and results in shared memory."""

    def __init__(self, layout: shared_memory.Layout, settings: dict[str, Any], descriptor: int):
        arrays = shared_memory.map_arrays(layout, descriptor)
        self.network = Network(**settings["network"], init=False)
        self.network.bind_params(arrays["flat"])
        self.inputs, self.targets, self.masks = (arrays[k] for k in ("inputs", "targets", "masks"))
        layers = range(self.network.num_layers)
        self.state = [arrays[f"state{i}"] for i in layers]
        self.dstate = [arrays[f"dstate{i}"] for i in layers]
        n, T = self.inputs.shape
        self.shard = Shard(self.network, slice(0, n), settings["batch"], T, arrays["flat_grads"])

    def run(self, backward: bool, masks: bool) -> float:
        """Return the summed loss; write gradients and state to the shared arrays."""
        used = (list(self.masks) if masks else []) if backward else None
        loss = self.shard.run(self.network, self.inputs, self.targets, self.state, used)
        for shared_part, part in zip(self.dstate, self.shard.dstate, strict=True):
            shared_part[...] = part
        return loss


def main(descriptor: int) -> None:
    """Reply to requests until the other end closes the socket."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the other process handles these, then ends this one
    jobs: dict[int, Job] = {}
    with socket.socket(fileno=descriptor) as connection, np.errstate(all="ignore"):
        while True:
            data, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 1)
            if not data:
                return
            request = json.loads(data)
            try:
                reply = _handle(request, descriptors, jobs)
            except Exception as error:  # the other process then does the work itself
                reply = {"error": f"{type(error).__name__}: {error}"}
            finally:
                for received in descriptors:
                    os.close(received)
            connection.send(json.dumps(reply | {"id": request["id"]}).encode())


def _handle(
    request: dict[str, Any], descriptors: list[int], jobs: dict[int, Job]
) -> dict[str, Any]:
    for number in request["drop"]:
        jobs.pop(number, None)
    if "create" in request:
        jobs[request["create"]] = Job(request["layout"], request["settings"], descriptors[0])
    if "run" in request:
        return {"loss": jobs[request["run"]].run(request["backward"], request["masks"])}
    return {}


if __name__ == "__main__":
    with suppress(BrokenPipeError, ConnectionResetError):  # the other process has ended
        main(int(sys.argv[1]))
