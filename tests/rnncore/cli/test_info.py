"""``python -m rnncore info``."""

from __future__ import annotations

import pytest

from rnncore.compute import blas
from tests.rnncore.cli.commands import run_program


def test_info_prints_library_kernel_threads_and_reasons(run):
    code, out, _ = run("info")
    found = blas.info()
    assert code == 0
    for text in (found.library, found.kernel, str(found.threads), *found.reasons):
        assert text in out


def test_a_variable_that_the_user_has_set_is_named():
    done = run_program("info", OPENBLAS_NUM_THREADS="1")
    assert b"OPENBLAS_NUM_THREADS=1 was set by you" in done.stdout


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"RNNCORE_THREADS": "2", "RNNCORE_PROCESSES": "0"}, b"batches  split over 2 threads\n"),
        ({"RNNCORE_THREADS": "1"}, b"batches  whole\n"),
    ],
)
def test_info_prints_how_batches_are_split(environ, line):
    done = run_program("info", OPENBLAS_NUM_THREADS="1", **environ)
    assert line in done.stdout.replace(b"\r", b"")
