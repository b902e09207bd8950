"""Starts a process for each contender and times them in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.shapes import Shape


class Contender:
    """One worker process."""

    def __init__(self, name: str, kwargs: dict[str, Any], environ: dict[str, str] | None = None):
        plain = {k: asdict(v) if isinstance(v, Shape) else v for k, v in kwargs.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name, json.dumps(plain)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | (environ or {}),
        )  # fmt: skip
        self._read()

    def run(self, repeats: int) -> dict[str, Any]:
        """Time ``repeats`` calls."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{repeats}\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("A benchmark worker ended early; its message is above.")
        return json.loads(line)


@dataclass
class Timing:
    """Seconds of one call: the medians of each round, and over all rounds."""

    rounds: list[float] = field(default_factory=list)
    best: float = float("inf")
    peak_mib: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the range between the quarters of the rounds, relative to the median."""
        if len(self.rounds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return (high - low) / 2 / self.median


def compare(contenders: dict[str, Contender], rounds: int, seconds: float) -> dict[str, Timing]:
    """Time the contenders in turn, ``rounds`` times, each about ``seconds`` a round."""
    timings = {name: Timing() for name in contenders}
    repeats = {}
    for name, contender in contenders.items():
        contender.run(2)
        warm_up = statistics.median(contender.run(3)["times"])
        repeats[name] = max(1, min(500, round(seconds / warm_up)))
    for _ in range(rounds):
        for name, contender in contenders.items():
            result = contender.run(repeats[name])
            timings[name].rounds.append(statistics.median(result["times"]))
            timings[name].best = min(timings[name].best, *result["times"])
            timings[name].peak_mib = result["peak_mib"]
    return timings
