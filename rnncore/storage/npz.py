"""Write and read a ``.npz`` file of named arrays and plain values, protected by a checksum.

``numpy.load`` opens such a file like any other ``.npz``. In addition:

* ``meta.npy`` is a JSON text: the caller's plain values and, for each array, its type, its
  shape and the CRC-32 of its bytes. The zip directory is compared with it before an array is
  read.
* The zip comment, which ends the file, is the SHA-256 of all bytes before it. A file that is
  truncated or changed in any bit is refused.
* Nothing is compressed, so nothing can expand to more than the file's size.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import FileFormatError, SaveError

_MARK = b"rnncore sha256 "
_COMMENT_BYTES = len(_MARK) + hashlib.sha256().digest_size
_END_BYTES = 22  # the zip's end record, without the comment
_END_64_BYTES = 20  # the pointer to a 64-bit end record, which would precede it
_MAX_MEMBERS, _MAX_DIRECTORY, _MAX_META = 256, 1 << 16, 1 << 16
_MAX_SIZE = (1 << 32) - (1 << 20)  # larger zip files have another format (zip64)
_MAX_HEADER = 512  # bytes before an array's data in its .npy member
_DATE = (1980, 1, 1, 0, 0, 0)  # always the same, so that equal runs give equal files
_DTYPES = {
    np.dtype(order + kind).str: np.dtype(order + kind)
    for order in "<>"
    for kind in ("f4", "f8", "u1", "u2", "u4")
}


def write(file: BinaryIO, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write plain values (as JSON) and arrays to ``file``, which need not be seekable.

    The array name "meta" and the value name "arrays" are reserved.
    SaveError: the arrays take more than 4 GB.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if sum(array.nbytes for array in arrays.values()) > _MAX_SIZE:
        raise SaveError(f"The run was not saved: a file holds up to {_MAX_SIZE:,} bytes.")
    table = {
        name: [array.dtype.str, list(array.shape), zlib.crc32(array.data)]
        for name, array in arrays.items()
    }
    # NumPy scalars, which a caller may have set, are written as plain numbers.
    text = json.dumps({**values, "arrays": table}, allow_nan=False, default=lambda n: n.item())
    meta = np.frombuffer(text.encode("ascii"), np.uint8)
    hashing = _HashingWriter(file)
    with zipfile.ZipFile(hashing, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {"meta": meta, **arrays}.items():
            info = zipfile.ZipInfo(f"{name}.npy", _DATE)
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
        archive.comment = _MARK + bytes(_COMMENT_BYTES - len(_MARK))
    hashing.close()


def read(file: BinaryIO) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the plain values and the arrays (read-only) that ``write`` was given.

    FileFormatError: the file is damaged, or ``write`` did not make it.
    """
    size = _check_end(file)
    _check_hash(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            members = _check_members(archive, size)
            values = _read_meta(archive, members.pop("meta", None))
            arrays = _read_arrays(archive, members, values.pop("arrays", None))
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, ValueError, KeyError, EOFError) as error:
        raise FileFormatError(f"The run's file is damaged: {error}.") from None
    return values, arrays


