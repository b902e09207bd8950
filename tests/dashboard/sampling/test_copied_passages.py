"""Copied passages against a slow search, and the memory and time that the index takes.

``pytest tests/dashboard/sampling/test_copied_passages.py --run-slow -s`` prints the cost for the
longest text that the page accepts. docs/dashboard.md has the figures of one machine.
"""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dashboard.sampling.copied_passages import SHORTEST, CopyIndex, Passage, Summary
from dashboard.server import limits
from dashboard.text.loading import load
from rnncore.errors import RnnCoreError

Ids = NDArray[np.integer]


def find_slowly(source: Ids, generated: Ids, shortest: int) -> set[tuple[int, int]]:
    """Return (start, end) of every equal stretch that cannot be extended, by a full search."""
    found = set()
    for shift in range(-len(generated), len(source)):
        run = 0
        for at in range(len(generated) + 1):
            place = at + shift
            inside = at < len(generated) and 0 <= place < len(source)
            if inside and generated[at] == source[place]:
                run += 1
            else:
                if run >= shortest:
                    found.add((at - run, at))
                run = 0
    return found


def remove_overlaps(found: set[tuple[int, int]], shortest: int) -> list[tuple[int, int]]:
    """Return the stretches without overlap: the longest first, then what is left of the others."""
    taken: set[int] = set()
    chosen = []
    for start, end in sorted(found, key=lambda p: (p[0] - p[1], p[0])):
        free = [at for at in range(start, end) if at not in taken]
        while free:
            run = [at for i, at in enumerate(free) if at == free[0] + i]
            free = free[len(run) :]
            if len(run) >= shortest:
                chosen.append((run[0], run[-1] + 1))
                taken.update(run)
    return sorted(chosen)


