"""A zip file of several members, the same bytes for the same content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold


def read_program(name: str) -> bytes:
    """Return the source of a program that an export carries along."""
    return (PROGRAMS / name).read_bytes()


def make_zip(members: Mapping[str, bytes]) -> bytes:
    """Return a zip with these members, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, raw, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
