"""The report: well-formed, complete and without active content, whatever text it shows."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.reports.run_report import Report, Sample, render
from dashboard.reports.svg_curve import Curve, draw, smooth_line, thin_line, ticks
from dashboard.reports.terms import TERMS
from dashboard.runs import exports
from tests.support.runs import small_run

HOSTILE = (
    "</pre><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- </style> &lt; ]]> {{7*7}} $x$ \x00\x1b\ud800\ufffe",
)
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "div", "dt", "dd"),
    *("table", "tr", "th", "td", "pre", "footer", "figure", "figcaption"),
    *("svg", "g", "line", "text", "polyline", "circle", "clipPath", "rect"),
}
N = 5000
x = np.arange(1, N + 1)
LOSS = 1.2 + 2 * np.exp(-x / 800) + 0.05 * np.random.default_rng(0).standard_normal(N)
CURVE = Curve(x, LOSS, [1000, 3000, 5000], [1.8, 1.5, 1.3], {"5-gram": 1.25})


def parsed(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def report_of(words: str) -> Report:
    rows = {words: words}
    curve = Curve([1, 2], [3.0, 2.5], marks={words: 2.7})
    return Report(words, rows, rows, rows, curve, [Sample(1, words)], lead=words)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_is_escaped(words: str) -> None:
    html = render(report_of(words))
    html.encode("utf-8")  # no lone surrogates
    root = parsed(html)
    assert {element.tag for element in root.iter()} <= ALLOWED
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or name in ("src", "href") for name in attributes)
    visible = re.sub("[\x00\x1b\ud800\ufffe]", "\ufffd", words)
    assert root.findtext(".//h1") == visible
    assert (root.findtext(".//pre") or "").removeprefix("\n") == visible


@given(words=st.text(max_size=30))
def test_any_text_gives_a_well_formed_page(words: str) -> None:
    parsed(render(report_of(words)))


def test_the_page_loads_and_runs_nothing() -> None:
    html = render(Report("A run", {"Loss": 1.5}, curve=CURVE, samples=[Sample(5, "text")]))
    assert "<script" not in html
    assert not re.search(r"https?:|url\((?!#)|@import|//", html)
    assert "default-src 'none'" in html


def test_all_values_are_shown() -> None:
    html = render(
        Report(
            title="Emma, 200 units",
            figures={"Validation": 1.10634, "Iterations": 20_000, "Clip": None},
            data={"Name": "emma.txt", "Vocabulary": 80},
            settings={"Tied": True, "Learning rate": 0.004, "Limit": float("nan")},
            curve=CURVE,
            samples=[Sample(100, "\nth e"), Sample(20_000, "the")],
            created=date(2024, 5, 6),
            lead="About a book.",
        )
    )
    root = parsed(html)
    cells = ["".join(e.itertext()) for e in root.iter() if e.tag in ("dd", "td")]
    shown = ["1.106", "20,000", "none", "emma.txt", "80", "yes", "0.004", "none"]
    assert cells == [*shown, TERMS["Iterations"], TERMS["Learning rate"]]
    assert [e.text for e in root.iter("h2")] == ["Loss", "Text", "Settings", "Samples", "Terms"]
    assert "after 20,000 iterations" in html
    # HTML parsers drop one line feed after <pre>, so the sample's own stays.
    assert [e.text for e in root.iter("pre")] == ["\n\nth e", "\nthe"]
    assert "2024-05-06" in html
    assert "About a book." in html


def test_empty_sections_have_no_heading() -> None:
    assert [e.tag for e in parsed(render(Report("Empty"))).iter("h2")] == []
    assert "<svg" not in render(Report("Empty", curve=Curve([], [])))


def test_the_size_does_not_grow_with_the_run() -> None:
    n = 200_000
    long = Curve(np.arange(n), np.random.default_rng(0).random(n), np.arange(n), np.ones(n))
    assert len(render(Report("Long", curve=long))) < 60_000


# -- the curve --------------------------------------------------------------------------------


def points(svg: str, kind: str) -> np.ndarray:
    found = re.search(rf'class="{kind}" points="([^"]*)"', svg)
    assert found is not None
    return np.array([pair.split(",") for pair in found[1].split()], float)


def test_curve_has_axes_ticks_labels_and_three_lines() -> None:
    svg = draw(CURVE)
    words = [element.text for element in parsed(svg).iter("text")]
    assert {"iteration", "nats per character", "0", "5,000", "5-gram 1.25"} <= set(words)
    assert svg.count("<circle") == 3
    for kind in ("train", "smooth", "val"):
        x = points(svg, kind)[:, 0]
        assert 50 <= x.min() <= x.max() <= 740
    assert "Training loss from" in svg


def test_higher_losses_are_drawn_higher() -> None:
    val = points(draw(CURVE), "val")
    assert val[0, 1] < val[1, 1] < val[2, 1]  # y grows downwards
    assert val[0, 0] < val[1, 0] < val[2, 0]


@pytest.mark.parametrize(
    "loss", [[], [2.0], [2.0, 2.0, 2.0], [np.nan, 2.0, np.inf], [np.nan], [0.0, 0.0]]
)
def test_unusual_curves_are_drawn(loss: list[float]) -> None:
    svg = draw(Curve(np.arange(len(loss)), loss))
    assert "nan" not in svg
    assert "inf" not in svg
    parsed(svg)


def test_validation_is_drawn_without_training_loss() -> None:
    assert len(points(draw(Curve([], [], [10, 20], [2.0, 1.0])), "val")) == 2


def test_labels_of_close_marks_do_not_overlap() -> None:
    marks = {"a": 1.30, "b": 1.301, "c": 1.302}
    root = parsed(draw(Curve(x, LOSS, marks=marks)))
    heights = sorted(float(e.attrib["y"]) for e in root.iter("text") if "name" in e.attrib.values())
    assert len(heights) == 3
    assert min(np.diff(heights)) >= 12


def test_a_mark_far_from_the_curve_is_left_out() -> None:
    assert "Uniform" not in draw(Curve(x, LOSS, marks={"Uniform": 4.4}))


def test_thinning_keeps_peaks_and_ends() -> None:
    y = np.zeros(10_000)
    y[[1234, 8765]] = 9.0, -9.0
    at, kept = thin_line(np.arange(10_000.0), y, 100)
    assert len(at) <= 102
    assert {0, 1234, 8765, 9999} <= set(at)
    assert (kept.min(), kept.max()) == (-9, 9)


def test_smoothing_keeps_a_straight_line_and_reduces_noise() -> None:
    at = np.arange(2000.0)
    where, line = smooth_line(at, 5 - at / 1000, 100)
    inner = where < 1900  # at the end the window has no right half
    np.testing.assert_allclose(line[inner], (5 - where / 1000)[inner], atol=1e-9)
    _, smooth = smooth_line(at, np.random.default_rng(0).standard_normal(2000), 100)
    assert smooth[5:].std() < 0.3


@given(low=st.floats(0, 10), span=st.floats(0.001, 1e6), wanted=st.integers(3, 10))
def test_ticks_are_within_the_range_and_about_as_many_as_wanted(
    low: float, span: float, wanted: int
) -> None:
    found = ticks(low, low + span, wanted)
    assert 1 <= len(found) <= wanted + 2
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in found)


def test_a_short_run_has_no_label_twice() -> None:
    shown = draw(Curve([1, 2, 3], [3.0, 2.0, 1.5]))
    labels = re.findall(r'text-anchor="middle">([\d,]+)</text>', shown)
    assert labels == ["0", "1", "2", "3"]
    assert ticks(0, 3, 8) != ticks(0, 3, 8, smallest=1)


def test_the_terms_that_occur_are_explained():
    shown = render(Report("A run", {"Validation loss": 1.0}, settings={"Dropout": 0.1}))
    terms = re.findall(r"<dt>([^<]+)</dt><dd>[^<]{30,}", shown)
    assert terms == ["Loss", "Validation loss", "Dropout"]
    assert "Terms" not in render(Report("A run"))


def test_every_setting_of_a_network_in_a_report_is_explained():

    shown = exports.report_html(small_run(steps=2), [])
    plain = {"Cell", "Layers", "Iterations between validations", "Planned iterations"}
    settings = shown.split("<h2>Settings</h2>")[1].split("<h2>")[0]
    names = set(re.findall(r'<th scope="row">([^<]+)', settings)) - plain
    assert names - {"Initialisation seed"} <= set(TERMS)
