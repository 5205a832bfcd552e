from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuraldocflow.errors import Bomb, Corrupt, DocumentError, Empty, Encrypted, Timeout, TooManyPages
from neuraldocflow.extraction.pdf.reader import read
from neuraldocflow.limits import Limits
from tests.support import pdf

SAMPLE = (
    pdf.PdfBuilder()
    .page()
    .text(72, 80, "An invented page", 16)
    .grid([72, 200, 330], [100, 120, 140, 160])
    .row(115, (80, "Name"), (210, "Count"))
    .row(135, (80, "Apples"), (210, "12"))
    .field("name", "Ada", (72, 200, 200, 220))
    .done()
)


def test_no_bytes_are_empty() -> None:
    with pytest.raises(Empty):
        read(b"")


def test_no_pages_are_empty_or_corrupt() -> None:
    with pytest.raises((Empty, Corrupt)):
        read(pdf.no_pages())


def test_something_else_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        read(b"this is no document at all" * 10)


def test_a_password_is_asked_for_by_name() -> None:
    with pytest.raises(Encrypted):
        read(pdf.locked("secret"))


def test_an_empty_password_opens() -> None:
    assert read(pdf.locked("")).text == "A locked page."


def test_a_damaged_file_is_repaired_and_says_so() -> None:
    damaged = SAMPLE.replace(b"startxref", b"startxxxx").replace(b"xref\n0", b"xxxx\n0")
    document = read(damaged)
    assert "repaired" in [code for code, _ in document.warnings]
    assert "An invented page" in document.text


def test_a_truncated_file_gives_a_result_or_a_typed_error() -> None:
    for part in range(1, 10):
        try:
            read(SAMPLE[: len(SAMPLE) * part // 10])
        except DocumentError:
            continue


def test_a_page_tree_in_a_loop_ends() -> None:
    with pytest.raises((Corrupt, Empty)):
        read(pdf.looping_tree())


@pytest.mark.parametrize("box", ["0 0 99999999 99999999", "0 0 0 0", "0 0 -5 -5", "0 0 1e30 1e30"])
def test_absurd_page_sizes_end(box: str) -> None:
    try:
        document = read(pdf.one_page_of(box, b"BT /F1 12 Tf 10 10 Td (words) Tj ET"))
    except DocumentError:
        return
    assert len(document.pages) == 1


def test_more_pages_than_allowed_are_refused_before_they_are_read() -> None:
    with pytest.raises(TooManyPages):
        read(pdf.many_pages(10_000), Limits(max_pages=5000))


def test_the_time_limit_holds() -> None:
    with pytest.raises(Timeout):
        read(pdf.many_pages(300), Limits(max_seconds=0.0))


def test_a_stream_that_unpacks_to_more_than_allowed_is_a_bomb() -> None:
    with pytest.raises(Bomb):
        read(pdf.deflate_bomb(64), Limits(max_uncompressed_mb=16))


def test_a_path_is_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a name\nwith a line break.pdf"
    path.write_bytes(SAMPLE)
    assert read(path).text == read(SAMPLE).text


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.binary(min_size=0, max_size=6)), max_size=8))
def test_mutated_bytes_end_in_a_result_or_a_typed_error(changes: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(SAMPLE)
    for place, replacement in changes:
        damaged[place : place + len(replacement)] = replacement
    try:
        read(bytes(damaged), Limits(max_seconds=20))
    except DocumentError:
        return


def test_a_page_that_a_repair_takes_away_ends_in_a_result_or_a_typed_error() -> None:
    damaged = bytearray(SAMPLE)
    for position, patch in ((525, b"\x00\x00"), (1800, b"\x00\x00\x00")):
        damaged[position : position + len(patch)] = patch
    with contextlib.suppress(DocumentError):
        read(bytes(damaged), Limits(max_seconds=20))
