"""Every mutated pickle is refused, or gives a model with finite values of the right shapes."""

from __future__ import annotations

import itertools
import pickle
import pickletools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnncore import RNN
from rnncore.errors import FileFormatError
from rnncore.storage.model_pickle import read_model
from tests.support.pickled import GOOD, HEAD, ORIGINAL, old_numpy, original


def check_outcome(raw: bytes) -> None:
    """Fail unless ``raw`` gives a valid model or a FileFormatError."""
    try:
        model = read_model(raw)
    except FileFormatError:
        return
    assert isinstance(model, RNN)
    assert np.isfinite(model.flat).all()
    assert {name: p.shape for name, p in model.params.items()} == model.shapes()


def split_instructions(raw: bytes) -> list[bytes]:
    """The pickle's bytes, one item for each instruction."""
    places = [place for _, _, place in pickletools.genops(raw)] + [len(raw)]
    return [raw[a:b] for a, b in itertools.pairwise(places)]


SEEDS = [GOOD, ORIGINAL, old_numpy(ORIGINAL), pickle.dumps(original("one", "vanilla"), protocol=5)]
INSTRUCTIONS = [split_instructions(raw) for raw in SEEDS]
EVERY_OPCODE = [bytes([ord(op.code)]) for op in pickletools.opcodes]
examples = settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("raw", SEEDS)
def test_a_truncated_pickle_is_refused(raw):
    for end in range(0, len(raw), 3):
        with pytest.raises(FileFormatError):
            read_model(raw[:end])


@examples
@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6)
)
def test_changed_bytes_are_refused_or_harmless(raw, changes):
    changed = bytearray(raw)
    for where, value in changes:
        changed[int(where * (len(raw) - 1))] = value
    check_outcome(bytes(changed))


@examples
@given(st.sampled_from(INSTRUCTIONS), st.data())
def test_changed_instructions_are_refused_or_harmless(ops, data):
    """Instructions dropped, doubled, swapped, inserted from another file, or made up."""
    ops = list(ops)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(ops) - 1))
        other = data.draw(st.integers(0, len(ops) - 1))
        foreign = st.sampled_from([op for seed in INSTRUCTIONS for op in seed])
        made = st.builds(bytes.__add__, st.sampled_from(EVERY_OPCODE), st.binary(max_size=9))
        match data.draw(st.sampled_from(["drop", "double", "swap", "insert", "replace"])):
            case "drop":
                ops[at] = b""
            case "double":
                ops.insert(at, ops[at])
            case "swap":
                ops[at], ops[other] = ops[other], ops[at]
            case "insert":
                ops.insert(at, data.draw(foreign | made))
            case "replace":
                ops[at] = data.draw(foreign | made)
    check_outcome(b"".join(ops))


@examples
@given(st.lists(st.builds(bytes.__add__, st.sampled_from(EVERY_OPCODE), st.binary(max_size=5))))
def test_random_instructions_are_refused_or_harmless(ops):
    check_outcome(HEAD + b"".join(ops) + b".")


def test_every_inserted_instruction_is_refused_or_harmless():
    """Insert every opcode, with the argument 1, at every fifth place of a small model."""
    ops = INSTRUCTIONS[2]
    for at in range(0, len(ops), 5):
        for code in EVERY_OPCODE:
            check_outcome(b"".join([*ops[:at], code, b"\x01", *ops[at:]]))


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_many_changed_bytes_are_refused_or_harmless(raw, random):
    changed = bytearray(raw)
    for _ in range(random.randint(1, 12)):
        at = random.randrange(len(changed))
        match random.randrange(3):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                changed.insert(at, random.randrange(256))
            case 2:
                del changed[at]
    check_outcome(bytes(changed))
