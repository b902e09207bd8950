"""Measure one figure in this process: JSON on standard input, JSON on standard output."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.minutes import texts
from benchmarks.minutes.budget import (
    Trainee,
    processor_seconds,
    train_iterations,
    train_within,
)
from benchmarks.minutes.figure import Figure
from benchmarks.minutes.ours import Ours
from benchmarks.processor import processor_name

# On a text of which so little is for validation, the network may overfit, and a validation takes
# no time: the best of ten validations is a figure, too. The page keeps the network of the best.
SMALL_VALIDATION = 20_000


def main() -> None:
    """Read one order and print its figures."""
    order = json.load(sys.stdin)
    figure = Figure.from_values(order["figure"])
    print(json.dumps(measure(figure, texts.load(figure.text, Path(order["books"])))))


def new_trainee(figure: Figure, text: str) -> Trainee:
    """Return the network and its training, before the first iteration."""
    if figure.recipe.kind == "rnncore":
        return Ours(text, figure.recipe, figure.seed)
    import torch

    from benchmarks.minutes.peers import GPT, TorchRNN

    if not figure.all_cores:
        torch.set_num_threads(1)
    kind = GPT if figure.recipe.kind == "gpt" else TorchRNN
    return kind(text, figure.recipe, figure.seed)


def measure(figure: Figure, text: str) -> dict[str, Any]:
    """Train, validate and return the figures with the settings."""
    trainee = new_trainee(figure, text)
    losses: list[float] = []
    clock, processor = time.perf_counter(), processor_seconds()
    now = time.perf_counter if figure.all_cores else processor_seconds
    paused_clock = paused_processor = 0.0

    def validate() -> None:
        nonlocal paused_clock, paused_processor
        began = time.perf_counter(), processor_seconds()
        losses.append(trainee.evaluate())
        paused_clock += time.perf_counter() - began[0]
        paused_processor += processor_seconds() - began[1]

    if figure.recipe.iterations:
        iterations = train_iterations(trainee, figure.recipe.iterations)
    else:
        after_tenth = validate if 0.1 * len(text) <= SMALL_VALIDATION else None
        iterations = train_within(trainee, figure.seconds, now, after_tenth)
    clock = time.perf_counter() - clock - paused_clock
    processor = processor_seconds() - processor - paused_processor
    validate()
    return figure.values() | {
        "iterations": iterations,
        "parameters": trainee.num_params,
        "validation": round(losses[-1], 4),
        "best": round(min(losses), 4),
        "processor_seconds": round(processor, 2),
        "clock_seconds": round(clock, 2),
        "characters": len(text),
        "text_digest": hashlib.sha256(text.encode()).hexdigest()[:12],
        **describe_versions(figure.recipe.kind),
    }


def describe_versions(kind: str) -> dict[str, str]:
    """Return the processor and the versions of what computed the figure."""
    found = {"processor": processor_name(), "python": sys.version.split()[0]}
    if kind == "rnncore":
        import numpy

        import rnncore

        return found | {"rnncore": rnncore.__version__, "numpy": numpy.__version__}
    import torch

    return found | {"torch": str(torch.__version__)}


if __name__ == "__main__":
    main()
