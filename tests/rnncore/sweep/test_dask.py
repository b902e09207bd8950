"""A sweep on a real Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import math
import signal
from itertools import pairwise

import pytest

from rnncore.errors import SweepError
from rnncore.sweep import SweepFolder, driver, run_sweep
from rnncore.sweep.engine import Engine
from rnncore.sweep.results import FINISHED, WAITING
from tests.support.dask_cluster import Cluster
from tests.support.sweeps import TEXT, EngineHere, assert_same_training, make_plan, train_unbroken

pytestmark = pytest.mark.alone

pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")


@pytest.fixture
def cluster(tmp_path):
    started = Cluster(tmp_path)
    yield started
    started.close()


def test_a_killed_worker_and_a_lost_scheduler_cost_no_checkpoint(cluster, tmp_path, monkeypatch):
    """One after another on one cluster, which takes some seconds to start."""
    monkeypatch.setattr(driver, "SAVE_SHARE", math.inf)
    monkeypatch.setattr(driver, "_STATE_SECONDS", 0.1)
    workers = {worker.pid: worker for worker in (cluster.start_worker(), cluster.start_worker())}
    plan = make_plan(iterations=40, checkpoint_seconds=0.05)
    seen, killed, said = [], [], set()

    def kill_a_worker(folder, state):
        """Kill the worker that has just trained run 1, in the middle of that run."""
        said.add((state.phase, state.message, state.workers))
        seen.append([trial.result.iteration for trial in folder.trials])
        if seen[-1][0] > 10 and not killed:
            killed.append(workers[int(folder.results[1].worker.partition(":")[2])])
            killed[0].kill()
            assert killed[0].wait() == -signal.SIGKILL

    with SweepFolder.create(tmp_path / "sweep", plan, TEXT) as folder:
        run_sweep(folder, address=cluster.address, on_change=kill_a_worker)
    assert killed
    lost = "One worker was lost; its run continues on another from the last checkpoint."
    assert {("running", "", 2), ("running", lost, 1), ("finished", lost, 1)} <= said
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
