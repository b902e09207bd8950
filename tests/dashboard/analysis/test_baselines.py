"""Baselines against a slow implementation of the textbook's formulas."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import baselines as module
from dashboard.analysis.baselines import Baseline, compute_baselines, witten_bell_losses
from rnncore.batches import split
from rnncore.errors import RnnCoreError
from rnncore.vocab import Vocab


def slow_witten_bell(train: list[int], val: list[int], V: int, order: int) -> float:
    followers: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for n in range(1, order + 1):
        for i in range(n - 1, len(train)):
            followers[tuple(train[i - n + 1 : i])][train[i]] += 1

    def probability(w: int, h: tuple[int, ...]) -> float:
        lower = probability(w, h[1:]) if h else 1 / V
        seen = followers.get(h)
        if seen is None:
            return lower
        T, total = len(seen), sum(seen.values())
        return (seen[w] + T * lower) / (total + T)

    joined, loss = train + val, 0.0
    for i in range(len(train), len(joined)):
        loss -= math.log(probability(joined[i], tuple(joined[max(0, i - order + 1) : i])))
    return loss / len(val)


def by_name(train: object, val: object, V: int) -> dict[str, Baseline]:
    found = compute_baselines(np.asarray(train), np.asarray(val), V)
    return {baseline.name: baseline for baseline in found}


@given(
    train=st.lists(st.integers(0, 3), min_size=6, max_size=60),
    val=st.lists(st.integers(0, 4), min_size=1, max_size=20),
)
def test_witten_bell_losses_equal_a_slow_implementation(train: list[int], val: list[int]) -> None:
    losses = list(witten_bell_losses(np.array(train), np.array(val), 5, 5))
    assert losses == pytest.approx([slow_witten_bell(train, val, 5, n) for n in range(1, 6)])


def test_probabilities_of_the_next_character_sum_to_one() -> None:
    train = np.array([0, 1, 2, 1, 0, 2, 2, 1, 0, 1])
    # exp(-loss) of a one-character validation is the probability of that character.
    total = sum(
        math.exp(-list(witten_bell_losses(train, np.array([w]), 4, 5))[-1]) for w in range(4)
    )
    assert total == pytest.approx(1)


def test_a_large_vocabulary_gets_n_grams_that_fit_into_64_bits() -> None:
    V = 60_000
    train, val = np.random.default_rng(0).integers(0, V, (2, 300))
    joined = list(map(int, train)), list(map(int, val))
    losses = list(witten_bell_losses(train, val, V, 5))
    assert len(losses) == 4
    assert losses[-1] == pytest.approx(slow_witten_bell(*joined, V, 4))
    assert "4-gram" in by_name(train, val, V)


def test_no_baseline_beats_the_entropy_of_random_text() -> None:
    ids = np.random.default_rng(0).integers(0, 8, 20_000)
    found = by_name(*split(ids, 0.1), 8)
    assert found["Uniform"].nats == pytest.approx(math.log(8))
    assert found["Letter frequencies"].nats == pytest.approx(math.log(8), abs=0.01)
    # There is nothing to learn, so no loss may be below the entropy.
    assert all(baseline.nats > math.log(8) - 0.01 for baseline in found.values())


def test_repeated_text_is_predicted_by_context_but_not_by_frequencies() -> None:
    found = by_name(*split(np.tile(np.arange(10), 500), 0.1), 10)
    assert found["5-gram"].nats < 0.1
    assert found["Compressor"].nats < 0.2
    assert found["Letter frequencies"].nats == pytest.approx(math.log(10), abs=0.01)


def test_a_long_text_is_shortened_and_the_note_has_the_lengths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("NGRAM_TRAIN", 2000), ("NGRAM_VAL", 300), ("ZIP_TRAIN", 1000)):
        monkeypatch.setattr(module, name, value)
    rng = np.random.default_rng(0)
    train, val = rng.integers(0, 4, 5000), rng.integers(0, 4, 900)
    found = by_name(train, val, 4)
    assert "Read 2,000 of 5,000 characters, measured on 300 of 900." in found["5-gram"].note
    assert "Read 1,000 of 5,000" in found["Compressor"].note
    expected = slow_witten_bell(list(train[-2000:]), list(val[:300]), 4, 5)
    assert found["5-gram"].nats == pytest.approx(expected)


def test_without_a_validation_part_only_the_uniform_baseline_is_returned() -> None:
    assert list(by_name(np.arange(5), np.empty(0, int), 5)) == ["Uniform"]


def test_an_empty_training_part_and_unknown_ids_are_refused() -> None:
    with pytest.raises(RnnCoreError, match="empty"):
        compute_baselines(np.empty(0, int), np.arange(5), 5)
    with pytest.raises(RnnCoreError, match="0 to 4"):
        compute_baselines(np.arange(9), np.arange(5), 5)


def test_baselines_of_a_novel_are_in_the_known_order(corpora: Path) -> None:
    text = (corpora / "pride.txt").read_text("utf-8-sig")
    text = text[text.index("Chapter 1") : text.index("*** END OF")]
    vocab = Vocab.from_text(text)
    found = by_name(*split(vocab.encode(text), 0.1), len(vocab))
    # The 6-gram, the best order on this book, is known to reach 1.196.
    assert 1.196 < found["5-gram"].nats < 1.25
    order = ["Uniform", "Letter frequencies", "5-gram"]
    assert sorted(order, key=lambda name: -found[name].nats) == order
