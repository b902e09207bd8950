"""Processes that are killed while they train, and disks that fail: no save is lost.

``pytest tests/dashboard/runs/test_kill.py --run-slow -s`` kills 200 trainings and prints how
much training each lost.
"""

from __future__ import annotations

import builtins
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from dashboard.runs.run import new_run
from dashboard.runs.store import Store
from dashboard.settings import ModelSettings
from rnncore.storage import atomic_write
from tests.support.paths import ROOT
from tests.support.runs import TEXT, TRAIN, advance, saves, small_run

# Large enough for a save to take some time, so that many kills interrupt one.
MODEL = ModelSettings(hidden_dim=128, input_dim=8, dropout=0.1, seq_length=10, batch_size=4)

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL and rlimits are POSIX"),
]

TRAIN_RUN = """
import sys, time
from pathlib import Path
from dashboard.server import limits
from dashboard.training import trainer
limits.AUTOSAVE_SECONDS, limits.AUTOSAVE_SHARE = float(sys.argv[3]), 1.0
trainer.CHUNK_SECONDS = 0.01
from dashboard.runs.store import Store

run = Store(Path(sys.argv[1])).open(sys.argv[2])

def report(solver):
    print(solver.iteration, run.autosaver.saved_iteration, time.monotonic(), flush=True)

run.trainer.after_chunk.append(report)
run.trainer.start(3600)
sys.stdin.read()
"""

START_RUNS = """
import sys
from pathlib import Path
from dashboard.runs.run import new_run
from dashboard.runs.store import Store
from tests.support.runs import MODEL, TEXT, TRAIN, advance

store, autosavers = Store(Path(sys.argv[1])), []
while True:
    run = new_run(TEXT, MODEL, TRAIN)
    advance(run, 1)
    autosavers.append(store.start_autosave(run))
    print("started", flush=True)
    autosavers[-1].flush()
"""


