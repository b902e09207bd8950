"""A real Dask cluster on this computer: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from tests.support.paths import ROOT

START_SECONDS = 60.0


class Cluster:
    """A ``dask scheduler`` and ``dask worker`` processes."""

    def __init__(self, folder):
        self._file = folder / "scheduler.json"
        self.processes = []
        self.scheduler = self._start(
            "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", self._file
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.address = json.loads(self._file.read_text())["address"]

    def start_worker(self, *options):
        """Start a worker with one thread that does not restart by itself."""
        return self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", *options
        )

    def _start(self, command, *options):
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", command, *map(str, options)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
