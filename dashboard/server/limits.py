"""Every limit of the dashboard, in one place, each with its reason."""

from __future__ import annotations

import os

from dashboard.formatting import byte_size
from dashboard.server import memory
from rnncore import RnnCoreError

# A closed laptop or a lost connection should not end a run; a page that nobody comes back
# to should, in the end. So long does a run go on after its last sign of life from a page.
GRANT_SECONDS = 3600.0


def _whole(variable: str, otherwise: int) -> int:
    """A whole number above 0 from the environment."""
    value = os.environ.get(variable, "")
    return int(value) if value.isdecimal() and int(value) else otherwise


# Trainings that share the processor; the next ones wait in a queue. With more than
# so many, each would crawl. How many are too many depends on the machine, so whoever
# starts a server for a class may say it.
TRAINING_SEATS = _whole("LSTM_WORKBENCH_SEATS", 12)

# Pages that are open at once; the next ones wait. A click costs some 30 ms of the one processor
# that Python's lock leaves to all pages, and whoever watches a training has one drawn every
# second or two: with more, a class that clicks together would wait for seconds.
MAX_PAGES = _whole("LSTM_WORKBENCH_PAGES", 100)

# Share of the free memory that one run may take: several people may share the machine.
MEMORY_SHARE = 0.25

# Longest piece that is generated at once: a few seconds for a small network.
MAX_SAMPLE_CHARS = 20_000
# It is read in one go before the first character comes, and no network here remembers as much.
MAX_SEED_CHARS = 5_000

# A model that is uploaded: as large as the uploader takes, several times the largest preset.
MAX_MODEL_BYTES = 25 * 2**20

# A model of this size lies ready on the page while it rests, and is hashed at every redraw: some
# milliseconds. Larger ones are made at the click.
MAX_READY_BYTES = 4 * 2**20

# The longest text that can be pasted: a long novel. Longer ones come better as a file.
MAX_PASTED_CHARS = 3_000_000

# A run is saved so often while it trains: what a crash may cost. More seldom where a save
# is dear, so that saving takes no more than this share of the training time.
AUTOSAVE_SECONDS = 5.0
AUTOSAVE_SHARE = 0.02

# A run keeps three saves of its network. Of the largest networks these are gigabytes:
# beyond this size fewer are kept, the newest always.
MAX_RUN_BYTES = 4 * 10**9

# All runs on disk: when the workbench starts, and every hour, the oldest beyond this go.
# Thousands of runs of the usual size, and a fraction of a disk of today.
MAX_STORE_BYTES = 20 * 10**9
MAX_STORED_RUNS = 2_000
SWEEP_SECONDS = 3600.0

# A run at rest that no page has asked for in so long leaves memory; it is on disk.
IDLE_SECONDS = 1800.0

# Runs in memory at once: each takes some ten to hundreds of megabytes.
MAX_LIVE_RUNS = 64


class TooLargeError(RnnCoreError):
    """A run that would not fit into this machine's memory."""


def check_memory(needed: int) -> None:
    """A TooLargeError if a run that needs so many bytes cannot be afforded."""
    allowed = int(memory.available() * MEMORY_SHARE)
    if needed > allowed:
        raise TooLargeError(
            f"These settings need {byte_size(needed)} of memory and {byte_size(allowed)} "
            "can be spared: choose a smaller hidden size, fewer layers, or a smaller batch "
            "or sequence length."
        )
