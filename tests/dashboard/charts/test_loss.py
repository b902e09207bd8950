"""The loss chart: few rows for a run of any length, no lost peak, and valid specifications."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace

import altair as alt
import numpy as np
import pytest

from dashboard.analysis.baselines import Baseline
from dashboard.charts.axis import x_end, y_domain
from dashboard.charts.chart_options import UNITS, X_AXES, ChartOptions, in_unit
from dashboard.charts.history_column import column_rows, column_spec
from dashboard.charts.history_line import describe_thinning
from dashboard.charts.loss import (
    BOTH,
    LABEL,
    LABEL_AT,
    LINE,
    LINES,
    NOTE,
    SAMPLE,
    UNIT_TITLES,
    loss_chart,
    loss_rows,
    loss_spec,
)
from dashboard.training.live_settings import Change
from rnncore.history import History
from tests.support.charts import CHARS_PER_EPOCH, fields, history_of

ROWS = 600  # at most, with a few baselines and marks: about 25 kB


def rows_of(history, **options):
    """Return the rows with short names of their columns: line, x, y, label, note, at."""
    return shortened(loss_rows(history, CHARS_PER_EPOCH, ChartOptions(**options)))


def shortened(rows):
    names = ["line", "x", "y", *BOTH, "sample", "label", "note", "at"]
    return rows.set_axis(names, axis="columns")


def part(rows, name):
    return rows[rows["line"] == LINES[name]]


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
    rows = shortened(loss_rows(million, CHARS_PER_EPOCH, options))
    assert len(rows) <= ROWS
    assert len(rows.to_json(orient="records")) < 150_000
    raw = part(rows, "raw")["y"]
    assert (raw.min(), raw.max()) == (million["loss_min"].min(), million["loss_max"].max())
    for column in ("grad_norm", "lr"):
        assert len(column_rows(million, CHARS_PER_EPOCH, column, options)) <= 300


@pytest.mark.parametrize("x", X_AXES)
def test_a_thinned_history_looks_like_the_whole(monkeypatch, x):
    options = {"marks": [Change(12_345, "rate")], "stage": 150_000, "smoothing": 100}
    thinned = history_of(200_000)
    assert thinned.thinned
    monkeypatch.setattr("rnncore.history.MAX_RECENT", 10**6)
    whole = history_of(200_000)
    assert not whole.thinned
    rows, expected = (rows_of(history, x=x, **options) for history in (thinned, whole))
    for name in ("val", "best", "mark", "stage"):  # exact
        np.testing.assert_allclose(part(rows, name)["x"], part(expected, name)["x"], rtol=1e-4)
        np.testing.assert_array_equal(part(rows, name)["y"], part(expected, name)["y"])
    for name in ("raw", "mean"):
        axis = np.linspace(0.01, 0.99, 50) * part(expected, name)["x"].max()
        lines = [
            np.interp(axis, part(some, name)["x"], part(some, name)["y"])
            for some in (rows, expected)
        ]
        tolerance = 0.3 if name == "raw" else 0.03
        np.testing.assert_allclose(*lines, atol=tolerance)
    raw, whole_raw = part(rows, "raw")["y"], part(expected, "raw")["y"]
    assert (raw.min(), raw.max()) == (whole_raw.min(), whole_raw.max())


def test_the_page_states_what_was_thinned(million):
    assert describe_thinning(history_of(700)) == ""
    until = million.thinned_until
    assert 900_000 < until < 1_000_000 - 32_000
    assert f"Iterations up to {until:,} are kept as" in describe_thinning(million)
    assert f"up to {million['iterations'].max():,.0f} iterations" in describe_thinning(million)


def test_rows_of_a_million_iterations_take_under_a_second(million):
    fastest = math.inf
    for _ in range(3):
        started = time.perf_counter()
        rows_of(million)
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 1.0  # about 0.02 on a quiet machine


# -- baselines, marks and the stage ------------------------------------------------------------


def test_the_chart_holds_every_baseline_and_the_curve():
    baselines = [baseline("far below", 0.1), baseline("near", 1.4), baseline("above", 9.0)]
    history = history_of(300)
    rows = part(rows_of(history, baselines=baselines, unit="bits"), "baseline")
    assert set(rows["label"]) == {"far below 0.14", "near 2.02", "above 12.98"}
    low, high = y_domain(history, ChartOptions(baselines=baselines))
    values = rows_of(history, baselines=baselines)["y"].dropna()
    assert low <= values.min()
    assert values.max() <= high
    assert y_domain(history, ChartOptions(baselines=baselines), top=5.0)[1] == 5.0
    assert y_domain(History(), ChartOptions()) is None


def test_the_x_axis_ends_at_the_goal():
    history = history_of(100)
    for x, end in (
        ("Iterations", 400.0),
        ("Epochs", 4 * history["chars"][-1] / CHARS_PER_EPOCH),
        ("Characters", 4.0 * history["chars"][-1]),
        ("Seconds", None),
    ):
        assert x_end(history, ChartOptions(x=x, length=400), CHARS_PER_EPOCH) == end
    assert x_end(history, ChartOptions(), CHARS_PER_EPOCH) is None


@pytest.mark.parametrize(
    ("x", "end"), [("Iterations", 400), ("Epochs", 8), ("Characters", 4_000), ("Seconds", None)]
)
def test_before_training_the_x_axis_ends_at_the_goal_in_its_own_unit(x, end):
    options = ChartOptions(x=x, length=400, chars_per_iteration=10)
    assert x_end(History(), options, 500) == end
    unknown = x_end(History(), replace(options, chars_per_iteration=0), 0)
    assert unknown == (400 if x == "Iterations" else None)


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
        notes = dict(zip(rows["label"], rows["note"], strict=True))
        assert notes[label] == "Looks at the last 4 characters."
        assert notes["training"] == ""


def test_no_line_and_no_other_label_crosses_a_label():
    history = History()
    for i in range(1, 1001):  # 4 for the first third, then 2
        history.append(iteration=i, loss=4.0 if i < 333 else 2.0, chars=i, seconds=i)
    values = {"low": 2.0, "high": 4.0, "too": 4.05, "free": 3.0}
    baselines = [baseline(name, nats) for name, nats in values.items()]
    rows = part(rows_of(history, baselines=baselines, smoothing=1), "baseline")
    starts = {name.split()[0]: x for name, x in zip(rows["label"], rows["at"], strict=True)}
    # Two lines too close for a label between them have one label above and one below.
    assert starts == {"low": 0.7, "free": 0.7, "high": -0.7, "too": 0.7}


def test_the_shown_stage_is_marked():
    rows = part(rows_of(history_of(300), stage=120), "stage")
    assert rows[["x", "label"]].to_numpy().tolist() == [[120.0, "after 120 iterations"]]
    first = part(rows_of(history_of(300), stage=1), "stage")
    assert first["label"].tolist() == ["after 1 iteration"]
    assert len(part(rows_of(history_of(300)), "stage")) == 0


def test_a_stage_beyond_the_history_is_marked_at_its_end():
    late = part(rows_of(history_of(300), stage=900), "stage")
    assert late["x"].tolist() == [300.0]  # an older checkpoint was restored


def test_before_training_the_chart_names_the_level_to_beat():
    baselines = [baseline("Uniform", 4.0), baseline("5-gram", 1.63)]
    rows = part(rows_of(History(), baselines=baselines, length=500), "baseline")
    assert set(rows["label"]) == {"Uniform 4.00", "5-gram 1.63: beat this"}
    trained = part(rows_of(history_of(10), baselines=baselines), "baseline")
    assert set(trained["label"]) == {"Uniform 4.00", "5-gram 1.63"}


def test_marks_are_drawn_at_their_iteration_and_never_beyond_the_curve():
    changes = [Change(10, "rate 1 → 2"), Change(300, "rate 2 → 3"), Change(900, "rate 3 → 4")]
    rows = part(rows_of(history_of(300), marks=changes), "mark")
    assert rows["x"].tolist() == [10, 300, 300]
    assert rows["label"].tolist() == [change.text for change in changes]
    assert rows["y"].isna().all()


def test_marks_without_a_curve_are_left_out():
    assert len(rows_of(History(), marks=[Change(1, "x")])) == 0


# -- specifications ----------------------------------------------------------------------------


def rows_with_every_part(unit: str = "nats", x: str = "Iterations"):
    baselines = [baseline(name, nats) for name, nats in (("a", 1.5), ("b", 1.6), ("c", 2.0))]
    marks = [Change(3, "x → y")]
    options = ChartOptions(x=x, unit=unit, baselines=baselines, marks=marks, stage=100)
    return loss_rows(history_of(200), CHARS_PER_EPOCH, options)


def drawn_parts(spec) -> list[str]:
    """The parts of the rows that a specification draws, apart from the nearest-point layers."""
    found = re.findall(r"datum\['Line'\] === '([^']+)'", str(spec["layer"]))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("x", X_AXES)
def test_specification_draws_every_part_and_reads_only_the_rows_columns(x, unit):
    rows = rows_with_every_part(unit, x)
    parts = frozenset(rows[LINE])
    assert parts == set(LINES.values())
    spec = loss_spec(x, unit, parts)
    assert "data" not in spec
    assert all("data" not in layer for layer in spec["layer"])
    assert fields(spec) <= set(rows.columns)
    for name in parts:
        assert name in drawn_parts(spec), f"{name} has rows and is not drawn"
    assert spec["layer"][0]["encoding"]["y"]["field"] == UNIT_TITLES[unit]


def test_specification_is_still_valid_without_its_data():  # Altair checked it with data
    spec = loss_spec("Epochs", "bits", frozenset(rows_with_every_part("bits", "Epochs")[LINE]))
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)


def test_only_parts_with_rows_are_drawn():
    lines = [LINES["raw"], LINES["mean"]]
    assert drawn_parts(loss_spec("Iterations", "nats", frozenset(lines))) == lines


def test_the_nearest_point_has_a_tooltip_and_a_rule():
    for spec in (loss_spec("Seconds", "bits", frozenset(LINES.values())),
                 column_spec("Seconds", "lr")):  # fmt: skip
        (near,) = spec["params"]
        assert near["select"]["nearest"] is True
        (points,) = [layer for layer in spec["layer"] if layer.get("name") in near["views"]]
        assert {tip["field"] for tip in points["encoding"]["tooltip"]} >= {"Seconds"}
        assert any({"filter": {"param": "near", "empty": False}} in layer.get("transform", ())
                   and layer["mark"]["type"] == "rule" for layer in spec["layer"])  # fmt: skip


def test_a_specification_is_built_once():
    parts = frozenset({LINES["raw"]})
    assert loss_spec("Epochs", "bits", parts) is loss_spec("Epochs", "bits", parts)


# -- names, the tooltip and the axis -----------------------------------------------------------


def test_the_table_behind_the_chart_has_names_that_a_person_knows():
    rows = rows_with_every_part("nats", "Epochs")
    assert list(rows.columns) == [
        "Line", "Epochs", "Loss (nats per character)", "Training", "Validation",
        "Sample at iteration", "Label", "Explanation", "Label position",
    ]  # fmt: skip
    assert list(rows.columns[[0, 5, 6, 7, 8]]) == [LINE, SAMPLE, LABEL, NOTE, LABEL_AT]


def test_the_tooltip_has_training_and_validation_loss_at_every_point():
    history = history_of(300)
    rows = rows_of(history, smoothing=1)
    for name in ("mean", "val", "best"):
        for row in part(rows, name).itertuples():
            at = int(row.x)
            assert row.Training == f"{history['loss'][at - 1]:.3f}"
            last = 50 * (at // 50)  # history_of validates every 50 iterations
            expected = f"{history['val_loss'][last - 1]:.3f}" if last else "–"
            assert row.Validation == expected
    spec = loss_spec("Iterations", "nats", frozenset(LINES.values()))
    (points,) = [
        layer for layer in spec["layer"] if layer.get("name") in spec["params"][0]["views"]
    ]
    assert [tip["field"] for tip in points["encoding"]["tooltip"]] == ["Iterations", *BOTH]


def test_the_tooltip_names_the_sample_that_a_click_on_its_point_shows():
    samples = [20, 40, 65, 110]
    options = ChartOptions(samples=samples, stage=40, baselines=[baseline("a", 1.5)])
    rows, spec = loss_chart(history_of(300), CHARS_PER_EPOCH, options)
    rows = shortened(rows)
    for name in ("mean", "val", "best"):
        for row in part(rows, name).itertuples():
            assert row.sample == min(samples, key=lambda n: abs(n - row.x))
    assert rows[rows["line"].isin([LINES["stage"], LINES["baseline"]])]["sample"].isna().all()
    (near,) = spec["params"]
    assert near["select"]["encodings"] == ["x"]  # at any height the same point
    tips = [layer for layer in spec["layer"] if "'Training'" in str(layer["encoding"])]
    assert [layer["mark"]["type"] for layer in tips] == ["point", "point"]  # and the best
    for layer in tips:
        assert layer["encoding"]["tooltip"][-1]["field"] == SAMPLE
    _, spec = loss_chart(history_of(300), CHARS_PER_EPOCH, replace(options, samples=()))
    assert SAMPLE not in fields(spec)


def test_perplexity_has_a_log_axis():
    for unit in UNITS:
        _, spec = loss_chart(history_of(300), CHARS_PER_EPOCH, ChartOptions(unit=unit))
        scales = [layer["encoding"]["y"]["scale"] for layer in spec["layer"]
                  if "y" in layer["encoding"]]  # fmt: skip
        assert len(scales) >= 3
        for scale in scales:
            assert (scale.get("type") == "log") == (unit == "perplexity")


def with_spike(height):
    history = history_of(2000)
    rows = history.to_array()
    rows[3, 4:9] = height  # the loss of five early iterations
    return History.from_array(rows)


@pytest.mark.parametrize("unit", UNITS)
def test_a_spike_does_not_set_the_axis(unit):
    options = ChartOptions(unit=unit, baselines=[baseline("high", 9.0), baseline("low", 2.0)])
    rows, spec = loss_chart(with_spike(20.0), CHARS_PER_EPOCH, options)
    raw = next(layer for layer in spec["layer"] if layer["mark"].get("strokeWidth") == 1)
    top = raw["encoding"]["y"]["scale"]["domainMax"]
    first = history_of(1)["loss"][0]
    assert in_unit(1.1 * first, unit) <= top <= 1.11 * in_unit(1.1 * first, unit)
    assert raw["mark"]["clip"]
    assert shortened(rows)["y"].max() == in_unit(20.0, unit)  # the table has the spike
    assert [text.split()[0] for text in part(shortened(rows), "baseline")["label"]] == ["low"]


def test_without_a_spike_the_axis_shows_every_loss():
    for history in (history_of(0), history_of(1), history_of(2000), with_spike(4.0)):
        _, spec = loss_chart(history, CHARS_PER_EPOCH, ChartOptions())
        tops = {float(top) for top in re.findall(r"'domainMax': ([\d.]+)", str(spec))}
        assert all(top >= history["loss"].max() for top in tops)
