"""The benchmark of quality over time: its planning, its files, its tables and its search."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.minutes import __main__ as command
from benchmarks.minutes import budget, rates, search, table, texts, worker
from benchmarks.minutes.figure import Figure
from benchmarks.minutes.recipe import CONTENDERS, Recipe

TEXT = "the cat sat on the mat; a rat ate the oats. " * 60
SMALL = Recipe(hidden_dim=8, batch_size=4, seq_length=10)


class Timed:
    """A trainee whose iterations take given seconds of a clock that it moves."""

    num_params = 0

    def __init__(self, *seconds: float):
        self.seconds, self.now, self.done, self.length = list(seconds), 0.0, 0, 0

    def step(self) -> None:
        self.now += self.seconds[min(self.done, len(self.seconds) - 1)]
        self.done += 1

    def set_length(self, iterations: int) -> None:
        self.length = iterations

    def finish(self) -> None:
        self.finished_at = self.now

    def evaluate(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    "seconds",
    [
        (0.1,),
        (3.0, 0.1),  # the first allocates buffers
        (*[0.1] * 300, 0.3),  # other programs slow it down
        (*[0.3] * 100, 0.1),
        (0.9,),
    ],
)
def test_a_training_ends_with_its_time_and_its_schedule_with_it(seconds):
    trainee = Timed(*seconds)
    done = budget.train_within(trainee, 60.0, lambda: trainee.now)
    assert done == trainee.done == trainee.length
    assert trainee.finished_at == pytest.approx(60.0, abs=1.0)


def test_a_training_ends_if_its_first_iterations_use_up_the_time():
    trainee = Timed(1.0)
    assert budget.train_within(trainee, 0.5, lambda: trainee.now) == budget.WARM_UP + 1


def test_validations_in_between_do_not_count_as_time():
    trainee, times = Timed(0.1), []

    def validate() -> None:
        times.append(trainee.now)
        trainee.now += 5.0

    done = budget.train_within(trainee, 60.0, lambda: trainee.now, validate)
    assert done == pytest.approx(600, abs=2)
    assert len(times) == 9


def test_a_figure_is_measured_in_one_process_with_rnncore():
    figure = Figure("story", "try", SMALL, 0.2, seed=3)
    found = worker.measure(figure, TEXT)
    assert found["iterations"] > 5
    assert 0.15 < found["processor_seconds"] < 0.6
    assert 0 < found["best"] <= found["validation"] < 6
    assert Figure.from_values({key: found[key] for key in figure.values()}) == figure


@pytest.mark.parametrize(("kind", "cell"), [("torch", "lstm"), ("torch", "gru"), ("gpt", "")])
def test_a_peer_learns(kind, cell):
    pytest.importorskip("torch")
    length = 15 if kind == "gpt" else 40
    peer = replace(SMALL, kind=kind, cell=cell, lr=0.01, iterations=length)
    found = worker.measure(Figure("story", kind, peer, 1.0, 0), TEXT)
    symbols = len(set(TEXT))
    assert found["validation"] < 0.95 * np.log(symbols)


def test_a_figure_is_measured_once_and_again_when_its_recipe_changes(tmp_path, monkeypatch):
    def measure(command, **options):
        order = json.loads(options["input"])
        assert options["env"]["RNNCORE_THREADS"] == "1"
        return type("Done", (), {"stdout": json.dumps(order["figure"] | {"validation": 1.5})})

    monkeypatch.setattr("subprocess.run", measure)
    figure = Figure("novel", "demo", SMALL, 20.0, 0)
    assert figure.measured(tmp_path) is None
    found = figure.measure(tmp_path, tmp_path)
    assert figure.measured(tmp_path) == found
    assert replace(figure, recipe=replace(SMALL, lr=0.5)).measured(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["novel-demo-20s-one-0.json"]


def plan(*arguments: str) -> list[Figure]:
    return list(command.plan(command.parse(arguments)))


def test_what_cannot_be_measured_is_left_out_with_a_reason(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    figures = plan("--texts", "story", "chinese", "--books", str(tmp_path), "--seconds", "20")
    assert {(figure.text, figure.name) for figure in figures} == {
        ("story", "demo"),
        ("story", "first"),
        ("story", "gru"),
    }
    printed = capsys.readouterr().out
    assert "PyTorch is not installed: torch, torch-demo, torch-book, gpt" in printed
    assert "chinese, because chinese.txt is not in the folder of books" in printed


def test_contenders_take_turns_and_a_fixed_length_is_measured_once(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    figures = plan(
        "--texts", "story", "--seconds", "20", "300", "--contenders", "demo", "first", "gpt-2000"
    )
    assert [(figure.name, figure.seconds, figure.seed) for figure in figures] == [
        *((name, 20.0, seed) for seed in range(3) for name in ("demo", "first", "gpt-2000")),
        ("demo", 300.0, 0),
        ("first", 300.0, 0),
    ]


def test_each_contender_is_measured_for_the_times_that_suit_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    figures = plan("--texts", "story", "--seconds", "20", "300", "1800")
    times = {name: {f.seconds for f in figures if f.name == name} for name in CONTENDERS}
    assert times["demo"] == {20.0}
    assert times["book"] == {300.0, 1800.0}
    assert times["overnight"] == {1800.0}
    assert times["torch"] == {20.0, 300.0, 1800.0}


def test_a_peer_can_have_the_settings_of_a_preset():
    for preset in ("demo", "book"):
        ours, theirs = CONTENDERS[preset].recipe, CONTENDERS[f"torch-{preset}"].recipe
        assert theirs == replace(ours, kind="torch")


def found(name: str, seed: int, validation: float, seconds: float = 20.0, best: float = 9.0):
    figure = Figure("novel", name, SMALL, seconds, seed)
    return figure.values() | {
        "validation": validation, "best": min(best, validation), "parameters": 1000,
        "iterations": 200, "processor_seconds": seconds, "clock_seconds": 2 * seconds,
    }  # fmt: skip


def test_the_table_has_means_ranges_and_best_losses():
    figures = [
        found("first", 0, 1.5), found("demo", 1, 1.2), found("demo", 0, 1.3),
        found("demo", 0, 1.1, 60.0, best=1.0),
    ]  # fmt: skip
    assert table.format_table(figures).splitlines() == [
        "| text | seconds | demo | first | seeds |",
        "|---|---|---|---|---|",
        "| novel | 20 | 1.250 (1.200–1.300) | 1.500 | 1–2 |",
        "| novel | 60 | 1.100, best 1.000 |  | 1 |",
    ]
    assert "| novel | 20 | first | H8 N4 T10 0.008 | 1,000 | 200 | 20.0 | 40.0 |" in (
        table.format_times(figures)
    )


def test_the_chart_has_a_point_for_each_mean():
    figures = [found("demo", 0, 1.3), found("demo", 1, 1.2), found("demo", 0, 1.1, 60.0)]
    rows = table.chart(figures)["data"]["values"]
    assert [(row["seconds"], row["validation"]) for row in rows] == [(20.0, 1.25), (60.0, 1.1)]


def test_the_search_keeps_the_better_part_of_each_round(tmp_path, monkeypatch):
    candidates = [replace(SMALL, lr=lr) for lr in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
    asked = []

    def score(recipe, seconds, *rest):
        asked.append((recipe.lr, seconds))
        return abs(recipe.lr - 0.3) if seconds == 1 else recipe.lr

    monkeypatch.setattr(search, "score", score)
    best = search.halve(candidates, (1, 2), tmp_path, tmp_path, keep=0.5)
    assert [one.lr for one in best] == [0.2, 0.3, 0.4]
    assert len(asked) == 6 + 3


def test_the_name_of_a_recipe_has_what_differs_from_the_default():
    assert str(Recipe()) == "H128 N16 T50 0.008"
    changed = Recipe(cell="gru", num_layers=2, ideas=("chrono", "average"))
    assert str(changed) == "gru H128 N16 T50 0.008 num_layers=2 ideas=chrono+average"


def test_every_text_is_found_or_its_file_is_named(tmp_path):
    assert len(texts.load("code", tmp_path)) > 500_000
    assert texts.load("story", tmp_path)
    with pytest.raises(texts.MissingText, match=r"pride\.txt"):
        texts.load("novel-half", Path(tmp_path))


def test_the_fitted_rule_is_that_of_the_losses():
    def rule(H, N, layers):
        return 0.01 * (H / 128) ** -0.5 * (N / 32) ** 0.25 * layers**-0.5

    best = {}
    for shape in rates.SHAPES:
        optimum = rule(*shape)
        by_rate = {lr: 1 + np.log(lr / optimum) ** 2 for lr in (0.002, 0.004, 0.008, 0.016, 0.032)}
        best[shape] = rates.best_rate(by_rate)
        assert best[shape] == pytest.approx(optimum)
    np.testing.assert_allclose(rates.fit(best), (0.01, -0.5, 0.25, -0.5))


def test_at_the_end_of_the_measured_rates_the_best_is_that_rate():
    assert rates.best_rate({0.002: 2.0, 0.004: 1.5, 0.008: 1.2}) == 0.008


def test_rates_are_compared_by_the_mean_over_the_texts():
    def figure(text, rate, loss):
        recipe = Recipe(hidden_dim=64, batch_size=32, lr=rate)
        return {"text": text, "recipe": recipe.values(), "validation": loss}

    found = rates.losses(
        [figure("novel-half", 0.01, 1.2), figure("play", 0.01, 1.6), figure("play", 0.02, 1.5)]
    )
    assert found == {("lstm", (64, 32, 1)): {0.01: pytest.approx(1.4)}}
