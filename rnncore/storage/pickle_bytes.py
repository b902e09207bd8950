"""Read numbers, strings and byte strings from a pickle's bytes, one after the other."""

from __future__ import annotations

from rnncore.errors import FileFormatError

MAX_STRING = 200  # bytes of one string
MAX_STRINGS = 1 << 20  # bytes of all strings


class PickleBytes:
    """A position in a pickle's bytes. Every method raises FileFormatError if the bytes end."""

    def __init__(self, raw: bytes | bytearray | memoryview):
        self._raw = memoryview(raw).cast("B").toreadonly()
        self._at = 0
        self._string_bytes = 0

    @property
    def remaining(self) -> int:
        """Number of bytes not read yet."""
        return len(self._raw) - self._at

    def read(self, size: int) -> memoryview:
        """Return the next ``size`` bytes as a view, not a copy."""
        end = self._at + size
        if end > len(self._raw):
            raise FileFormatError("The pickle ends too early.")
        view = self._raw[self._at : end]
        self._at = end
        return view

    def read_int(self, size: int, *, signed: bool = False) -> int:
        """Return the integer in the next ``size`` bytes, little-endian."""
        return int.from_bytes(self.read(size), "little", signed=signed)

    def read_string(self, size: int) -> str:
        """Return the UTF-8 string in the next ``size`` bytes."""
        self._string_bytes += size
        if size > MAX_STRING or self._string_bytes > MAX_STRINGS:
            raise FileFormatError("The pickle holds longer strings than a model needs.")
        try:
            return bytes(self.read(size)).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise FileFormatError("The pickle holds a string that is not UTF-8.") from None

    def read_line(self) -> str:
        """Return the string up to the next line feed, which is skipped."""
        size = bytes(self._raw[self._at : self._at + MAX_STRING]).find(b"\n")
        if size < 0:
            raise FileFormatError("The pickle holds a global's name without an end.")
        line = self.read_string(size)
        self._at += 1
        return line
