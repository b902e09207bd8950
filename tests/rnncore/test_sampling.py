"""Sampler: the distribution of the symbols, its settings, and independence from training."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import CELLS, RNN, RnnCoreError, Sampler, Solver

CHARS = "abcdefgh"
every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))


def sensitive_model(chars=CHARS, cell_type="lstm", num_layers=1, dtype="float64", seed=0):
    """Return a model whose predictions depend strongly on its input."""
    model = RNN(8, chars, 5, 10, cell_type, num_layers, dtype=dtype, seed=seed)
    model.flat += np.random.default_rng(seed).standard_normal(model.flat.size)
    return model


def softmax(logits):
    p = np.exp(logits - logits.max())
    return p / p.sum()


def logits_after(model, ids):
    """Return the logits, up to a constant, of the symbol after ``ids``.

    They are the negated losses of ``model.evaluate`` with each symbol as the target.
    """
    inputs = np.array([ids])
    rest = inputs.copy()
    losses = []
    for target in range(model.vocab_dim):
        rest[0, -1] = target
        losses.append(-model.evaluate(inputs, rest, model.initial_state(1)))
    return np.array(losses)


def counts_of_first(model, seed_ids, n=4000, **settings):
    """Return how often each id is the first symbol after the seed, over independent samples."""
    sampler = Sampler(model)
    drawn = [sampler.sample(seed_ids, T=1, seed=s, **settings)[0] for s in range(n)]
    return np.bincount(drawn, minlength=model.vocab_dim)


def assert_drawn_from(counts, p):
    """Check Pearson's chi-squared against its 99.9th percentile at 7 degrees of freedom.

    As usual, symbols with an expected count below five are counted together.
    """
    assert counts[p == 0].sum() == 0
    expected = counts.sum() * p
    rare = expected < 5
    counts = np.array([*counts[~rare], counts[rare].sum()])
    expected = np.array([*expected[~rare], max(expected[rare].sum(), 1)])
    assert ((counts - expected) ** 2 / expected).sum() < 24.3


# --- the distribution ---------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("num_layers", [1, 3])
def test_probabilities_agree_with_the_forward_pass(cell_type, num_layers):
    model = sensitive_model(cell_type=cell_type, num_layers=num_layers)
    p = Sampler(model).next_probabilities("abcah")
    np.testing.assert_allclose(p, softmax(logits_after(model, [0, 1, 2, 0, 7])), rtol=1e-9)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_samples_follow_the_softmax(temperature):
    model = sensitive_model(chars=None)
    p = softmax(logits_after(model, [3, 1]) / temperature)
    assert_drawn_from(counts_of_first(model, [3, 1], temperature=temperature), p)


@every_cell
def test_the_second_symbol_depends_on_the_first(cell_type):
    """The network reads the first symbol that was drawn."""
    model = sensitive_model(chars=None, cell_type=cell_type, num_layers=2)
    sampler = Sampler(model)
    drawn = np.array([sampler.sample(2, T=2, temperature=2, seed=s) for s in range(4000)])
    most_likely = np.bincount(drawn[:, 0]).argmax()
    second = drawn[drawn[:, 0] == most_likely, 1]
    p = softmax(logits_after(model, [2, most_likely]) / 2)
    assert_drawn_from(np.bincount(second, minlength=8), p)


def test_sample_many_follows_the_softmax():
    model = sensitive_model(chars=None)
    many = np.array(Sampler(model).sample_many([3, 1], T=5, n=4000, seed=0))
    assert many.shape == (4000, 5)
    assert_drawn_from(np.bincount(many[:, 0], minlength=8), softmax(logits_after(model, [3, 1])))


def test_samples_at_a_high_temperature_are_nearly_uniform():
    p = np.full(8, 1 / 8)
    assert_drawn_from(counts_of_first(sensitive_model(chars=None), 0, temperature=100.0, n=2000), p)


@every_cell
@pytest.mark.parametrize("num_layers", [1, 2])
def test_temperature_zero_chooses_the_most_likely_symbol(cell_type, num_layers):
    model = sensitive_model(None, cell_type, num_layers)
    ids = [1]
    for _ in range(12):
        ids.append(int(logits_after(model, ids).argmax()))
    for seed in (0, 1):
        np.testing.assert_array_equal(model.sample(1, T=12, temperature=0, seed=seed), ids[1:])


# --- top-k and top-p ----------------------------------------------------------------------


def with_distribution(p):
    """Return a model that predicts ``p`` after every input."""
    model = RNN(len(p), None, 3, 4, dtype="float64")
    model.params["W_out"][...] = 0
    model.params["b_out"][...] = np.log(p)
    return model


P = np.array([0.05, 0.3, 0.2, 0.02, 0.25, 0.18])


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"top_k": 1}, [1]),
        ({"top_k": 3}, [1, 2, 4]),
        ({"top_k": 6}, [0, 1, 2, 3, 4, 5]),
        ({"top_k": 100}, [0, 1, 2, 3, 4, 5]),
        ({"top_p": 1e-9}, [1]),
        ({"top_p": 0.29}, [1]),
        ({"top_p": 0.5}, [1, 4]),
        ({"top_p": 0.9}, [1, 2, 4, 5]),
        ({"top_p": 1.0}, [0, 1, 2, 3, 4, 5]),
        ({"top_k": 2, "top_p": 0.9}, [1, 4]),
        ({"top_k": 5, "top_p": 0.5}, [1, 4]),
    ],
)
def test_top_k_and_top_p_draw_only_the_kept_symbols_in_proportion(settings, kept):
    drawn = with_distribution(P).sample(0, T=4000, seed=2, **settings)
    p = np.zeros(6)
    p[kept] = P[kept] / P[kept].sum()
    assert_drawn_from(np.bincount(drawn, minlength=6), p)


def test_top_p_uses_the_probabilities_at_the_temperature():
    """At temperature 0.2 the first symbol alone has more than 0.9; at 1.0 it has not."""
    model = with_distribution(np.array([0.6, 0.3, 0.1]))
    cold = model.sample(0, T=300, temperature=0.2, top_p=0.9, seed=0)
    warm = model.sample(0, T=300, temperature=1.0, top_p=0.91, seed=0)
    assert set(cold) == {0}
    assert set(warm) == {0, 1, 2}


def test_temperature_zero_ignores_top_k_and_top_p():
    model = with_distribution(P)
    assert set(model.sample(0, T=50, temperature=0, top_k=3, top_p=0.5)) == {1}


# --- seeds, streams, symbols --------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("settings", [{}, {"temperature": 0.7}, {"top_k": 3}, {"top_p": 0.8}])
def test_stream_yields_the_symbols_of_sample(cell_type, settings):
    model = sensitive_model(cell_type=cell_type, num_layers=2)
    text = model.sample("ab", T=60, seed=4, **settings)
    assert isinstance(text, str)
    assert len(text) == 60
    assert "".join(model.stream("ab", T=60, seed=4, **settings)) == text
    assert model.sample("ab", T=60, seed=4, **settings) == text


def test_different_seeds_give_different_samples():
    model = sensitive_model()
    assert len({model.sample("a", T=50, seed=s) for s in range(5)}) == 5
    assert model.sample("a", T=50) != model.sample("a", T=50)


@every_cell
def test_predictions_depend_on_the_whole_seed_text(cell_type):
    """Earlier characters and their order matter as well."""
    model = sensitive_model(cell_type=cell_type, num_layers=2)
    sampler = Sampler(model)
    after = {seed: sampler.next_probabilities(seed) for seed in ("c", "abc", "bac")}
    assert abs(after["c"] - after["abc"]).max() > 1e-6
    assert abs(after["bac"] - after["abc"]).max() > 1e-6


def test_a_seed_can_be_a_string_an_id_or_ids():
    model = sensitive_model()
    assert model.sample("c", T=30, seed=0) == model.sample(2, T=30, seed=0)
    assert model.sample("abc", T=30, seed=0) == model.sample([0, 1, 2], T=30, seed=0)
    assert model.sample("abc", T=30, seed=0) == model.sample(np.arange(3), T=30, seed=0)
    assert model.sample(np.int64(2), T=30, seed=0) == model.sample("c", T=30, seed=0)


def test_a_model_without_characters_returns_ids():
    model = sensitive_model(chars=None)
    ids = model.sample(3, T=40, seed=0)
    assert ids.shape == (40,)
    assert ids.dtype.kind == "i"
    assert set(ids) <= set(range(8))
    assert list(model.stream(3, T=40, seed=0)) == ids.tolist()
    # The same model with characters returns the characters of the same ids.
    assert sensitive_model().sample(3, T=40, seed=0) == "".join(CHARS[i] for i in ids)


def test_zero_symbols_give_an_empty_sample():
    assert sensitive_model().sample("a", T=0) == ""
    assert len(sensitive_model(chars=None).sample(0, T=0)) == 0


def test_a_vocabulary_of_one_symbol_can_be_sampled():
    assert RNN(1, "x", 2, 3).sample("x", T=5) == "xxxxx"


def test_float32_and_float64_give_the_same_sample():
    """Both use the same noise, so only rounding could make a difference."""
    texts = [
        sensitive_model(dtype=dtype).sample("a", T=40, seed=1) for dtype in ("float32", "float64")
    ]
    assert texts[0] == texts[1]


# --- independence from training -----------------------------------------------------------


def new_solver(model):
    ids = np.random.default_rng(0).integers(0, 8, 2000)
    return Solver(ids, model, seq_length=10, batch_size=4, num_iters=30)


@every_cell
def test_sampling_does_not_change_training(cell_type):
    """The results are equal to the bit, with samples and an open stream between the steps."""
    plain, disturbed = (
        new_solver(RNN(8, CHARS, 5, 10, cell_type, 2, dropout=0.2)) for _ in range(2)
    )
    stream = disturbed.model.stream("ab", T=100, seed=0)
    for _ in range(20):
        plain.step()
        disturbed.model.sample("abc", T=5)
        next(stream)
        disturbed.step()
    np.testing.assert_array_equal(disturbed.model.flat, plain.model.flat)
    np.testing.assert_array_equal(disturbed.history["loss"], plain.history["loss"])
    for a, b in zip(disturbed.state, plain.state, strict=True):
        np.testing.assert_array_equal(a, b)


@every_cell
def test_training_does_not_change_a_sample_that_has_started(cell_type):
    solver = new_solver(RNN(8, CHARS, 5, 10, cell_type, 2))
    expected = solver.model.sample("ab", T=60, seed=3)
    sampler, stream = Sampler(solver.model), solver.model.stream("ab", T=60, seed=3)
    text = next(stream)
    for _ in range(20):
        solver.step()
    assert text + "".join(stream) == expected
    assert sampler.sample("ab", T=60, seed=3) == expected


def test_the_global_random_state_does_not_change():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    sensitive_model().sample("a", T=20)
    new_solver(sensitive_model()).step()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# --- errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed_text", "message"),
    [
        ("axbYa", "lacks 'x', 'Y'"),
        ("", "seed is empty"),
        ([], "seed|ids"),
        (8, "with vocab_dim=8"),
        (-1, "with vocab_dim=8"),
        (1.5, "ids has dtype float64"),
        (None, "ids has dtype object"),
    ],
)
def test_bad_seeds_are_refused(seed_text, message):
    with pytest.raises(RnnCoreError, match=message):
        sensitive_model().sample(seed_text, T=5)


def test_a_model_without_characters_refuses_a_string():
    with pytest.raises(RnnCoreError, match="no characters"):
        sensitive_model(chars=None).sample("a", T=5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"T": -1}, "T is -1"),
        ({"T": 2.5}, "T is 2.5"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_p": 0.0}, "top_p is 0.0; it must be a number above 0"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_settings_are_refused_at_once(settings, message):
    """``stream`` refuses them when it is called, not at its first symbol."""
    with pytest.raises(RnnCoreError, match=message):
        sensitive_model().sample("a", **settings)
    with pytest.raises(RnnCoreError, match=message):
        sensitive_model().stream("a", **settings)


def test_sample_many_refuses_bad_settings():
    for settings, message in (({"T": -1, "n": 2}, "T is -1"), ({"T": 3, "n": 0}, "n is 0")):
        with pytest.raises(RnnCoreError, match=message):
            Sampler(sensitive_model()).sample_many("a", **settings)
