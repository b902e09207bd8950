"""What the views of the tab Inside state, on networks whose units are known."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis.inside import (
    characters,
    over_training,
    passages,
    reach,
    silencing,
    surprise,
    unit_finder,
)
from dashboard.analysis.inside.reading import Reading, read_ids, read_text
from dashboard.analysis.inside.unit_finder import describe, find_units
from rnncore import RNN, Vocab, inspect
from rnncore.layer_table import LayerTable

CHARS = 'ab "\n'
VOCAB = Vocab(CHARS)
# Three states of every quotation of unequal length, so that its rhythm gives nothing away.
TEXT = "".join(f'{"a" * n}"{"b" * (7 - n)}"' for n in np.random.default_rng(0).integers(1, 7, 60))


def quotation_network() -> RNN:
    """Return an LSTM whose unit 2 switches sign at each quotation mark, and stays otherwise."""
    network = RNN(5, CHARS, 5, 4, seed=0)
    network.flat[...] = 0
    network.params["W_embed"][...] = np.eye(5)
    W, H = network.params, 4
    rng = np.random.default_rng(0)
    W["W_out"][...] = 0.1 * rng.standard_normal((4, 5))
    for unit in (0, 1, 3):  # these follow the characters only
        W["Wx"][:, 3 * H + unit] = rng.standard_normal(5)
        W["b"][[0 * H + unit, 2 * H + unit]] = 5
        W["b"][1 * H + unit] = -5
    unit, quote = 2, VOCAB.char_to_idx['"']
    W["b"][0 * H + unit], W["Wx"][quote, 0 * H + unit] = -20, 40  # i: at a mark only
    W["b"][1 * H + unit], W["Wx"][quote, 1 * H + unit] = 20, -40  # f: everywhere else
    W["b"][2 * H + unit] = 20
    W["b"][3 * H + unit], W["Wh"][unit, 3 * H + unit] = 5, -20  # g: the other sign
    W["W_out"][unit, VOCAB.char_to_idx["b"]] = 6
    W["W_out"][unit, VOCAB.char_to_idx["a"]] = -6
    return network


@pytest.fixture(scope="module")
def network():
    return quotation_network()


@pytest.fixture(scope="module")
def reading():
    return read_text(VOCAB, TEXT, 10_000)


def test_the_unit_of_the_quotations_is_found_and_stated(network, reading):
    done = []
    found = find_units(network, reading, inspect.inside_quotes(TEXT), "c", done.append)
    assert (found.top[0].layer, found.top[0].unit) == (0, 2)
    assert found.strength > 0.99
    assert found.probe > 0.99
    assert found.count == len(TEXT) == done[-1]
    words = describe(found)
    assert found.unit_shows_it
    assert found.probe_shows_it
    assert "unit 2 of layer 1" in words
    assert f"AUC {found.strength:.2f} (chance reaches {found.control:.2f})" in words
    assert "All units together reach" in words


def test_all_units_together_are_fitted_on_the_training_text(network):
    half = len(TEXT) // 2
    train, reading = VOCAB.encode(TEXT[:half]), read_text(VOCAB, TEXT[half:], 500)
    found = find_units(network, reading, inspect.inside_quotes(reading.text), "c")
    count, done = unit_finder.count_of_fit(network, train, reading), []
    assert count == half > len(reading.ids) // 2
    probe = unit_finder.fit_on_training_text(
        network, reading, train, inspect.inside_quotes, "c", done.append
    )
    assert done[-1] == half
    better = unit_finder.with_probe(found, probe, count)
    assert better.probe > 0.99
    assert (better.fitted, better.output.shape) == (half, reading.ids.shape)
    assert f"All units together reach {better.probe:.2f}" in describe(better)
    no_mark = unit_finder.fit_on_training_text(network, reading, train, inspect.comments, "c")
    assert no_mark is None
    assert unit_finder.count_of_fit(network, train[:100], reading) == 0


def test_marks_that_tell_nothing_apart_are_explained(network, reading):
    for mark in (np.zeros(len(TEXT), bool), np.ones(len(TEXT), bool)):
        found = find_units(network, reading, mark, "c")
        assert "nothing to tell apart" in describe(found)
    early = np.arange(len(TEXT)) < 5
    assert "In one half of the text" in describe(find_units(network, reading, early, "c"))
    one = read_text(VOCAB, "a", 10)
    assert "each of 1 characters" in describe(find_units(network, one, np.ones(1, bool), "c"))


def test_only_all_units_together_show_a_mark_and_no_unit_shows_noise(network):
    """The next character but one is noise; a sum of two letters needs several units."""
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("ab"), 3000))
    found = find_units(network, read_text(VOCAB, text, 3000), rng.random(3000) < 0.5, "c")
    assert describe(found).startswith("No single unit shows it")
    assert "All units together do not show it either" in describe(found)
    assert not found.unit_shows_it
    assert not found.probe_shows_it


def test_a_network_of_one_unit_and_one_without_training_are_measured():
    network = RNN(5, CHARS, hidden_dim=1)
    reading = read_text(VOCAB, TEXT, 1000)
    found = find_units(network, reading, inspect.inside_quotes(TEXT), "c")
    assert len(found.top) == 1
    effect = silencing.silence(network, reading, 0, [0], 0.0, "a")
    assert effect.others == ()
    assert "chosen at random" not in silencing.describe(effect, [0], 0.0)


def test_silencing_the_unit_costs_more_than_silencing_others(network, reading):
    done = []
    effect = silencing.silence(network, reading, 0, [2], 0.0, "a", done.append)
    rise = effect.after.mean - effect.before.mean
    assert rise > 0.5
    assert rise > 5 * abs(np.mean(effect.others) - effect.before.mean)
    words = silencing.describe(effect, [2], 0.0)
    assert f"with unit 2 silenced: +{rise:.3f}" in words
    assert "another unit, chosen at random" in words
    assert effect.sample != effect.changed
    assert done == [1, 2, 3, 4, 5]
    assert "units 1, 2 fixed to 0.5" in silencing.describe(effect, [1, 2], 0.5)


def test_surprise_is_the_loss_of_a_part_of_the_book(network):
    ids = VOCAB.encode(TEXT)
    cost = surprise.measure_cost(network, read_ids(VOCAB, ids, 40, 100))
    whole = inspect.surprise(network, ids)
    np.testing.assert_allclose(cost.bits, whole[40:140], rtol=1e-4)
    assert cost.mean == pytest.approx(float(whole[40:140].mean()), rel=1e-5)
    assert surprise.describe({"A": cost, "B": cost}) == (
        f"Per character: {cost.mean:.2f} bits by A, {cost.mean:.2f} by B."
    )
    assert cost.smooth[-1] == pytest.approx(float(whole[40:140].mean()), rel=1e-5)


def test_the_painted_surprise_has_the_alternatives(network):
    painted = surprise.paint_cost(surprise.measure_cost(network, read_text(VOCAB, 'aé"b', 9)))
    assert painted.text == 'aé"b'
    assert painted.levels[:2] == ".."  # no context, and unknown
    assert painted.likely[3].startswith("b\t")
    assert painted.percents[3][0] > 50
    assert painted.likely[:2] == ["", ""]


def test_the_difference_of_two_networks_is_painted_where_they_part(network, reading):
    silent = inspect.silenced(network, [2])
    first, second = (surprise.measure_cost(n, reading) for n in (network, silent))
    painted = surprise.paint_difference(first, second)
    assert set(painted.levels[20:]) & set("jklmnopq")
    assert painted.numbers[30] == round(100 * float(second.bits[30] - first.bits[30]))


def test_one_character_costs_nothing_known(network):
    cost = surprise.measure_cost(network, read_text(VOCAB, "a", 9))
    assert "The first character has no context" in surprise.describe({"A": cost})


def test_reach_is_stated_from_one_character_and_on_average(network, reading):
    painted, words = reach.reach_at(network, reading, 60)
    assert painted is not None
    assert set(painted.levels[60:]) == {"."}  # later characters have no influence
    assert max(n for n in painted.numbers[:60] if n is not None) == 100
    assert "characters up to" in words
    assert reach.reach_at(network, reading, 0)[0] is None
    mean = reach.mean_reach(network, reading.ids)
    assert mean.share.max() == 1
    assert f"A {mean.extent} characters" in reach.describe({"A": mean})
    assert reach.mean_reach(network, reading.ids[:3]) is None


def test_the_strongest_passages_are_where_the_unit_is_strongest(network, monkeypatch):
    ids, done = VOCAB.encode(TEXT), []
    found = passages.find_extremes(network, ids, "c", done.append)
    assert done[-1] == len(ids)
    values = inspect.activations(network, ids, ("c",))[:, 0, 0, 1]
    strongest, weakest = passages.strongest(found, VOCAB, ids, 1)
    assert strongest[0].value == pytest.approx(float(values.max()), rel=1e-4)
    assert weakest[0].value == pytest.approx(float(values.min()), rel=1e-4)
    assert len(strongest) == passages.COUNT
    assert min(np.diff(sorted(place.at for place in strongest))) > passages.AROUND
    for place in (*strongest, *weakest):
        assert values[place.at] == pytest.approx(place.value, rel=1e-3)
        assert TEXT[place.at] == place.char
        assert TEXT[: place.at].endswith(place.before)
    monkeypatch.setattr(passages, "MAX_CHARS", 100)
    passages.find_extremes(network, ids, "c", done.append)
    assert done[-1] == 100
    assert "540 characters; the first 100 are read" in passages.describe_cut(len(ids))
    assert passages.describe_cut(100) == ""


def test_a_phrase_is_matched_where_its_units_are_on_in_the_whole_book(network):
    """The phrase is selected in the second half of the book, and found in the first."""
    book, half = VOCAB.encode(TEXT), len(TEXT) // 2
    reading = read_ids(VOCAB, book[half:], 10, 200, origin=half)
    start = reading.text.index('"')
    phrase = start, reading.text.index('"', start + 1)
    done = []
    found = passages.match_pattern(network, reading, phrase, book, 0.3, done.append)
    assert not found.problem
    assert found.count == done[-1] == len(book)
    middle = [before + passage + after for before, passage, after, _ in found.passages]
    assert all(text in TEXT for text in middle)
    assert any(text in TEXT[:half] for text in middle)
    assert all(0.8 <= share <= 1 for *_, share in found.passages)
    own = half + 10 + start
    assert TEXT[own - 20 : own + 60] not in middle
    unknown = read_text(VOCAB, "aéa", 3)
    for text, of, words in (
        (unknown, (1, 2), "knows no character"),
        (reading, (0, 90), "No unit switches on"),
        (read_text(VOCAB, TEXT, 300), (0, 201), "201 characters; select up to 200"),
    ):
        assert words in passages.match_pattern(network, text, of, book, 0.9).problem


def test_figures_of_each_layer_over_the_training_are_named():
    table = LayerTable()
    for at in (50, 100):
        table = table.extended(
            at,
            {"gradient embedding": at / 10, "gradient 1": 2.0, "gradient output": 3.0,
             "near_0 1 f": 0.25, "near_1 1 f": 0.5, "near_0 2 f": 0.125},
        )  # fmt: skip
    titles = {"f": "Forget gate f"}
    assert over_training.available(LayerTable()) == {}
    assert list(over_training.available(table)) == ["gradient", "near_0", "near_1"]
    norms = over_training.lines(table, "gradient", 0, titles)
    assert list(norms) == ["Embedding", "Layer 1", "Output layer"]
    assert norms["Embedding"].tolist() == [5, 10]
    gates = over_training.lines(table, "near_0", 1, titles)
    assert {name: values.tolist() for name, values in gates.items()} == {
        "Forget gate f": [12.5, 12.5]
    }


def test_characters_have_a_place_a_kind_and_figures(network, reading):
    plane = characters.plane(network)
    assert plane.kinds == ("Vowel", "Consonant", "Space", "Punctuation", "Space")
    assert len(plane.x) == len(plane.y) == 5
    assert [characters.kind(c) for c in "A7é\u0300"] == ["Capital", "Digit", "Vowel", "Other"]
    (figures,) = characters.figures_by_layer(network, reading)
    assert set(figures.saturated) == {"i", "f", "o"}
    closed, opened = figures.saturated["f"]
    assert (closed, opened) == (pytest.approx(0.75, abs=0.1), pytest.approx(0.25, abs=0.1))
    vanilla = characters.figures_by_layer(RNN(5, CHARS, hidden_dim=3, cell_type="vanilla"), reading)
    assert vanilla[0].saturated == {}


def test_a_reading_without_text_is_a_reading():
    assert isinstance(read_text(VOCAB, "", 10), Reading)
