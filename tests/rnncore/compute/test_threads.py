"""Threads that compute shards: order of results, errors, forks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from rnncore.compute import threads
from tests.support.paths import ROOT


def test_tasks_run_in_several_threads_and_results_are_in_order():
    barrier = threading.Barrier(2, timeout=30)

    def task(value):
        barrier.wait()  # passes only if two run at the same time
        return value, threading.get_ident()

    (a, first), (b, second) = threads.run([lambda: task("a"), lambda: task("b")])
    assert (a, b) == ("a", "b")
    assert first == threading.get_ident() != second


def test_an_error_is_raised_after_all_tasks_and_errstate_holds_in_threads():
    ended = []

    def slow():
        time.sleep(0.05)
        ended.append(np.float32(1e38) * np.float32(1e38))  # would warn without errstate

    def fails():
        raise ValueError("from a shard")

    with np.errstate(over="ignore"):
        for tasks in ([fails, slow], [slow, fails]):
            with pytest.raises(ValueError, match="from a shard"):
                threads.run(tasks)
    assert len(ended) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no fork.")
def test_a_forked_child_starts_its_own_threads():
    code = (
        "import os, warnings; warnings.simplefilter('ignore')\n"
        "from rnncore.compute import threads\n"
        "threads.run([int, int])\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(7 if threads.run([int, int]) == [0, 0] else 1)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
