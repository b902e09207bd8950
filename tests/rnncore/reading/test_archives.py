"""Archives are expanded within limits, and damaged or unusual ones are refused."""

from __future__ import annotations

import gzip
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.errors import TextError
from rnncore.reading import archives
from rnncore.reading.archives import ZipArchive, expand_gzip
from tests.support.zips import zip_of


def contents(raw: bytes) -> dict[str, bytes]:
    """The members of a zip, by name, in the order of ``list_members``."""
    archive = ZipArchive(raw, "a.zip")
    return {member.filename: archive.read(member) for member in archive.list_members()}


# --- gzip ------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=99), min_size=1, max_size=4), st.binary(max_size=3))
def test_all_streams_of_a_gz_are_read_and_padding_is_ignored(
    streams: list[bytes], padding: bytes
) -> None:
    raw = b"".join(map(gzip.compress, streams)) + b"\0" + padding
    assert expand_gzip(raw, "a.gz") == b"".join(streams)


def test_a_gz_of_several_chunks_is_expanded_whole() -> None:
    data = bytes(range(256)) * 3000
    assert expand_gzip(gzip.compress(data, 1), "a.gz") == data


def test_a_truncated_or_damaged_gz_is_refused() -> None:
    raw = gzip.compress(b"some text" * 99)
    for broken in (raw[:-1], raw[:12], raw[:-6] + b"xxxxxx"):
        with pytest.raises(TextError, match=r"^a\.gz is damaged and cannot be unpacked \("):
            expand_gzip(broken, "a.gz")


def test_a_gz_of_too_many_streams_is_refused() -> None:
    with pytest.raises(TextError, match="more files than the limit of 10,000"):
        expand_gzip(gzip.compress(b"") * (archives.MAX_MEMBERS + 1), "a.gz")


# --- zip -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_in_natural_order(method: int) -> None:
    members = {"c10.txt": b"3", "c9.txt": b"2", "b/1.txt": b"1" * 200_000, "c010 b.txt": b"4"}
    read = contents(zip_of(members, method))
    assert read == members
    assert list(read) == ["b/1.txt", "c9.txt", "c010 b.txt", "c10.txt"]


def test_folders_and_files_added_by_macos_are_left_out() -> None:
    assert contents(zip_of({"a/": "", "a/b": b"1", "__MACOSX/a/._b": b"2"})) == {"a/b": b"1"}


def test_a_member_without_a_name_is_read() -> None:
    raw = zip_of({"a": b"1"})
    assert contents(raw.replace(b"a", b"\0")) == {"": b"1"}


def test_the_limit_holds_for_all_members_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TEXT_BYTES", 2**20)
    half = bytes(2**19)
    assert len(contents(zip_of({"a": half, "b": half}))) == 2
    with pytest.raises(TextError, match="expands to more than the limit of 1 MiB"):
        contents(zip_of({"a": half, "b": half, "c": b"1"}))


def test_read_head_returns_only_the_bytes_asked_for() -> None:
    archive = ZipArchive(zip_of({"a": bytes(2**20)}), "a.zip")
    (member,) = archive.list_members()
    assert archive.read_head(member, 512) == bytes(512)


def test_an_encrypted_zip_is_refused() -> None:
    raw = bytearray(zip_of({"a.txt": b"secret"}))
    raw[6] |= 1  # the flag in the local header and in the directory
    raw[raw.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(TextError, match=r"^a\.zip is encrypted; unpack it with its password"):
        ZipArchive(bytes(raw), "a.zip")


def test_an_unusual_compression_method_is_refused() -> None:
    with pytest.raises(TextError, match=r"an unusual compression method \(14\)"):
        ZipArchive(zip_of({"a": b"1"}, zipfile.ZIP_LZMA), "a.zip")


def test_overlapping_members_are_refused() -> None:
    """The directory lists the first member twice, as in a zip bomb without nesting."""
    raw = zip_of({"a": b"1" * 99, "b": b"2" * 99})
    second = raw.index(b"PK\1\2", raw.index(b"PK\1\2") + 1)
    doubled = bytearray(raw)
    struct.pack_into("<L", doubled, second + 42, 0)
    with pytest.raises(TextError, match="members overlap"):
        ZipArchive(bytes(doubled), "a.zip")


def test_a_member_reaching_into_the_directory_is_refused() -> None:
    raw = bytearray(zip_of({"a": b"1"}, zipfile.ZIP_STORED))
    struct.pack_into("<L", raw, raw.index(b"PK\1\2") + 20, 60)
    with pytest.raises(TextError, match="members overlap the directory"):
        ZipArchive(bytes(raw), "a.zip")


def test_too_many_members_are_refused_before_zipfile_lists_them() -> None:
    with pytest.raises(TextError, match="more files than the limit of 10,000"):
        ZipArchive(b"PK\1\2" * (archives.MAX_MEMBERS + 1), "a.zip")


def test_a_wrong_checksum_is_refused() -> None:
    raw = zip_of({"a": b"first"}, zipfile.ZIP_STORED).replace(b"first", b"worst")
    with pytest.raises(TextError, match="is damaged"):
        contents(raw)
