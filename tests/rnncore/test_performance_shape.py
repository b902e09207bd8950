"""How costs grow with sizes, and what is reused; absolute times are not tested.

Ratios compare the shortest of several times within one run, with generous bounds.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from rnncore import CELLS, RNN, Sampler, Solver, Vocab
from rnncore.batch_pass import Pass, choose_shard_count
from rnncore.cells.weight_pieces import choose_padded_pieces, choose_width
from rnncore.compute.blas import BlasInfo
from tests.support.paths import ROOT

pytestmark = pytest.mark.alone


def fastest(call, repeats=5):
    """Return the shortest time of several calls, in seconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def solver(length=4000, **settings):
    """Return a small solver that does not validate."""
    model = RNN(20, None, 8, 32, **settings)
    ids = np.random.default_rng(0).integers(0, 20, length).astype(np.uint8)
    return Solver(ids, model, 20, 8, eval_every=0, num_iters=10**6)


# --- reuse --------------------------------------------------------------------------------


STEPS = """
import sys, tracemalloc
from tests.rnncore.test_performance_shape import solver
training = solver(cell_type=sys.argv[1])
training.step()
training.step()
buffers = training._buffers
tracemalloc.start()
training.step()
tracemalloc.reset_peak()
before = tracemalloc.get_traced_memory()[0]
for _ in range(5):
    training.step()
kept, peak = (value - before for value in tracemalloc.get_traced_memory())
assert training._buffers is buffers
one_array = 20 * 8 * 32 * 4  # (T, N, H) float32, of which a pass has dozens
assert peak < 10 * one_array, peak
assert kept < one_array, kept
"""


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_steps_after_the_first_reuse_their_buffers(cell):
    # In a new process, because memory of other tests' threads would be counted as well.
    done = subprocess.run(
        [sys.executable, "-c", STEPS, cell],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_ids_have_the_smallest_type():
    for count, dtype in ((2, np.uint8), (256, np.uint8), (257, np.uint16)):
        vocab = Vocab(chr(0x4E00 + i) for i in range(count))
        assert vocab.encode(vocab.decode(np.arange(count))).dtype == dtype


# --- growth -------------------------------------------------------------------------------


def test_the_cost_of_a_step_does_not_grow_with_text_or_history():
    short, long = solver(2_000), solver(1_000_000)
    for _ in range(3000):
        long.history.append(iteration=1, loss=1.0)
    for training in (short, long):
        training.step()
    assert fastest(long.step, 30) < 4 * fastest(short.step, 30)


def test_the_cost_is_linear_in_layers_and_sample_length():
    one, three = solver(num_layers=1), solver(num_layers=3)
    for training in (one, three):
        training.step()
    assert fastest(three.step, 20) < 8 * fastest(one.step, 20)
    sampler = Sampler(RNN(20, None, 8, 32))
    sampler.sample(0, 50)
    assert fastest(lambda: sampler.sample(0, 1600)) < 16 * fastest(lambda: sampler.sample(0, 400))


def test_sample_many_is_faster_than_single_samples():
    sampler = Sampler(RNN(20, None, 8, 32))
    many = fastest(lambda: sampler.sample_many(0, 100, 32))
    assert many < 32 * fastest(lambda: sampler.sample(0, 100)) / 2


# --- pieces and shards --------------------------------------------------------------------


@pytest.fixture
def small_products(monkeypatch):
    info = BlasInfo("OpenBLAS", "SkylakeX", 1, (), 3)
    monkeypatch.setattr("rnncore.compute.blas.info", lambda: info)
    return info


@pytest.mark.usefixtures("small_products")
@pytest.mark.parametrize("rows", [1, 8, 16, 50, 64])
@pytest.mark.parametrize("H", [97, 100, 128, 200, 512, 1024])
def test_pieces_cover_the_columns_and_are_small(rows, H):
    width = choose_width(rows, H + 65, H)
    assert H % width == 0
    assert width == H or rows * (H + 65) * width <= 10**6
    pieces, width = choose_padded_pieces(rows, H, H + 64)
    assert H + 64 <= pieces * width < H + 64 + width
    assert pieces == 1 or rows * H * width <= 10**6


@pytest.mark.parametrize("cell", sorted(CELLS))
@pytest.mark.parametrize("layers", [1, 2])
def test_shards_and_pieces_give_the_same_result_as_a_whole_batch(cell, layers, monkeypatch):
    monkeypatch.setattr("rnncore.batch_pass._MIN_FLOPS", 1)
    V, D, H, N, T = 12, 5, 300, 40, 6
    model = RNN(V, None, D, H, cell, layers, dropout=0.3, dtype="float64", seed=1)
    inputs, targets = np.random.default_rng(0).integers(0, V, (2, N, T))

    def outcome(info):
        monkeypatch.setattr("rnncore.compute.blas.info", lambda: info)
        buffers, state = Pass(model, N, T), model.initial_state(N)
        rng = np.random.default_rng(5)
        loss, grads = model.loss(inputs, targets, state, buffers=buffers, rng=rng)
        values = [loss, *grads.values(), *state, *buffers.dstate]
        total = model.evaluate(inputs, targets, model.initial_state(N), buffers)
        return len(buffers.shards), [*values, total]

    one, whole = outcome(BlasInfo("another BLAS", "unknown", None, (), 1))
    assert one == 1
    for workers in (3, 8):
        shards, cut = outcome(BlasInfo("OpenBLAS", "SkylakeX", 1, (), workers))
        assert shards == workers
        for a, b in zip(whole, cut, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12)


def test_small_batches_are_not_split():
    assert choose_shard_count(200_000, 16, 50, 2) == 2
    assert choose_shard_count(200_000, 16, 50, 8) == 4  # at least four sequences each
    assert choose_shard_count(200_000, 64, 50, 8) == 8
    assert choose_shard_count(200_000, 31, 50, 8) == 7
    assert choose_shard_count(200_000, 1, 25, 8) == 1
    assert choose_shard_count(1_000, 16, 50, 8) == 1  # too little work for another thread