def program(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@dataclass
class Loss:
    """What one kill cost: iterations and seconds of training; whether it interrupted a write."""

    iterations: int
    seconds: float
    writing: bool


def kill_a_training(store, run_id, interval, rng):
    """Train in another process, kill it, and open the run."""
    with program(TRAIN_RUN, store.root, run_id, interval) as child:
        lines = [child.stdout.readline()]
        time.sleep(rng.uniform(0, 0.6))
        child.kill()
        lines += child.stdout.read().splitlines(keepends=True)
    reports = [line.split() for line in lines if line.endswith("\n")]
    iterations, saved, clock = ([float(word) for word in column] for column in zip(*reports))  # noqa: B905
    folder = store.root / run_id
    whole = {path.stem for path in folder.glob("0*.npz")} == {
        p.stem for p in folder.glob("0*.json")
    }
    writing = bool(list(folder.glob("*.part"))) or not whole

    (info,) = store.list_runs()
    assert not info.damaged
    run = store.open(run_id)
    assert run.notes == ()
    at = run.solver.iteration
    assert info.iteration == at >= saved[-1], "a save that was reported is lost"
    assert not list(folder.glob("*.part"))
    run.autosaver.suspend()
    # From the chunk after which that save was copied to the last report.
    since = next((c for i, c in zip(iterations, clock, strict=True) if i >= at), clock[-1])
    return Loss(max(0, int(iterations[-1]) - at), clock[-1] - since, writing)


def kill_trainings(root, times, patience=10.0):
    store, rng = Store(root), random.Random(times)
    run = new_run(TEXT, MODEL, TRAIN)
    store.start_autosave(run).save_now()
    run.autosaver.suspend()
    # Every second training saves continuously, so that most kills interrupt a write.
    intervals = [0.2, 0.0] * (times // 2)
    losses = [kill_a_training(store, run.id, interval, rng) for interval in intervals]
    # The result equals that of a training without kills.
    last, whole = store.open(run.id), new_run(TEXT, MODEL, TRAIN)
    advance(whole, last.solver.iteration)
    np.testing.assert_array_equal(last.solver.model.flat, whole.solver.model.flat)
    np.testing.assert_array_equal(last.solver.history["loss"], whole.solver.history["loss"])
    last.autosaver.discard()
    assert len(saves(store, run.id)) <= 4  # three, and one that was being written
    seconds = [loss.seconds for loss in losses]
    within = sum(loss.writing for loss in losses)
    print(
        f"\n{times} kills, {within} of them within a write: 0 corrupt; "
        f"lost at most {max(seconds):.2f} s of training, {statistics.median(seconds):.2f} s in "
        f"the median (autosave every 0 to 0.2 s); {last.solver.iteration} iterations"
    )
    # One interval, and the time that a slow machine takes for a chunk and for a write.
    assert max(seconds) < max(intervals) + patience


def test_a_killed_training_loses_at_most_one_interval(tmp_path):
    kill_trainings(tmp_path / "runs", 6)


@pytest.mark.slow
def test_200_killed_trainings(tmp_path):
    kill_trainings(tmp_path / "runs", 200)


def kill_new_runs(root, times):
    store, rng = Store(root), random.Random(times)
    for _ in range(times):
        with program(START_RUNS, root) as child:
            assert child.stdout.readline() == "started\n"
            time.sleep(rng.uniform(0, 0.2))
            child.kill()
        store.clean_up()
        infos = store.list_runs()
        assert not [info for info in infos if info.damaged]
        assert {path.name for path in root.iterdir()} == {info.id for info in infos}
        for info in infos:
            run = store.open(info.id)
            assert run.solver.iteration == 1
            run.autosaver.discard()
            store.delete(info.id)


def test_a_run_killed_at_its_start_is_complete_or_absent(tmp_path):
    kill_new_runs(tmp_path, 2)


@pytest.mark.slow
def test_50_killed_starts(tmp_path):
    kill_new_runs(tmp_path, 50)


# -- disks -------------------------------------------------------------------------------------

SMALL_FILES = """
import resource, sys
from pathlib import Path
from dashboard.server import limits
limits.AUTOSAVE_SECONDS = 0.02
from tests.support.runs import TrackedStore, saves, small_run
from tests.support.trainers import until

store = TrackedStore(Path(sys.argv[1]))
run = small_run(store, 5)
before = saves(store, run.id)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
run.trainer.start(3600)
until(lambda: run.autosaver.problem)
print(run.autosaver.problem)
at = run.solver.iteration
until(lambda: run.solver.iteration > at + 20)
assert saves(store, run.id) == before, saves(store, run.id)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
until(lambda: not run.autosaver.problem)
assert run.autosaver.suspend()
print(run.id, run.solver.iteration)
"""


def test_a_file_size_limit_is_reported_and_training_continues(tmp_path):
    """RLIMIT_FSIZE stops root, too."""
    with program(SMALL_FILES, tmp_path) as child:
        output, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    problem, saved = output.splitlines()
    assert problem == (
        "Autosave failed: the file would be larger than this system allows. "
        "Training continues; download the model to keep it."
    )
    run_id, iteration = saved.split()
    run = Store(tmp_path).open(run_id)
    assert run.solver.iteration == int(iteration)
    run.autosaver.discard()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_reported_and_the_old_save_is_kept(tmp_path, monkeypatch):
    """/dev/full raises ENOSPC when its data is flushed."""
    store = Store(tmp_path)
    run = small_run(store, 5)
    before = {path.name: path.read_bytes() for path in (tmp_path / run.id).iterdir()}
    advance(run, 5)
    full = lambda path, mode: builtins.open("/dev/full", "wb")  # noqa: E731, SIM115
    monkeypatch.setattr(atomic_write, "open", full, raising=False)
    assert not run.autosaver.save_now()
    assert "the disk is full" in run.autosaver.problem
    assert {p.name: p.read_bytes() for p in (tmp_path / run.id).iterdir()} == before
    monkeypatch.undo()
    assert run.autosaver.suspend()
    run = store.open(run.id)
    assert run.solver.iteration == 10
    run.autosaver.discard()
