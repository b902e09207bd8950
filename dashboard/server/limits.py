"""Limits of the dashboard, each with its reason."""

from __future__ import annotations

import os

from dashboard.formatting import byte_size
from dashboard.server import memory
from rnncore import RnnCoreError

# Seconds that a run continues to train after a page has last shown it. A closed laptop or a lost
# connection should not end a run; a page that is closed for good should, in the end.
UNATTENDED_SECONDS = 3600.0


def _positive_int(variable: str, default: int) -> int:
    """Return an environment variable as an integer above 0, or the default if it is none."""
    value = os.environ.get(variable, "")
    return int(value) if value.isdecimal() and int(value) else default


# Runs that train at once and share the processor; further ones wait in a queue. With too many,
# each trains very slowly. How many are too many depends on the computer, so the environment
# variable lets the owner of a server choose.
TRAINING_SEATS = _positive_int("LSTM_WORKBENCH_SEATS", 12)

# Pages that are open at once; further ones wait. All pages share one processor, because of
# Python's lock (GIL). A click costs it some 30 ms, and a page that shows a training is drawn
# every second or two. With more pages, a class that clicks together would wait for seconds.
MAX_PAGES = _positive_int("LSTM_WORKBENCH_PAGES", 100)

# Share of the free memory that one run may take: several people may share the computer.
MEMORY_SHARE = 0.25

# Characters of the longest sample: a few seconds for a small network.
MAX_SAMPLE_CHARS = 20_000
# Characters of the longest seed text. The network reads all of it before it writes the first
# character, and no network here remembers as much.
MAX_SEED_CHARS = 5_000

# MiB of the largest uploaded text. The largest books have about 5 MB; 25 MB take a few seconds to
# read, check and encode.
MAX_TEXT_MB = 25

# Bytes of the largest uploaded model or run: as much as a model file holds, so that what can be
# downloaded can be opened again. The largest network of the page's sliders takes 140 MB, its whole
# run some 600 MB.
MAX_MODEL_BYTES = 2**30
# Bytes of memory that opening an upload takes, for each of its bytes.
OPENING_COPIES = 3

# Bytes up to which the model of a run that is not training is prepared for download with the
# page. Streamlit hashes the file whenever it draws the page, which takes some milliseconds.
# Larger files are made on click.
MAX_READY_BYTES = 4 * 2**20

# Characters of the longest pasted text: a long novel. Longer ones are better uploaded as a file.
MAX_PASTED_CHARS = 3_000_000

# Seconds between autosaves: the most training that a crash can lose. If saving is slow, autosaves
# are less frequent, so that they take at most this share of the training time.
AUTOSAVE_SECONDS = 5.0
AUTOSAVE_SHARE = 0.02

# Bytes of the networks that a run keeps on disk. It keeps three; if they would be larger than
# this, it keeps fewer, but always the newest.
MAX_RUN_BYTES = 4 * 10**9

# Bytes and number of all runs on disk. At start and every hour, the oldest beyond these limits
# get a notice, which the page shows, and are deleted some time later: a week, so that a person
# who works with them sees it, or an hour if twice as much is stored. Runs with a name, a note or a
# star are never deleted. The limits allow thousands of runs of the usual size on a fraction of a
# present-day disk.
MAX_STORE_BYTES = 20 * 10**9
MAX_STORED_RUNS = 2_000
SWEEP_SECONDS = 3600.0
REMOVAL_NOTICE_SECONDS = 7 * 24 * 3600.0

# Seconds after which a run that is not training, and that no page has asked for, is removed from
# memory; it stays on disk.
IDLE_SECONDS = 1800.0

# Runs in memory at once: each takes some ten to hundreds of megabytes.
MAX_LIVE_RUNS = 64


class TooLargeError(RnnCoreError):
    """A run that would need more memory than this computer can spare."""


def check_memory(needed: int) -> None:
    """Raise TooLargeError if a run that needs so many bytes would take too much memory."""
    allowed = int(memory.available() * MEMORY_SHARE)
    if needed > allowed:
        raise TooLargeError(
            f"These settings need {byte_size(needed)} of memory and {byte_size(allowed)} "
            "can be spared: choose a smaller hidden size, fewer layers, or a smaller batch "
            "or sequence length."
        )


def check_text_size(name: str, size: int) -> None:
    """Raise TooLargeError if an uploaded text has more bytes than can be read here."""
    if size > MAX_TEXT_MB * 2**20:
        raise TooLargeError(
            f"{name} has {byte_size(size)}; a text can have up to "
            f"{byte_size(MAX_TEXT_MB * 2**20)}. Split it into smaller files."
        )


def check_model_size(name: str, size: int) -> None:
    """Raise TooLargeError if an uploaded model or run has more bytes than can be opened here."""
    if size > MAX_MODEL_BYTES:
        raise TooLargeError(
            f"{name} has {byte_size(size)}; "
            f"this page opens models of up to {byte_size(MAX_MODEL_BYTES)}."
        )
    if OPENING_COPIES * size > memory.available():
        raise TooLargeError(
            f"Opening {name} takes {byte_size(OPENING_COPIES * size)} of memory, and "
            f"{byte_size(memory.available())} are free: pause other trainings, or open it in "
            "Python with rnncore."
        )
