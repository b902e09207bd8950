"""Model pickles: the download, the original program's files, and everything that is neither."""

from __future__ import annotations

import itertools
import json
import pickle
import pickletools
import struct
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import RNNs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnncore.opcodes
import rnncore.pickles
from rnncore import CELLS, RNN, RnnCoreError, Sampler, Solver
from rnncore.errors import FileFormatError
from rnncore.opcodes import MAX_OPERATIONS
from rnncore.pickles import dump_model, read_model

GOLDEN = Path(__file__).parent / "golden"
CHARS = dict(enumerate("abcdefg"))


def small_model(**changes) -> RNN:
    return RNN(**({"vocab_dim": 7, "idx_to_char": "abcdefg", "input_dim": 2, "hidden_dim": 3,
                   "num_layers": 2} | changes))  # fmt: skip


GOOD = dump_model(small_model())
ORIGINAL = pickle.dumps(RNNs.TwoHiddenLayerRNN(7, CHARS, 2, 3, 2), protocol=3)


# --- our own models ------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell_type", CELLS)
def test_a_model_comes_back_the_same(cell_type, dtype, protocol):
    model = small_model(cell_type=cell_type, dtype=dtype, dropout=0.25, seed=2**70)
    again = read_model(pickle.dumps(model, protocol=protocol))
    assert again.settings() == model.settings()
    assert again.flat.tobytes() == model.flat.tobytes()
    assert again.sample("ab", T=20, seed=3) == model.sample("ab", T=20, seed=3)


def test_the_download_is_what_pickle_opens_by_hand():
    model = small_model()
    assert pickle.loads(dump_model(model)).flat.tobytes() == model.flat.tobytes()
    assert dump_model(model) == pickle.dumps(model, protocol=4)


@pytest.mark.parametrize(
    "symbols", [None, "é中😀\ud800\x00'\n", "".join(map(chr, range(256, 900)))]
)
def test_any_symbols_come_back(symbols):
    V = 5 if symbols is None else len(symbols)
    model = RNN(V, symbols, 2, 3)
    again = read_model(dump_model(model))
    assert again.vocab == model.vocab


def test_the_largest_vocabulary_fits():
    symbols = [chr(i) for i in range(65_536)]
    assert len(read_model(dump_model(RNN(65_536, symbols, 1, 1))).vocab) == 65_536


def test_what_is_read_can_be_written_into():
    model = read_model(GOOD)
    model.params["b"][...] = 1
    ids = np.arange(200) % 7
    assert np.isfinite(Solver(ids, model, 5, 2, num_iters=5).train(progress=False)["loss"]).all()


