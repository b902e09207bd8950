"""Sample section: seed texts, sampling options, copied passages, and writing together."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

from dashboard.formatting import counted
from dashboard.page import current_run
from dashboard.sampling import writer as page_writing
from dashboard.sampling.copied_passages import CopyIndex
from tests.support.visits import STORY, Visit, raising, visitors, with_story

SMALL = {"hidden": "16", "sequence": "10", "batch": "4", "iterations": "500"}


@pytest.fixture
def page(tmp_path, monkeypatch):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        page = visit(SMALL)
        page.paste(STORY)
        page.choose("length", 100)
        yield page


def written(page: Visit) -> str:
    """Return the generated text on the page without its markup."""
    page.app.session_state["_writer"].wait(10)
    page.look()
    (piece,) = [html for html in page.shown("html") if 'aria-label="Generated text"' in html]
    return re.sub(r"<[^>]*>", "", piece)


# -- generating --------------------------------------------------------------------------------


def test_an_untrained_network_writes_and_the_page_says_it_is_untrained(page):
    page.press("Generate")
    assert len(written(page)) > 100
    assert page.says("by the network at the start of this run")
    assert page.says("100 characters after the seed text")


def test_before_a_sample_the_page_explains_the_seed_text(page):
    assert page.says("Before any training it writes characters at random.")
    page.press("Step")
    assert page.says("Press Generate to see here what it writes")
    assert not page.says("Before any training")


def test_three_temperatures_are_compared_side_by_side(page):
    page.choose("seed_text", "The cat ")
    page.press("Compare temperatures")
    shown = [html for html in page.shown("html") if 'aria-label="Temperature ' in html]
    assert len(shown) == 3
    assert all("<b>The cat </b>" in html for html in shown)


def test_generated_text_starts_with_the_seed_text(page):
    page.choose("seed_text", "The cat ")
    page.press("Generate")
    assert written(page).startswith("The cat ")
    assert page.shown("warning", "error") == []


def test_unknown_characters_of_the_seed_text_are_named_and_skipped(page):
    page.choose("seed_text", "The émù cat\t")
    page.press("Generate")
    assert written(page).startswith("The m cat")
    (sentence,) = page.shown("warning")
    for name in ("é", "ù", "tab"):
        assert name in sentence


def test_a_seed_text_without_known_characters_is_refused_and_the_old_sample_stays(page):
    page.press("Generate")
    before = written(page)
    page.choose("seed_text", "日本語")
    page.press("Generate")
    (sentence,) = page.shown("error")
    assert "knows none of the characters in the seed text '日本語'. Try some of these" in sentence
    assert written(page) == before
    page.choose("seed_text", "cat")
    page.press("Generate")
    assert page.shown("error") == []


def test_the_end_of_a_seed_text_that_is_too_long_is_kept_and_the_page_says_so(page):
    page.choose("seed_text", "x" * 1_234 + "The cat " * 625)
    assert page.value("seed_text") == "The cat " * 625  # 5,000 characters
    assert page.says("The seed text had 6,234 characters. Its last 5,000 are kept")
    page.press("Generate")
    assert written(page).startswith("The cat The cat ")
    assert page.says("Its last 5,000 are kept")
    page.choose("seed_text", "The dog ")
    assert not page.says("5,000 are kept")


@pytest.mark.parametrize("seed_text", ["cat", "", "日本"])
def test_the_error_about_a_seed_text_disappears_when_it_is_changed(page, seed_text):
    page.choose("seed_text", "日本語")
    page.press("Generate")
    page.look()
    assert len(page.shown("error")) == 1  # until something is changed
    page.choose("seed_text", seed_text)
    assert page.shown("error") == []


def test_the_error_about_a_seed_text_disappears_when_the_text_is_changed(page):
    page.choose("seed_text", "日本語")
    page.press("Generate")
    assert len(page.shown("error")) == 1
    page.choose("chart_unit", "bits")  # unrelated to the error
    assert len(page.shown("error")) == 1
    page.paste("日本語の本。" * 300)
    assert page.shown("error") == []
    page.press("Generate")
    assert written(page).startswith("日本語")


def test_the_error_about_a_network_disappears_when_its_settings_are_changed(page, monkeypatch):
    monkeypatch.setattr(current_run, "new_run", raising(MemoryError()))
    page.press("Generate")
    assert "not have enough memory" in page.shown("error")[0]
    page.choose("model_hidden_dim", 32)
    assert page.shown("error") == []


def test_markup_in_the_seed_text_is_shown_as_text(page):
    page.choose("seed_text", "<b>![](x)</b>$$:red[a]")
    page.press("Generate")
    warnings = [element.value for element in page.app.warning]
    assert warnings
    assert not any(re.search(r"(?<!\\)[<!$\[]", warning) for warning in warnings)
    assert not any("<b>![" in html for html in page.shown("html"))


def test_generating_while_training_uses_the_current_weights(visit):
    page = with_story(visit, iterations="100000")
    page.press("Train")
    page.wait_for_iteration(5)
    page.press("Generate")
    assert len(written(page)) > 100
    writer = page.app.session_state["_writer"]
    assert writer.iteration >= 5
    assert page.run.trainer.status().active
    assert page.says(f"after {writer.iteration:,} iterations")
    page.press("Pause")


@pytest.mark.parametrize(("key", "value"), [("temperature", 0.0), ("top_k", 1), ("top_p", 0.05)])
def test_every_sampling_option_generates_text(page, key, value):
    page.choose(key, value)
    page.press("Generate")
    assert len(written(page)) > 100
    assert page.shown("error") == []


def test_a_sampling_seed_makes_the_sample_repeatable(page):
    page.choose("random_seed", 7)
    page.press("Generate")
    first = written(page)
    page.press("Generate")
    assert written(page) == first


def test_a_cancelled_sample_keeps_what_was_written(page):
    page.choose("length", 20_000)
    page.choose("model_hidden_dim", 512)
    page.press("Generate")
    page.press("Cancel")
    assert 0 < len(written(page)) < 20_000
    assert "Cancel" not in page.labels()


def test_the_snippet_samples_from_a_known_character(page):
    page.choose("sample", "sums.txt")
    page.press("Step")
    page.open_tab("Downloads")
    (code,) = [code for code in page.shown("code") if "pickle.load" in code]
    assert (
        ast.literal_eval(re.search(r"sample\((.+), T=", code)[1]) in page.run.text.vocab.char_to_idx
    )


# -- copied passages ----------------------------------------------------------------------------


def test_copied_passages_are_underlined_with_share_length_and_place(page, monkeypatch):
    page.press("Step")
    book = page.run.text.preview(2_880)
    recited = book[1_440 : 1_440 + 60]
    monkeypatch.setattr(page_writing.Writer, "text", property(lambda self: "gggg" + recited))
    page.press("Generate")
    page.value("_job_copies")[1].wait(20)
    page.look()
    (piece,) = [html for html in page.shown("html") if 'aria-label="Generated text"' in html]
    (underlined,) = re.findall(r"underline[^>]*>([^<]*)<", piece)
    assert underlined == recited
    source = "the training part of pasted text."
    assert page.says(f"Underlined: 94 % is copied word for word from {source}")
    # The story repeats itself: the first occurrence counts.
    assert page.says("Longest: 60 characters, from")


@pytest.mark.parametrize("length", [0, 40])
def test_a_sample_is_searched_for_copies_only_once(page, monkeypatch, length):
    searched = []
    find = CopyIndex.find
    monkeypatch.setattr(
        CopyIndex, "find", lambda index, ids: searched.append(len(ids)) or find(index, ids)
    )
    page.press("Step")
    recited = page.run.text.preview(length)
    monkeypatch.setattr(page_writing.Writer, "text", property(lambda self: recited))
    for pieces in (1, 2):
        page.press("Generate")
        page.value("_job_copies")[1].wait(20)
        for _ in range(3):
            page.look()
        assert searched == [length] * pieces
        assert page.says("Underlined: 100 %") == (length > 0)


def test_a_sample_without_copies_says_so(page):
    page.choose("temperature", 2.0)
    page.press("Generate")
    written(page)
    assert page.says(
        "No passage of 25 or more characters was copied from the training part of pasted text."
    )


# -- writing together --------------------------------------------------------------------------


@pytest.fixture
def desk(page):
    """A page on which "Write together" was started."""
    page.press("Step")
    page.open_tab("Write together")
    page.choose("seed_text", "The c")
    page.press("Start with the seed text")
    return page


def text_of(page: Visit) -> str:
    return page.app.session_state["_co_writing"].text


def test_the_most_likely_characters_are_offered_and_the_chosen_one_is_written(desk):
    offered = [b for b in desk.app.button if b.key and b.key.startswith("next_")]
    assert len(offered) == 8
    odds = desk.app.session_state["_co_writing"].next_probabilities()
    vocab = desk.run.text.vocab
    best = sorted(vocab.idx_to_char, key=lambda char: -odds[vocab.char_to_idx[char]])[:8]
    assert [b.key for b in offered] == [f"next_{ord(char)}" for char in best]
    offered[2].click().run()
    assert text_of(desk) == "The c" + best[2]
    desk.press("Undo")
    assert text_of(desk) == "The c"


def test_the_seed_text_is_marked_and_the_network_named(desk):
    def shown() -> tuple[str, str]:
        (piece,) = [html for html in desk.shown("html") if "Text written together" in html]
        seed_text, written = re.search(r"<span [^>]*>(.*?)</span>(.*)</div>", piece).groups()
        return seed_text, written

    assert shown() == ("The c", "")
    desk.press("Finish word")
    seed_text, written = shown()
    assert (seed_text, seed_text + written) == ("The c", text_of(desk))
    count = counted(len(written), "character")
    assert desk.says(f"{count} so far. Probabilities of the network after 1 iteration:")
    desk.press("Step")  # co-writing keeps the network that it started with
    assert desk.says("the network after 1 iteration:")
    desk.press("Restart")
    assert desk.says("0 characters so far. Probabilities of the network after 2 iterations:")


def test_the_chart_shows_probabilities_before_and_after_temperature(desk):
    def bars() -> dict[str, np.ndarray]:
        rows = desk.chart_rows("Probabilities")
        return {at: part["Probability"].to_numpy() for at, part in rows.groupby("Temperature")}

    odds = np.sort(desk.app.session_state["_co_writing"].next_probabilities())[::-1][:8]
    for temperature in (0.5, 2.0):
        desk.choose("temperature", temperature)
        shown = bars()
        np.testing.assert_allclose(shown["as learned"], odds, rtol=1e-5)
        bent = shown[f"at {temperature:g}"]
        assert (bent[0] > odds[0]) == (temperature < 1)


def test_the_network_finishes_a_word_or_a_line(desk):
    desk.press("Finish word")
    after = text_of(desk)
    assert after.startswith("The c")
    assert after.endswith(" ") or len(after) == 205
    desk.press("Finish line")  # the text has no line ends
    assert len(text_of(desk)) == len(after) + 200
    desk.press("Restart")
    assert text_of(desk) == "The c"


def test_a_restart_with_an_unknown_seed_text_keeps_the_old_text(desk):
    desk.choose("seed_text", "日本語")
    desk.press("Restart")
    assert "knows none of the characters" in desk.shown("warning")[0]
    assert text_of(desk) == "The c"
    desk.choose("seed_text", "cat")
    assert desk.shown("warning") == []


def test_unknown_characters_are_named_here_too(desk):
    desk.choose("seed_text", "The é")
    desk.press("Restart")
    assert text_of(desk) == "The "
    assert any("é" in sentence for sentence in desk.shown("warning"))
    desk.choose("seed_text", "")  # the warning is about the text being written
    assert any("é" in sentence for sentence in desk.shown("warning"))


def test_undo_keeps_the_first_character(desk):
    for _ in range(10):
        desk.press("Undo")
    assert text_of(desk) == "T"
    desk.look()
    assert desk.shown("error") == []
