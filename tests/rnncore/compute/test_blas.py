"""Kernel and threads of the BLAS: chosen for the processor, unless the user has set them."""

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
def test_the_kernel_is_set_only_for_amd_with_all_of_avx512(vendor, flags, kernel):
    environ: dict[str, str] = {}
    settings = blas.choose_settings(environ, vendor, flags, 2)
    assert environ.get("OPENBLAS_CORETYPE") == kernel
    assert settings.reasons[0].startswith("kernel: " + (kernel or "OpenBLAS"))


@pytest.mark.parametrize(("cores", "workers"), [(0, 1), (1, 1), (2, 2), (8, 8), (64, 8)])
def test_a_product_has_one_thread_and_up_to_eight_workers_share_a_batch(cores, workers):
    environ: dict[str, str] = {}
    assert blas.choose_settings(environ, "GenuineIntel", AVX512, cores).workers == workers
    assert environ == {"OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.parametrize(
    ("text", "cores"),
    [("200000 100000\n", 2), ("150000 100000", 2), ("1000 100000", 1), ("max 100000", None),
     ("", None), ("1 0", None), (None, None)],
)  # fmt: skip
def test_the_quota_of_a_container_limits_the_cores(text, cores, tmp_path, monkeypatch):
    path = tmp_path / "cpu.max"
    if text is not None:
        path.write_text(text, encoding="ascii")
    assert blas.quota_cores(path) == cores
    monkeypatch.setattr(blas, "_CPU_QUOTA", path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    assert blas.usable_cores() == (cores or 16)


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"])
def test_the_threads_that_the_user_has_set_stay(name):
    environ = {name: "3", "OPENBLAS_CORETYPE": "Haswell"}
    settings = blas.choose_settings(environ, "AuthenticAMD", AVX512, 8)
    assert environ == {name: "3", "OPENBLAS_CORETYPE": "Haswell"}
    assert settings.workers == 1
    assert any(f"{name}=3 was set by you" in reason for reason in settings.reasons)


@pytest.mark.parametrize(("value", "workers"), [("6", 6), ("1", 1), ("0", 2), ("many", 2), ("", 2)])
def test_the_user_can_set_the_number_of_workers(value, workers):
    environ = {blas.WORKERS_VARIABLE: value}
    assert blas.choose_settings(environ, "GenuineIntel", AVX512, 2).workers == workers
    assert environ[blas.WORKERS_VARIABLE] == value


def info_in_new_process(before: str = "", **environ: str) -> dict[str, object]:
    """Return ``blas.info()`` of a new process that first runs ``before``."""
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


def test_info_describes_a_new_process():
    found = info_in_new_process()
    if found["library"] != "OpenBLAS":
        pytest.skip("NumPy's BLAS here is not OpenBLAS; its settings are unknown.")
    assert found["kernel"]
    assert found["threads"] == 1
    assert 1 <= found["workers"] <= blas.MAX_THREADS
    assert len(found["reasons"]) == 3
    assert found["variable"] is None


def test_info_describes_the_threads_that_the_user_has_set():
    found = info_in_new_process(OPENBLAS_NUM_THREADS="1")
    assert (found["variable"], found["workers"]) == ("1", 1)
    found = info_in_new_process(OPENBLAS_NUM_THREADS="1", RNNCORE_THREADS="3")
    assert (found["variable"], found["workers"]) == ("1", 3)


def test_the_threads_are_set_even_if_numpy_is_imported_first():
    found = info_in_new_process("import numpy")
    if found["library"] != "OpenBLAS":
        pytest.skip("NumPy's BLAS here is not OpenBLAS; its settings are unknown.")
    assert found["threads"] == 1
    assert found["variable"] is None
    assert "imported before rnncore" in found["reasons"][0]


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE"])
def test_a_program_started_by_one_with_rnncore_gets_the_environment_of_the_user(name):
    code = f"import os; before = os.environ.get({name!r}); import rnncore; " + (
        f"print(before, os.environ.get({name!r}))"
    )
    for value in (None, "Haswell" if name.endswith("TYPE") else "1"):
        environ = {k: v for k, v in os.environ.items() if k != name}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
            env=environ | ({name: value} if value else {}),
        )  # fmt: skip
        assert done.stdout.split() == [str(value), str(value)]


def test_a_process_that_shares_the_cores_with_others_uses_one():
    code = (
        "from rnncore.compute import blas; before = blas.info().workers; blas.use_one_worker(); "
        "print(before, blas.info().workers, blas.info().threads in (1, None))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env=os.environ | {"RNNCORE_THREADS": "3"},
    )  # fmt: skip
    assert done.stdout.split() == ["3", "1", "True"]
