"""The page of a network, opened in Chromium from a file."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

import rnncore
from rnncore import RNN, Card, Vocab, to_html
from tests.browser.visitors import visitor
from tests.rnncore.export.test_html_page import HOSTILE, Elements
from tests.support.paths import ROOT
from tests.support.stepping import EVERY_CELL, read_logits, small_network

pytestmark = pytest.mark.browser

# Return the probabilities after each id by the page's own functions: float32 in base64.
PROBABILITIES = """
([values, weights, ids]) => {
    const network = new Network(values.shape, readWeights(weights, values.precision));
    const all = new Float32Array(ids.length * values.shape.symbols);
    ids.forEach((id, t) => all.set(softmax(network.step(id)), t * values.shape.symbols));
    return btoa(Array.from(new Uint8Array(all.buffer), byte => String.fromCharCode(byte)).join(''));
}
"""
# Try every kind of connection; return how many violations of the policy were reported.
CONNECT = """
async () => {
    const refused = new Set();
    addEventListener('securitypolicyviolation', event => refused.add(event.effectiveDirective));
    await fetch('http://127.0.0.1:9/').catch(() => 0);
    try { new WebSocket('ws://127.0.0.1:9/'); } catch {}
    new Image().src = 'http://127.0.0.1:9/a.png';
    for (const [tag, name] of [['script', 'src'], ['iframe', 'src'], ['link', 'href']]) {
        const element = document.createElement(tag);
        element[name] = 'http://127.0.0.1:9/b';
        element.rel = 'stylesheet';
        document.body.append(element);
    }
    document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}));
    await new Promise(done => setTimeout(done, 100));
    return [window.ran || 0, [...refused].sort()];
}
"""


@pytest.fixture
def context(browser):
    """A browser context in which errors of the console fail the test."""
    with visitor(browser) as context:
        yield context


@pytest.fixture
def open_page(context, tmp_path):
    """Return a function that writes a network's page to a file and opens it."""
    opened = []

    def write_and_open(network, card=None, precision="float16", wait=True):
        path = tmp_path / f"{len(opened)}.html"
        path.write_bytes(to_html(network, card, precision))
        page = context.new_page()
        page.emulate_media(reduced_motion="reduce")  # the first text appears at once
        opened.append(page)
        page.goto(path.as_uri())
        if wait:
            page.get_by_text("characters a second").wait_for()
        return page

    return write_and_open


def read_probabilities(network, ids):
    logits = read_logits(network, ids).astype(np.float64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("float16", 2e-3)])
def test_the_probabilities_of_every_cell_equal_rnncore_s(open_page, precision, tolerance):
    """One page computes with the weights of all pages: they carry the same script."""
    ids = np.random.default_rng(0).integers(0, 12, 1000)
    pride = rnncore.pretrained("pride")
    text = (ROOT / "sample_texts" / "lighthouse.txt").read_text(encoding="utf-8")
    cases = [(small_network(cell, layers), ids) for cell in EVERY_CELL for layers in (1, 3)]
    cases += [(small_network("lstm", 8), ids)]
    cases += [(pride, pride.vocab.encode(pride.vocab.keep_known(text)[:1000]))]
    page = open_page(cases[0][0], wait=False)
    for network, ids in cases:
        other = Elements(to_html(network, Card(samples=(("", ""),)), precision))
        values = json.loads(other.block("values"))
        raw = page.evaluate(PROBABILITIES, [values, other.block("weights"), ids.tolist()])
        expected = read_probabilities(network, ids)
        found = np.frombuffer(base64.b64decode(raw), "<f4").reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=network)


def test_draws_follow_the_probabilities_and_top_p(open_page):
    page = open_page(small_network("gru"), wait=False)
    draw = """
    ([logits, temperature, topP, steps]) => Array.from({length: steps},
        (_, k) => choose(logits, temperature, topP, () => (k + 0.5) / steps))
    """
    logits = [0.3, 2.0, -1.0, 2.0, 1.1]
    p = np.exp(np.array(logits) / 0.7)
    p /= p.sum()
    counts = np.bincount(page.evaluate(draw, [logits, 0.7, 1, 2000]), minlength=5)
    np.testing.assert_allclose(counts / 2000, p, atol=1e-3)
    kept = page.evaluate(draw, [logits, 0.7, p[1] + p[3] - 0.01, 200])
    assert set(kept) == {1, 3}
    assert set(page.evaluate(draw, [logits, 0, 1, 5])) == {1}


