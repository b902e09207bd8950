"""What went wrong, said to the person whom it happened to."""

from __future__ import annotations

import errno
import logging
import secrets

from rnncore import RnnCoreError

logger = logging.getLogger(__name__)

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


def report_unexpected(error: Exception, what: str) -> str:
    """A sentence on what nobody foresaw: the log has the whole error, under the same reference."""
    reference = secrets.token_hex(4)
    logger.error("%s Reference %s.", what, reference, exc_info=error)
    return f"{what} The server's log explains it under the reference {reference}."


def for_click(error: RnnCoreError | MemoryError) -> str:
    """Why a click came to nothing, for a person."""
    if isinstance(error, MemoryError):
        return "This computer has not enough memory left for this: try something smaller."
    return str(error)


def for_training(error: Exception) -> str:
    """Why training ended, for a person."""
    if isinstance(error, RnnCoreError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The machine has no memory left for this run."
    return report_unexpected(error, "Training ended unexpectedly.")


def for_saving(error: Exception) -> str:
    """Why a save failed, for a person, and what it means for the run."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, OSError):
        return _unsaved(_REASONS.get(cause.errno or 0, cause.strerror or "the disk refused"))
    if isinstance(error, MemoryError):
        return _unsaved("there is no memory left for a copy of the network")
    if isinstance(error, RnnCoreError):
        return _unsaved(str(error).rstrip("."))
    return report_unexpected(error, _unsaved("something unexpected happened"))


def _unsaved(reason: str) -> str:
    return f"Autosave failed: {reason}. Training goes on; download the model to keep it."
