"""Zip files made in memory, equal bytes at any time: some are part of a test's id."""

from __future__ import annotations

import io
import zipfile


def zip_of(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)  # dated 1980
            member.compress_type = method
            archive.writestr(member, data)
    return buffer.getvalue()


def zipped(**members: bytes | str) -> bytes:
    """A zip whose members are named by keyword, with ``_`` for the dot."""
    return zip_of({name.replace("_", "."): data for name, data in members.items()})
