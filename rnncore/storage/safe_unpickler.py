"""Carry out a pickle's instructions without running anything that they name.

A pickle is a program for a small stack machine. This machine knows only the instructions with
which protocols 3 to 5 write numbers, strings, bytes, tuples, dicts and objects made of these.
A global becomes its name (``Global``). A call becomes a description of the call (``Call``).
Nothing is ever imported, called or set.

The cost is limited, whatever the file contains:

* Bytes are views of the file, never copies.
* Instructions, containers, strings, open marks and memo entries are counted.
* A memo index is a dict key, so a large index allocates nothing.
* A tuple, a dict, an object or an array's bytes may be used in one place only. So every value
  is a tree no larger than the file: no cycles, and nothing that doubles at each level.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from rnncore.errors import FileFormatError
from rnncore.storage.pickle_bytes import PickleBytes

# A model with the largest vocabulary needs some 200,000 instructions and 70,000 memo entries.
MAX_INSTRUCTIONS = 250_000
MAX_MEMO = 100_000
MAX_CONTAINERS = 1_000
MAX_MARKS = 32
MAX_KEY = 65_536  # integer keys are below this: the ids of a vocabulary


class Global(NamedTuple):
    """The name of a class or function that a pickle refers to."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class Call:
    """A call that a pickle describes: function, arguments, and the state for the result."""

    function: Global
    args: tuple[Any, ...]
    state: Any = None


def read(
    raw: bytes | bytearray | memoryview, names: Collection[Global], shareable: Collection[Global]
) -> Any:
    """Return the value that a pickle describes.

    names: the only globals that the pickle may name.
    shareable: those whose calls hold plain values only, and may be used in several places.
    FileFormatError: the bytes are not a complete, well-formed pickle of these names, or exceed
    a limit.
    """
    return _Machine(raw, names, shareable).run()


