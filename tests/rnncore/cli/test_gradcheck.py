"""``python -m rnncore gradcheck``."""

from __future__ import annotations

import rnncore.gradcheck
from rnncore import CELLS


def test_gradcheck_prints_a_line_for_each_gradient(run):
    code, out, _ = run("gradcheck")
    assert code == 0
    rows = [line.split() for line in out.splitlines()[1:-2]]
    assert {(row[0], row[1]) for row in rows} == {(c, n) for c in CELLS for n in "123"}
    assert all(float(row[-1]) < 1e-7 for row in rows)
    assert "at most 1e-07" in out.splitlines()[-1]


def test_gradcheck_fails_if_a_gradient_is_wrong(run, monkeypatch):
    check = rnncore.gradcheck.Check("lstm", 1, "b", (4,), 2e-7)
    monkeypatch.setattr(rnncore.gradcheck, "check_model", lambda cell, layers: [check])
    code, out, _ = run("gradcheck")
    assert code == 1
    assert "MORE than" in out
