"""The loss chart: few rows for a run of any length, no lost peak, and valid specifications."""

from __future__ import annotations

import math
import re
import time

import altair as alt
import numpy as np
import pytest

from dashboard.analysis.baselines import Baseline
from dashboard.charts.chart_options import UNITS, X_AXES, ChartOptions, in_unit
from dashboard.charts.history_column import column_rows, column_spec
from dashboard.charts.loss import loss_rows, loss_spec
from dashboard.training.live_settings import Change
from rnncore.history import History
from tests.support.charts import CHARS_PER_EPOCH, fields, history_of

ROWS = 600  # at most, with a few baselines and marks: about 25 kB


def rows_of(history, **options):
    return loss_rows(history, CHARS_PER_EPOCH, ChartOptions(**options))


def part(rows, name):
    return rows[rows["part"] == name]


def baseline(name, nats, note=""):
    return Baseline(name, nats, note)


# -- curves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("x", X_AXES)
@pytest.mark.parametrize("length", [0, 1, 49, 700])
def test_short_runs_keep_every_row(length, x, unit):
    history = history_of(length)
    rows = rows_of(history, x=x, unit=unit, smoothing=1)
    raw = part(rows, "raw")
    assert list(rows.columns) == ["x", "y", "text", "note", "part"]
    assert len(raw) <= 600
    factor = CHARS_PER_EPOCH if x == "Epochs" else 1
    column = "chars" if x == "Epochs" else X_AXES[x]
    if 0 < length <= 600:
        np.testing.assert_allclose(raw["x"], history[column] / factor)
        np.testing.assert_allclose(raw["y"], in_unit(history["loss"], unit))
        np.testing.assert_allclose(part(rows, "mean")["y"].iloc[-1], raw["y"].iloc[-1])
    measured = history["val_loss"][~np.isnan(history["val_loss"])]
    np.testing.assert_allclose(part(rows, "val")["y"], in_unit(measured, unit))
    assert len(part(rows, "best")) == (1 if len(measured) else 0)


def test_the_best_validation_is_marked():
    history = history_of(200)
    history.set_last("val_loss", 0.5)
    history.append(iteration=201, loss=1.0, val_loss=0.9)
    best = part(rows_of(history), "best")
    assert best[["x", "y"]].to_numpy().tolist() == [[200.0, 0.5]]


def test_nats_convert_to_bits_and_perplexity():
    assert in_unit(math.log(2), "bits") == pytest.approx(1.0)
    assert in_unit(math.log(7), "perplexity") == pytest.approx(7.0)
    assert in_unit(1.25, "nats") == 1.25


@pytest.mark.parametrize("unit", UNITS)
def test_a_diverged_loss_stays_finite(unit):
    history = history_of(60)
    history.append(iteration=61, loss=5000.0)
    assert np.isfinite(rows_of(history, unit=unit)["y"]).all()


@pytest.fixture(scope="module")
def million():
    return history_of(1_000_000)


@pytest.mark.parametrize("x", X_AXES)
def test_a_million_iterations_need_no_more_rows_than_a_thousand(million, x):
    options = ChartOptions(
        x=x,
        smoothing=500,
        baselines=[baseline("bigrams", 2.4), baseline("trigrams", 1.9)],
        marks=[Change(20_000 * i, f"learning rate {i} → {i + 1}") for i in range(1, 51)],
    )
    rows = loss_rows(million, CHARS_PER_EPOCH, options)
    assert len(rows) <= ROWS
    assert len(rows.to_json(orient="records")) < 150_000
    loss = million["loss"]
    raw = part(rows, "raw")["y"]
    assert (raw.min(), raw.max()) == (loss.min(), loss.max())
    for column in ("grad_norm", "lr"):
        assert len(column_rows(million, CHARS_PER_EPOCH, column, options)) <= 300


def test_rows_of_a_million_iterations_take_under_a_second(million):
    fastest = math.inf
    for _ in range(3):
        started = time.perf_counter()
        rows_of(million)
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 1.0  # about 0.02 on a quiet machine


# -- baselines, marks and the stage ------------------------------------------------------------


def test_a_baseline_appears_once_the_curve_comes_near():
    baselines = [baseline("far below", 0.1), baseline("near", 1.4), baseline("above", 9.0)]
    history = history_of(300)
    lowest = min(history["loss"].min(), np.nanmin(history["val_loss"]))
    assert 0.1 < lowest - 1.0 < 1.4
    rows = part(rows_of(history, baselines=baselines, unit="bits"), "baseline")
    shown = dict(zip(rows["text"], rows["y"], strict=True))
    assert shown == {"near 2.02": 1.4 / math.log(2), "above 12.98": 9.0 / math.log(2)}


