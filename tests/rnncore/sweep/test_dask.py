"""A sweep on a real Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from rnncore.errors import SweepError
from rnncore.sweep import SweepFolder, driver, run_sweep
from rnncore.sweep.engine import Engine
from rnncore.sweep.results import FINISHED, WAITING
from tests.support.paths import ROOT
from tests.support.sweeps import TEXT, EngineHere, assert_same_training, make_plan, train_unbroken

pytestmark = pytest.mark.alone

pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")

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


@pytest.fixture
def cluster(tmp_path):
    started = Cluster(tmp_path)
    yield started
    started.close()


def test_a_killed_worker_and_a_lost_scheduler_cost_no_checkpoint(cluster, tmp_path, monkeypatch):
    """One after another on one cluster, which takes some seconds to start."""
    monkeypatch.setattr(driver, "SAVE_SHARE", math.inf)
    workers = {worker.pid: worker for worker in (cluster.start_worker(), cluster.start_worker())}
    plan = make_plan(iterations=40, checkpoint_seconds=0.05)
    seen, killed = [], []

    def kill_a_worker(folder, state):
        """Kill the worker that has just trained run 1, in the middle of that run."""
        seen.append([trial.result.iteration for trial in folder.trials])
        if seen[-1][0] > 10 and not killed:
            killed.append(workers[int(folder.results[1].worker.partition(":")[2])])
            killed[0].kill()
            assert killed[0].wait() == -signal.SIGKILL

    with SweepFolder.create(tmp_path / "sweep", plan, TEXT) as folder:
        run_sweep(folder, address=cluster.address, on_change=kill_a_worker)
    assert killed
    assert seen[0][0] < 40
    assert [trial.result.status for trial in folder.trials] == [FINISHED] * 4
    for before, after in pairwise(seen):
        assert all(b <= a for b, a in zip(before, after, strict=True))
    for run in plan.runs:
        assert_same_training(folder.load_run(run.number), train_unbroken(run, 40))

    def kill_the_scheduler(folder, state):
        if folder.results[1].iteration:
            cluster.scheduler.kill()

    plan = make_plan(iterations=40, checkpoint_seconds=0.05, first_seed=5, seeds=1)
    with SweepFolder.create(tmp_path / "other", plan, TEXT) as folder:
        with pytest.raises(SweepError, match=r"scheduler .* went away"):
            run_sweep(folder, address=cluster.address, on_change=kill_the_scheduler)
        assert folder.read_state().phase == "failed"
        assert folder.load_run(1).iteration == folder.results[1].iteration > 0
        monkeypatch.setattr(driver, "Engine", EngineHere)
        run_sweep(folder)
    for run in plan.runs:
        assert_same_training(folder.load_run(run.number), train_unbroken(run, 40))


def test_workers_that_cannot_train_the_sweep_are_one_sentence(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("rnncore.sweep.engine.START_SECONDS", 0.5)
    with pytest.raises(SweepError, match=r"has no workers\. Start some with .dask worker"):
        Engine(TEXT, cluster.address).__enter__()
    monkeypatch.undo()
    other = tmp_path / "other_version.py"
    other.write_text("import rnncore.sweep.task as task\ntask.__version__ = '0.0.9'\n")
    cluster.start_worker("--preload", str(other))
    with (
        SweepFolder.create(tmp_path / "sweep", make_plan(), TEXT) as folder,
        pytest.raises(SweepError, match=r"has rnncore 0\.0\.9; this sweep needs"),
    ):
        run_sweep(folder, address=cluster.address)
    assert [trial.result.status for trial in folder.trials] == [WAITING] * 4
    assert "0.0.9" in folder.read_state().message


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("tcp://127.0.0.1:9", "No Dask scheduler answers at tcp://127"),
        ("tls://127.0.0.1:9", "needs certificates"),
        ("http://here", "must begin with tcp:// or tls://"),
    ],
)
def test_an_address_without_a_scheduler_is_one_sentence(monkeypatch, address, sentence):
    monkeypatch.setattr("rnncore.sweep.engine.START_SECONDS", 0.5)
    with pytest.raises(SweepError, match=sentence):
        Engine(TEXT, address).__enter__()
