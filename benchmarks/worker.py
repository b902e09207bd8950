"""A process that times one contender: one JSON request a line on stdin, one reply on stdout."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import contenders
from benchmarks.shapes import Shape


def main() -> None:
    """Make the contender named on the command line, then time it as often as asked."""
    name, kwargs = sys.argv[1], json.loads(sys.argv[2])
    if "shape" in kwargs:
        kwargs["shape"] = Shape(**kwargs["shape"])
    call = getattr(contenders, name)(**kwargs)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        repeats = json.loads(line)
        times = []
        for _ in range(repeats):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        print(json.dumps(reply(times)), flush=True)


def reply(times: list[float]) -> dict[str, Any]:
    """Seconds of each call, and the peak of memory so far in MiB, helper processes included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"times": times, "peak_mib": peak + sum(map(peak_of, children()))}


def children() -> list[str]:
    """Process ids of the processes that this one has started (Linux; elsewhere none)."""
    lists = Path("/proc/self/task").glob("*/children")
    return [pid for path in lists for pid in path.read_text(encoding="ascii").split()]


def peak_of(pid: str) -> float:
    """Another process's peak of memory in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
