"""Runs of millions of iterations: their saves, downloads and memory stay small."""

from __future__ import annotations

import io
import time
import tracemalloc

import numpy as np
import pytest

from dashboard.runs import exports, snapshot
from rnncore import load, save
from rnncore.history import MAX_RECENT, History, estimate_bytes
from tests.support.runs import small_run


def long_history(n: int) -> History:
    """Return a made-up history that was appended in pieces, with a validation each 800 rows."""
    history, done, rng = History(), 0, np.random.default_rng(0)
    while done < n:
        history.reserve()
        table = history._table
        own = table.length - table.thinned
        k = min(n - done, table.rows.shape[1] - table.length, MAX_RECENT - own)
        at = np.arange(done + 1, done + k + 1.0)
        table.rows[:, table.length : table.length + k] = [
            at, at * 800, at / 50, 1.5 + 2 / np.sqrt(1 + at / 50) + rng.normal(0, 0.05, k),
            np.where(at % 800, np.nan, 1.6), rng.lognormal(0, 0.3, k), np.full(k, 3e-3),
        ]  # fmt: skip
        table.length += k
        done += k
    return history


@pytest.mark.parametrize("n", [300_000, *(pytest.param(n, marks=pytest.mark.slow)
                                          for n in (4_000_000, 20_000_000))])  # fmt: skip
def test_saves_and_downloads_of_long_runs_stay_small(n):
    run = small_run(steps=2)
    history = run.solver.history = long_history(n)
    tracemalloc.start()
    try:
        copy = snapshot.take(run.solver, [], [], run.plan)
        file = io.BytesIO()
        save(copy.solver, file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    started = time.perf_counter()
    table = exports.history_csv(run)
    seconds = time.perf_counter() - started
    print(
        f"{n:,} iterations, {len(history):,} rows: save {file.tell() / 1e6:.1f} MB, peak "
        f"{peak / 1e6:.1f} MB, CSV {len(table) / 1e6:.1f} MB in {seconds:.1f} s"
    )
    assert load(file.getvalue()).history.iterations == n
    assert file.tell() < 6e6
    assert peak < estimate_bytes(n) < 3e7
    assert len(table) < 12e6
    assert len(exports.report_html(run, [])) < 50_000
