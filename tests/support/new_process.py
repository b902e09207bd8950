"""Calls in a new process, for measurements that threads of other tests would disturb."""

from __future__ import annotations

import multiprocessing
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def peak_of_new_process(work: Callable[[], object]) -> int:
    """Return the peak of the bytes that Python and NumPy allocate while ``work`` runs.

    work: a function of a module, which the new process imports.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_measure, work).result()


def _measure(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    return tracemalloc.get_traced_memory()[1]