@st.composite
def texts(draw: st.DrawFn) -> tuple[Ids, Ids]:
    """Draw a source, and a text of pieces of it between random ids."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    source = rng.integers(0, draw(st.integers(1, 3)), draw(st.integers(0, 150)))
    pieces = [rng.integers(0, 3, draw(st.integers(0, 20)))]
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(source)))
        pieces += [source[start : start + draw(st.integers(0, 60))], rng.integers(0, 3, 1)]
    return source, np.concatenate(pieces)


@given(both=texts(), shortest=st.integers(23, 30))
@example(both=(np.zeros(100, int), np.zeros(60, int)), shortest=25)
def test_find_equals_a_full_search(both: tuple[Ids, Ids], shortest: int) -> None:
    source, generated = both
    passages = CopyIndex(source).find(generated, shortest)
    expected = remove_overlaps(find_slowly(source, generated, shortest), shortest)
    assert [(p.start, p.end) for p in passages] == expected
    for p in passages:
        there = source[p.source_start : p.source_start + len(p)]
        np.testing.assert_array_equal(generated[p.start : p.end], there)


@pytest.mark.parametrize("start", range(100, 110))
def test_the_shortest_passage_is_found_at_every_place(start: int) -> None:
    source = np.random.default_rng(0).integers(0, 60, 5000).astype(np.uint8)
    generated = np.full(80, 61, np.uint8)
    generated[30 : 30 + SHORTEST] = source[start : start + SHORTEST]
    index = CopyIndex(source)
    assert index.find(generated) == [Passage(30, 30 + SHORTEST, start)]
    generated[40] = 61
    assert index.find(generated) == []


def test_passages_at_the_beginning_and_end_of_both_texts_are_found() -> None:
    source = np.random.default_rng(0).integers(0, 60, 3000)
    index = CopyIndex(source)
    generated = np.concatenate([source[-40:], source[:30]])
    assert index.find(generated) == [Passage(0, 40, 2960), Passage(40, 70, 0)]
    assert index.find(source) == [Passage(0, 3000, 0)]


def test_blocks_of_a_longer_source_leave_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.sampling.copied_passages._BLOCK", 256)
    source = np.random.default_rng(0).integers(0, 60, 2000)
    index = CopyIndex(source)
    for start in range(0, 1970, 13):
        assert index.find(source[start : start + 30])[0].source_start == start


def test_a_frequent_fragment_hides_no_other_passage() -> None:
    rng = np.random.default_rng(0)
    rule, rest = np.zeros(30, int), rng.integers(1, 60, 200)
    source = np.concatenate([*[rule] * 500, rest])
    found = CopyIndex(source).find(np.concatenate([rule, rest[50:100]]))
    assert (found[-1].end, found[-1].source_start) == (80, 500 * 30 + 50)
    assert sum(map(len, found)) == 80


def test_fragments_that_share_only_their_hash_are_not_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def constant_hash(ids: Ids, stride: int) -> NDArray[np.uint64]:
        return np.zeros((len(ids) - 16) // stride + 1, np.uint64)

    monkeypatch.setattr("dashboard.sampling.copied_passages._hash_fragments", constant_hash)
    rng = np.random.default_rng(0)
    source, generated = rng.integers(0, 60, (2, 200))
    assert CopyIndex(source).find(generated) == []


# -- cost --------------------------------------------------------------------------------------


def book(length: int, seed: int = 0) -> bytes:
    """Return a text of random words with frequencies of 1 / rank, as in a language."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 9, 5_000)
    words = [rng.integers(97, 123, n).astype(np.uint8).tobytes() for n in lengths]
    weights = 1 / np.arange(1, len(words) + 1)
    drawn = rng.choice(len(words), length // 3, p=weights / weights.sum())
    return b" ".join([words[word] for word in drawn.tolist()])[:length]


def measure_peak(work: Callable[[], object]) -> int:
    """Return the peak of memory that ``work`` allocates, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@dataclass(frozen=True)
class Cost:
    """Cost of one text: memory in bytes, and seconds of the fastest of three runs."""

    kept: int
    peak: int
    reading: float  # of the text itself, with load()
    indexing: float
    searching: float  # in the longest text that the page generates
    search_peak: int


def measure_cost(length: int) -> Cost:
    """Read, index and search a text of ``length`` bytes."""

    def fastest(work: Callable[[], object]) -> float:
        times = []
        for _ in range(3):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        return min(times)

    raw = book(length)
    ids = load(raw, "book.txt").ids
    index = CopyIndex(ids)
    # A random text with the shortest reported passage from the middle and the end of the book.
    written = load(book(limits.MAX_SAMPLE_CHARS, seed=1), "written.txt").ids.copy()
    for at, start in ((5_000, length // 2), (15_000, length - SHORTEST)):
        written[at : at + SHORTEST] = ids[start : start + SHORTEST]
    found = {place for p in index.find(written) for place in range(p.start, p.end)}
    assert found >= {*range(5_000, 5_000 + SHORTEST), *range(15_000, 15_000 + SHORTEST)}
    return Cost(
        kept=index.nbytes,
        peak=measure_peak(lambda: CopyIndex(ids)),
        reading=fastest(lambda: load(raw, "book.txt")),
        indexing=fastest(lambda: CopyIndex(ids)),
        searching=fastest(lambda: index.find(written)),
        search_peak=measure_peak(lambda: index.find(written)),
    )


def test_cost_grows_linearly_with_the_text() -> None:
    short, long = measure_cost(250_000), measure_cost(1_000_000)
    assert long.kept < 2 * 1_000_000
    assert long.peak < 6 * 1_000_000
    assert long.peak < 4.1 * short.peak
    assert long.indexing < 16 * short.indexing
    assert long.search_peak < 1.5 * short.search_peak + 1_000_000


@pytest.mark.slow
def test_cost_for_the_longest_text_that_the_page_accepts() -> None:
    length = 25 * 2**20
    cost = measure_cost(length)
    print(
        f"\na text of {length / 2**20:.0f} MB: its index takes "
        f"{cost.peak / 1e6:.0f} MB at most while it is built, {cost.kept / 1e6:.0f} MB "
        f"afterwards and {cost.indexing / cost.reading:.0%} of the time that reading the text "
        f"took; a search in {limits.MAX_SAMPLE_CHARS:,} characters takes "
        f"{cost.search_peak / 1e6:.1f} MB and {cost.searching / cost.reading:.0%} "
        f"({cost.indexing:.2f}, {cost.reading:.2f}, {cost.searching:.3f} s)"
    )
    assert cost.kept < 2 * length
    assert cost.peak < 6 * length
    assert cost.indexing < 2 * cost.reading
    assert cost.searching < cost.reading / 4
    assert cost.search_peak < length / 4


# -- other cases ----------------------------------------------------------------------------------


def test_summary_has_share_and_longest_passage() -> None:
    index = CopyIndex(np.arange(1000) % 251)
    passages = [Passage(0, 30, 10), Passage(50, 100, 250)]
    assert index.summarize(passages, 160) == Summary(0.5, passages[1], 25.0)
    empty = index.summarize([], 160)
    assert (empty.share, empty.longest) == (0.0, None)
    assert math.isnan(empty.percent)


def test_a_shorter_minimum_and_arrays_of_other_shapes_are_refused() -> None:
    index = CopyIndex(np.arange(100))
    with pytest.raises(RnnCoreError, match="23 or more"):
        index.find(np.arange(100), shortest=10)
    with pytest.raises(RnnCoreError, match="1-D"):
        index.find(np.zeros((2, 50), int))
    with pytest.raises(RnnCoreError, match="1-D"):
        CopyIndex(np.zeros(50))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 24])
def test_texts_too_short_for_a_passage_have_none(length: int) -> None:
    ids = np.arange(length)
    assert CopyIndex(ids).find(np.arange(100)) == []
    assert CopyIndex(np.arange(100)).find(ids) == []
