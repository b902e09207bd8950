"""Charts of the tab Inside: their rows have the values, their specifications name the columns."""

from __future__ import annotations

import json

import numpy as np

from dashboard.analysis.inside.characters import plane
from dashboard.charts import inside
from rnncore import RNN


def test_lines_have_their_values_and_no_gaps():
    lines = {"A": np.array([np.nan, 2.0, 3.0]), "B": np.arange(1000.0)}
    rows = inside.line_rows(lines, "Character", "Bits")
    first, second = (rows[rows["Network"] == name] for name in "AB")
    assert first["Character"].tolist() == [2, 3]
    assert first["Bits"].tolist() == [2.0, 3.0]
    assert len(second) == inside.POINTS
    assert (second["Bits"] == second["Character"] - 1).all()
    placed = inside.line_rows({"A": np.array([1.0, 2.0])}, "x", "y", np.array([10, 30]))
    assert placed["x"].tolist() == [10, 30]
    spec = json.dumps(inside.line_spec("Character", "Bits", log=False))
    assert all(f'"{column}"' in spec for column in rows.columns)


def test_each_character_is_drawn_at_its_place():
    network = RNN(4, "aB \n", input_dim=3, hidden_dim=2)
    rows = inside.plane_rows(plane(network))
    assert rows["Kind"].tolist() == ["Vowel", "Capital", "Space", "Space"]
    assert np.ptp(rows["First component"]) > 0
    spec = json.dumps(inside.plane_spec())
    assert all(f'"{column}"' in spec for column in rows.columns)
