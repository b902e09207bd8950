"""Named arrays and a table of plain values in one ``.npz``, sealed.

``numpy.load`` opens such a file like any other. Beyond it, three things hold:

* ``meta.npy`` is a JSON text: the caller's plain values and, for each array, its type, its
  shape and the CRC-32 of its bytes. What the zip directory says is compared with it before
  an array is read.
* The zip comment, which ends the file, is the SHA-256 of all bytes before it: a file that
  was cut short or changed in any bit is not opened.
* Nothing is compressed, so nothing can unfold into more than the file's own size.
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
_SEAL = len(_MARK) + hashlib.sha256().digest_size
_END = 22  # bytes of the zip's end record, before the comment
_END_64 = 20  # bytes of the pointer to a 64-bit one, which stands before it
_MAX_MEMBERS, _MAX_DIRECTORY, _MAX_META = 256, 1 << 16, 1 << 16
_MAX_SIZE = (1 << 32) - (1 << 20)  # beyond it a zip takes another form
_MAX_HEADER = 512  # bytes before an array's data in its .npy member
_DATE = (1980, 1, 1, 0, 0, 0)  # the same for every file: equal runs are equal files
_DTYPES = {
    np.dtype(order + kind).str: np.dtype(order + kind)
    for order in "<>"
    for kind in ("f4", "f8", "u1", "u2", "u4")
}


def write(file: BinaryIO, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write plain values (as JSON) and arrays; ``file`` need not be seekable.

    An array's name becomes its member's; "meta" is taken, and so is the value "arrays".
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if sum(array.nbytes for array in arrays.values()) > _MAX_SIZE:
        raise SaveError(f"The run was not saved: a file holds up to {_MAX_SIZE:,} bytes.")
    told = {
        name: [array.dtype.str, list(array.shape), zlib.crc32(array.data)]
        for name, array in arrays.items()
    }
    # NumPy's own numbers, which a caller may have set, are written as plain ones.
    text = json.dumps({**values, "arrays": told}, allow_nan=False, default=lambda n: n.item())
    meta = np.frombuffer(text.encode("ascii"), np.uint8)
    sealed = _Sealed(file)
    with zipfile.ZipFile(sealed, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {"meta": meta, **arrays}.items():
            info = zipfile.ZipInfo(f"{name}.npy", _DATE)
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
        archive.comment = _MARK + bytes(_SEAL - len(_MARK))
    sealed.close()


def read(file: BinaryIO) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What ``write`` was given, the arrays read-only; a FileFormatError otherwise."""
    size = _check_end(file)
    _check_seal(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            members = _check_members(archive, size)
            values = _meta(archive, members.pop("meta", None))
            arrays = _arrays(archive, members, values.pop("arrays", None))
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, ValueError, KeyError, EOFError) as error:
        raise FileFormatError(f"The run's file is damaged: {error}.") from None
    return values, arrays


class _Sealed:
    """A file that hashes what passes through it and ends it with the hash.

    The last bytes are held back: they are the place that the hash takes.
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
        """End the file with the hash, in the place of the bytes held back."""
        self._file.write(self._hash.digest())

    def _pass_on(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self._file.write(data)


def _check_end(file: BinaryIO) -> int:
    """Size of the file, once its end is that of a sealed file with a modest directory."""
    size = file.seek(0, io.SEEK_END)
    tail = _SEAL + _END + _END_64
    foreign = FileFormatError("The file is not a whole run saved by rnncore.")
    if size < tail:
        raise foreign
    file.seek(size - tail)
    pointer, end = _split(file.read(tail), _END_64)
    end, comment = _split(end, _END)
    entries, directory = (int.from_bytes(end[a:b], "little") for a, b in ((10, 12), (12, 16)))
    if (
        not comment.startswith(_MARK)
        or end[:4] != b"PK\x05\x06"
        or pointer[:4] == b"PK\x06\x07"
        or int.from_bytes(end[20:22], "little") != _SEAL
    ):
        raise foreign
    if entries > _MAX_MEMBERS or directory > _MAX_DIRECTORY:
        raise FileFormatError("The run's file has more members than a run needs.")
    return size


def _split(data: bytes, at: int) -> tuple[bytes, bytes]:
    return data[:at], data[at:]


def _check_seal(file: BinaryIO, size: int) -> None:
    digest = hashlib.sha256()
    file.seek(0)
    left = size - digest.digest_size
    while left and (block := file.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    if left or file.read() != digest.digest():
        raise FileFormatError("The run's file is damaged: its checksum does not fit its content.")


def _check_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    members = {}
    for info in archive.infolist():
        stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        if not stored or info.flag_bits & 1 or not info.filename.endswith(".npy"):
            raise FileFormatError(f"The run's file holds {info.filename!r}, which no run does.")
        members[info.filename.removesuffix(".npy")] = info
    # Members that overlap, or stand twice, would add up to more than the file.
    if len(members) != len(archive.infolist()) or sum(m.file_size for m in members.values()) > size:
        raise FileFormatError("The run's file has members that overlap.")
    return members


def _meta(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None) -> dict[str, Any]:
    if info is None or info.file_size > _MAX_META:
        raise FileFormatError("The run's file does not say what it holds.")
    raw = archive.read(info)
    shape = (len(raw) - _header_size(raw),)
    text = _parsed("meta", raw, np.dtype(np.uint8), shape).tobytes()
    try:
        values = json.loads(text)
    except RecursionError:
        values = None
    if not isinstance(values, dict):
        raise FileFormatError("The run's file does not say what it holds.")
    return values


def _arrays(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], told: Any
) -> dict[str, NDArray[Any]]:
    if not isinstance(told, dict) or set(told) != set(members):
        raise FileFormatError("The run's file does not hold the arrays that it names.")
    expected = {name: _expected(name, said, members[name]) for name, said in told.items()}
    arrays = {}
    for name, (dtype, shape, checksum) in expected.items():
        array = _parsed(name, archive.read(members[name]), dtype, shape)
        if zlib.crc32(array.data) != checksum:
            raise FileFormatError(f"The run's file is damaged: the checksum of {name} differs.")
        arrays[name] = array
    return arrays


def _expected(
    name: str, said: Any, info: zipfile.ZipInfo
) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Type, shape and checksum of an array, once the zip directory's size agrees with them."""
    match said:
        case [str() as dtype, list() as shape, int() as checksum] if (
            dtype in _DTYPES
            and len(shape) <= 3
            and all(type(n) is int and 0 <= n < 1 << 48 for n in shape)
        ):
            nbytes = _DTYPES[dtype].itemsize * math.prod(shape)
            if nbytes < info.file_size <= nbytes + _MAX_HEADER:
                return _DTYPES[dtype], tuple(shape), checksum
    raise FileFormatError(f"The run's file holds {name} in another size than it says.")


def _header_size(raw: bytes) -> int:
    """Bytes before the data of a version 1.0 .npy member."""
    if raw[:8] != b"\x93NUMPY\x01\x00":
        raise FileFormatError("The run's file holds something that is not an array.")
    return 10 + int.from_bytes(raw[8:10], "little")


def _parsed(name: str, raw: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array of a .npy member, once its own header says the same as the table.

    The header is compared, not read: NumPy's reader takes whatever Python's tokenizer takes.
    """
    start = _header_size(raw)
    header = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {shape}, }}"
    same = raw[10:start].strip() == header.encode("ascii")
    if not same or len(raw) - start != dtype.itemsize * math.prod(shape):
        raise FileFormatError(f"The run's file holds {name} in another form than it says.")
    return np.frombuffer(raw, dtype, offset=start).reshape(shape)
