"""The other end of ``crew.py``: ``python -m rnncore.sharding.worker DESCRIPTOR`` computes shards.

One message a request, by a socket that this process inherits; it ends when the socket does.
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
    """A shard of one model, with its parameters and results in shared memory."""

    def __init__(self, layout: shared_memory.Layout, settings: dict[str, Any], descriptor: int):
        arrays = shared_memory.arrays(layout, descriptor)
        self.network = Network(**settings["model"], init=False)
        self.network.place(arrays["flat"])
        self.inputs, self.targets, self.masks = (arrays[k] for k in ("inputs", "targets", "masks"))
        layers = range(self.network.num_layers)
        self.state = [arrays[f"state{i}"] for i in layers]
        self.dstate = [arrays[f"dstate{i}"] for i in layers]
        n, T = self.inputs.shape
        self.shard = Shard(self.network, slice(0, n), settings["batch"], T, arrays["flat_grads"])

    def run(self, backward: bool, masks: bool) -> float:
        """Summed loss; gradients and state are left in the shared arrays."""
        used = (list(self.masks) if masks else []) if backward else None
        loss = self.shard.run(self.network, self.inputs, self.targets, self.state, used)
        for shared_part, part in zip(self.dstate, self.shard.dstate, strict=True):
            shared_part[...] = part
        return loss


def main(descriptor: int) -> None:
    """Answer messages until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process at the other end
    jobs: dict[int, Job] = {}
    with socket.socket(fileno=descriptor) as connection, np.errstate(all="ignore"):
        while True:
            data, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 1)
            if not data:
                return
            message = json.loads(data)
            try:
                answer = _answer(message, descriptors, jobs)
            except Exception as error:  # the other end does the work itself
                answer = {"error": f"{type(error).__name__}: {error}"}
            finally:
                for received in descriptors:
                    os.close(received)
            connection.send(json.dumps(answer | {"turn": message["turn"]}).encode())


def _answer(
    message: dict[str, Any], descriptors: list[int], jobs: dict[int, Job]
) -> dict[str, Any]:
    for number in message["forget"]:
        jobs.pop(number, None)
    if "make" in message:
        jobs[message["make"]] = Job(message["layout"], message["settings"], descriptors[0])
    if "run" in message:
        return {"loss": jobs[message["run"]].run(message["backward"], message["masks"])}
    return {}


if __name__ == "__main__":
    with suppress(BrokenPipeError, ConnectionResetError):  # the other end may end in the middle
        main(int(sys.argv[1]))
