"""Writer: a text that grows in the background while its network may continue training."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.sampling.writer import Writer, WriteSettings, filter_seed_text
from rnncore import RNN, RnnCoreError, Sampler, Solver, Vocab
from rnncore.errors import VocabError
from tests.support.trainers import PATIENCE, until

CHARS = "\n abcdefg"
VOCAB = Vocab(CHARS)


def new_model(**settings: int) -> RNN:
    return RNN(len(CHARS), CHARS, **{"input_dim": 3, "hidden_dim": 8, **settings})


def written(writer: Writer) -> str:
    writer.wait(PATIENCE)
    assert not writer.writing
    return writer.text


def test_a_known_seed_is_used_as_it_is():
    assert filter_seed_text("a bad cab\n", VOCAB) == ("a bad cab\n", "")
    assert filter_seed_text("", VOCAB) == ("", "")


def test_unknown_characters_are_named_and_left_out():
    kept, note = filter_seed_text("a Xbad\tX cab", VOCAB)
    assert kept == "a bad cab"
    assert "left out: X tab." in note


def test_quotation_marks_are_read_as_those_that_the_network_knows():
    kept, note = filter_seed_text('"a X', Vocab(CHARS + "“”"))
    assert kept == "“a "
    assert note.startswith('The network reads the quotation marks " as “ ”, which it knows. These')


def test_invisible_characters_are_named_by_number():
    _, note = filter_seed_text("a\u200b\r\u0301\u00a0", VOCAB)
    assert "left out: U+200B U+000D ◌\u0301 nbsp." in note


def test_at_most_ten_unknown_characters_are_named():
    kept, note = filter_seed_text("a" + "".join(map(chr, range(0x410, 0x430))), VOCAB)
    assert kept == "a"
    assert "А Б В" in note
    assert "and 22 more" in note
    assert "Я" not in note


def test_a_seed_text_of_unknown_characters_alone_is_refused():
    with pytest.raises(VocabError) as refused:
        filter_seed_text("Привет", VOCAB)
    assert "'Привет'" in str(refused.value)
    assert "newline space a b c" in str(refused.value)  # characters that would work
    with pytest.raises(VocabError):
        Writer(new_model(), WriteSettings("Привет"))


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 500])
def test_the_text_has_the_requested_length(length):
    writer = Writer(new_model(), WriteSettings("ab", length), iteration=7)
    assert len(written(writer)) == length
    assert writer.iteration == 7
    assert set(writer.text) <= set(CHARS)


@pytest.mark.parametrize(
    "choice", [{}, {"temperature": 0.0}, {"top_k": 3}, {"top_p": 0.5}, {"top_k": 1, "top_p": 0.9}]
)
def test_the_text_equals_that_of_the_sampler(choice):
    model = new_model()
    writer = Writer(model, WriteSettings("ab", 200, random_seed=5, **choice))
    assert written(writer) == Sampler(model).sample(
        "ab", 200, **{"temperature": 0.8, **choice}, seed=5
    )
    assert writer.seconds > 0


def test_a_random_seed_repeats_the_text_and_none_varies_it():
    model = new_model()
    pieces = [written(Writer(model, WriteSettings("a", 99, random_seed=n))) for n in (1, 1, 2)]
    assert pieces[0] == pieces[1] != pieces[2]
    free = [written(Writer(model, WriteSettings("a", 99))) for _ in range(2)]
    assert free[0] != free[1]


def test_an_empty_seed_text_is_allowed():
    writer = Writer(new_model(), WriteSettings("", 20))
    assert (len(written(writer)), writer.seed_text, writer.note) == (20, "", "")


def test_impossible_settings_are_refused_at_once():
    with pytest.raises(RnnCoreError, match="temperature"):
        Writer(new_model(), WriteSettings("a", temperature=-1.0))


def test_cancelling_keeps_the_text_so_far():
    writer = Writer(new_model(hidden_dim=64), WriteSettings("ab", 10_000_000))
    until(lambda: writer.text)  # the text is readable while it grows
    assert writer.writing
    writer.cancel()
    text = written(writer)
    assert 0 < len(text) < 10_000_000
    assert writer.seconds > 0


def test_training_and_writing_do_not_disturb_each_other():
    ids = np.tile(np.arange(len(CHARS)), 40)

    def solver() -> Solver:
        return Solver(ids, new_model(), seq_length=5, batch_size=2, num_iters=60, eval_every=0)

    sampled, alone = solver(), solver()
    before = Sampler(sampled.model).sample("ab", 3000, 0.8, seed=1)
    writer = Writer(sampled.model, WriteSettings("ab", 3000, random_seed=1))
    sampled.train(progress=False)
    alone.train(progress=False)
    assert written(writer) == before  # by the network as it was when writing began
    np.testing.assert_array_equal(sampled.model.flat, alone.model.flat)
