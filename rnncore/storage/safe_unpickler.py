"""A pickle's instructions, carried out without running anything they name.

A pickle is a program for a small stack machine. This machine knows only the instructions
that protocols 3 to 5 use to write numbers, strings, bytes, tuples, dicts and objects of
such. A global becomes its name (``Global``), a call becomes a record of what would have
been called with what (``Call``): nothing is ever imported, called or set.

What bounds its cost, whatever the file says:

* bytes are views into the file, never copies;
* operations, containers, characters, open marks and remembered values are counted;
* memory goes with what is stored: the place of a remembered value is a key, not a size;
* a tuple, dict, object or array's bytes may stand in one place only. Every value is
  therefore a tree no larger than the file: no loops, nothing that doubles at each level.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from rnncore.errors import FileFormatError

# A model with the largest vocabulary needs some 200,000 operations and 70,000 places.
MAX_OPERATIONS = 250_000
MAX_REMEMBERED = 100_000
MAX_CONTAINERS = 1_000
MAX_MARKS = 32
MAX_STRING = 200  # bytes of one string
MAX_STRINGS = 1 << 20  # bytes of all strings
MAX_KEY = 65_536  # numbers below this may be keys: those of the characters of a vocabulary


class Global(NamedTuple):
    """The name of something that a pickle asks for."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class Call:
    """What would have been called, with what, and the state it would have been given."""

    function: Global
    args: tuple[Any, ...]
    state: Any = None


def read(
    raw: bytes | bytearray | memoryview, names: Collection[Global], plain: Collection[Global]
) -> Any:
    """The value that a pickle describes.

    names: the only globals that it may name.
    plain: those whose calls hold atoms only, and may therefore stand in several places.
    FileFormatError: anything that is not a whole, modest, well-formed pickle of these names.
    """
    return _Machine(raw, names, plain).run()


