"""A process that times one contender: one JSON request a line on stdin, one reply on stdout."""

from __future__ import annotations

import json
import resource
import sys
import time
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
    """Seconds of each call, and the peak of the process's memory so far in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"times": times, "peak_mib": peak}


if __name__ == "__main__":
    main()
