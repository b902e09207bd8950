"""Many runs on disk that cost little: copies of one saved run under other ids."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from dashboard.runs.json_record import read_record
from tests.support.runs import small_run


def copy_runs(store, count: int, steps: int = 3) -> list[str]:
    """Save a run and return the ids of ``count`` copies of it; the run itself is deleted."""
    run = small_run(store, steps)
    run.autosaver.discard()
    first = store.root / run.id
    ids = [f"copy{number:012d}" for number in range(count)]
    for number, run_id in enumerate(ids):
        _copy(first, store.root / run_id, number)
    shutil.rmtree(first)
    return ids


def _copy(first: Path, target: Path, number: int) -> None:
    target.mkdir(mode=0o700)
    for path in first.iterdir():
        if path.suffix == ".json":
            values = read_record(path)
            if "facts" in values:
                values["facts"] = values["facts"] | {"id": target.name}
                values["saved"] += number
            else:
                values["id"] = target.name
            line = json.dumps(values).encode()  # not by ``write_record``, which waits for the disk
            checksum = hashlib.sha256(line).hexdigest().encode()
            (target / path.name).write_bytes(line + b"\n" + checksum + b"\n")
        else:
            os.link(path, target / path.name)
    os.utime(target, (number + 1.7e9, number + 1.7e9))
    os.utime(target / "run.json", (number + 1.7e9, number + 1.7e9))
