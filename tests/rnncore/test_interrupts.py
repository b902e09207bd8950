"""Training that is interrupted at random moments: each iteration is whole or did not happen.

``pytest tests/rnncore/test_interrupts.py --run-slow`` interrupts each way of training 50 times.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import suppress

import pytest

from rnncore import Solver, load
from rnncore.compute import blas, threads, uninterrupted, worker_pool
from rnncore.compute.blas import BlasInfo
from rnncore.sharding.remote_shard import RemoteShard
from rnncore.sharding.shard import Shard
from tests.support.saved_runs import everything, make, saved

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs setitimer")

SETTINGS = {
    "hidden_dim": 16, "num_layers": 2, "dropout": 0.2, "seq_length": 12, "batch_size": 8,
    "eval_every": 3, "val_fraction": 0.3,
}  # fmt: skip
MODES = {"processes": [Shard, RemoteShard], "threads": [Shard, Shard], "one thread": [Shard]}


@pytest.fixture(params=MODES)
def mode(request, monkeypatch):
    """Split batches in one of the ways in which they are computed."""
    if request.param == "processes" and not worker_pool.is_enabled():
        pytest.skip("no worker processes on this system")
    found = blas.info()
    workers = len(MODES[request.param])
    info = BlasInfo(found.library, found.kernel, found.threads, (), workers)
    monkeypatch.setattr("rnncore.compute.blas.info", lambda: info)
    monkeypatch.setattr("rnncore.batch_pass._MIN_FLOPS", 1)
    monkeypatch.setattr(threads, "_pool", None)
    monkeypatch.setattr(worker_pool, "_workers", [])
    if request.param == "threads":
        monkeypatch.setenv(worker_pool.PROCESSES_VARIABLE, "0")
    yield request.param
    worker_pool._close()


def raise_interrupt(number, frame):
    raise KeyboardInterrupt


@pytest.fixture
def interrupt_after(monkeypatch):
    """Return a function that raises KeyboardInterrupt in the main thread after some seconds."""
    before = signal.signal(signal.SIGALRM, raise_interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def train(solver):
    solver.train(progress=False)


def train_for(solver):
    solver.train_for(3600)


def steps(solver):
    while not solver.finished:
        solver.step()
    solver.train_for(0)  # a validation that was interrupted


def check_whole(solver: Solver) -> None:
    """Check that everything that an iteration changes was changed equally often."""
    counts = solver.batches.cursor, solver.optimizer.steps, len(solver.history)
    assert counts == (solver.iteration,) * 3


def interrupt_trainings(call, interrupt_after, times):
    """Interrupt, save and load a training so often, and compare it with an undisturbed one."""
    rng, done = random.Random(times), 0
    plain = make(num_iters=40, **SETTINGS)
    plain.train(progress=False)
    while done < times:
        solver = make(num_iters=40, **SETTINGS)
        while (not solver.finished or solver.validation_due) and done < times:
            interrupt_after(rng.uniform(0.0005, 0.04))
            with suppress(KeyboardInterrupt):
                try:
                    call(solver)
                finally:
                    interrupt_after(0)
            check_whole(solver)
            done += 1
            solver = load(saved(solver))
        solver.train(progress=False)
        assert everything(solver) == everything(plain)


def test_an_interrupted_training_resumes_bit_for_bit(mode, interrupt_after):
    interrupt_trainings(train, interrupt_after, 6)


def test_an_interrupted_step_resumes_bit_for_bit(mode, interrupt_after):
    interrupt_trainings(steps, interrupt_after, 3)


@pytest.mark.slow
@pytest.mark.parametrize("call", [train, train_for, steps])
def test_50_interrupts_resume_bit_for_bit(mode, call, interrupt_after):
    interrupt_trainings(call, interrupt_after, 50)


def test_batches_are_computed_as_the_mode_names(mode):
    solver = make(**SETTINGS)
    solver.step()
    assert [type(shard) for shard in solver._buffers.shards] == MODES[mode]


def test_an_interrupted_validation_is_measured_later(mode):
    """Ctrl-C does not wait for a long validation; the iteration before it is whole."""
    plain, solver = make(num_iters=9, **SETTINGS), make(num_iters=9, **SETTINGS)
    plain.train(progress=False)

    def stop():
        if solver.iteration == 6:
            solver.stop()

    solver.on_validation_chunk = stop
    solver.train(progress=False)
    assert solver.iteration == 6
    assert solver.validation_due
    assert [*solver.history.validations()[0]] == [3]
    check_whole(solver)
    again = load(saved(solver))
    again.train(progress=False)
    assert everything(again) == everything(plain)


def test_an_interrupted_last_validation_is_measured_by_the_next_call():
    plain, solver = make(num_iters=7, **SETTINGS), make(num_iters=7, **SETTINGS)
    plain.train(progress=False)
    solver.on_validation_chunk = lambda: solver.stop() if solver.iteration == 7 else None
    solver.train(progress=False)
    assert solver.finished
    assert [*solver.history.validations()[0]] == [3, 6]
    solver.on_validation_chunk = None
    solver.train(progress=False)
    assert everything(solver) == everything(plain)


def test_stop_from_another_thread_ends_training():
    solver = make(num_iters=10**6, **SETTINGS)
    started = threading.Event()

    def stop():
        started.wait(20)  # ``train`` would forget an earlier stop
        solver.stop()

    solver.on_validation_chunk = started.set
    stopper = threading.Thread(target=stop)
    stopper.start()
    solver.train(progress=False)
    stopper.join()
    assert 0 < solver.iteration < 10**6
    check_whole(solver)
    assert solver.train_for(0.02) > 0


@pytest.mark.parametrize("failing", ["model.loss", "history.reserve", "lr_at"])
def test_an_iteration_that_fails_has_not_happened(failing, monkeypatch):
    """A lack of memory, for example."""
    plain, solver = make(num_iters=10, **SETTINGS), make(num_iters=10, **SETTINGS)
    plain.train(progress=False)
    for _ in range(4):
        solver.step()
    owner = solver
    for name in failing.split(".")[:-1]:
        owner = getattr(owner, name)
    name = failing.split(".")[-1]
    function = getattr(owner, name)

    def fail(*args, **kwargs):
        function(*args, **kwargs)
        raise MemoryError

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(MemoryError):
        solver.step()
    monkeypatch.undo()
    check_whole(solver)
    solver.train(progress=False)
    assert everything(solver) == everything(plain)


# -- the thread that is not interrupted --------------------------------------------------------


def test_a_task_ends_before_the_interrupt_is_raised(interrupt_after):
    log = []

    def task():
        log.append("started")
        stopped.wait(20)
        log.append("ended")

    stopped = threading.Event()
    interrupt_after(0.02)
    with pytest.raises(KeyboardInterrupt):
        uninterrupted.run(task, stopped.set)
    assert log == ["started", "ended"]


def test_results_and_exceptions_of_tasks_are_passed_on():
    assert uninterrupted.run(lambda: 7, lambda: None) == 7
    with pytest.raises(ZeroDivisionError):
        uninterrupted.run(lambda: 1 // 0, lambda: None)


def test_other_threads_run_their_tasks_themselves():
    found = []
    thread = threading.Thread(
        target=lambda: found.append(uninterrupted.run(threading.current_thread, lambda: None))
    )
    thread.start()
    thread.join()
    assert found == [thread]
    assert uninterrupted.run(threading.current_thread, lambda: None) is not thread