def test_python_s_own_loader_is_never_asked(monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("an uploaded pickle reached Python's loader")

    for name in ("load", "loads", "Unpickler", "_Unpickler", "_loads", "_load"):
        monkeypatch.setattr(pickle, name, forbidden)
    read_model(GOOD)
    read_model(ORIGINAL)


def test_the_first_format_still_opens():
    expected = json.loads((GOLDEN / "expected-v1.json").read_text())
    model = read_model((GOLDEN / "model-v1.pkl").read_bytes())
    assert abs(model.flat).sum(dtype="float64") == pytest.approx(expected["weights"], rel=1e-12)
    found = Sampler(model).next_probabilities("It is")[:6]
    np.testing.assert_allclose(found, expected["probabilities"], rtol=1e-4)


# --- the original program's models ---------------------------------------------------------


def old_numpy(raw: bytes) -> bytes:
    """A protocol 3 pickle as NumPy 1 wrote it: numpy.core, and numbers for the type's flags."""
    raw = raw.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    return raw.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")


def original(kind: str, cell_type: str) -> RNNs.RNN:
    if kind == "one":
        return RNNs.RNN(7, CHARS, 4, 6, cell_type)
    first, second = {"equal": (6, 6), "narrower": (6, 4), "wider": (3, 6)}[kind]
    return RNNs.TwoHiddenLayerRNN(7, CHARS, 4, first, second, cell_type)


def logits(model: RNN, ids: np.ndarray) -> np.ndarray:
    p, x = model.params, model.params["W_embed"][ids][:, None]
    for cell, W in zip(model.cells, model.weights(model.flat), strict=True):
        x = cell.forward(W, x, cell.initial_state(1), cell.run(1, len(ids)))
    return x[:, 0] @ p["W_out"] + p["b_out"]


@pytest.mark.parametrize("write", [3, 4, 5, "old numpy"])
@pytest.mark.parametrize("cell_type", ["lstm", "vanilla"])
@pytest.mark.parametrize("kind", ["one", "equal", "narrower", "wider"])
def test_an_original_model_computes_the_same_here(kind, cell_type, write):
    theirs = original(kind, cell_type)
    raw = pickle.dumps(theirs, protocol=3 if write == "old numpy" else write)
    ours = read_model(old_numpy(raw) if write == "old numpy" else raw)
    ids = np.random.default_rng(2).integers(0, 7, 30)
    assert str(ours.dtype) == "float64"
    np.testing.assert_allclose(logits(ours, ids), theirs.logits(ids), rtol=1e-10, atol=1e-12)
    assert ours.vocab.decode(ids) == "".join(CHARS[i] for i in ids)


def test_old_numpy_s_names_are_tested_at_all():
    assert b"numpy.core.multiarray\n_reconstruct" in old_numpy(ORIGINAL)
    assert b"K\x00K\x01\x87" in old_numpy(ORIGINAL)
    assert old_numpy(ORIGINAL) != ORIGINAL


def test_an_original_array_in_column_order_is_read_so():
    theirs = original("one", "lstm")
    for name, value in theirs.params.items():
        theirs.params[name] = np.asfortranarray(value)
    ids = np.arange(7)
    for protocol in (3, 4, 5):
        ours = read_model(pickle.dumps(theirs, protocol=protocol))
        np.testing.assert_allclose(logits(ours, ids), theirs.logits(ids), rtol=1e-10)


@pytest.mark.parametrize("rule", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("cell_type", ["lstm", "vanilla"])
def test_silent_units_stay_silent_in_training(cell_type, rule):
    model = read_model(pickle.dumps(original("narrower", cell_type)))
    ids = np.random.default_rng(0).integers(0, 7, 300)
    Solver(ids, model, 8, 4, lr=0.05, update_rule=rule, num_iters=20).train(progress=False)
    H, used = 6, 4
    assert not model.params["W_out"][used:].any()
    assert not model.params["Wh2"][used:].any()
    assert not model.params["Wx2"].reshape(H, -1, H)[:, :, used:].any()
    assert not model.params["b2"].reshape(-1, H)[:, used:].any()
    assert model.params["W_out"][:used].any()


def changed(kind: str = "equal", **attributes):
    """A pickle of an original model with other attributes, or other arrays."""
    theirs = original(kind, "lstm")
    for name, value in attributes.items():
        table = theirs.params if name in theirs.params else theirs.__dict__
        table[name] = value
    return pickle.dumps(theirs, protocol=4)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (changed(cell_type="gru"), "cell_type is 'gru'"),
        (changed(cell_type=None), "cell_type is None"),
        (changed(hidden_dim=7), "call for"),
        (changed(kind="wider", H2=5), "call for"),
        (changed(H2=10**9), "H2 is 1000000000; .* 4,096"),
        (changed(vocab_dim=7.0), "vocab_dim is 7.0"),
        (changed(idx_to_char={0: "a"}), "idx_to_char"),
        (changed(idx_to_char=dict.fromkeys(range(7), "a")), "twice"),
        (changed(idx_to_char={i: f"word{i}" for i in range(7)}), "'word0'"),
        (changed(params={}), r"parameters \[\]"),
        (changed(params=None), "no params"),
        (changed(b=np.full(24, np.nan)), "b holds 24 values that are not finite"),
        (changed(b=np.zeros(24, "f4")), "b in the file is <f4"),
        (changed(b=np.zeros(24, "i8")), "b is of type '<i8'"),
        (changed(b=None), "b in the file is not an array"),
        (changed(kind="wider", b=np.full(12, np.inf)), "not finite"),
    ],
)
def test_an_original_model_that_does_not_fit_is_refused(raw, message):
    with pytest.raises(FileFormatError, match=message):
        read_model(raw)


# --- refusals, and what they cost ----------------------------------------------------------


class Asks:
    """Pickles as a call of ``function`` with ``args``."""

    def __init__(self, function, *args):
        self.result = function, args

    def __reduce__(self):
        return self.result


def tampered(change) -> bytes:
    restore, (payload,) = small_model().__reduce__()
    change(payload)
    return pickle.dumps(Asks(restore, payload), protocol=4)


def calls(module: str, name: str, argument: str = "true") -> bytes:
    text = f"c{module}\n{name}\n".encode()
    return (
        b"\x80\x04" + text + b"X" + struct.pack("<I", len(argument)) + argument.encode() + b"\x85R."
    )


def laughs() -> bytes:
    """Tuples of two of the one before, forty times: a trillion places in 200 bytes."""
    return b"\x80\x04)\x94" + b"".join(b"h%ch%c\x86\x94" % (i, i) for i in range(40)) + b"."


