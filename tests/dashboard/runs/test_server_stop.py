"""A server that a signal ends while it trains: the run on disk is whole and complete."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import numpy as np
import pytest

from dashboard.runs.run import new_solver
from dashboard.runs.store import Store
from tests.browser.conftest import Server
from tests.support.session import visiting

pytestmark = [pytest.mark.alone, pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")]

MODES = {
    "processes": {"RNNCORE_THREADS": "2"},
    "threads": {"RNNCORE_THREADS": "2", "RNNCORE_PROCESSES": "0"},
    "one thread": {"RNNCORE_THREADS": "1"},
}


def stop_a_server(folder, mode, name, stop_worker=False):
    """Train on a server, end it by a signal, and check the run that it saved."""
    server = Server(folder / "runs", folder / "log.txt", **MODES[mode])
    try:
        with visiting(server.url, "hidden=128&iterations=1000000&schedule=constant") as session:
            session.press("Train")
            session.wait_for(lambda: session.iterations() > 3, 120)
            if stop_worker:
                os.kill(worker_of(server.process.pid), signal.SIGSTOP)
            server.process.send_signal(getattr(signal, name))
            server.process.wait(120)
    finally:
        server.stop()
    store = Store(folder / "runs")
    (info,) = store.list_runs()
    run = store.open(info.id)
    run.autosaver.discard()
    solver = run.solver
    counts = solver.batches.cursor, solver.optimizer.steps, len(solver.history)
    assert counts == (solver.iteration,) * 3
    assert solver.iteration > 3
    return run


def worker_of(pid):
    """Return the process id of a server's worker."""
    listed = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    (line,) = [line for line in listed.splitlines() if "rnncore.sharding.worker" in line]
    return int(line.split()[0])


@pytest.mark.parametrize(("mode", "name"), [("threads", "SIGTERM"), ("processes", "SIGHUP")])
def test_a_stopped_server_has_saved_whole_iterations(tmp_path, monkeypatch, mode, name):
    run = stop_a_server(tmp_path, mode, name)
    for variable, value in MODES[mode].items():
        monkeypatch.setenv(variable, value)
    whole = new_solver(run.text, run.model_settings, run.train_settings)
    at = min(run.solver.iteration, 30)
    for _ in range(at):
        whole.step()
    # The whole history would take too long to train again.
    np.testing.assert_allclose(run.solver.history["loss"][:at], whole.history["loss"], rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_servers_stopped_at_random(tmp_path, mode):
    for i in range(16):
        (folder := tmp_path / str(i)).mkdir()
        stop_a_server(folder, mode, ("SIGTERM", "SIGINT", "SIGHUP")[i % 3])


@pytest.mark.slow  # tests/rnncore/compute/test_worker_pool.py does so with a program
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs ps")
def test_a_stopped_worker_does_not_keep_the_server_from_ending(tmp_path):
    started = time.monotonic()
    stop_a_server(tmp_path, "processes", "SIGTERM", stop_worker=True)
    assert time.monotonic() - started < 150
