"""The benchmarks of speed: the parts of a step that they time are those of rnncore."""

from __future__ import annotations

import dataclasses
from argparse import Namespace

import numpy as np
import pytest

from benchmarks import cores, parts, products
from benchmarks.runner import Contender, Together
from benchmarks.shapes import SHAPES, Shape
from rnncore.compute import blas, worker_pool

SMALL = Shape("small", D=6, H=24, N=8, T=5, V=11)


@pytest.mark.parametrize("settings", [{}, {"layers": 2}, {"cell": "gru"}, {"cell": "vanilla"}])
def test_the_recorded_products_are_all_products_of_a_step(settings):
    shape = dataclasses.replace(SMALL, D=40, H=120, V=80, **settings)
    for shards in (1, 2):
        recorded = parts.record_products(parts.shard_pass(shape, shards))
        flops = sum(2 * a.shape[-1] * np.matmul(a, b).size for a, b, _ in recorded)
        # The biases are rows of the weights here, and not counted in ``gemm_flops``.
        assert 1.0 <= flops * shards / shape.gemm_flops < 1.03


def test_repeated_products_give_the_same_gradients():
    call = parts.shard_pass(SMALL, 2)
    shard = call.func.__self__
    recorded = parts.record_products(call)
    expected = shard.dweights[0].copy()
    assert np.abs(expected).max() > 0
    shard.dweights[0][...] = 0
    for a, b, out in recorded:
        np.matmul(a, b, out=out)
    np.testing.assert_array_equal(shard.dweights[0], expected)


@pytest.mark.skipif(not worker_pool.is_enabled(), reason="No worker processes on this system.")
@pytest.mark.parametrize("name", ["shard_pass", "shard_products", "empty_step"])
def test_each_part_can_be_timed(name):
    contender = Contender(name, {"shape": SMALL, "shards": 3}, module="parts")
    try:
        reply = contender.time(2)
    finally:
        contender.close()
    assert len(reply["times"]) == 2
    assert all(seconds > 0 for seconds in reply["times"])


def test_of_contenders_that_run_together_the_slowest_counts(monkeypatch):
    asked = []

    class Fake:
        def __init__(self, times):
            self.times = times

        def start(self, repeats):
            asked.append(repeats)

        def wait(self):
            assert len(asked) == 2, "both start before the first is waited for"
            return {"times": self.times, "peak_mib": 10.0}

    reply = Together([Fake([1.0, 9.0, 1.0]), Fake([2.0, 2.0, 2.0])]).time(3)
    assert reply == {"times": [2.0, 2.0, 2.0], "peak_mib": 20.0}
    assert asked == [3, 3]


def test_the_prediction_adds_the_shard_and_the_rest(monkeypatch):
    times = {"shard": {1: 8.0, 2: 4.0, 4: 2.0}, "rest": {1: 1.0, 2: 1.5, 4: 2.5}}

    class Timing:
        def __init__(self, milliseconds):
            self.median = milliseconds / 1e3

    def compare(contenders, rounds, seconds):
        return {name: Timing(times[name.split()[0]][int(name.split()[1])]) for name in contenders}

    monkeypatch.setattr(cores, "compare_and_close", compare)
    monkeypatch.setattr(cores, "Contender", lambda *args, **kwargs: None)
    monkeypatch.setattr(blas, "usable_cores", lambda: 0)
    args = Namespace(cores=[2, 4, 8], rounds=1, seconds=0.1, fastest=False)
    rows = cores.time_shape(dataclasses.replace(SMALL, N=6), args)
    assert [row[1:7] for row in rows] == [
        ["1", "6", "8.00", "1.00", "9.00", "1.00"],
        ["2", "3", "4.00", "1.50", "5.50", "1.64"],
        ["4", "2", "2.00", "2.50", "4.50", "2.00"],
    ]


def test_the_shapes_of_the_reference_are_divided_as_rnncore_does():
    assert products.count_shards(SHAPES["S1"], 2) == 2
    assert products.count_shards(SHAPES["S4"], 2) == 1
