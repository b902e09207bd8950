"""Zip files made in memory."""

from __future__ import annotations

import io
import zipfile


def zip_of(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zipped(**members: bytes | str) -> bytes:
    """A zip whose members are named by keyword, with ``_`` for the dot."""
    return zip_of({name.replace("_", "."): data for name, data in members.items()})
