"""Threads and kernels of the BLAS, chosen when NumPy is first imported.

NumPy's wheels contain OpenBLAS, which reads its environment variables once, when it is
loaded. This module sets two of them for that moment:

* On some AMD processors with AVX-512 (Zen 5), OpenBLAS chooses its AVX2 kernels ("Haswell")
  and uses half of the processor's width. The ``SkylakeX`` kernels run on all processors
  with AVX-512. Where OpenBLAS chooses them by itself (Zen 4), nothing changes.
* OpenBLAS divides each small product among its threads, which then wait for each other about
  a hundred times per batch. With one thread per product, and the *batch* divided among
  worker processes or threads, they wait once.

A variable that the user has set is never changed. If ``OPENBLAS_NUM_THREADS`` is set,
OpenBLAS uses that many threads and the batch is not divided. ``RNNCORE_THREADS`` sets the
number of workers that share a batch; ``RNNCORE_PROCESSES=0`` makes them threads of this
process. ``python -m rnncore info`` prints the settings and the reasons for them.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# By ``python -m benchmarks.cores``, twice as many would gain a fifth at best, for twice the memory.
MAX_THREADS = 8
WORKERS_VARIABLE = "RNNCORE_THREADS"
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
_KERNEL_VARIABLE = "OPENBLAS_CORETYPE"
_AVX512 = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
# Kernels that multiply small matrices without packing them first.
_SMALL_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")


@dataclass(frozen=True)
class BlasSettings:
    """The number of workers that may share a batch, and a reason for each setting."""

    workers: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BlasInfo:
    """What the BLAS of this process uses.

    threads: threads for one product; None if the BLAS is not OpenBLAS.
    workers: processes or threads that share a batch.
    """

    library: str
    kernel: str
    threads: int | None
    reasons: tuple[str, ...]
    workers: int = 1

    @property
    def small_products(self) -> bool:
        """Whether larger products should be divided into pieces of a million multiplications."""
        return self.threads == 1 and self.kernel in _SMALL_KERNELS


_settings: BlasSettings | None = None


def configure() -> None:
    """Choose the kernel and the threads, and load NumPy with them.

    If NumPy is already loaded, change the threads only. ``os.environ`` is the same afterwards:
    a program started from here would take our values for the user's, and not divide its batches.
    """
    global _settings
    if _settings is not None:
        return
    loaded = "numpy" in sys.modules
    chosen = dict(os.environ)
    _settings = choose_settings(chosen, _cpu_vendor(), _cpu_flags(), usable_cores())
    added = {name: chosen[name] for name in chosen.keys() - os.environ.keys()}
    if not loaded:
        _load_numpy(added)
        return
    reasons = [r for r in _settings.reasons if not r.startswith("kernel")]
    if "OPENBLAS_NUM_THREADS" in added:
        _set_threads(1)
    reasons.insert(0, "kernel: OpenBLAS's own choice, because NumPy was imported before rnncore")
    _settings = BlasSettings(_settings.workers, tuple(reasons))


def _load_numpy(variables: dict[str, str]) -> None:
    """Import NumPy with ``variables`` in the environment, which OpenBLAS reads meanwhile."""
    os.environ.update(variables)
    try:
        import numpy  # noqa: F401
    finally:
        for name in variables:
            del os.environ[name]


def choose_settings(
    environ: MutableMapping[str, str], vendor: str, flags: frozenset[str], cores: int
) -> BlasSettings:
    """Add OpenBLAS's variables for a processor to ``environ``; return the settings.

    Variables that are already set stay as they are.
    """
    reasons = []
    if _KERNEL_VARIABLE in environ:
        reasons.append(f"kernel: {_KERNEL_VARIABLE}={environ[_KERNEL_VARIABLE]} was set by you")
    elif vendor == "AuthenticAMD" and flags >= _AVX512:
        environ[_KERNEL_VARIABLE] = "SkylakeX"
        reasons.append("kernel: SkylakeX, because this AMD processor has AVX-512")
    else:
        reasons.append("kernel: OpenBLAS's own choice for this processor")

    wanted_workers = environ.get(WORKERS_VARIABLE, "")
    user_threads = [name for name in _THREAD_VARIABLES if name in environ]
    if user_threads:
        reasons.append(f"threads: {user_threads[0]}={environ[user_threads[0]]} was set by you")
        workers = 1
    else:
        environ["OPENBLAS_NUM_THREADS"] = "1"
        workers = max(1, min(cores, MAX_THREADS))
        reasons.append("threads: 1 per product")
    if wanted_workers.isdecimal() and int(wanted_workers) > 0:
        workers = int(wanted_workers)
        reasons.append(f"batches: shared by {workers}, because you set {WORKERS_VARIABLE}")
    else:
        cause = f"{cores} usable cores, at most {MAX_THREADS}"
        why = "you set OpenBLAS's threads" if user_threads else cause
        reasons.append(f"batches: shared by {workers} ({why})")
    return BlasSettings(workers, tuple(reasons))


def use_one_worker() -> None:
    """Compute in this process with one thread from now on, and do not divide batches.

    For programs that fill the cores with processes, such as a sweep's workers.
    """
    global _settings
    if _settings is not None and _settings.workers == 1 and info().threads in (1, None):
        return
    _set_threads(1)
    _settings = BlasSettings(1, ("batches: whole, because other processes use the other cores",))
    info.cache_clear()


@cache
def info() -> BlasInfo:
    """Return which kernel and how many threads the loaded BLAS uses."""
    settings = _settings or BlasSettings(1, ())
    name, count = _openblas("get_corename"), _openblas("get_num_threads")
    if name is None or count is None:
        # Another BLAS may use threads of its own; dividing batches would add to them.
        return BlasInfo("another BLAS", "unknown", None, settings.reasons)
    name.restype = ctypes.c_char_p
    threads = count()
    workers = settings.workers if threads == 1 or WORKERS_VARIABLE in os.environ else 1
    return BlasInfo("OpenBLAS", name().decode(), threads, settings.reasons, workers)


def _set_threads(count: int) -> None:
    if (setter := _openblas("set_num_threads")) is not None:
        setter(count)


def _openblas(function: str) -> Any:
    """Return a function of the OpenBLAS in NumPy's wheel, or None."""
    import numpy as np

    for path in sorted((Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*")):
        library = ctypes.CDLL(str(path))
        # The wheels add a prefix and a suffix to OpenBLAS's names; a system library may not.
        for name in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}"):
            if hasattr(library, name.format(function)):
                return getattr(library, name.format(function))
    return None


def usable_cores() -> int:
    """Return the number of cores that this process may use.

    A container's limit counts as well: processes beyond it only wait for each other.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(cores, quota_cores(_CPU_QUOTA) or cores)


def quota_cores(path: Path) -> int | None:
    """Return how many cores a cgroup's quota allows, rounded up; None without a quota.

    path: the file ``cpu.max`` of a control group, version 2, such as ``150000 100000`` for
        1.5 cores: microseconds of processor time in each period. It need not exist.
    """
    try:
        quota, period = map(int, path.read_text(encoding="ascii").split())
        return max(1, -(-quota // period))
    except (OSError, ValueError, ZeroDivisionError):  # "max 100000": no quota
        return None


def _cpuinfo(field: str) -> str:
    """Return the first value of a field of /proc/cpuinfo; "" on other systems than Linux."""
    if platform.system() != "Linux":
        return ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _cpu_vendor() -> str:
    return _cpuinfo("vendor_id")


def _cpu_flags() -> frozenset[str]:
    return frozenset(_cpuinfo("flags").split())
