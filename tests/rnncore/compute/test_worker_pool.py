"""Worker processes: the same results as threads; no result is lost and no process left over."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from rnncore import CELLS, RNN, Solver
from rnncore.batch_pass import Pass
from rnncore.compute import shared_memory, worker_pool
from rnncore.compute.blas import BlasInfo, info
from rnncore.compute.worker_pool import WorkerLost
from rnncore.sharding.remote_shard import RemoteShard
from rnncore.sharding.shard import Shard
from tests.support.paths import ROOT

V, N, T = 12, 16, 12
pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not worker_pool.is_enabled(), reason="No worker processes on this system."),
]


@pytest.fixture(autouse=True)
def two_workers(monkeypatch):
    """Split every batch for two workers, whatever the machine, with a worker pool per test."""
    found = info()
    two = BlasInfo(found.library, found.kernel, found.threads, (), 2)
    monkeypatch.setattr("rnncore.compute.blas.info", lambda: two)
    monkeypatch.setattr("rnncore.batch_pass._MIN_FLOPS", 1)
    monkeypatch.setattr(worker_pool, "_workers", [])
    monkeypatch.setattr(worker_pool, "_disabled", False)
    monkeypatch.setattr(worker_pool, "_losses", deque(maxlen=worker_pool._MAX_LOSSES))
    yield
    worker_pool._close()


def network(cell="lstm", layers=1, dropout=0.0, dtype="float32", H=24):
    return RNN(V, None, 5, H, cell, layers, dropout, dtype, seed=1)


def trained(model, iterations=12, at=None):
    """Return losses, weights and state of a short training, and its solver.

    ``at(i, solver)`` is called before step i.
    """
    ids = np.random.default_rng(0).integers(0, V, 3000)
    solver = Solver(ids, model, T, N, 1e-2, num_iters=iterations, eval_every=5)
    for i in range(iterations):
        if at is not None:
            at(i, solver)
        solver.step()
    history = [*solver.history["loss"], *solver.history.validations()[1]]
    return [np.array(history), model.flat.copy(), *solver.state], solver


def trained_by_threads(monkeypatch, **settings):
    """Return the results of ``trained`` without worker processes."""
    with monkeypatch.context() as m:
        m.setenv(worker_pool.PROCESSES_VARIABLE, "0")
        values, solver = trained(network(**settings))
        assert all(isinstance(shard, Shard) for shard in solver._buffers.shards)
    return values


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cell", sorted(CELLS))
@pytest.mark.parametrize(
    "settings", [{}, {"layers": 2, "dropout": 0.4}, {"dtype": "float64"}], ids=str
)
def test_processes_and_threads_give_equal_results(cell, settings, monkeypatch):
    expected = trained_by_threads(monkeypatch, cell=cell, **settings)
    found, solver = trained(network(cell=cell, **settings))
    assert isinstance(solver._buffers.shards[1], RemoteShard)
    assert_same(found, expected)


def test_processes_and_threads_give_equal_state_gradients(monkeypatch):
    model = network("gru", 2)
    inputs, targets = np.random.default_rng(0).integers(0, V, (2, N, T))
    outcomes = []
    for processes in ("0", "1"):
        monkeypatch.setenv(worker_pool.PROCESSES_VARIABLE, processes)
        buffers = Pass(model, N, T)
        _, grads = model.loss(inputs, targets, buffers=buffers)
        outcomes.append([*(g.copy() for g in grads.values()), *buffers.dstate])
    assert_same(*outcomes)


def test_eight_processes_give_the_gradients_of_a_whole_batch(monkeypatch):
    model = network(layers=2, dropout=0.3, dtype="float64")
    inputs, targets = np.random.default_rng(0).integers(0, V, (2, 33, T))
    outcomes = []
    for workers in (1, 8):
        count = BlasInfo(info().library, info().kernel, info().threads, (), workers)
        monkeypatch.setattr("rnncore.batch_pass.blas.info", lambda count=count: count)
        buffers, state = Pass(model, 33, T), model.initial_state(33)
        rng = np.random.default_rng(5)
        loss, grads = model.loss(inputs, targets, state, buffers=buffers, rng=rng)
        outcomes.append([loss, *(g.copy() for g in grads.values()), *state, *buffers.dstate])
    remote = [shard for shard in buffers.shards if isinstance(shard, RemoteShard)]
    assert len({shard._worker.pid for shard in remote}) == 7
    assert [shard.rows.stop - shard.rows.start for shard in buffers.shards] == [4] * 7 + [5]
    for whole, shared in zip(*outcomes, strict=True):
        np.testing.assert_allclose(shared, whole, rtol=1e-9, atol=1e-12)


def test_workers_start_at_the_same_time(monkeypatch):
    events = []

    class Recorded(worker_pool.Worker):
        def __init__(self):
            super().__init__()
            events.append("start")

        def wait_for_reply(self, seconds):
            events.append("wait")
            return super().wait_for_reply(seconds)

    monkeypatch.setattr(worker_pool, "Worker", Recorded)
    first, second, third = worker_pool.get_workers(3)
    assert events == ["start"] * 3 + ["wait"] * 3
    second.kill()
    assert worker_pool.get_workers(3)[::2] == [first, third]
    assert worker_pool.get_workers(3)[1].pid != second.pid
    assert events[6:] == ["start", "wait"]


@pytest.mark.parametrize("moment", [0, 5])
def test_a_killed_worker_does_not_change_the_result(moment, monkeypatch):
    expected = trained_by_threads(monkeypatch)

    def kill(i, _):
        if i == moment and worker_pool._workers:
            os.kill(worker_pool._workers[0].pid, signal.SIGKILL)
            worker_pool._workers[0]._process.wait()

    (first,) = worker_pool.get_workers(1)
    found, solver = trained(network(), at=kill)
    assert_same(found, expected)
    (second,) = worker_pool.get_workers(1)
    assert second.pid != first.pid
    for shard in (solver._buffers.shards[1], Pass(network(), N, T).shards[1]):
        assert isinstance(shard, RemoteShard)
        assert shard._worker is second


def test_a_stopped_worker_is_replaced_and_nothing_changes(monkeypatch):
    expected = trained_by_threads(monkeypatch)
    monkeypatch.setattr(worker_pool, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(worker_pool, "_POLL_SECONDS", 0.1)
    (first,) = worker_pool.get_workers(1)

    def stop(i, _):
        if i == 4:
            os.kill(first.pid, signal.SIGSTOP)

    found, solver = trained(network(dropout=0.2), at=stop)
    assert_same(found, trained_by_threads(monkeypatch, dropout=0.2))
    assert not all(map(np.array_equal, found, expected))  # dropout is on
    assert first.lost
    assert ended(first.pid)
    assert isinstance(solver._buffers.shards[1], RemoteShard)
    assert not solver._buffers.shards[1]._worker.lost


def test_two_trainings_go_on_when_their_worker_is_stopped(monkeypatch):
    expected = trained_by_threads(monkeypatch)
    monkeypatch.setattr(worker_pool, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(worker_pool, "_POLL_SECONDS", 0.1)
    (first,) = worker_pool.get_workers(1)

    def stop(i, _):
        if i == 4:
            with suppress(ProcessLookupError):  # the other training has replaced it
                os.kill(first.pid, signal.SIGSTOP)

    found = {}
    threads = [
        Thread(target=lambda i=i: found.update({i: trained(network(), at=stop)[0]})) for i in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert_same(found[0], expected)
    assert_same(found[1], expected)


def test_a_stopped_worker_does_not_hold_up_the_end_of_the_program(monkeypatch):
    monkeypatch.setattr(worker_pool, "_EXIT_SECONDS", 0.2)
    (worker,) = worker_pool.get_workers(1)
    os.kill(worker.pid, signal.SIGSTOP)
    started = time.monotonic()
    worker_pool._close()
    assert time.monotonic() - started < 20
    assert ended(worker.pid)


def test_a_garbage_collection_never_waits_for_a_stopped_worker():
    (worker,) = worker_pool.get_workers(1)
    os.kill(worker.pid, signal.SIGSTOP)
    for number in range(5000):  # more than a socket's buffer holds
        worker.drop_job(number)
    assert not worker.lost
    os.kill(worker.pid, signal.SIGCONT)
    model, (inputs, targets) = network(), np.random.default_rng(0).integers(0, V, (2, N, T))
    buffers = Pass(model, N, T)
    model.loss(inputs, targets, buffers=buffers)
    assert isinstance(buffers.shards[1], RemoteShard)
    assert worker_pool.get_workers(1) == [worker]


def test_threads_do_the_work_after_many_losses_in_a_short_time(monkeypatch):
    expected = trained_by_threads(monkeypatch)
    monkeypatch.setattr(worker_pool, "_MAX_LOSSES", 2)
    monkeypatch.setattr(worker_pool, "_losses", deque(maxlen=2))

    def kill(i, _):
        with suppress(WorkerLost):
            (worker,) = worker_pool.get_workers(1)
            worker.kill()

    found, solver = trained(network(), at=kill)
    assert_same(found, expected)
    assert all(isinstance(shard, Shard) for shard in solver._buffers.shards)
    with pytest.raises(WorkerLost, match="disabled"):
        worker_pool.get_workers(1)


def test_a_worker_killed_during_a_batch_does_not_change_the_result(monkeypatch):
    expected = trained_by_threads(monkeypatch)
    send = RemoteShard.send

    def send_and_kill(self, *batch):
        answer = send(self, *batch)
        if len(calls := getattr(self, "calls", [])) == 3:
            os.kill(self._worker.pid, signal.SIGKILL)
        self.calls = [*calls, 1]
        return answer

    monkeypatch.setattr(RemoteShard, "send", send_and_kill)
    assert_same(trained(network())[0], expected)


def test_a_shard_that_a_worker_cannot_compute_is_computed_here(monkeypatch):
    expected = trained_by_threads(monkeypatch)

    def drop(i, solver):
        if i == 4:  # the worker then replies with an error, because it has no such job
            shard = solver._buffers.shards[1]
            shard._worker.drop_job(shard._job)

    assert_same(trained(network(), at=drop)[0], expected)


def test_the_reply_to_an_interrupted_request_is_ignored(monkeypatch):
    expected = trained_by_threads(monkeypatch)

    def interrupt(i, solver):
        if i == 3:
            shard = solver._buffers.shards[1]
            with shard._worker.lock:  # as if Ctrl-C had interrupted the wait
                shard._worker.send_request({"run": shard._job, "backward": False, "masks": False})

    assert_same(trained(network(), at=interrupt)[0], expected)


def mappings(pid):
    """Return how many regions of shared memory a process has mapped."""
    return Path(f"/proc/{pid}/maps").read_text(encoding="ascii").count("memfd:rnncore")


def test_a_worker_frees_its_memory_with_the_pass():
    passes = [Pass(network(), N, T) for _ in range(3)]
    pid = worker_pool._workers[0].pid
    assert mappings(pid) == mappings(os.getpid()) == 3
    del passes
    gc.collect()
    deadline = time.monotonic() + 30
    while mappings(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert mappings(pid) == mappings(os.getpid()) == 0


def test_garbage_collection_does_not_wait_for_a_busy_worker():
    one, other = Pass(network(), N, T), Pass(network(), N, T)
    worker = worker_pool._workers[0]
    with worker.lock:
        del one
        gc.collect()
    inputs, targets = np.random.default_rng(0).integers(0, V, (2, N, T))
    network().loss(inputs, targets, buffers=other)
    assert mappings(worker.pid) == 1


def test_threads_are_used_if_memory_cannot_be_shared():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        shards = Pass(network(), N, T).shards
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [type(shard) for shard in shards] == [Shard, Shard]


def test_threads_are_used_if_no_worker_starts(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert [type(shard) for shard in Pass(network(), N, T).shards] == [Shard, Shard]


def test_two_concurrent_trainings_do_not_affect_each_other(monkeypatch):
    expected = trained_by_threads(monkeypatch)
    found = {}
    threads = [Thread(target=lambda i=i: found.update({i: trained(network())[0]})) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert_same(found[0], expected)
    assert_same(found[1], expected)


def test_shared_arrays_show_the_same_values_and_are_aligned():
    layout = [("a", (3,), "<u2"), ("b", (2, 5), "<f8"), ("none", (0, 4), "<f4")]
    descriptor = shared_memory.create(layout)
    here, there = (shared_memory.map_arrays(layout, descriptor) for _ in range(2))
    os.close(descriptor)
    here["b"][1, 2] = 7
    assert there["b"][1, 2] == 7
    assert there["none"].shape == (0, 4)
    assert all(array.ctypes.data % 64 == 0 for array in (here["a"], here["b"]))


CHILD = """
import os, signal, sys
import numpy as np
from rnncore import RNN, batch_pass
from rnncore.compute import worker_pool
from rnncore.compute.blas import BlasInfo, info
found = info()
batch_pass.blas.info = lambda: BlasInfo(found.library, found.kernel, found.threads, (), 2)
batch_pass._MIN_FLOPS = 1
buffers = batch_pass.Pass(RNN(12, None, 5, 24), 16, 12)
print(worker_pool._workers[0].pid, flush=True)
"""


def ended(pid):
    """Return whether a process ends within 30 seconds."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        except OSError:
            return True
        if state.split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("end", ["sys.exit()", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_workers_end_with_the_process_that_started_them(end):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD + end],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert ended(int(done.stdout))


def test_a_forked_child_does_not_use_its_parents_worker():
    code = CHILD + (
        "import warnings; warnings.simplefilter('ignore')\n"
        "model = RNN(12, None, 5, 24)\n"
        "ids = np.zeros((16, 12), int)\n"
        "child = os.fork()\n"
        "if child: assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\n"
        "loss, _ = model.loss(ids, ids, buffers=buffers)\n"
        "if child == 0: os._exit(7 if loss > 0 and not worker_pool._workers else 1)\n"
        "assert type(buffers.shards[1]).__name__ == 'RemoteShard'\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120,
                   capture_output=True)  # fmt: skip
