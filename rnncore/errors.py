"""The errors that rnncore raises for bad input.

Every one is an ``RnnCoreError`` with a message of one or two sentences: what is wrong, with
its value, and what would work. It is also a ``ValueError``, so code that does not know
rnncore can catch it.
"""

from __future__ import annotations


class RnnCoreError(ValueError):
    """Base class of the errors that rnncore raises for bad input."""


class TextError(RnnCoreError):
    """Bytes that are not a text, or a text that cannot be trained on."""


class VocabError(RnnCoreError):
    """Characters or ids that are not in the vocabulary."""


class SettingError(RnnCoreError):
    """A setting (size, rate, name, array) that is not allowed."""


class FileFormatError(RnnCoreError):
    """A model or checkpoint file that is damaged, unsafe or of another program."""


class SaveError(RnnCoreError):
    """A file that could not be written; an existing file at its path is unchanged."""


class DivergedError(RnnCoreError):
    """Training produced a loss or gradient that is not a finite number."""


class SweepError(RnnCoreError):
    """A sweep cannot start or go on: Dask is missing, or its scheduler or workers are."""
