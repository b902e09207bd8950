"""Model pickles are read back unchanged; every other pickle is refused at little cost."""

from __future__ import annotations

import json
import pickle
import struct
import sys
import time
import tracemalloc

import numpy as np
import pytest

import rnncore.storage.model_pickle
import rnncore.storage.safe_unpickler
from rnncore import CELLS, RNN, RnnCoreError, Sampler, Solver
from rnncore.errors import FileFormatError
from rnncore.storage.model_pickle import _RESTORE as RESTORE
from rnncore.storage.model_pickle import dump_model, read_model
from rnncore.storage.safe_unpickler import MAX_INSTRUCTIONS
from tests.support.paths import GOLDEN
from tests.support.pickled import GOOD, HEAD, ORIGINAL, small_model

# --- models of this program ------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell_type", CELLS)
def test_a_model_is_read_back_unchanged(cell_type, dtype, protocol):
    model = small_model(cell_type=cell_type, dtype=dtype, dropout=0.25, seed=2**70)
    again = read_model(pickle.dumps(model, protocol=protocol))
    assert again.settings() == model.settings()
    assert again.flat.tobytes() == model.flat.tobytes()
    assert again.sample("ab", T=20, seed=3) == model.sample("ab", T=20, seed=3)


def test_pickle_loads_opens_the_download():
    model = small_model()
    assert pickle.loads(dump_model(model)).flat.tobytes() == model.flat.tobytes()
    assert dump_model(model) == pickle.dumps(model, protocol=4)


@pytest.mark.parametrize(
    "symbols", [None, "é中😀\ud800\x00'\n", "".join(map(chr, range(256, 900)))]
)
def test_any_symbols_are_read_back(symbols):
    V = 5 if symbols is None else len(symbols)
    model = RNN(V, symbols, 2, 3)
    again = read_model(dump_model(model))
    assert again.vocab == model.vocab


def test_the_largest_vocabulary_is_read():
    symbols = [chr(i) for i in range(65_536)]
    assert len(read_model(dump_model(RNN(65_536, symbols, 1, 1))).vocab) == 65_536


def test_a_model_that_was_read_can_be_trained():
    model = read_model(GOOD)
    model.params["b"][...] = 1
    ids = np.arange(200) % 7
    assert np.isfinite(Solver(ids, model, 5, 2, num_iters=5).train(progress=False)["loss"]).all()


