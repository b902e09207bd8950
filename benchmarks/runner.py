"""Start a process for each contender and time the contenders in turn."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.shapes import Shape


class Contender:
    """A worker process that times one contender.

    name, kwargs: a function in ``benchmarks.<module>`` and its arguments. environ: added to the
    environment variables of the process. With ``processor_time`` among the arguments, the
    worker measures processor time of its thread.
    """

    def __init__(
        self,
        name: str,
        kwargs: dict[str, Any],
        environ: dict[str, str] | None = None,
        module: str = "contenders",
    ):
        plain = {k: asdict(v) if isinstance(v, Shape) else v for k, v in kwargs.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", module, name, json.dumps(plain)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | (environ or {}),
        )  # fmt: skip
        self._read_reply()

    def time(self, repeats: int) -> dict[str, Any]:
        """Time ``repeats`` calls and return the reply of ``worker.make_reply``."""
        self.start(repeats)
        return self.wait()

    def start(self, repeats: int) -> None:
        """Let the process time ``repeats`` calls; ``wait`` must follow."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{repeats}\n")
        self._process.stdin.flush()

    def wait(self) -> dict[str, Any]:
        """Return the reply to ``start``."""
        return self._read_reply()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _read_reply(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("A benchmark worker stopped with an error; its message is above.")
        return json.loads(line)


class Together:
    """Contenders that run at the same time, each in its process; the slowest one counts."""

    def __init__(self, contenders: list[Contender]):
        self._contenders = contenders

    def time(self, repeats: int) -> dict[str, Any]:
        """Time ``repeats`` calls in each process and return one reply for all."""
        for contender in self._contenders:
            contender.start(repeats)
        replies = [contender.wait() for contender in self._contenders]
        return {
            "times": max((reply["times"] for reply in replies), key=statistics.median),
            "peak_mib": sum(reply["peak_mib"] for reply in replies),
        }

    def close(self) -> None:
        """End the processes."""
        for contender in self._contenders:
            contender.close()


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


def compare(
    contenders: Mapping[str, Contender | Together], rounds: int, seconds: float
) -> dict[str, Timing]:
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


def compare_and_close(
    contenders: Mapping[str, Contender | Together], rounds: int, seconds: float
) -> dict[str, Timing]:
    """Do what ``compare`` does, and end the processes of the contenders."""
    try:
        return compare(contenders, rounds, seconds)
    finally:
        for contender in contenders.values():
            contender.close()


def add_options(parser: argparse.ArgumentParser, rounds: int, seconds: float) -> None:
    """Add the options of benchmarks that time parts of a step."""
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=seconds, help="of a program in a round")
    parser.add_argument(
        "--fastest", action="store_true",
        help="the fastest calls instead of medians, for a computer where other programs run",
    )  # fmt: skip


def milliseconds(timings: Mapping[str, Timing], fastest: bool) -> dict[str, float]:
    """Return each contender's median, or its fastest call."""
    return {k: 1e3 * (timing.best if fastest else timing.median) for k, timing in timings.items()}


def print_row(*cells: object) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
