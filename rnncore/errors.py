"""What rnncore refuses, said to a person.

Every refusal is an ``RnnCoreError``. Its message is one or two sentences: what
was wrong, with its value, and what would work. It is also a ``ValueError``, so
code that knows nothing of rnncore can still catch it.
"""

from __future__ import annotations


class RnnCoreError(ValueError):
    """The one family of errors that rnncore raises for bad input."""


class TextError(RnnCoreError):
    """Bytes that are not a text, or a text that is too short or too odd to train on."""


class VocabError(RnnCoreError):
    """Characters or ids that the vocabulary lacks."""


class SettingError(RnnCoreError):
    """A setting (size, rate, name, array) outside what is allowed."""


class FileFormatError(RnnCoreError):
    """A model or checkpoint file that is damaged, foreign or unsafe."""


class SaveError(RnnCoreError):
    """A file could not be written; what was there before is unchanged."""


class DivergedError(RnnCoreError):
    """Training produced a loss or gradient that is not a finite number."""
