"""Time a sweep of 12 runs, and measure its checkpoints: ``python -m benchmarks.sweep``.

The sweep trains on two workers of this computer. It is compared with the same runs one after
another, each on both cores. ``--sizes`` measures instead what docs/scaling.md is computed from:
the bytes of a checkpoint, and the milliseconds that a worker and the sweep's process spend on it.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rnncore import load, save
from rnncore.sweep import SweepFolder, SweepPlan, SweepText, run_sweep
from rnncore.sweep.engine import Engine
from rnncore.sweep.results import RunResult
from rnncore.sweep.task import Order, train_interval

BOOK = Path(__file__).parents[1] / "sample_texts" / "lighthouse.txt"
# Hidden size, layers.
SHAPES = ((64, 1), (128, 1), (256, 1), (256, 2), (512, 2))
ITERATIONS, RUNS = 500, 12


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", action="store_true", help="measure checkpoints")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of each run")
    args = parser.parse_args()
    text = SweepText.from_string(BOOK.read_text(encoding="utf-8"))
    if args.sizes:
        measure_sizes(text)
    else:
        compare(text, args.iterations)


def compare(text: SweepText, iterations: int) -> None:
    """Print the seconds of the sweep and of the same runs one after another."""
    plan = SweepPlan({"hidden_dim": (128,)}, seeds=RUNS, iterations=iterations)
    started = time.perf_counter()
    for run in plan.runs:
        run.build(text, iterations).train(progress=False)
    alone = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as path:
        started = time.perf_counter()
        with SweepFolder.create(Path(path) / "sweep", plan, text) as folder:
            run_sweep(folder, workers=2)
        together = time.perf_counter() - started
        spent = folder.read_state().spent
    print(f"{RUNS} runs one after another on both cores: {alone:.1f} s")
    print(
        f"{RUNS} runs as a sweep on two workers:       {together:.1f} s ({spent:.1f} s in itself)"
    )
    print(f"ratio: {together / alone:.2f}")


def measure_sizes(text: SweepText) -> None:
    """Print a row for each shape, then what an interval that trains nothing takes through Dask."""
    print("hidden  layers  checkpoint kB  worker ms  sweep's process ms")
    for hidden, layers in SHAPES:
        plan = SweepPlan({"hidden_dim": (hidden,), "num_layers": (layers,)}, iterations=1000)
        first = train_interval(Order(plan.runs[0], None, 1.0, 0.0, 1000, None), text)

        def at_worker(data: bytes = first.checkpoint) -> None:
            save(load(data, data=text.ids), io.BytesIO(), data=False)

        with tempfile.TemporaryDirectory() as path:
            folder = SweepFolder.create(Path(path) / "sweep", plan, text)
            at_driver = milliseconds(
                lambda data=first.checkpoint, folder=folder: folder.save_run(1, data, RunResult())
            )
        worker = milliseconds(at_worker)
        size = len(first.checkpoint) / 1000
        print(f"{hidden:6}  {layers:6}  {size:13,.0f}  {worker:9.1f}  {at_driver:18.1f}")
    plan = SweepPlan({"hidden_dim": (128,)}, iterations=1000)
    checkpoint = train_interval(Order(plan.runs[0], None, 1.0, 0.0, 1000, None), text).checkpoint
    with Engine(text, workers=2) as engine:

        def through_dask() -> None:
            engine.submit(Order(plan.runs[0], checkpoint, 1.0, 0.0, 1000, None), 0)
            while not list(engine.completed(10.0)):
                pass

        print(f"an interval without training, through Dask: {milliseconds(through_dask):.0f} ms")


def milliseconds(work: Callable[[], object], times: int = 15) -> float:
    """Return the median duration of ``work``."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - started))
    return statistics.median(found)


if __name__ == "__main__":
    main()