HEAD = b"\x80\x04"
MANY = MAX_OPERATIONS + 10
HOSTILE = {
    "nine bytes that make Python take a gigabyte": HEAD + b"Nr" + struct.pack("<I", 1 << 26) + b".",
    "os.system": calls("os", "system"),
    "posix.system": calls("posix", "system"),
    "builtins.eval": calls("builtins", "eval", "1"),
    "numpy.testing": calls("numpy.testing._private.utils", "runstring"),
    "numpy.load": calls("numpy", "load", "/etc/passwd"),
    "part of our own module": calls("rnncore.model", "restore.__globals__"),
    "another of our own": calls("rnncore.model", "np.load"),
    "stack global": HEAD + b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "global by number": HEAD + b"K\x01K\x02\x93.",
    "extension registry": HEAD + b"\x82\x01.",
    "persistent id": HEAD + b"Pabc\n.",
    "inst": HEAD + b"(ios\nsystem\n.",
    "obj": HEAD + b"(cos\nsystem\no.",
    "reduce without a name": HEAD + b"K\x01)R.",
    "build on a dict": HEAD + b"}}b.",
    "deep tuples": HEAD + b")" + b"\x85" * 300_000 + b".",
    "deep marks": HEAD + b"(" * 300_000 + b".",
    "deep dicts": HEAD + b"}K\x01" * 100_000 + b".",
    "laughs": laughs(),
    "memory of places": HEAD + b"N\x94" * 200_000 + b".",
    "long places": HEAD
    + b"N"
    + b"".join(b"r" + struct.pack("<I", 2**32 - 1 - i) for i in range(120_000))
    + b".",
    "huge bytes": HEAD + b"B" + b"\xff" * 4 + b".",
    "huger bytes": HEAD + b"\x8e" + b"\xff" * 8 + b".",
    "huge bytearray": HEAD + b"\x96" + b"\xff" * 7 + b"\x7f.",
    "huge string": HEAD + b"X" + b"\xff" * 4 + b".",
    "huger string": HEAD + b"\x8d" + b"\xff" * 8 + b".",
    "huge number": HEAD + b"\x8b" + b"\xff\xff\xff\x7f" + b".",
    "decimal number": HEAD + b"L" + b"9" * 100_000 + b"L\n.",
    "frame": HEAD + b"\x95" + b"\xff" * 8 + b"N.",
    "numbers": HEAD + b"J\x01\x02\x03\x04" * MANY + b".",
    "floats": HEAD + b"G\x00\x01\x02\x03\x04\x05\x06\x07" * MANY + b".",
    "strings": HEAD + b"\x8c\x03\xe4\xb8\xad" * MANY + b".",
    "strings in memory": HEAD + b"\x8c\x03\xe4\xb8\xad\x94" * MANY + b".",
    "globals": HEAD + b"cnumpy\ndtype\n" * MANY + b".",
    "surrogates in a name": HEAD + b"c\xed\xa0\x80\nx\n.",
    "no name's end": HEAD + b"c" + b"a" * 100_000,
    "wrong utf-8": HEAD + b"\x8c\x01\xff.",
    "pop": HEAD + b"N0.",
    "empty": b"",
    "one byte": b"\x80",
    "nothing": HEAD + b".",
    "left over": HEAD + b"NN.",
    "trailing": GOOD + b"\x00",
    "two pickles": GOOD + GOOD,
    "protocol 2": pickle.dumps(small_model(), protocol=2),
    "protocol 0": pickle.dumps(small_model(), protocol=0),
    "a number": pickle.dumps(7),
    "a table": pickle.dumps({"format": "rnncore model 1"}),
    "a key twice": HEAD + b"}K\x01NsK\x01Ns.",
    "a tuple as a key": HEAD + b"})Ns.",
    "huge settings": tampered(lambda p: p["settings"].update(hidden_dim=4096, vocab_dim=65_536)),
    "settings of other types": tampered(lambda p: p["settings"].update(hidden_dim=3.0)),
    "settings with more": tampered(lambda p: p["settings"].update(init=False)),
    "many layers": tampered(lambda p: p["settings"].update(num_layers=8)),
    "no settings": tampered(lambda p: p.update(settings=None)),
    "no params": tampered(lambda p: p.update(params=None)),
    "another format": tampered(lambda p: p.update(format="rnncore model 99")),
    "format of a tuple": tampered(lambda p: p.update(format=((),) * 3)),
    "an array's type": tampered(lambda p: p["params"].update(b=("O", (3,), b"0" * 24))),
    "an array's long type": tampered(lambda p: p["params"].update(b=("(9,9,9)f8", (1,), b"0" * 8))),
    "an array's shape": tampered(lambda p: p["params"].update(b=("<f4", (-1, -12), b"0" * 48))),
    "an array's vast shape": tampered(lambda p: p["params"].update(b=("<f4", (1 << 62, 4), b""))),
    "an array's many axes": tampered(lambda p: p["params"].update(b=("<f4", (1,) * 70, b"0000"))),
    "an array of text": tampered(lambda p: p["params"].update(b=("<f4", (3,), "0" * 12))),
    "an array of nothing": tampered(lambda p: p["params"].update(b=None)),
    "not finite": tampered(lambda p: p["params"].update(b_out=("<f4", (7,), b"\xff" * 28))),
}  # fmt: skip