class _HashingWriter:
    """A writable file that replaces its last 32 bytes by the SHA-256 of all bytes before them.

    The last 32 bytes written so far are held back, since they may be the ones to replace.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._hash = hashlib.sha256()
        self._held = b""

    def write(self, data: Any) -> int:
        data = memoryview(data).cast("B")
        size = self._hash.digest_size
        if len(data) >= size:
            self._pass_on(self._held)
            self._pass_on(data[: len(data) - size])
            self._held = bytes(data[len(data) - size :])
        else:
            held = self._held + bytes(data)
            self._pass_on(held[: max(0, len(held) - size)])
            self._held = held[-size:]
        return len(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Write the hash instead of the bytes held back."""
        self._file.write(self._hash.digest())

    def _pass_on(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self._file.write(data)


def _check_end(file: BinaryIO) -> int:
    """Return the file's size if its end is one that ``write`` makes, with a small directory."""
    size = file.seek(0, io.SEEK_END)
    tail = _COMMENT_BYTES + _END_BYTES + _END_64_BYTES
    foreign = FileFormatError("The file is not a complete run saved by rnncore.")
    if size < tail:
        raise foreign
    file.seek(size - tail)
    pointer, end = _split(file.read(tail), _END_64_BYTES)
    end, comment = _split(end, _END_BYTES)
    entries, directory = (int.from_bytes(end[a:b], "little") for a, b in ((10, 12), (12, 16)))
    if (
        not comment.startswith(_MARK)
        or end[:4] != b"PK\x05\x06"
        or pointer[:4] == b"PK\x06\x07"
        or int.from_bytes(end[20:22], "little") != _COMMENT_BYTES
    ):
        raise foreign
    if entries > _MAX_MEMBERS or directory > _MAX_DIRECTORY:
        raise FileFormatError("The run's file has more members than a run needs.")
    return size


def _split(data: bytes, at: int) -> tuple[bytes, bytes]:
    return data[:at], data[at:]


def _check_hash(file: BinaryIO, size: int) -> None:
    digest = hashlib.sha256()
    file.seek(0)
    left = size - digest.digest_size
    while left and (block := file.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    if left or file.read() != digest.digest():
        raise FileFormatError("The run's file is damaged: its checksum does not match its content.")


def _check_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    members = {}
    for info in archive.infolist():
        stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        if not stored or info.flag_bits & 1 or not info.filename.endswith(".npy"):
            raise FileFormatError(f"The run's file holds {info.filename!r}, which no run contains.")
        members[info.filename.removesuffix(".npy")] = info
    # Members that overlap or are listed twice would add up to more than the file.
    if len(members) != len(archive.infolist()) or sum(m.file_size for m in members.values()) > size:
        raise FileFormatError("The run's file has members that overlap.")
    return members


def _read_meta(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None) -> dict[str, Any]:
    if info is None or info.file_size > _MAX_META:
        raise FileFormatError("The run's file has no valid table of contents.")
    raw = archive.read(info)
    shape = (len(raw) - _header_size(raw),)
    text = _parse_npy("meta", raw, np.dtype(np.uint8), shape).tobytes()
    try:
        values = json.loads(text)
    except RecursionError:
        values = None
    if not isinstance(values, dict):
        raise FileFormatError("The run's file has no valid table of contents.")
    return values


def _read_arrays(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], table: Any
) -> dict[str, NDArray[Any]]:
    if not isinstance(table, dict) or set(table) != set(members):
        raise FileFormatError("The run's file does not hold the arrays that its table lists.")
    # Every entry is checked before any array is read.
    expected = {name: _parse_entry(name, entry, members[name]) for name, entry in table.items()}
    arrays = {}
    for name, (dtype, shape, checksum) in expected.items():
        array = _parse_npy(name, archive.read(members[name]), dtype, shape)
        if zlib.crc32(array.data) != checksum:
            raise FileFormatError(f"The run's file is damaged: the checksum of {name} differs.")
        arrays[name] = array
    return arrays


def _parse_entry(
    name: str, entry: Any, info: zipfile.ZipInfo
) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return type, shape and CRC-32 of an array if they agree with the member's size."""
    match entry:
        case [str() as dtype, list() as shape, int() as checksum] if (
            dtype in _DTYPES
            and len(shape) <= 3
            and all(type(n) is int and 0 <= n < 1 << 48 for n in shape)
        ):
            nbytes = _DTYPES[dtype].itemsize * math.prod(shape)
            if nbytes < info.file_size <= nbytes + _MAX_HEADER:
                return _DTYPES[dtype], tuple(shape), checksum
    raise FileFormatError(f"The size of {name} in the run's file differs from its table.")


def _header_size(raw: bytes) -> int:
    """Return the number of bytes before the data of a version 1.0 .npy member."""
    if raw[:8] != b"\x93NUMPY\x01\x00":
        raise FileFormatError("The run's file has a member that is not an array.")
    return 10 + int.from_bytes(raw[8:10], "little")


def _parse_npy(name: str, raw: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the array of a .npy member if its header states this type and shape.

    The header is compared, not parsed: NumPy's parser accepts far more than ``write`` makes.
    """
    start = _header_size(raw)
    header = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {shape}, }}"
    equal = raw[10:start].strip() == header.encode("ascii")
    if not equal or len(raw) - start != dtype.itemsize * math.prod(shape):
        raise FileFormatError(f"The header of {name} in the run's file differs from its table.")
    return np.frombuffer(raw, dtype, offset=start).reshape(shape)
