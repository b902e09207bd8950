"""Compare the speed of rnncore with PyTorch and a plain NumPy program: ``python -m benchmarks``.

Each program runs in a process of its own. They are timed in turn, for several rounds. A figure
is the median over the rounds of each round's median. "Spread" is half the distance between the
quartiles of the rounds.
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

from benchmarks.processor import processor_name
from benchmarks.runner import Contender, compare_and_close, print_row
from benchmarks.shapes import S1, SHAPES, Shape

SAMPLE_LENGTH = 2000  # characters in one timed text
MANY = 64  # texts sampled as one batch
GEMM_SIZE = 1536  # rows of the square matrices


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks, print two tables and return the exit code."""
    args = _parse_arguments(argv)
    rounds, seconds = (3, 0.2) if args.quick else (9, 0.6)
    has_torch = importlib.util.find_spec("torch") is not None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peak = measure_gemm_peak(rounds, cores or 1)
    results: dict[str, Any] = {
        "processor": processor_name(), "cores": cores, "python": platform.python_version(),
        "gemm_peak_gflops": peak, "training": [], "sampling": [],
    }  # fmt: skip
    print(f"{results['processor']}, {cores} cores; GEMM peak {peak:.0f} GFLOP/s (float32)")
    if not has_torch:
        print("PyTorch is not installed, so its columns are empty (see requirements-bench.txt).")
    print_row("shape", "D", "H", "N", "T", "rnncore ms", "PyTorch 1", "PyTorch 2", "faster by",
          "plain NumPy", "faster by", "of GEMM peak", "spread", "MiB", "PyTorch MiB")  # fmt: skip
    print_row(*["---"] * 15)
    for name in args.shapes:
        row = time_training(SHAPES[name], rounds, seconds, has_torch, peak)
        results["training"].append(row)
        _print_training(SHAPES[name], row)
    if not args.no_sampling:
        print("\nCharacters sampled per second at H=200, V=88:\n")
        print_row("rnncore", *WAYS, "PyTorch LSTMCell")
        print_row(*["---"] * (len(WAYS) + 2))
        for cell, layers in (("lstm", 1), ("gru", 1), ("vanilla", 1), ("lstm", 2), ("lstm", 3)):
            shape = Shape("", S1.D, S1.H, 1, 1, cell, layers)
            row = time_sampling(shape, rounds, seconds, has_torch and (cell, layers) == ("lstm", 1))
            results["sampling"].append(row)
            print_row(f"{cell}, {layers} layer{'s' * (layers > 1)}",
                  *(f"{row[k]:,.0f}" if k in row else "" for k in (*WAYS, "torch")))  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(results, indent=2), encoding="utf-8")
    return 0


# Columns of the sampling table: the Sampler method, and more arguments for it.
WAYS = {"sample": {}, "stream": {}, f"many ({MANY})": {"count": MANY}}


def measure_gemm_peak(rounds: int, cores: int) -> float:
    """Return the best speed of a large float32 matrix product on all cores, in GFLOP/s."""
    contender = Contender("gemm", {"size": GEMM_SIZE}, {"OPENBLAS_NUM_THREADS": str(cores)})
    contender.time(2)
    best = min(contender.time(3 * rounds)["times"])
    contender.close()
    return 2 * GEMM_SIZE**3 / best / 1e9


def time_training(
    shape: Shape, rounds: int, seconds: float, has_torch: bool, peak: float
) -> dict[str, Any]:
    """Return milliseconds and peak memory of a training step for each contender, and ratios."""
    contenders = {"rnncore": Contender("rnncore_step", {"shape": shape})}
    if has_torch:
        for n in (1, 2):
            contenders[f"torch{n}"] = Contender("torch_step", {"shape": shape, "threads": n})
    if (shape.cell, shape.layers) == ("lstm", 1):
        contenders["plain"] = Contender("plain_step", {"shape": shape})
    timings = compare_and_close(contenders, rounds, seconds)
    own = timings["rnncore"].median
    row: dict[str, Any] = {"shape": shape.name, "gemm_share": shape.gemm_flops / own / 1e9 / peak}
    for name, timing in timings.items():
        row[name] = {
            "ms": timing.median * 1e3, "best_ms": timing.best * 1e3,
            "spread": timing.spread, "peak_mib": timing.peak_mib,
        }  # fmt: skip
    if has_torch:
        row["times_torch"] = min(timings[f"torch{n}"].median for n in (1, 2)) / own
        row["times_torch_best"] = (
            min(timings[f"torch{n}"].best for n in (1, 2)) / timings["rnncore"].best
        )
    if "plain" in timings:
        row["times_plain"] = timings["plain"].median / own
    return row


def time_sampling(shape: Shape, rounds: int, seconds: float, has_torch: bool) -> dict[str, Any]:
    """Return characters per second for each way of sampling."""
    contenders = {}
    for way, more in WAYS.items():
        length = SAMPLE_LENGTH // 8 if more else SAMPLE_LENGTH
        kwargs = {"shape": shape, "way": way.split()[0], "length": length, **more}
        contenders[way] = Contender("rnncore_write", kwargs)
    if has_torch:
        contenders["torch"] = Contender("torch_write", {"shape": shape, "length": SAMPLE_LENGTH})
    timings = compare_and_close(contenders, rounds, seconds)
    row: dict[str, Any] = {"cell": shape.cell, "layers": shape.layers}
    for way, timing in timings.items():
        written = SAMPLE_LENGTH // 8 * MANY if way.startswith("many") else SAMPLE_LENGTH
        row[way] = written / timing.median
        row[f"best {way}"] = written / timing.best
    return row


def _print_training(shape: Shape, row: dict[str, Any]) -> None:
    def milliseconds(name: str) -> str:
        return f"{row[name]['ms']:.2f}" if name in row else ""

    def ratio(name: str) -> str:
        return f"{row[name]:.2f}x" if name in row else ""

    torch_mib = f"{row['torch1']['peak_mib']:.0f}" if "torch1" in row else ""
    print_row(
        shape.name, shape.D, shape.H, shape.N, shape.T,
        milliseconds("rnncore"), milliseconds("torch1"), milliseconds("torch2"),
        ratio("times_torch"), milliseconds("plain"), ratio("times_plain"),
        f"{row['gemm_share']:.0%}", f"±{row['rnncore']['spread']:.0%}",
        f"{row['rnncore']['peak_mib']:.0f}", torch_mib,
    )  # fmt: skip


def _parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to this file"
    )
    parser.add_argument("--quick", action="store_true", help="run fewer and shorter rounds")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--no-sampling", action="store_true", help="time training only")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
