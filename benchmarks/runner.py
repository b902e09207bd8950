"""Start a process for each contender and time the contenders in turn."""

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
    """A worker process that times one contender.

    name, kwargs: a function in ``contenders`` and its arguments. environ: added to the
    environment variables of the process.
    """

    def __init__(self, name: str, kwargs: dict[str, Any], environ: dict[str, str] | None = None):
        plain = {k: asdict(v) if isinstance(v, Shape) else v for k, v in kwargs.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name, json.dumps(plain)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | (environ or {}),
        )  # fmt: skip
        self._read_reply()

    def time(self, repeats: int) -> dict[str, Any]:
        """Time ``repeats`` calls and return the reply of ``worker.make_reply``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{repeats}\n")
        self._process.stdin.flush()
        return self._read_reply()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read_reply(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("A benchmark worker stopped with an error; its message is above.")
        return json.loads(line)


@dataclass
class Timing:
    """Seconds of one call: the median of each round, and the best of all calls.

    peak_mib: peak of the process's memory in MiB.
    """

    rounds: list[float] = field(default_factory=list)
    best: float = float("inf")
    peak_mib: float = 0.0

    @property
    def median(self) -> float:
        """Median of the rounds, in seconds."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles of the rounds, as a share of the median."""
        if len(self.rounds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return (high - low) / 2 / self.median


def compare(contenders: dict[str, Contender], rounds: int, seconds: float) -> dict[str, Timing]:
    """Time the contenders in turn for ``rounds`` rounds, each for about ``seconds`` a round."""
    timings = {name: Timing() for name in contenders}
    repeats = {}
    for name, contender in contenders.items():
        contender.time(2)
        warm_up = statistics.median(contender.time(3)["times"])
        repeats[name] = max(1, min(500, round(seconds / warm_up)))
    for _ in range(rounds):
        for name, contender in contenders.items():
            result = contender.time(repeats[name])
            timings[name].rounds.append(statistics.median(result["times"]))
            timings[name].best = min(timings[name].best, *result["times"])
            timings[name].peak_mib = result["peak_mib"]
    return timings
