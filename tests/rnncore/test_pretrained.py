"""The models that come with rnncore, and the claims of their model cards."""

from __future__ import annotations

import pickle
import re
import sys

import numpy as np
import pytest

import rnncore
from rnncore import RNN, Solver, read_text
from rnncore.errors import FileFormatError, SettingError
from rnncore.pretrained import FOLDER, PRETRAINED
from rnncore.storage.model_pickle import dump_model
from tests.support.paths import ROOT

BOOKS = {"pride": "pride.txt"}
every_name = pytest.mark.parametrize("name", PRETRAINED)


def card(name):
    """Return the text of a model's card."""
    return (ROOT / "docs" / f"pretrained-{name}.md").read_text(encoding="utf-8")


def stated(pattern, name):
    """Return what the pattern's first group matches in the card."""
    found = re.search(pattern, card(name))
    assert found, f"the card of {name} does not say {pattern!r}"
    return found[1]


@every_name
def test_a_pretrained_model_writes_words(name):
    model = rnncore.pretrained(name)
    assert isinstance(model, RNN)
    text = model.sample("E", T=500, temperature=0.5, seed=1)
    assert len(text) == 500
    # Of about 100 words in such a text, more than 10 are among the most common ones.
    assert len(re.findall(r"\b(?:the|and|to|of|her|was|that|she|not)\b", text)) > 10


@every_name
def test_the_file_is_small_and_equals_what_dump_model_writes(name):
    raw = (FOLDER / f"{name}.pkl").read_bytes()
    assert len(raw) < 2 * 1024 * 1024
    assert dump_model(rnncore.pretrained(name)) == raw
    assert int(stated(r"([\d,]+) bytes", name).replace(",", "")) == len(raw)


def test_each_call_returns_a_new_model():
    one, two = rnncore.pretrained("pride"), rnncore.pretrained("pride")
    one.flat[...] = 0
    assert two.flat.any()
    np.testing.assert_array_equal(two.flat, rnncore.pretrained("pride").flat)


@every_name
def test_only_the_safe_reader_opens_the_file(name, monkeypatch, tmp_path):
    def forbidden(*args, **kwargs):
        raise AssertionError("pickle's own reader was used")

    for reader in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, reader, forbidden)
    rnncore.pretrained(name)

    class Malicious:
        def __reduce__(self):
            return sys.exit, (3,)

    (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps(Malicious()))
    monkeypatch.setattr(sys.modules["rnncore.pretrained"], "FOLDER", tmp_path)
    with pytest.raises(FileFormatError, match="exit"):
        rnncore.pretrained(name)


@pytest.mark.parametrize("name", ["emma", "", "../data/pride", None, 3])
def test_the_error_for_an_unknown_name_lists_the_known_names(name):
    with pytest.raises(SettingError, match="choose one of pride"):
        rnncore.pretrained(name)


def test_each_name_has_a_file_and_the_package_installs_it():
    import tomllib

    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.pkl" for name in PRETRAINED}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (pattern,) = settings["tool"]["setuptools"]["package-data"]["rnncore.data"]
    assert {path.name for path in FOLDER.glob(pattern)} == {f"{name}.pkl" for name in PRETRAINED}


@every_name
def test_the_samples_on_the_card_are_from_the_model(name):
    """Only the beginnings are compared: rounding differs between processors, and one different
    symbol changes all that follow."""
    samples = re.findall(
        r"Temperature ([\d.]+), seed (\d+):\n\n```text\n(.+?)\n```", card(name), re.S
    )
    assert len(samples) == 3
    seed_text = stated(r"for the seed text `'(.+)'`", name)
    for temperature, seed, text in samples:
        written = rnncore.pretrained(name).sample(
            seed_text, T=30, temperature=float(temperature), seed=int(seed)
        )
        assert text.startswith(written.rstrip())


@every_name
def test_the_losses_on_the_card_are_right(name, corpora):
    file = BOOKS[name]
    text = read_text((corpora / file).read_bytes(), name=file).text
    model = rnncore.pretrained(name)
    solver = Solver(model.vocab.encode(text), model, val_fraction=0.1)
    said = float(stated(r"validation part\*\* .* \| ([\d.]+) \|", name))
    assert solver.evaluate() == pytest.approx(said, abs=6e-4)  # three decimals
    # Only the end of the training part is measured, because all of it would take too long.
    solver.val_ids = solver.train_ids[-60_000:]
    train = float(stated(r"training part \| ([\d.]+) \|", name))
    assert solver.evaluate() == pytest.approx(train, abs=0.05)
