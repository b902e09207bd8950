"""Threads and kernels of the BLAS, settled before NumPy is first imported.

NumPy's wheels carry OpenBLAS, which reads its environment variables once, when
it is loaded. Two defaults are worth changing for this program:

* On some AMD processors with AVX-512 (Zen 5) OpenBLAS picks its AVX2 ("Haswell")
  kernels and leaves half of the chip idle. ``SkylakeX`` kernels run on every such
  processor; on those where they are its own choice (Zen 4) nothing changes.
* OpenBLAS would cut each of a step's many small products among its threads, which
  then wait for each other a hundred times a batch. One thread a product, and the
  *batch* cut among processes (``crew.py``) or threads, waits once.

A variable that the user has set is never touched: with ``OPENBLAS_NUM_THREADS``
set, OpenBLAS works with that many threads and the batch stays whole.
``RNNCORE_THREADS`` sets how many share a batch, and ``RNNCORE_PROCESSES=0`` makes them
threads of this process. ``python -m rnncore info`` tells what was decided and why.
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

MAX_THREADS = 4
WORKERS_VARIABLE = "RNNCORE_THREADS"
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
_KERNEL_VARIABLE = "OPENBLAS_CORETYPE"
_AVX512 = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
# Kernels that multiply small matrices as they lie, without packing them first.
_SMALL_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")


@dataclass(frozen=True)
class Decision:
    """How many may share a batch, and a reason for each thing decided."""

    workers: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BlasInfo:
    """What the BLAS in this process uses, how many share a batch, and why."""

    library: str
    kernel: str
    threads: int | None
    reasons: tuple[str, ...]
    workers: int = 1

    @property
    def small_products(self) -> bool:
        """Whether products of up to a million multiplications are worth cutting larger ones to."""
        return self.threads == 1 and self.kernel in _SMALL_KERNELS


_decision: Decision | None = None


def configure() -> None:
    """Choose kernel and threads; once NumPy is loaded only the threads can still be changed."""
    global _decision
    if _decision is not None:
        return
    loaded = "numpy" in sys.modules
    environ = dict(os.environ) if loaded else os.environ
    _decision = decide(environ, _cpu_vendor(), _cpu_flags(), _usable_cores())
    if loaded:
        reasons = [r for r in _decision.reasons if not r.startswith("kernel")]
        if environ.get("OPENBLAS_NUM_THREADS") != os.environ.get("OPENBLAS_NUM_THREADS"):
            _set_threads(1)
        reasons.insert(0, "kernel: OpenBLAS's own, because NumPy was imported before rnncore")
        _decision = Decision(_decision.workers, tuple(reasons))


def decide(
    environ: MutableMapping[str, str], vendor: str, flags: frozenset[str], cores: int
) -> Decision:
    """Fill ``environ`` for this processor, leaving what the user has set."""
    reasons = []
    if _KERNEL_VARIABLE in environ:
        reasons.append(f"kernel: {_KERNEL_VARIABLE}={environ[_KERNEL_VARIABLE]} was set by you")
    elif vendor == "AuthenticAMD" and flags >= _AVX512:
        environ[_KERNEL_VARIABLE] = "SkylakeX"
        reasons.append("kernel: SkylakeX, because this AMD processor has AVX-512")
    else:
        reasons.append("kernel: OpenBLAS's own choice for this processor")

    asked = environ.get(WORKERS_VARIABLE, "")
    chosen = [name for name in _THREAD_VARIABLES if name in environ]
    if chosen:
        reasons.append(f"threads: {chosen[0]}={environ[chosen[0]]} was set by you")
        workers = 1
    else:
        environ["OPENBLAS_NUM_THREADS"] = "1"
        workers = max(1, min(cores, MAX_THREADS))
        reasons.append("threads: 1 for each product")
    if asked.isdecimal() and int(asked) > 0:
        workers = int(asked)
        reasons.append(f"batches: shared by {workers}, because you set {WORKERS_VARIABLE}")
    else:
        why = "OpenBLAS has threads of your choice" if chosen else f"{cores} usable, at most 4"
        reasons.append(f"batches: shared by {workers} ({why})")
    return Decision(workers, tuple(reasons))


@cache
def info() -> BlasInfo:
    """Ask the loaded BLAS which kernel and how many threads it uses."""
    decision = _decision or Decision(1, ())
    name, count = _openblas("get_corename"), _openblas("get_num_threads")
    if name is None or count is None:
        # A BLAS that cannot be asked has threads of its own; cutting batches would add to them.
        return BlasInfo("another BLAS", "unknown", None, decision.reasons)
    name.restype = ctypes.c_char_p
    threads = count()
    workers = decision.workers if threads == 1 or WORKERS_VARIABLE in os.environ else 1
    return BlasInfo("OpenBLAS", name().decode(), threads, decision.reasons, workers)


def _set_threads(count: int) -> None:
    if (setter := _openblas("set_num_threads")) is not None:
        setter(count)


def _openblas(function: str) -> Any:
    """A function of the OpenBLAS that NumPy's wheel carries, or None."""
    import numpy as np

    for path in sorted((Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*")):
        library = ctypes.CDLL(str(path))
        # The wheels prefix and suffix OpenBLAS's names; a system library may not.
        for name in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}"):
            if hasattr(library, name.format(function)):
                return getattr(library, name.format(function))
    return None


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpuinfo(field: str) -> str:
    """The first value of a field of Linux's /proc/cpuinfo, or "" elsewhere."""
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
