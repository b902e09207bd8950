"""Threads and kernels of the BLAS, settled before NumPy is first imported.

NumPy's wheels carry OpenBLAS, which reads its environment variables once, when
it is loaded. Two defaults are worth changing for this program:

* On AMD processors with AVX-512 (Zen 4 and later) OpenBLAS picks its AVX2
  ("Haswell") kernels and leaves half of the chip idle. ``SkylakeX`` kernels run
  there and are about twice as fast.
* More than four threads only wait for each other on matrices of this size.

A variable that the user has set is never touched. ``python -m rnncore info``
tells what was decided and why.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

MAX_THREADS = 4
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
_KERNEL_VARIABLE = "OPENBLAS_CORETYPE"
_AVX512 = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})

_reasons: list[str] = []


@dataclass(frozen=True)
class BlasInfo:
    """What the BLAS in this process uses, and why."""

    library: str
    kernel: str
    threads: int | None
    reasons: tuple[str, ...]


def settle(environ: MutableMapping[str, str] | None = None) -> None:
    """Set kernel and thread count, unless NumPy is loaded already or the user has chosen."""
    if _reasons and environ is None:
        return
    environ = os.environ if environ is None else environ
    if "numpy" in sys.modules:
        _reasons.append("NumPy was imported before rnncore: its own defaults stand")
        return
    _reasons.extend(decide(environ, _cpu_vendor(), _cpu_flags(), _usable_cores()))


def decide(
    environ: MutableMapping[str, str], vendor: str, flags: frozenset[str], cores: int
) -> list[str]:
    """Fill ``environ`` for this processor; return a reason for each decision."""
    reasons = []
    if _KERNEL_VARIABLE in environ:
        reasons.append(f"kernel: {_KERNEL_VARIABLE}={environ[_KERNEL_VARIABLE]} was set by you")
    elif vendor == "AuthenticAMD" and flags >= _AVX512:
        environ[_KERNEL_VARIABLE] = "SkylakeX"
        reasons.append("kernel: SkylakeX, because this AMD processor has AVX-512")
    else:
        reasons.append("kernel: OpenBLAS's own choice for this processor")

    chosen = [name for name in _THREAD_VARIABLES if name in environ]
    if chosen:
        reasons.append(f"threads: {chosen[0]}={environ[chosen[0]]} was set by you")
    else:
        threads = max(1, min(cores, MAX_THREADS))
        environ["OPENBLAS_NUM_THREADS"] = str(threads)
        reasons.append(f"threads: {threads} of {cores} usable cores (never more than 4)")
    return reasons


def info() -> BlasInfo:
    """Ask the loaded OpenBLAS which kernel and how many threads it uses."""
    import numpy as np

    for path in sorted((Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*")):
        library = ctypes.CDLL(str(path))
        # The wheels prefix and suffix OpenBLAS's names; a system library may not.
        for name in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}"):
            try:
                corename = getattr(library, name.format("get_corename"))
                threads = getattr(library, name.format("get_num_threads"))
            except AttributeError:
                continue
            corename.restype = ctypes.c_char_p
            return BlasInfo("OpenBLAS", corename().decode(), threads(), tuple(_reasons))
    return BlasInfo("another BLAS", "unknown", None, tuple(_reasons))


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
