"""Baselines: losses of simpler models on the same text, for comparison with the network.

Each is fitted to the training part and measured on the validation part, in nats per
character, so that it can be drawn on the axis of the validation curve.

The n-gram model is interpolated with the smoothing of Witten and Bell (1991). Let c(h) be how
often context h was seen, T(h) the number of distinct characters that followed it, and h' the
context without its oldest character. Then

    P(w | h) = (c(hw) + T(h) P(w | h')) / (c(h) + T(h))

and the empty context falls back to the uniform distribution. An n-gram is stored as one integer,
its ids being the digits in base V. N-grams are counted by sorting and found by binary search.
"""

from __future__ import annotations

import bz2
import lzma
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks
from rnncore.errors import TextError

Ids = NDArray[np.integer]
Keys = NDArray[np.uint64]

LETTER_FREQUENCIES = "Letter frequencies"  # name of the baseline that counts letters alone
ORDER = 5  # characters in an n-gram, including the predicted one
NGRAM_TRAIN, NGRAM_VAL = 4_000_000, 500_000  # characters that the n-grams read at most
# Characters that the compressors read at most: together one block of bzip2, about a second.
ZIP_TRAIN, ZIP_VAL = 780_000, 100_000


@dataclass(frozen=True)
class Baseline:
    """A model's name, its validation loss in nats per character, and a note on how it works."""

    name: str
    nats: float
    note: str


def compute_baselines(train_ids: Ids, val_ids: Ids, vocab_dim: int) -> list[Baseline]:
    """Return the baselines of a text, the simplest first.

    train_ids, val_ids: the two parts of one text as ids (n,) and (m,) from 0 to vocab_dim - 1.
    Without a validation part, only the uniform baseline is returned. An empty training part
    with a validation part is a TextError.
    """
    V = checks.check_whole("vocab_dim", vocab_dim, 1)
    train, val = (batches.check_ids(ids, V) for ids in (train_ids, val_ids))
    uniform = Baseline(
        "Uniform", math.log(V), f"Guesses: each of the {V:,} characters is equally likely."
    )
    if not len(val):
        return [uniform]
    if not len(train):
        raise TextError(
            "The training part is empty, so there are no characters to compute baselines from."
        )
    read, measured = train[-NGRAM_TRAIN:], val[:NGRAM_VAL]
    losses = list(witten_bell_losses(read, measured, V, ORDER))
    cut = _describe_cut(len(train), len(read), len(val), len(measured))
    order = len(losses)
    return [
        uniform,
        Baseline(LETTER_FREQUENCIES, losses[0], f"Guesses from letter counts alone.{cut}"),
        Baseline(
            f"{order}-gram",
            losses[-1],
            f"Predicts from the last {order - 1} characters, by counts with Witten–Bell "
            f"smoothing.{cut}",
        ),
        _compress(train, val, V),
    ]


def witten_bell_losses(train: Ids, val: Ids, V: int, order: int) -> Iterator[float]:
    """Yield the validation loss in nats per character of the 1-gram, 2-gram, ... up to ``order``.

    train, val: ids (n,) and (m,); the end of ``train`` is the context of the first characters
    of ``val``. Orders whose n-grams do not fit into 64 bits are left out.
    """
    lead = min(order - 1, len(train))
    joined = np.concatenate([train[len(train) - lead :], val])
    probability = np.full(len(val), 1 / V)
    train_keys, val_keys = train.astype(np.uint64), joined.astype(np.uint64)
    for n in range(1, order + 1):
        if V**n > 2**64 or n > len(train):
            return
        if n > 1:
            train_keys, val_keys = _extend(train_keys, train, V, n), _extend(val_keys, joined, V, n)
        probability = _interpolate(train_keys, val_keys[-len(val) :], probability, V)
        yield float(-np.log(probability).mean())


def _extend(keys: Keys, ids: Ids, V: int, n: int) -> Keys:
    """Return keys of the n-grams from those of the (n-1)-grams, adding an older character."""
    older = ids[: len(ids) - n + 1].astype(np.uint64)
    return older * np.uint64(V ** (n - 1)) + keys[1:]


def _interpolate(
    train_keys: Keys, val_keys: Keys, lower: NDArray[np.float64], V: int
) -> NDArray[np.float64]:
    """Return P(w | h) at each place of validation, (m,), from ``lower``, the P(w | h') there."""
    base = np.uint64(V)
    grams, first = _find_distinct(np.sort(train_keys))
    counts = np.diff(first, append=len(train_keys))
    contexts, begin = _find_distinct(grams // base)  # sorted: contexts are the high digits
    seen = np.add.reduceat(counts, begin)
    followers = np.diff(begin, append=len(grams))

    c_hw = _look_up(grams, counts, val_keys)
    val_contexts = val_keys // base
    c_h, T_h = (_look_up(contexts, values, val_contexts) for values in (seen, followers))
    known = c_h > 0
    return np.where(known, (c_hw + T_h * lower) / np.where(known, c_h + T_h, 1), lower)


def _find_distinct(ordered: Keys) -> tuple[Keys, NDArray[np.int64]]:
    """Return the distinct values of a sorted array (n,) and the index at which each begins."""
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new], np.flatnonzero(new)


def _look_up(keys: Keys, values: NDArray[np.int64], wanted: Keys) -> NDArray[np.int64]:
    """Return the value of each wanted key, or 0 if it is not among the sorted ``keys``."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)


def _compress(train: Ids, val: Ids, V: int) -> Baseline:
    """Return the baseline of the better of two compressors.

    Its loss is the size that the validation part adds to the compressed training part.
    """
    read, measured = train[-ZIP_TRAIN:], val[:ZIP_VAL]
    width = "<u1" if V <= 256 else "<u2" if V <= 65_536 else "<u4"
    first, both = read.astype(width).tobytes(), np.concatenate([read, measured]).astype(width)
    sizes = {
        name: len(compress(both.tobytes())) - len(compress(first))
        for name, compress in (("bzip2", bz2.compress), ("xz", lzma.compress))
    }
    name = min(sizes, key=lambda name: sizes[name])
    nats = max(0, sizes[name]) * 8 * math.log(2) / len(measured)
    cut = _describe_cut(len(train), len(read), len(val), len(measured))
    note = f"Bytes that {name} needs for the validation part after the training part.{cut}"
    return Baseline("Compressor", nats, note)


def _describe_cut(train: int, read: int, val: int, measured: int) -> str:
    """Return a sentence on how much of a long text was used, or "" if all of it was."""
    if read == train and measured == val:
        return ""
    return f" Read {read:,} of {train:,} characters, measured on {measured:,} of {val:,}."
