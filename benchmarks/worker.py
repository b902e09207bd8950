"""Time one contender in this process.

Each line on stdin is a number of calls; the reply on stdout is a line of JSON."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.shapes import Shape


def main() -> None:
    """Create the contender named on the command line and answer each request on stdin."""
    module, name, kwargs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    if "shape" in kwargs:
        kwargs["shape"] = Shape(**kwargs["shape"])
    # The processor time of a call that waits for nothing does not contain other programs' time.
    clock = time.thread_time if kwargs.pop("processor_time", False) else time.perf_counter
    # Imported by name: PyTorch's process must not load rnncore, nor the other way round.
    call = getattr(importlib.import_module(f"benchmarks.{module}"), name)(**kwargs)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        repeats = json.loads(line)
        times = []
        for _ in range(repeats):
            started = clock()
            call()
            times.append(clock() - started)
        print(json.dumps(make_reply(times)), flush=True)


def make_reply(times: list[float]) -> dict[str, Any]:
    """Return seconds of each call and the peak of memory so far in MiB, with child processes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"times": times, "peak_mib": peak + sum(map(read_peak_mib, child_ids()))}


def child_ids() -> list[str]:
    """Return the ids of this process's child processes; on other systems than Linux, none."""
    lists = Path("/proc/self/task").glob("*/children")
    return [pid for path in lists for pid in path.read_text(encoding="ascii").split()]


def read_peak_mib(pid: str) -> float:
    """Return the peak of memory of the process ``pid`` in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
