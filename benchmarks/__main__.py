"""``python -m benchmarks``: rnncore against PyTorch and a plain NumPy program, in one run.

Every contender has a process of its own; they are timed in turn, round after round,
and a figure is the median over the rounds of each round's median. "Spread" is half the
distance between the quartiles of the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks.runner import Contender, Timing, compare
from benchmarks.shapes import S1, SHAPES, Shape

WRITTEN = 2000  # characters of one timed text
MANY = 64  # texts side by side
GEMM_SIZE = 1536


def main(argv: list[str] | None = None) -> int:
    """Run and print; returns the exit code."""
    args = _arguments(argv)
    rounds, seconds = (3, 0.2) if args.quick else (9, 0.6)
    has_torch = importlib.util.find_spec("torch") is not None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peak = gemm_peak(rounds, cores or 1)
    found: dict[str, Any] = {
        "processor": _processor(), "cores": cores, "python": platform.python_version(),
        "gemm_peak_gflops": peak, "training": [], "sampling": [],
    }  # fmt: skip
    print(f"{found['processor']}, {cores} cores; GEMM peak {peak:.0f} GFLOP/s (float32)")
    if not has_torch:
        print("PyTorch is not installed: its columns stay empty (requirements-bench.txt has it).")
    _line("shape", "D", "H", "N", "T", "rnncore ms", "PyTorch 1", "PyTorch 2", "faster by",
          "plain NumPy", "faster by", "of GEMM peak", "spread", "MiB", "PyTorch MiB")  # fmt: skip
    _line(*["---"] * 15)
    for name in args.shapes:
        row = train(SHAPES[name], rounds, seconds, has_torch, peak)
        found["training"].append(row)
        _print_training(SHAPES[name], row)
    if not args.no_sampling:
        print("\nCharacters a second written at H=200, V=88:\n")
        _line("rnncore", *WAYS, "PyTorch LSTMCell")
        _line(*["---"] * (len(WAYS) + 2))
        for cell, layers in (("lstm", 1), ("gru", 1), ("vanilla", 1), ("lstm", 2), ("lstm", 3)):
            shape = Shape("", S1.D, S1.H, 1, 1, cell, layers)
            row = write(shape, rounds, seconds, has_torch and (cell, layers) == ("lstm", 1))
            found["sampling"].append(row)
            _line(f"{cell}, {layers} layer{'s' * (layers > 1)}",
                  *(f"{row[k]:,.0f}" if k in row else "" for k in (*WAYS, "torch")))  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(found, indent=2), encoding="utf-8")
    return 0


WAYS = {"sample": {}, "stream": {}, f"many ({MANY})": {"count": MANY}}


def gemm_peak(rounds: int, cores: int) -> float:
    """GFLOP/s of a large float32 product on all cores, the best of a few."""
    contender = Contender("gemm", {"size": GEMM_SIZE}, {"OPENBLAS_NUM_THREADS": str(cores)})
    contender.run(2)
    best = min(contender.run(3 * rounds)["times"])
    contender.close()
    return 2 * GEMM_SIZE**3 / best / 1e9


def train(
    shape: Shape, rounds: int, seconds: float, has_torch: bool, peak: float
) -> dict[str, Any]:
    """Milliseconds of a training step for every contender, and what follows from them."""
    contenders = {"rnncore": Contender("rnncore_step", {"shape": shape})}
    if has_torch:
        for n in (1, 2):
            contenders[f"torch{n}"] = Contender("torch_step", {"shape": shape, "threads": n})
    if (shape.cell, shape.layers) == ("lstm", 1):
        contenders["plain"] = Contender("plain_step", {"shape": shape})
    timings = _timed(contenders, rounds, seconds)
    ours = timings["rnncore"].median
    row: dict[str, Any] = {"shape": shape.name, "gemm_share": shape.gemm_flops / ours / 1e9 / peak}
    for name, timing in timings.items():
        row[name] = {
            "ms": timing.median * 1e3, "best_ms": timing.best * 1e3,
            "spread": timing.spread, "peak_mib": timing.peak_mib,
        }  # fmt: skip
    if has_torch:
        row["times_torch"] = min(timings[f"torch{n}"].median for n in (1, 2)) / ours
        row["times_torch_best"] = (
            min(timings[f"torch{n}"].best for n in (1, 2)) / timings["rnncore"].best
        )
    if "plain" in timings:
        row["times_plain"] = timings["plain"].median / ours
    return row


def write(shape: Shape, rounds: int, seconds: float, has_torch: bool) -> dict[str, Any]:
    """Characters a second by each way of sampling."""
    contenders = {}
    for way, more in WAYS.items():
        length = WRITTEN // 8 if more else WRITTEN
        kwargs = {"shape": shape, "way": way.split()[0], "length": length, **more}
        contenders[way] = Contender("rnncore_write", kwargs)
    if has_torch:
        contenders["torch"] = Contender("torch_write", {"shape": shape, "length": WRITTEN})
    timings = _timed(contenders, rounds, seconds)
    row: dict[str, Any] = {"cell": shape.cell, "layers": shape.layers}
    for way, timing in timings.items():
        written = WRITTEN // 8 * MANY if way.startswith("many") else WRITTEN
        row[way] = written / timing.median
        row[f"best {way}"] = written / timing.best
    return row


def _timed(contenders: dict[str, Contender], rounds: int, seconds: float) -> dict[str, Timing]:
    try:
        return compare(contenders, rounds, seconds)
    finally:
        for contender in contenders.values():
            contender.close()


def _print_training(shape: Shape, row: dict[str, Any]) -> None:
    def ms(name: str) -> str:
        return f"{row[name]['ms']:.2f}" if name in row else ""

    def times(name: str) -> str:
        return f"{row[name]:.2f}x" if name in row else ""

    torch_mib = f"{row['torch1']['peak_mib']:.0f}" if "torch1" in row else ""
    _line(shape.name, shape.D, shape.H, shape.N, shape.T, ms("rnncore"), ms("torch1"), ms("torch2"),
          times("times_torch"), ms("plain"), times("times_plain"), f"{row['gemm_share']:.0%}",
          f"±{row['rnncore']['spread']:.0%}", f"{row['rnncore']['peak_mib']:.0f}",
          torch_mib)  # fmt: skip


def _line(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--no-sampling", action="store_true", help="training only")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