def test_names_and_texts_are_shown_as_text(context, open_page):
    requests, dialogs = [], []
    context.on("request", lambda request: requests.append(request.url))
    context.on("dialog", lambda dialog: dialogs.append(dialog.message))
    shown = HOSTILE.replace("\ud800", "")  # no browser can send half of a character back
    page = open_page(small_network("lstm"), Card(name=shown, samples=((shown, shown),)))
    assert page.locator("cite").text_content() == shown
    assert page.locator(".sample").text_content() == shown
    assert page.locator("figcaption", has_text="alert").text_content() == shown
    assert page.locator("img").count() == 0
    assert dialogs == []
    assert [url.split(":")[0] for url in requests] == ["file", "blob"]


def test_the_policy_refuses_every_connection(browser, open_page, tmp_path):
    (tmp_path / "page.html").write_bytes(to_html(small_network("lstm")))
    requests = []
    with visitor(browser, r"[\s\S]*") as context:  # the console reports each refusal
        page = context.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        page.get_by_text("characters a second").wait_for()
        page.on("request", lambda request: requests.append(request))
        ran, refused = page.evaluate(CONNECT)
    assert not ran
    expected = {"connect-src", "frame-src", "img-src", "script-src-elem", "style-src-elem"}
    assert set(refused) == expected
    # Chromium reports a blocked request as a request that failed.
    assert {request.failure for request in requests} == {"csp"}


def test_the_page_writes_shows_odds_and_stops(open_page):
    page = open_page(small_network("lstm"), Card(seed_text="te"))
    page.get_by_label("Pace").select_option("As fast as it can")
    page.get_by_label("Begin with").fill("exit\n")
    page.locator("#temperature").fill("0")
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("600 characters. Computed").wait_for()
    expected = small_network("lstm").sample("et\n", 600, 0)
    assert page.locator("#text").text_content() == f"et\n{expected}"
    assert "never seen them: x i" in page.locator("#unknown").inner_text()

    page.locator("#text").press("Home")
    page.locator("#text").press("ArrowRight")
    p = small_network("lstm")
    p.flat[...] = p.flat.astype(np.float16)
    odds = rnncore.Sampler(p).next_probabilities("et\n" + expected[0])
    bars = page.locator("#odds .figure").all_inner_texts()
    assert len(bars) == 6
    largest = np.sort(odds)[::-1][:6]
    assert [float(bar.removesuffix(" %")) / 100 for bar in bars] == pytest.approx(largest, abs=6e-3)
    page.locator("#text").press("Escape")
    assert page.locator("#odds").is_hidden()
    page.locator("#text").evaluate(  # the event of scrolling, in the next frame, hides the odds
        "box => { box.scrollTop = 0; return new Promise(done => setTimeout(done, 200)) }"
    )
    box = page.locator("#written").evaluate("span => span.getClientRects()[0].toJSON()")
    page.mouse.move(box["left"] + 3, box["top"] + box["height"] / 2)
    page.locator("#odds").wait_for()

    page.locator("#length").fill("5000")
    page.get_by_label("Pace").select_option("Slow, to watch")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped after").wait_for()
    assert page.locator("#text").text_content().startswith(f"et\n{expected}")


def test_a_person_and_the_network_write_together(open_page):
    page = open_page(small_network("gru"), Card(seed_text="te"))
    page.get_by_role("tab", name="Write together").click()
    choices = page.locator(".choice")
    choices.nth(7).wait_for()
    first = int(choices.nth(0).get_attribute("value"))
    vocab = small_network("gru").vocab
    assert first == int(np.argmax(rnncore.Sampler(small_network("gru")).next_probabilities("te")))
    choices.nth(0).click()
    page.locator("#typed").press_sequentially("t<?")
    shared = page.locator("#shared")
    assert shared.text_content() == f"te{vocab.idx_to_char[first]}t<"
    assert "never seen them: ?" in page.locator("#typed-unknown").inner_text()
    page.get_by_role("button", name="Undo").click()
    assert shared.text_content() == f"te{vocab.idx_to_char[first]}t"
    page.get_by_role("button", name="Let it write a word").click()
    page.wait_for_timeout(300)
    assert len(shared.text_content()) > 4


def test_without_a_worker_the_page_itself_computes(context, open_page):
    context.add_init_script("delete window.Worker")
    page = open_page(small_network("vanilla"))
    assert page.locator("#written").evaluate("span => [...span.textContent].length") == 600


def test_a_right_to_left_text_stands_at_the_right_and_a_phone_needs_no_sideways_scroll(open_page):
    hebrew = "שלום עולם\n"
    network = RNN(len(Vocab.from_text(hebrew)), Vocab.from_text(hebrew).idx_to_char, 4, 8)
    page = open_page(network, Card(name="שלום" * 30, seed_text="שלום"))
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator("#text").evaluate("box => getComputedStyle(box).direction") == "rtl"
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_no_accessibility_problems(open_page):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(small_network("lstm"), Card("Verses", "te", 10, 10, 1.0))
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    page.get_by_role("tab", name="Write together").click()
    page.locator(".choice").first.wait_for()
    found += Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
