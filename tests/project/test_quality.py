"""The benchmarks of training quality: their data, their runs and the choice of the best one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import charrnn, pretrain, quality, quotations
from rnncore import RNN, Vocab, inspect
from rnncore.batches import Batches, split_into_streams

TEXT = "the cat sat on the mat; a rat ate the oats. " * 300


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Use a short text and a small network instead of a book and a large one."""
    monkeypatch.setattr(quality, "load_book", lambda name, folder: TEXT)
    monkeypatch.setattr(quality, "HIDDEN", 8)


def test_char_rnns_split_has_50_whole_streams():
    ids = np.arange(50 * 50 * 40 + 77)  # 40 batches and a remainder
    parts = charrnn.split_like_charrnn(ids)
    assert parts.batches == (38, 2)
    batches = Batches(parts.train, charrnn.STREAMS, charrnn.LENGTH)
    assert batches.per_epoch == 38
    starts = np.arange(50) * 40 * 50
    np.testing.assert_array_equal(batches.inputs, starts[:, None] + np.arange(38 * 50))
    np.testing.assert_array_equal(batches.targets[:, :-1], batches.inputs[:, 1:])
    np.testing.assert_array_equal(parts.inputs, starts[:, None] + np.arange(38 * 50, 40 * 50))
    np.testing.assert_array_equal(parts.targets, parts.inputs + 1)
    assert "95,000 in total), the last 2 for validation" in str(parts)


def test_the_loss_does_not_depend_on_the_length_of_the_pieces():
    model = RNN(5, None, 4, 8)
    model.flat *= 3
    streams = split_into_streams(np.random.default_rng(0).integers(0, 5, 301), 3)
    whole = quality.measure_loss(model, *streams, steps=100)
    assert quality.measure_loss(model, *streams, steps=30) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("recipe", quality.RECIPES)
def test_every_recipe_trains(recipe):
    solver = quality.new_solver(TEXT, recipe, seed=1, iters=3)
    solver.train(progress=False)
    assert solver.finished
    assert solver.model.seed == 1


def test_runs_write_figures_and_models_and_existing_runs_are_skipped(tmp_path, capsys):
    asked = ["--texts", "novel", "--recipes", "adam-4e-3", "original", "--seeds", "0", "1"]
    quality.main([*asked, "--iters", "4", "--out", str(tmp_path)])
    assert capsys.readouterr().out.count("best") == 4 + 1
    found = json.loads((tmp_path / "novel-adam-4e-3-4-1.json").read_text())
    assert found["last"] == pytest.approx(found["one_stream"], abs=0.1)
    assert found["curve"][-1][0] == 4
    quality.main([*asked, "--iters", "4", "--out", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4, "a run was repeated, or the table has other rows"
    assert f"{found['last']:.3f} (1)" in "".join(lines)


def test_the_best_full_run_is_chosen_and_described(tmp_path, monkeypatch):
    monkeypatch.setitem(quality.ITERATIONS, "novel", 5)
    for seed in (0, 1, 2):
        quality.run("novel", "adam-4e-3", seed, None, tmp_path, tmp_path)
    quality.run("novel", "adam-4e-3", 0, 4, tmp_path, tmp_path)  # too short to be chosen
    model, best, runs = pretrain.find_best_run(tmp_path, "adam-4e-3")
    assert len(runs) == 3
    assert best["last"] == min(run["last"] for run in runs)
    assert model.seed == best["seed"]
    monkeypatch.setattr(pretrain, "SEED_TEXT", "the ")
    text = pretrain.format_card(model, 1234, best, runs)
    assert "1,234 bytes" in text
    assert f"{best['last']:.3f}" in text
    with pytest.raises(SystemExit, match=r"quality\.py"):
        pretrain.find_best_run(tmp_path, "original")


def test_quotations_are_measured_on_the_tenth_that_the_probe_has_not_seen():
    text = "she said “no” and he said “ah, yes” again. " * 40
    vocab = Vocab.from_text(text)
    model = RNN(len(vocab), vocab.idx_to_char, hidden_dim=6, seed=3)
    lines = list(quotations.measure(model, text + "ß", fit=(300, 10**9)))
    cut = len(text) - len(text) // 10
    ids, mark = vocab.encode(text), inspect.inside_quotes(text)
    state = inspect.state_after(model, ids[cut - 500 : cut])
    held = inspect.activations(model, ids[cut:], ("c",), state=state)
    best = inspect.rank_units(held, mark[cut:])
    probe = inspect.probe_text(model, ids[:cut], mark[:cut], held, mark[cut:], "c")
    assert f"unit {best.best}: AUC {best.strength.max():.3f}" in lines[1]
    assert lines[2].startswith("probe fitted on 300: AUC 0.")
    assert f"fitted on {cut:,}: AUC {probe.score:.3f}, chance {probe.control:.3f}" in lines[3]
