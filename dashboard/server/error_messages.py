"""Messages for the user about errors, and the log's entry for unexpected ones."""

from __future__ import annotations

import errno
import logging
import secrets

from rnncore import RnnCoreError

logger = logging.getLogger(__name__)

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your disk quota is used up",
    errno.EFBIG: "the file would be larger than this system allows",
    errno.EROFS: "the folder of the runs cannot be written to",
    errno.EACCES: "the folder of the runs cannot be written to",
    errno.EPERM: "the folder of the runs cannot be written to",
    errno.EEXIST: "a file has the name of the folder of the runs",
    errno.ENOTDIR: "a file has the name of the folder of the runs",
    errno.EIO: "the disk reports an error",
}


def report_unexpected(error: Exception, what: str) -> str:
    """Log the exception's traceback under a random reference; return ``what`` with the reference.

    what: one sentence for the user on what has failed.
    """
    reference = secrets.token_hex(4)
    logger.error("%s Reference %s.", what, reference, exc_info=error)
    return f"{what} The server's log has the details under the reference {reference}."


def for_click(error: RnnCoreError | MemoryError) -> str:
    """Return the message for a click that failed."""
    if isinstance(error, MemoryError):
        return "This computer does not have enough memory left for this: try something smaller."
    return str(error)


def for_training(error: Exception) -> str:
    """Return the message for a training that failed."""
    if isinstance(error, RnnCoreError):
        return str(error)
    if isinstance(error, MemoryError):
        return "This computer does not have enough memory left for this run."
    return report_unexpected(error, "Training ended unexpectedly.")


def for_saving(error: Exception) -> str:
    """Return the message for an autosave that failed: why, and what the user can do."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, OSError):
        return _unsaved(_REASONS.get(cause.errno or 0, cause.strerror or "the disk refused"))
    if isinstance(error, MemoryError):
        return _unsaved("there is no memory left for a copy of the network")
    if isinstance(error, RnnCoreError):
        return _unsaved(str(error).rstrip("."))
    return report_unexpected(error, _unsaved("something unexpected happened"))


def _unsaved(reason: str) -> str:
    return f"Autosave failed: {reason}. Training continues; download the model to keep it."