class _Machine:
    """The stack machine: one method for each instruction that does more than push a value."""

    def __init__(
        self,
        raw: bytes | bytearray | memoryview,
        names: Collection[Global],
        shareable: Collection[Global],
    ):
        self.bytes = PickleBytes(raw)
        self.names, self.shareable = names, shareable
        self.stack: list[Any] = []
        self.marks: list[int] = []  # stack sizes
        self.memo: dict[int, Any] = {}
        self.containers = 0

    def run(self) -> Any:
        if self.bytes.remaining < 2 or self.bytes.read_int(1) != _PROTOCOL:
            raise FileFormatError("The file is not a pickle of protocol 3, 4 or 5.")
        if (protocol := self.bytes.read_int(1)) not in (3, 4, 5):
            raise FileFormatError(
                f"The pickle has protocol {protocol}; only 3, 4 and 5 are supported."
            )
        for _ in range(MAX_INSTRUCTIONS):
            code = self.bytes.read_int(1)
            if code == _STOP:
                return self.finish()
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise FileFormatError(
                    f"The pickle uses instruction {code:#04x}, which no model needs."
                )
            instruction(self)
        raise FileFormatError(f"The pickle has more than {MAX_INSTRUCTIONS:,} instructions.")

    def finish(self) -> Any:
        """Return the only value left; nothing else may remain on the stack or in the file."""
        value = self.pop()
        if self.stack or self.marks:
            raise FileFormatError("The pickle ends with unused values.")
        if extra := self.bytes.remaining:
            raise FileFormatError(f"The file has {extra:,} more bytes after the end of its pickle.")
        return value

    # --- the stack ---------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def push_container(self, value: Any) -> None:
        self.containers += 1
        if self.containers > MAX_CONTAINERS:
            raise FileFormatError(f"The pickle holds more than {MAX_CONTAINERS:,} containers.")
        self.stack.append(value)

    def pop(self) -> Any:
        self.require(1)
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise FileFormatError("The pickle ends a group that it has not begun.")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self) -> Any:
        self.require(1)
        return self.stack[-1]

    def require(self, n: int) -> None:
        """Raise a FileFormatError unless ``n`` values are above the last mark."""
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < n:
            raise FileFormatError("The pickle uses more values than it has made.")

    # --- instructions ------------------------------------------------------------------------

    def push_mark(self) -> None:
        if len(self.marks) == MAX_MARKS:
            raise FileFormatError(f"The pickle nests more than {MAX_MARKS} groups.")
        self.marks.append(len(self.stack))

    def check_frame(self) -> None:
        if self.bytes.read_int(8) > self.bytes.remaining:
            raise FileFormatError("The pickle ends too early.")

    def push_bytes(self, size: int) -> None:
        self.push_container(self.bytes.read(size))

    def push_int(self, size: int, *, signed: bool = False) -> None:
        self.push(self.bytes.read_int(size, signed=signed))

    def push_float(self) -> None:
        self.push(struct.unpack(">d", self.bytes.read(8))[0])

    def push_string(self, size: int) -> None:
        self.push(self.bytes.read_string(size))

    def push_tuple(self, size: int) -> None:
        self.require(size)
        items = tuple(self.stack[len(self.stack) - size :])
        del self.stack[len(self.stack) - size :]
        self.push_container(items)

    def set_items(self, items: list[Any]) -> None:
        """Add key, value, key, value … to the dict on top of the stack."""
        table = self.top()
        if type(table) is not dict or len(items) % 2:
            raise FileFormatError("The pickle sets items of something that is not a dict.")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not _is_key(key) or key in table:
                raise FileFormatError("The pickle has a dict with a repeated or unusual key.")
            table[key] = value

    def push_global(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise FileFormatError("The pickle names a global by something that is not a string.")
        if (found := Global(module, name)) not in self.names:
            raise FileFormatError(
                f"The pickle asks for {str(found)[:80]!r}, which a model does not need; "
                "it was not opened."
            )
        self.push(found)

    def call(self) -> None:
        args, function = self.pop(), self.pop()
        if type(function) is not Global or type(args) is not tuple:
            raise FileFormatError("The pickle calls something that is not a global.")
        self.check_shareable(function, args)
        self.push_container(Call(function, args))

    def set_state(self) -> None:
        state, target = self.pop(), self.top()
        if type(target) is not Call or target.state is not None or type(state) not in (tuple, dict):
            raise FileFormatError("The pickle sets the state of something that takes none.")
        self.check_shareable(target.function, state)
        target.state = state

    def check_shareable(self, function: Global, values: Any) -> None:
        """Raise a FileFormatError if a shareable call would hold anything but plain values."""
        if function in self.shareable and not (
            type(values) is tuple and len(values) < 10 and all(type(v) in _PLAIN for v in values)
        ):
            raise FileFormatError(f"The pickle describes {function} in an unknown way.")

    def store(self, index: int) -> None:
        """Store the top of the stack in the memo."""
        self.memo[index] = self.top()
        if len(self.memo) > MAX_MEMO:
            raise FileFormatError(f"The pickle's memo has more than {MAX_MEMO:,} values.")

    def recall(self, index: int) -> None:
        """Push a value of the memo, if using it twice does no harm."""
        if index not in self.memo:
            raise FileFormatError("The pickle recalls a value that its memo lacks.")
        value = self.memo[index]
        shareable = (
            type(value) in (str, Global)
            or (type(value) is memoryview and len(value) < 2)  # Python shares single bytes
            or (type(value) is Call and value.function in self.shareable)
        )
        if not shareable:
            raise FileFormatError("The pickle uses one container in two places.")
        self.push(value)


def _is_key(value: Any) -> bool:
    """Return whether a dict may have this key: a string, or a small integer.

    All multiples of 2**61 - 1 have the same hash. A dict with such keys would take quadratic
    time.
    """
    return type(value) is str or (type(value) is int and 0 <= value < MAX_KEY)


_PLAIN = (str, int, bool, type(None))
_PROTOCOL = 0x80
_STOP = ord(".")
_INSTRUCTIONS: dict[int, Callable[[_Machine], None]] = {
    ord("("): _Machine.push_mark,
    0x95: _Machine.check_frame,
    # plain values
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("K"): lambda m: m.push_int(1),
    ord("M"): lambda m: m.push_int(2),
    ord("J"): lambda m: m.push_int(4, signed=True),
    0x8A: lambda m: m.push_int(m.bytes.read_int(1), signed=True),
    ord("G"): _Machine.push_float,
    0x8C: lambda m: m.push_string(m.bytes.read_int(1)),
    ord("X"): lambda m: m.push_string(m.bytes.read_int(4)),
    # byte strings: short, long, very long, and protocol 5's bytearray
    ord("C"): lambda m: m.push_bytes(m.bytes.read_int(1)),
    ord("B"): lambda m: m.push_bytes(m.bytes.read_int(4)),
    0x8E: lambda m: m.push_bytes(m.bytes.read_int(8)),
    0x96: lambda m: m.push_bytes(m.bytes.read_int(8)),
    # tuples and dicts
    ord(")"): lambda m: m.push_container(()),
    0x85: lambda m: m.push_tuple(1),
    0x86: lambda m: m.push_tuple(2),
    0x87: lambda m: m.push_tuple(3),
    ord("t"): lambda m: m.push_container(tuple(m.pop_to_mark())),
    ord("}"): lambda m: m.push_container({}),
    ord("s"): lambda m: m.set_items([m.pop(), m.pop()][::-1]),
    ord("u"): lambda m: m.set_items(m.pop_to_mark()),
    # globals and objects
    ord("c"): lambda m: m.push_global(m.bytes.read_line(), m.bytes.read_line()),
    0x93: lambda m: m.push_global(*[m.pop(), m.pop()][::-1]),
    ord("R"): _Machine.call,
    0x81: _Machine.call,
    ord("b"): _Machine.set_state,
    # the memo
    ord("q"): lambda m: m.store(m.bytes.read_int(1)),
    ord("r"): lambda m: m.store(m.bytes.read_int(4)),
    0x94: lambda m: m.store(len(m.memo)),
    ord("h"): lambda m: m.recall(m.bytes.read_int(1)),
    ord("j"): lambda m: m.recall(m.bytes.read_int(4)),
}
