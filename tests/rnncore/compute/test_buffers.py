"""Buffers: zeros that are aligned to cache lines and do not overlap."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore.compute.buffers import LINE, Memory, aligned_zeros


@pytest.mark.parametrize("shape", [(3,), (4, 5), (2, 3, 200), (7, 16), (3, 2**20)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_buffers_and_rows_are_aligned_to_cache_lines(shape, dtype):
    memory = Memory()
    buffers = [memory.zeros(shape, dtype), memory.zeros(shape, dtype), aligned_zeros(shape, dtype)]
    rows = memory.rows(shape, dtype)
    for array in buffers:
        assert array.flags.c_contiguous
        assert array.ctypes.data % LINE == 0
    for index in np.ndindex(*shape[:-1]):
        assert rows[index].ctypes.data % LINE == 0
    for number, array in enumerate([*buffers, rows], start=1):
        assert array.shape == shape
        assert not array.any()  # also after its neighbours were written to
        array[...] = number