def cost(raw: bytes) -> int:
    """Bytes of memory that a refusal takes at most; it must be a sentence."""
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError) as caught:
            read_model(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 500
    return peak


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_model_is_refused_cheaply(name, monkeypatch):
    # Cost goes with the number of instructions: a tenth of them shows it, in less time.
    monkeypatch.setattr(rnncore.opcodes, "MAX_OPERATIONS", MAX_OPERATIONS // 10)
    assert cost(HOSTILE[name]) < 5e6


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_model_is_refused_within_a_second_and_fifty_megabytes(name):
    assert cost(HOSTILE[name]) < 50e6
    started = time.process_time()
    with pytest.raises(FileFormatError):
        read_model(HOSTILE[name])
    assert time.process_time() - started < 1


def test_a_refusal_names_what_was_asked_for():
    with pytest.raises(RnnCoreError, match=r"'os\.system', which a model does not need"):
        read_model(HOSTILE["os.system"])


def test_a_file_of_great_size_is_refused_by_its_size(monkeypatch):
    monkeypatch.setattr(rnncore.pickles, "MAX_BYTES", 1000)
    with pytest.raises(FileFormatError, match=r"up to 1,000"):
        read_model(bytes(1001))
    with pytest.raises(RnnCoreError, match=r"up to 1,000"):
        dump_model(small_model(hidden_dim=20))


def test_nothing_that_is_named_is_imported():
    for module in ("numpy.testing._private.utils", "antigravity", "this"):
        sys.modules.pop(module, None)
        with pytest.raises(FileFormatError):
            read_model(calls(module, "runstring"))
        assert module not in sys.modules


def test_an_array_s_bytes_may_not_serve_for_another():
    # Otherwise a small file would grow by as much as it has arrays.
    raw = bytes(small_model().params["Wx"].tobytes())
    shared = tampered(
        lambda p: p["params"].update(Wx=("<f4", (2, 12), raw), W=("<f4", (2, 12), raw))
    )
    with pytest.raises(FileFormatError, match="two places"):
        read_model(shared)


# --- mutations -----------------------------------------------------------------------------


def opens_or_refuses(raw: bytes) -> None:
    """Any outcome but a sound model or a FileFormatError fails."""
    try:
        model = read_model(raw)
    except FileFormatError:
        return
    assert isinstance(model, RNN)
    assert np.isfinite(model.flat).all()
    assert {name: p.shape for name, p in model.params.items()} == model.shapes()


def pieces(raw: bytes) -> list[bytes]:
    """The pickle, instruction by instruction."""
    places = [place for _, _, place in pickletools.genops(raw)] + [len(raw)]
    return [raw[a:b] for a, b in itertools.pairwise(places)]


SEEDS = [GOOD, ORIGINAL, old_numpy(ORIGINAL), pickle.dumps(original("one", "vanilla"), protocol=5)]
PIECES = [pieces(raw) for raw in SEEDS]
EVERY_OPCODE = [bytes([ord(op.code)]) for op in pickletools.opcodes]
examples = settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("raw", SEEDS)
def test_no_part_of_a_model_is_a_model(raw):
    for end in range(0, len(raw), 3):
        with pytest.raises(FileFormatError):
            read_model(raw[:end])


@examples
@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6)
)
def test_changed_bytes(raw, changes):
    changed = bytearray(raw)
    for where, value in changes:
        changed[int(where * (len(raw) - 1))] = value
    opens_or_refuses(bytes(changed))


@examples
@given(st.sampled_from(PIECES), st.data())
def test_changed_instructions(ops, data):
    """Dropped, doubled, swapped, taken from another file, or any opcode with any argument."""
    ops = list(ops)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(ops) - 1))
        other = data.draw(st.integers(0, len(ops) - 1))
        foreign = st.sampled_from([op for seed in PIECES for op in seed])
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
    opens_or_refuses(b"".join(ops))


@examples
@given(st.lists(st.builds(bytes.__add__, st.sampled_from(EVERY_OPCODE), st.binary(max_size=5))))
def test_instructions_at_random(ops):
    opens_or_refuses(HEAD + b"".join(ops) + b".")


def test_each_instruction_after_each_instruction():
    """Every opcode, with zeros or ones for an argument, in every place of a small model."""
    ops = PIECES[2]
    for at in range(0, len(ops), 5):
        for code in EVERY_OPCODE:
            opens_or_refuses(b"".join([*ops[:at], code, b"\x01", *ops[at:]]))


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_many_changed_bytes(raw, random):
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
    opens_or_refuses(bytes(changed))
