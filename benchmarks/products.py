"""Compare a training step with its bare matrix products: ``python -m benchmarks.products``.

The products of a step are recorded once and then repeated alone: on the same arrays, in the
same order and number, in as many processes as the step uses. Their time is the processor time
of the slowest process. They are timed in turn with the whole step and with PyTorch. The last
column is a limit: how many times as fast as PyTorch a step would be if everything but its
products took no time.
"""

from __future__ import annotations

import argparse
import importlib.util

from benchmarks.runner import (
    Contender,
    Together,
    add_options,
    compare_and_close,
    milliseconds,
    print_row,
)
from benchmarks.shapes import SHAPES, Shape
from rnncore.batch_pass import choose_shard_count
from rnncore.compute import blas
from rnncore.network import count_params


def main() -> None:
    """Print a row for each shape."""
    parser = argparse.ArgumentParser(prog="benchmarks.products", description=__doc__.split(":")[0])
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["S1", "S2", "S3", "S4"])
    add_options(parser, rounds=9, seconds=0.6)
    args = parser.parse_args()
    has_torch = importlib.util.find_spec("torch") is not None
    print(f"OpenBLAS's kernel: {blas.info().kernel}\n")
    print_row("shape", "processes", "products ms", "step ms", "share", "PyTorch ms",
              "times as fast", "products alone")  # fmt: skip
    print_row(*["---"] * 8)
    for name in args.shapes:
        print_row(*time_shape(SHAPES[name], args, has_torch))


def time_shape(shape: Shape, args: argparse.Namespace, has_torch: bool) -> list[str]:
    """Return a row of the table."""
    shards = count_shards(shape, blas.info().workers)
    part = {"shape": shape, "shards": shards, "processor_time": True}
    contenders: dict[str, Contender | Together] = {
        "step": Contender("rnncore_step", {"shape": shape}),
        "products": Together(
            [Contender("shard_products", part, module="parts") for _ in range(shards)]
        ),
    }
    if has_torch:
        for n in (1, 2):
            contenders[f"torch{n}"] = Contender("torch_step", {"shape": shape, "threads": n})
    timings = compare_and_close(contenders, args.rounds, args.seconds)
    ms = milliseconds(timings, args.fastest)
    row = [shape.name, str(shards), f"{ms['products']:.2f}", f"{ms['step']:.2f}",
           f"{ms['products'] / ms['step']:.0%}"]  # fmt: skip
    if not has_torch:
        return [*row, "", "", ""]
    torch = min(ms["torch1"], ms["torch2"])
    return [*row, f"{torch:.2f}", f"{torch / ms['step']:.2f}", f"{torch / ms['products']:.2f}"]


def count_shards(shape: Shape, workers: int) -> int:
    """Return into how many shards rnncore divides a batch of this shape."""
    params = count_params(shape.V, shape.D, shape.H, shape.cell, shape.layers)
    return choose_shard_count(params, shape.N, shape.T, workers)


if __name__ == "__main__":
    main()
