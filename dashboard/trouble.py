"""Why a run could not be saved, said to the person who trains it."""

from __future__ import annotations

import errno

from rnncore import RnnCoreError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EFBIG: "the file would be larger than this system allows",
    errno.EROFS: "the folder of the runs cannot be written to",
    errno.EACCES: "the folder of the runs cannot be written to",
    errno.EPERM: "the folder of the runs cannot be written to",
    errno.EEXIST: "a file is in the place of the folder of the runs",
    errno.ENOTDIR: "a file is in the place of the folder of the runs",
    errno.EIO: "the disk reports an error",
}


def sentence(error: BaseException) -> str:
    """Why a save failed, for a person, and what it means for the run."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, OSError):
        reason = _REASONS.get(cause.errno or 0, cause.strerror or "the disk refused")
    elif isinstance(error, MemoryError):
        reason = "there is no memory left for a copy of the network"
    elif isinstance(error, RnnCoreError):
        reason = str(error).rstrip(".")
    else:
        reason = "something unexpected happened, which the server's log explains"
    return f"Autosave failed: {reason}. Training goes on; download the model to keep it."
