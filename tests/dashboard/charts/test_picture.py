"""The loss chart as a picture."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dashboard.charts.chart_parts import TRAINING
from dashboard.runs import exports
from tests.support.runs import small_run

pytest.importorskip("vl_convert", reason="vl-convert-python is not installed")


def test_the_curve_is_drawn_with_its_lines_and_the_text_s_name():
    run = small_run(steps=60)
    run.text = replace(run.text, name="<b>cat</b> & dog.txt")
    files = {d.suffix: d.make for d in exports.MORE_DOWNLOADS if d.needs}
    svg = files["-loss.svg"](run, []).decode()
    assert svg.startswith("<svg")
    assert "&lt;b&gt;cat&lt;/b&gt; &amp; dog.txt" in svg
    assert "Loss (nats per character)" in svg
    # Every batch, smoothed training and its key in the legend.
    assert len(re.findall(rf'<path [^>]*stroke="{TRAINING}"', svg)) == 3
    assert ">validation</text>" in svg
    assert ">Iterations</text>" in svg
    assert files["-loss.png"](run, []).startswith(b"\x89PNG")
