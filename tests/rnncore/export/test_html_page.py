"""The page as a file; tests/browser/test_exported_page.py opens it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest

import rnncore
from docs.examples.make import make
from rnncore import RNN, Card, to_html
from rnncore.errors import SettingError
from rnncore.export import html_page
from tests.support.paths import ROOT
from tests.support.stepping import small_network

HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)> "&\ud800\x00{{weights}}'


class Elements(HTMLParser):
    """Collects tags, and the content of scripts and styles by id or number."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.content: list[tuple[dict[str, str | None], str]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in {"script", "style"}:
            self.content.append((dict(attrs), ""))

    def handle_data(self, data):
        if self.content and self.lasttag in {"script", "style"} and self.cdata_elem:
            attributes, text = self.content.pop()
            self.content.append((attributes, text + data))

    def block(self, name: str) -> str:
        return next(text for attributes, text in self.content if attributes.get("id") == name)


@pytest.fixture(scope="module")
def network():
    return small_network("lstm")


def test_the_pretrained_model_makes_a_page_under_1_2_mb():
    page = to_html(rnncore.pretrained("pride"), Card(name="Pride and Prejudice"))
    assert len(page) < 1.2e6
    facts = dict(json.loads(Elements(page).block("values"))["facts"])
    stated = re.fullmatch(r"([\d,]+) kB, weights as float16", facts["This page"])
    assert stated is not None
    assert float(stated[1].replace(",", "")) * 1000 == pytest.approx(len(page), rel=0.02)


def test_the_example_is_up_to_date():
    """Samples are left out: another processor may round a draw differently."""
    example, made = (ROOT / "docs" / "examples" / "pride.html").read_bytes(), make()
    assert len(example) < 1.2e6
    stored, new = Elements(example), Elements(made)
    assert [t for a, t in stored.content if a.get("id") != "values"] == [
        t for a, t in new.content if a.get("id") != "values"
    ], "run python -m docs.examples.make"
    values = [json.loads(page.block("values")) for page in (stored, new)]
    for each in values:
        each.pop("samples")
    assert values[0] == values[1], "run python -m docs.examples.make"


def test_the_weights_are_float32_or_mostly_float16(network):
    wide = base64.b64decode(Elements(to_html(network, precision="float32")).block("weights"))
    np.testing.assert_array_equal(np.frombuffer(wide, "<f4"), network.flat)
    raw = base64.b64decode(Elements(to_html(network)).block("weights"))
    for name, value in network.params.items():
        dtype = np.dtype("<f2" if name in {"Wh", "W_out"} else "<f4")
        part, raw = raw[: value.size * dtype.itemsize], raw[value.size * dtype.itemsize :]
        np.testing.assert_array_equal(
            np.frombuffer(part, dtype), value.astype(dtype).ravel(), err_msg=name
        )
    assert raw == b""


def test_names_and_texts_are_data(network):
    card = Card(name=HOSTILE, samples=((HOSTILE, HOSTILE),))
    plain, hostile = Elements(to_html(network)), Elements(to_html(network, card))
    assert hostile.tags == plain.tags
    values = json.loads(hostile.block("values"))
    assert values["name"] == HOSTILE
    assert values["samples"] == [[HOSTILE, HOSTILE]]
    assert values["vocabulary"] == [ord(char) for char in network.vocab]


def test_the_policy_allows_exactly_the_page_s_own_scripts_and_style(network):
    page = to_html(network)
    policy = re.search(rb'Content-Security-Policy" content="([^"]+)"', page)[1].decode()
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    hashes = {"script-src": set(), "style-src": set()}
    elements = Elements(page)
    for attributes, text in elements.content:
        if attributes.get("type") in {"application/json", "text/plain"}:
            continue
        kind = "style-src" if text == elements.content[0][1] else "script-src"
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[kind].add(f"'sha256-{digest}'")
    assert {name: set(directives.pop(name).split()) for name in hashes} == hashes
    assert directives == {
        "default-src": "'none'",
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert b"http" not in re.sub(rb"http-equiv|http://www.w3.org/2000/svg", b"", page)


def test_the_card_has_what_is_known(network):
    card = Card("Verses", "e", 1234, 500, 0.75, date(2026, 3, 4))
    values = json.loads(Elements(to_html(network, card)).block("values"))
    facts = dict(values["facts"])
    assert facts["Length of the text"] == "1,234 characters"
    assert facts["Validation loss"] == "0.750 nats per character"
    assert facts["Probability of the right character"] == "47% (geometric mean)"
    assert facts["Date"] == "4 March 2026"
    assert facts["Network"] == "LSTM, 1 layer of 16 units"
    assert len(values["samples"]) == 3
    assert all(text.startswith("e") for _, text in values["samples"])


def test_what_a_page_cannot_hold_is_refused(network, monkeypatch):
    with pytest.raises(SettingError, match="trained on numbers"):
        to_html(RNN(4, None, 2, 4))
    with pytest.raises(SettingError, match="precision is 'int8'; choose one of float16, float32"):
        to_html(network, precision="int8")
    large = network.copy()
    large.params["Wh"][0, 0] = 1e5
    with pytest.raises(SettingError, match=r"Wh holds values above 65,504.* choose float32"):
        to_html(large)
    to_html(large, precision="float32")
    large.params["Wh"][0, 0] = np.nan
    with pytest.raises(SettingError, match="Wh holds 1 values that are not finite"):
        to_html(large)
    monkeypatch.setattr(html_page, "MAX_BYTES", network.flat.nbytes // 2)
    with pytest.raises(SettingError, match=r"up to [\d,]+\. Choose float16"):
        to_html(network, precision="float32")