def test_a_baseline_has_its_value_in_the_unit_and_its_note():
    baselines = [
        baseline("5-gram", 1.5, "Looks at the last 4 characters."),
        baseline("other", 2.0),
    ]
    for unit, label in (
        ("nats", "5-gram 1.50"),
        ("bits", "5-gram 2.16"),
        ("perplexity", "5-gram 4.48"),
    ):
        rows = rows_of(history_of(300), baselines=baselines, unit=unit)
        notes = dict(zip(rows["text"], rows["note"], strict=True))
        assert notes[label] == "Looks at the last 4 characters."
        assert notes["training"] == ""


def test_no_line_and_no_other_label_crosses_a_label():
    history = History()
    for i in range(1, 1001):  # 4 for the first third, then 2
        history.append(iteration=i, loss=4.0 if i < 333 else 2.0, chars=i, seconds=i)
    values = {"low": 2.0, "high": 4.0, "too": 4.05, "free": 3.0}
    baselines = [baseline(name, nats) for name, nats in values.items()]
    rows = part(rows_of(history, baselines=baselines, smoothing=1), "baseline")
    starts = {name.split()[0]: x for name, x in zip(rows["text"], rows["x"], strict=True)}
    # Two lines too close for a label between them have one label above and one below.
    assert starts == {"low": 0.1, "free": 0.1, "high": -0.4, "too": 0.1}


def test_the_shown_stage_is_marked():
    rows = part(rows_of(history_of(300), stage=120), "stage")
    assert rows[["x", "text"]].to_numpy().tolist() == [[120.0, "after 120 iterations"]]
    first = part(rows_of(history_of(300), stage=1), "stage")
    assert first["text"].tolist() == ["after 1 iteration"]
    assert len(part(rows_of(history_of(300)), "stage")) == 0


def test_a_stage_beyond_the_history_is_marked_at_its_end():
    late = part(rows_of(history_of(300), stage=900), "stage")
    assert late["x"].tolist() == [300.0]  # an older checkpoint was restored


def test_a_run_without_iterations_shows_no_baseline():
    assert len(part(rows_of(History(), baselines=[baseline("a", 1.0)]), "baseline")) == 0


def test_marks_are_drawn_at_their_iteration_and_never_beyond_the_curve():
    changes = [Change(10, "rate 1 → 2"), Change(300, "rate 2 → 3"), Change(900, "rate 3 → 4")]
    rows = part(rows_of(history_of(300), marks=changes), "mark")
    assert rows["x"].tolist() == [10, 300, 300]
    assert rows["text"].tolist() == [change.text for change in changes]
    assert rows["y"].isna().all()


def test_marks_without_a_curve_are_left_out():
    assert len(rows_of(History(), marks=[Change(1, "x")])) == 0


# -- specifications ----------------------------------------------------------------------------


def rows_with_every_part(unit: str = "nats", x: str = "Iterations"):
    baselines = [baseline(name, nats) for name, nats in (("a", 1.5), ("b", 1.6), ("c", 2.0))]
    marks = [Change(3, "x → y")]
    return rows_of(history_of(200), x=x, unit=unit, baselines=baselines, marks=marks, stage=100)


def drawn_parts(spec) -> list[str]:
    """The parts of the rows that a specification draws, apart from the nearest-point layers."""
    found = re.findall(r"datum\.part === '(\w+)'", str(spec["layer"]))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("x", X_AXES)
def test_specification_draws_every_part_and_reads_only_the_rows_columns(x, unit):
    rows = rows_with_every_part(unit, x)
    parts = frozenset(rows["part"])
    spec = loss_spec(x, unit, parts)
    assert "data" not in spec
    assert all("data" not in layer for layer in spec["layer"])
    assert fields(spec) <= set(rows.columns)
    for name in parts:
        assert name in drawn_parts(spec), f"{name} has rows and is not drawn"
    assert unit.removesuffix("s") in spec["layer"][0]["encoding"]["y"]["title"].lower()


def test_specification_is_still_valid_without_its_data():  # Altair checked it with data
    spec = loss_spec("Epochs", "bits", frozenset(rows_with_every_part()["part"]))
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)


def test_only_parts_with_rows_are_drawn():
    spec = loss_spec("Iterations", "nats", frozenset({"raw", "mean"}))
    assert drawn_parts(spec) == ["raw", "mean"]


def test_the_nearest_point_has_a_tooltip_and_a_rule():
    for spec in (loss_spec("Seconds", "bits", frozenset({"raw", "mean", "val"})),
                 column_spec("Seconds", "lr")):  # fmt: skip
        (near,) = spec["params"]
        assert near["select"]["nearest"] is True
        (points,) = [layer for layer in spec["layer"] if layer.get("name") in near["views"]]
        assert {tip["title"] for tip in points["encoding"]["tooltip"]} >= {"Seconds"}
        assert any({"filter": {"param": "near", "empty": False}} in layer.get("transform", ())
                   and layer["mark"]["type"] == "rule" for layer in spec["layer"])  # fmt: skip


def test_a_specification_is_built_once():
    parts = frozenset({"raw"})
    assert loss_spec("Epochs", "bits", parts) is loss_spec("Epochs", "bits", parts)