def test_pythons_unpickler_is_never_called(monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("an uploaded pickle reached Python's unpickler")

    for name in ("load", "loads", "Unpickler", "_Unpickler", "_loads", "_load"):
        monkeypatch.setattr(pickle, name, forbidden)
    read_model(GOOD)
    read_model(ORIGINAL)


def test_a_file_of_the_first_format_still_opens():
    expected = json.loads((GOLDEN / "expected-v1.json").read_text())
    model = read_model((GOLDEN / "model-v1.pkl").read_bytes())
    assert abs(model.flat).sum(dtype="float64") == pytest.approx(expected["weights"], rel=1e-12)
    found = Sampler(model).next_probabilities("It is")[:6]
    np.testing.assert_allclose(found, expected["probabilities"], rtol=1e-4)


# --- pickles that are refused, and the cost --------------------------------------------------


class PickledCall:
    """Its pickle is a call of ``function`` with ``args``."""

    def __init__(self, function, *args):
        self.result = function, args

    def __reduce__(self):
        return self.result


def tampered(change) -> bytes:
    """The pickle of a small model whose payload ``change`` has edited."""
    restore, (payload,) = small_model().__reduce__()
    change(payload)
    return pickle.dumps(PickledCall(restore, payload), protocol=4)


def calls(module: str, name: str, argument: str = "true") -> bytes:
    """A pickle that calls ``module.name`` with one string."""
    text = f"c{module}\n{name}\n".encode()
    return (
        b"\x80\x04" + text + b"X" + struct.pack("<I", len(argument)) + argument.encode() + b"\x85R."
    )


def nested_pairs() -> bytes:
    """Forty tuples, each of two times the one before: a trillion items in 200 bytes."""
    return b"\x80\x04)\x94" + b"".join(b"h%ch%c\x86\x94" % (i, i) for i in range(40)) + b"."


def same_hash_key(i: int) -> bytes:
    """An integer key with the same hash for every ``i``, and None as its value."""
    number = (i * (2**61 - 1)).to_bytes(16, "little")
    return b"\x8a\x10" + number + b"N"


MANY = MAX_INSTRUCTIONS + 10
HOSTILE = {
    "nine bytes that make Python take a gigabyte": HEAD + b"Nr" + struct.pack("<I", 1 << 26) + b".",
    "os.system": calls("os", "system"),
    "posix.system": calls("posix", "system"),
    "builtins.eval": calls("builtins", "eval", "1"),
    "numpy.testing": calls("numpy.testing._private.utils", "runstring"),
    "numpy.load": calls("numpy", "load", "/etc/passwd"),
    "attribute of a function of rnncore": calls("rnncore.model", "restore.__globals__"),
    "another name in rnncore.model": calls("rnncore.model", "np.load"),
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
    "pairs of pairs of pairs …": nested_pairs(),
    "many memo entries": HEAD + b"N\x94" * 200_000 + b".",
    "large memo indexes": HEAD
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
    "strings in the memo": HEAD + b"\x8c\x03\xe4\xb8\xad\x94" * MANY + b".",
    "globals": HEAD + b"cnumpy\ndtype\n" * MANY + b".",
    "surrogates in a name": HEAD + b"c\xed\xa0\x80\nx\n.",
    "name without an end": HEAD + b"c" + b"a" * 100_000,
    "wrong utf-8": HEAD + b"\x8c\x01\xff.",
    "pop": HEAD + b"N0.",
    "empty": b"",
    "one byte": b"\x80",
    "nothing": HEAD + b".",
    "unused values": HEAD + b"NN.",
    "trailing": GOOD + b"\x00",
    "two pickles": GOOD + GOOD,
    "protocol 2": pickle.dumps(small_model(), protocol=2),
    "protocol 0": pickle.dumps(small_model(), protocol=0),
    "a number": pickle.dumps(7),
    "a table": pickle.dumps({"format": "rnncore model 1"}),
    "a key twice": HEAD + b"}K\x01NsK\x01Ns.",
    "a tuple as a key": HEAD + b"})Ns.",
    "a negative key": HEAD + b"}J\xff\xff\xff\xffNs.",
    "keys that hash alike": HEAD + b"}(" + b"".join(map(same_hash_key, range(12_000))) + b"u.",
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


def memory_of_refusal(raw: bytes) -> int:
    """The peak memory, in bytes, of refusing ``raw`` with one sentence."""
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
def test_a_pickle_that_is_no_model_is_refused_cheaply(name, monkeypatch):
    # Cost is proportional to the number of instructions: a tenth of them is tested, to save time.
    monkeypatch.setattr(rnncore.storage.safe_unpickler, "MAX_INSTRUCTIONS", MAX_INSTRUCTIONS // 10)
    assert memory_of_refusal(HOSTILE[name]) < 5e6
    started = time.process_time()
    with pytest.raises(FileFormatError):
        read_model(HOSTILE[name])
    assert time.process_time() - started < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_pickle_that_is_no_model_is_refused_within_a_second_and_50_mb(name):
    assert memory_of_refusal(HOSTILE[name]) < 50e6
    started = time.process_time()
    with pytest.raises(FileFormatError):
        read_model(HOSTILE[name])
    assert time.process_time() - started < 1


def test_the_message_states_the_name_that_was_asked_for():
    with pytest.raises(RnnCoreError, match=r"'os\.system', which a model does not need"):
        read_model(HOSTILE["os.system"])


def test_a_file_above_the_size_limit_is_refused(monkeypatch):
    monkeypatch.setattr(rnncore.storage.model_pickle, "MAX_BYTES", 1000)
    with pytest.raises(FileFormatError, match=r"up to 1,000"):
        read_model(bytes(1001))
    with pytest.raises(RnnCoreError, match=r"up to 1,000"):
        dump_model(small_model(hidden_dim=20))


def test_no_module_that_a_pickle_names_is_imported():
    for module in ("numpy.testing._private.utils", "antigravity", "this"):
        sys.modules.pop(module, None)
        with pytest.raises(FileFormatError):
            read_model(calls(module, "runstring"))
        assert module not in sys.modules


def test_two_arrays_cannot_share_their_bytes():
    # Otherwise a small file could describe a much larger model.
    raw = bytes(small_model().params["Wx"].tobytes())
    shared = tampered(
        lambda p: p["params"].update(Wx=("<f4", (2, 12), raw), W=("<f4", (2, 12), raw))
    )
    with pytest.raises(FileFormatError, match="two places"):
        read_model(shared)


@pytest.mark.parametrize("place", ["format", "settings", "cell_type", "array name", "array type"])
def test_values_nested_deeply_are_refused_as_a_file(place, monkeypatch):
    nested: object = ()
    for _ in range(900):
        nested = (nested,)
    payload = small_model().__reduce__()[1][0]
    if place in ("format", "settings"):
        payload = payload | {place: nested}
    elif place == "cell_type":
        payload = payload | {"settings": payload["settings"] | {"cell_type": nested}}
    elif place == "array name":
        payload = payload | {"params": {nested: payload["params"]["b"]}}
    else:
        payload = payload | {"params": payload["params"] | {"b": (nested, (1,), b"")}}
    call = rnncore.storage.safe_unpickler.Call(RESTORE, (payload,))
    monkeypatch.setattr(rnncore.storage.safe_unpickler, "read", lambda *_: call)
    with pytest.raises(FileFormatError) as refused:
        read_model(b"")
    assert len(str(refused.value)) < 400