class _Machine:
    def __init__(
        self,
        raw: bytes | bytearray | memoryview,
        names: Collection[Global],
        plain: Collection[Global],
    ):
        self.raw = memoryview(raw).cast("B").toreadonly()
        self.names, self.plain = names, plain
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.containers = self.strings = 0

    def run(self) -> Any:
        if len(self.raw) < 2 or self.raw[0] != 0x80:
            raise FileFormatError("The file is not a pickle of protocol 3, 4 or 5.")
        self.at = 1
        if (protocol := self.uint(1)) not in (3, 4, 5):
            raise FileFormatError(f"The pickle has protocol {protocol}; 3, 4 and 5 can be read.")
        for _ in range(MAX_OPERATIONS):
            code = self.uint(1)
            if code == _STOP:
                return self.end()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise FileFormatError(
                    f"The pickle uses an instruction that no model needs, {code:#04x}."
                )
            operation(self)
        raise FileFormatError(f"The pickle has more than {MAX_OPERATIONS:,} instructions.")

    def end(self) -> Any:
        value = self.pop()
        if self.stack or self.marks:
            raise FileFormatError("The pickle ends with values left over.")
        if extra := len(self.raw) - self.at:
            raise FileFormatError(f"The file goes on for {extra:,} bytes after its pickle's end.")
        return value

    # -- reading --------------------------------------------------------------------------

    def take(self, size: int) -> memoryview:
        end = self.at + size
        if end > len(self.raw):
            raise FileFormatError("The pickle breaks off before its end.")
        view = self.raw[self.at : end]
        self.at = end
        return view

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def text(self, size: int) -> str:
        self.strings += size
        if size > MAX_STRING or self.strings > MAX_STRINGS:
            raise FileFormatError("The pickle holds longer strings than a model needs.")
        try:
            return bytes(self.take(size)).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise FileFormatError("The pickle holds a string that is not UTF-8.") from None

    def line(self) -> str:
        found = bytes(self.raw[self.at : self.at + MAX_STRING]).find(b"\n")
        if found < 0:
            raise FileFormatError("The pickle names a global without an end.")
        text = self.text(found)
        self.at += 1
        return text

    # -- the stack ------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        self.need(1)
        return self.stack.pop()

    def top(self) -> Any:
        self.need(1)
        return self.stack[-1]

    def need(self, n: int) -> None:
        """``n`` values stand above the last mark."""
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < n:
            raise FileFormatError("The pickle takes more values than it has made.")

    def since_mark(self) -> list[Any]:
        if not self.marks:
            raise FileFormatError("The pickle ends a group that it has not begun.")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def push_container(self, value: Any) -> None:
        self.containers += 1
        if self.containers > MAX_CONTAINERS:
            raise FileFormatError(f"The pickle holds more than {MAX_CONTAINERS:,} containers.")
        self.stack.append(value)

    # -- operations -----------------------------------------------------------------------

    def mark(self) -> None:
        if len(self.marks) == MAX_MARKS:
            raise FileFormatError(f"The pickle nests more than {MAX_MARKS} groups.")
        self.marks.append(len(self.stack))

    def frame(self) -> None:
        if self.uint(8) > len(self.raw) - self.at:
            raise FileFormatError("The pickle breaks off before its end.")

    def push_bytes(self, size: int) -> None:
        self.push_container(self.take(size))

    def push_float(self) -> None:
        self.push(struct.unpack(">d", self.take(8))[0])

    def signed(self, size: int) -> None:
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def push_tuple(self, size: int) -> None:
        self.need(size)
        items = tuple(self.stack[len(self.stack) - size :])
        del self.stack[len(self.stack) - size :]
        self.push_container(items)

    def set_items(self, items: list[Any]) -> None:
        table = self.top()
        if type(table) is not dict or len(items) % 2:
            raise FileFormatError("The pickle fills a table that it has not made.")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not _is_key(key) or key in table:
                raise FileFormatError("The pickle has a table with a key twice, or an odd one.")
            table[key] = value

    def find(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise FileFormatError("The pickle names a global by something other than its name.")
        if (found := Global(module, name)) not in self.names:
            raise FileFormatError(
                f"The pickle asks for {str(found)[:80]!r}, which a model does not need; "
                "it was not opened."
            )
        self.push(found)

    def call(self) -> None:
        args, function = self.pop(), self.pop()
        if type(function) is not Global or type(args) is not tuple:
            raise FileFormatError("The pickle calls something that is not a name.")
        self.check_plain(function, args)
        self.push_container(Call(function, args))

    def build(self) -> None:
        state, target = self.pop(), self.top()
        if type(target) is not Call or target.state is not None or type(state) not in (tuple, dict):
            raise FileFormatError("The pickle gives a state to something that takes none.")
        self.check_plain(target.function, state)
        target.state = state

    def check_plain(self, function: Global, values: Any) -> None:
        if function in self.plain and not (
            type(values) is tuple and len(values) < 10 and all(type(v) in _ATOMS for v in values)
        ):
            raise FileFormatError(f"The pickle describes {function} in an unknown way.")

    def put(self, place: int) -> None:
        self.memo[place] = self.top()
        if len(self.memo) > MAX_REMEMBERED:
            raise FileFormatError(f"The pickle remembers more than {MAX_REMEMBERED:,} values.")

    def get(self, place: int) -> None:
        if place not in self.memo:
            raise FileFormatError("The pickle recalls a value that it has not remembered.")
        value = self.memo[place]
        shareable = (
            type(value) in (str, Global)
            or (type(value) is memoryview and len(value) < 2)  # Python shares single bytes
            or (type(value) is Call and value.function in self.plain)
        )
        if not shareable:
            raise FileFormatError("The pickle uses one container in two places.")
        self.push(value)


def _is_key(value: Any) -> bool:
    """Strings, and the numbers of characters. All multiples of 2**61 - 1 hash alike: a table of
    those would take time with the square of its size."""
    return type(value) is str or (type(value) is int and 0 <= value < MAX_KEY)


_ATOMS = (str, int, bool, type(None))
_STOP = ord(".")
_OPERATIONS: dict[int, Callable[[_Machine], None]] = {
    ord("("): _Machine.mark,
    0x95: _Machine.frame,
    # atoms
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("K"): lambda m: m.push(m.uint(1)),
    ord("M"): lambda m: m.push(m.uint(2)),
    ord("J"): lambda m: m.signed(4),
    0x8A: lambda m: m.signed(m.uint(1)),
    ord("G"): _Machine.push_float,
    0x8C: lambda m: m.push(m.text(m.uint(1))),
    ord("X"): lambda m: m.push(m.text(m.uint(4))),
    # bytes: short, long, and protocol 5's bytearray
    ord("C"): lambda m: m.push_bytes(m.uint(1)),
    ord("B"): lambda m: m.push_bytes(m.uint(4)),
    0x8E: lambda m: m.push_bytes(m.uint(8)),
    0x96: lambda m: m.push_bytes(m.uint(8)),
    # tuples and dicts
    ord(")"): lambda m: m.push_container(()),
    0x85: lambda m: m.push_tuple(1),
    0x86: lambda m: m.push_tuple(2),
    0x87: lambda m: m.push_tuple(3),
    ord("t"): lambda m: m.push_container(tuple(m.since_mark())),
    ord("}"): lambda m: m.push_container({}),
    ord("s"): lambda m: m.set_items([m.pop(), m.pop()][::-1]),
    ord("u"): lambda m: m.set_items(m.since_mark()),
    # globals and objects
    ord("c"): lambda m: m.find(m.line(), m.line()),
    0x93: lambda m: m.find(*[m.pop(), m.pop()][::-1]),
    ord("R"): _Machine.call,
    0x81: _Machine.call,
    ord("b"): _Machine.build,
    # what was remembered
    ord("q"): lambda m: m.put(m.uint(1)),
    ord("r"): lambda m: m.put(m.uint(4)),
    0x94: lambda m: m.put(len(m.memo)),
    ord("h"): lambda m: m.get(m.uint(1)),
    ord("j"): lambda m: m.get(m.uint(4)),
}
