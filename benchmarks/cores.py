"""Predict the time of a training step on more cores: ``python -m benchmarks.cores``.

A step on k cores is the pass over one shard of N / k sequences, which all cores compute at the
same time, and the rest, which is not divided (Amdahl, 1967). Both parts are measured: the shard
alone in one process, the rest with k processes that compute nothing. Where this computer has k
cores, the real step is timed beside the prediction, in turn.

The prediction leaves out that cores share memory bandwidth and the last-level cache, and that
clocks fall when many cores work. The rest is measured with more processes than cores here, so
it is rather too long.
"""

from __future__ import annotations

import argparse

from benchmarks.products import count_shards
from benchmarks.runner import Contender, add_options, compare_and_close, milliseconds, print_row
from benchmarks.shapes import SHAPES, Shape
from rnncore.compute import blas

CORES = (1, 2, 4, 8, 16)
# The shapes of presets of the page, beside those of the other benchmarks.
_PRESETS = {
    shape.name: shape for shape in (Shape("H128", 22, 128, 32, 32), Shape("H256", 22, 256, 16, 50))
}
_SHAPES = {name: SHAPES[name] for name in ("S1", "S2", "S3")} | _PRESETS


def main() -> None:
    """Print a row for each shape and number of cores."""
    parser = argparse.ArgumentParser(prog="benchmarks.cores", description=__doc__.split(":")[0])
    parser.add_argument("--shapes", nargs="+", choices=_SHAPES, default=list(_SHAPES))
    parser.add_argument("--cores", nargs="+", type=int, default=CORES)
    add_options(parser, rounds=7, seconds=0.3)
    args = parser.parse_args()
    print(f"OpenBLAS's kernel: {blas.info().kernel}\n")
    print_row("shape", "cores", "sequences a core", "shard ms", "rest ms", "predicted ms",
              "times one core", "measured ms", "chosen")  # fmt: skip
    print_row(*["---"] * 9)
    for name in args.shapes:
        for row in time_shape(_SHAPES[name], args):
            print_row(*row)


def time_shape(shape: Shape, args: argparse.Namespace) -> list[list[str]]:
    """Return the rows of a shape; a batch is divided into at most as many parts as sequences."""
    counts = [k for k in sorted({1, *args.cores}) if k <= shape.N]
    contenders = {}
    for k in counts:
        part = {"shape": shape, "shards": k}
        contenders[f"shard {k}"] = Contender(
            "shard_pass", part | {"processor_time": True}, module="parts"
        )
        contenders[f"rest {k}"] = Contender("empty_step", part, module="parts")
        if k <= blas.usable_cores():
            environ = {blas.WORKERS_VARIABLE: str(k)}
            contenders[f"real {k}"] = Contender("rnncore_step", {"shape": shape}, environ)
    timings = compare_and_close(contenders, args.rounds, args.seconds)
    ms = milliseconds(timings, args.fastest)
    predicted = {k: ms[f"shard {k}"] + ms[f"rest {k}"] for k in counts}
    return [
        [
            *(shape.name, str(k), str(-(-shape.N // k))),
            *(f"{ms[f'shard {k}']:.2f}", f"{ms[f'rest {k}']:.2f}", f"{predicted[k]:.2f}"),
            f"{predicted[1] / predicted[k]:.2f}",
            f"{ms[f'real {k}']:.2f}" if f"real {k}" in ms else "",
            "yes" if count_shards(shape, k) == k else "no",
        ]
        for k in counts
    ]


if __name__ == "__main__":
    main()
