"""Kernel and threads of the BLAS: decided for each processor, never against the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from rnncore.compute import blas
from tests.support.paths import ROOT

AVX512 = frozenset({"avx2", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})


@pytest.mark.parametrize(
    ("vendor", "flags", "kernel"),
    [
        ("AuthenticAMD", AVX512, "SkylakeX"),
        ("AuthenticAMD", AVX512 - {"avx512vl"}, None),
        ("AuthenticAMD", frozenset({"avx2"}), None),
        ("GenuineIntel", AVX512, None),
        ("", frozenset(), None),
    ],
)
def test_the_kernel_is_chosen_only_for_amd_with_all_of_avx512(vendor, flags, kernel):
    environ: dict[str, str] = {}
    decision = blas.decide(environ, vendor, flags, 2)
    assert environ.get("OPENBLAS_CORETYPE") == kernel
    assert decision.reasons[0].startswith("kernel: " + (kernel or "OpenBLAS"))


@pytest.mark.parametrize(("cores", "workers"), [(0, 1), (1, 1), (2, 2), (4, 4), (64, 4)])
def test_one_thread_a_product_and_a_few_that_share_a_batch(cores, workers):
    environ: dict[str, str] = {}
    assert blas.decide(environ, "GenuineIntel", AVX512, cores).workers == workers
    assert environ == {"OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"])
def test_threads_that_the_user_has_set_stand(name):
    environ = {name: "3", "OPENBLAS_CORETYPE": "Haswell"}
    decision = blas.decide(environ, "AuthenticAMD", AVX512, 8)
    assert environ == {name: "3", "OPENBLAS_CORETYPE": "Haswell"}
    assert decision.workers == 1
    assert any(f"{name}=3 was set by you" in reason for reason in decision.reasons)


@pytest.mark.parametrize(("asked", "workers"), [("6", 6), ("1", 1), ("0", 2), ("many", 2), ("", 2)])
def test_the_user_says_how_many_share_a_batch(asked, workers):
    environ = {blas.WORKERS_VARIABLE: asked}
    assert blas.decide(environ, "GenuineIntel", AVX512, 2).workers == workers
    assert environ[blas.WORKERS_VARIABLE] == asked


def fresh_info(before: str = "", **environ: str) -> dict[str, object]:
    """What a new process finds, after running ``before``."""
    code = (
        f"{before}\nimport json, os\nfrom rnncore.compute import blas\nfound = blas.info()\n"
        "print(json.dumps([found.library, found.kernel, found.threads, found.workers, "
        "found.reasons, os.environ.get('OPENBLAS_NUM_THREADS')]))"
    )
    names = ("OPENBLAS_", "GOTO_", "OMP_", "RNNCORE_")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, env=clean | environ, check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    keys = ("library", "kernel", "threads", "workers", "reasons", "variable")
    return dict(zip(keys, json.loads(output), strict=True))


def test_info_in_a_fresh_process():
    found = fresh_info()
    if found["library"] != "OpenBLAS":
        pytest.skip("NumPy's BLAS here is not OpenBLAS; it cannot be asked.")
    assert found["kernel"]
    assert found["threads"] == 1
    assert 1 <= found["workers"] <= blas.MAX_THREADS
    assert len(found["reasons"]) == 3


def test_info_with_the_users_threads():
    found = fresh_info(OPENBLAS_NUM_THREADS="1")
    assert (found["variable"], found["workers"]) == ("1", 1)
    found = fresh_info(OPENBLAS_NUM_THREADS="1", RNNCORE_THREADS="3")
    assert (found["variable"], found["workers"]) == ("1", 3)


def test_threads_are_settled_even_if_numpy_came_first():
    found = fresh_info("import numpy")
    if found["library"] != "OpenBLAS":
        pytest.skip("NumPy's BLAS here is not OpenBLAS; it cannot be asked.")
    assert found["threads"] == 1
    assert found["variable"] is None
    assert "imported before rnncore" in found["reasons"][0]
