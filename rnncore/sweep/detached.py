"""A sweep in a process of its own, which ends with the program that started it.

    python -m rnncore.sweep.detached FOLDER [--dask ADDRESS]

It computes the sweep until standard input ends: that is the sign to stop, and it also ends when
the other program is killed. Its worker processes have a low priority. What happens is in the
folder's ``state.json``.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

from rnncore.errors import RnnCoreError
from rnncore.sweep.driver import run_sweep
from rnncore.sweep.folder import SweepFolder


def main() -> int:
    """Compute the sweep; return 0 if it ended without an error."""
    parser = argparse.ArgumentParser(description="Compute the sweep in a folder.")
    parser.add_argument("folder")
    parser.add_argument("--dask", default="")
    args = parser.parse_args()
    # Ctrl-C in the terminal reaches this process, too: the program that started it decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()
    threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    try:
        with SweepFolder(args.folder) as folder:
            run_sweep(folder, address=args.dask, background=True, stop=stop.is_set)
    except RnnCoreError:
        return 1  # the folder's state has the sentence
    return 0


def _wait_for_end(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
