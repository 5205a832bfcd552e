from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuraldocflow.errors import Bomb, Corrupt, DocumentError, Empty, Encrypted, Timeout
from neuraldocflow.extraction.docx.reader import read
from neuraldocflow.extraction.model import Document
from neuraldocflow.limits import Limits
from tests.support.docx import files, level, numbering, package, paragraph, simple, style, styles

SAMPLE = simple(
    paragraph("Terms", style="H1") + paragraph("One word and another."),
    {"styles": styles(style("H1", "heading 1")), "numbering": numbering(level(0, "decimal", "%1."))},
)
MANY = 20_000
_NAMES = """
p pPr rPr pStyle numPr r t tab br tbl tr trPr tc tcPr vMerge tblHeader sdt sdtPr sdtContent showingPlcHdr
hyperlink del ins moveFrom txbxContent instrText footnote vanish b sectPr"""
NAMES = _NAMES.split()
_LEAVES = """
gridSpan val=3|gridSpan val=-1|vMerge val=restart|vMerge|fldChar fldCharType=begin
fldChar fldCharType=separate|fldChar fldCharType=end|tag val=a|bookmarkStart name=b
numId val=1
ilvl val=99|sym char=F0FE|sym char=zz|outlineLvl val=²|ilvl val=²|sz val=²
outlineLvl val=0|sz val=99999999|gridBefore val=500|name val=n|ffData|checked|default val=0
listEntry val=a|result val=²|result val=7"""


def leaf(line: str) -> str:
    name, *attributes = line.split()
    given = [attribute.split("=") for attribute in attributes]
    return f"<w:{name} " + " ".join(f'w:{key}="{value}"' for key, value in given) + "/>"


LEAVES = [
    *(leaf(line) for line in _LEAVES.replace("\n", "|").strip("|").split("|")),
    "<w:r><w:t> text </w:t></w:r>",
    "words",
]


def wrap(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, inner: f"<w:{name}>{''.join(inner)}</w:{name}>",
        st.sampled_from(NAMES),
        st.lists(children, max_size=5),
    )


TREES = st.lists(st.recursive(st.sampled_from(LEAVES), wrap, max_leaves=25), max_size=6)


def is_whole(document: Document) -> None:
    """Every offset of a document points at what it says it does."""
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text
        for cell in block.table.cells if block.table else ():
            assert document.text[cell.start : cell.end] == cell.text
            assert cell.row + cell.rowspan <= block.table.n_rows
    for fact in document.facts:
        assert -1 <= fact.start <= fact.end <= len(document.text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_any_elements_in_any_place_give_a_whole_document(trees: list[str]) -> None:
    is_whole(read(simple("".join(trees), {"numbering": numbering(level(0, "decimal", "%1."))})))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SAMPLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_file_damaged_anywhere_gives_a_document_or_a_typed_error(at: int, damage: bytes) -> None:
    with suppress(DocumentError):
        is_whole(read(SAMPLE[:at] + damage + SAMPLE[at + len(damage) :]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SAMPLE)))
def test_a_file_cut_short_gives_a_document_or_a_typed_error(at: int) -> None:
    with suppress(DocumentError):
        is_whole(read(SAMPLE[:at]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(files(""))), st.binary(max_size=60))
def test_any_part_may_be_anything(name: str, content: bytes) -> None:
    made: dict[str, str | bytes] = {**files(paragraph("Words"))}
    made[name] = content
    with suppress(DocumentError):
        is_whole(read(package(made)))


def test_no_bytes_are_empty() -> None:
    with pytest.raises(Empty):
        read(b"")


@pytest.mark.parametrize("source", [b"plain words", b"PK\x03\x04 broken", SAMPLE[:-40]])
def test_what_is_no_archive_is_corrupt(source: bytes) -> None:
    with pytest.raises(Corrupt):
        read(source)


def test_a_missing_document_part_is_corrupt_and_others_may_be_missing() -> None:
    made = files(paragraph("Words"))
    only = {"word/document.xml": made["word/document.xml"]}
    assert read(package(only)).text == "Words"
    del made["word/document.xml"]
    with pytest.raises(Corrupt):
        read(package(made))


def test_damaged_side_parts_are_told_and_the_text_is_read() -> None:
    document = read(simple(paragraph("Words"), {"styles": "<w:styles", "numbering": "no", "header1": "<x"}))
    assert document.text == "Words"
    ((code, sentence),) = document.warnings
    assert code == "damaged_part"
    assert "header" in sentence
    assert "styles" in sentence


def test_an_office_file_with_a_password_is_encrypted() -> None:
    with pytest.raises(Encrypted):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        "<!DOCTYPE x>",
    ],
)
@pytest.mark.parametrize("part", ["word/document.xml", "docProps/core.xml", "_rels/.rels"])
def test_document_types_are_refused_wherever_they_are(doctype: str, part: str) -> None:
    made = files(paragraph("&a;" if part == "word/document.xml" else "Words"))
    made[part] = doctype + made[part].replace("&amp;a;", "&a;")
    with pytest.raises(Bomb):
        read(package(made))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    made = {**files(paragraph("Words")), "word/media/image.bin": bytes(3 << 20)}
    with pytest.raises(Bomb):
        read(package(made), Limits(max_uncompressed_mb=2))


def test_the_time_limit_is_kept() -> None:
    with pytest.raises(Timeout):
        read(SAMPLE, Limits(max_seconds=0))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"),
        ("<w:p><w:r><w:txbxContent>", "</w:txbxContent></w:r></w:p>"),
        ("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>"),
        ("<w:del>", "</w:del>"),
        ("<mc:AlternateContent>", "</mc:AlternateContent>"),
        ('<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>', "</w:p>"),
    ],
)
def test_absurd_nesting_ends(before: str, after: str) -> None:
    is_whole(read(simple(before * MANY + after * MANY), Limits(max_seconds=20)))


def test_a_path_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    path = tmp_path / "a\nb.docx"
    path.write_bytes(SAMPLE)
    assert read(path).text == read(SAMPLE).text


def test_macros_are_never_looked_at() -> None:
    made = {**files(paragraph("Words")), "word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}
    assert read(package(made)).text == "Words"


def test_an_archive_with_a_password_is_encrypted() -> None:
    made = io.BytesIO(SAMPLE)
    with zipfile.ZipFile(made) as archive:
        offset = archive.getinfo("word/document.xml").header_offset
    data = bytearray(SAMPLE)
    data[offset + 6] |= 1
    central = data.index(b"PK\x01\x02")
    while data[central + 46 : central + 63] != b"word/document.xml":
        central = data.index(b"PK\x01\x02", central + 4)
    data[central + 8] |= 1
    with pytest.raises(Encrypted):
        read(bytes(data))


@pytest.mark.parametrize("number", ["²", "①", "9" * 5000, "-1", ""])
def test_numbers_of_styles_that_are_none_are_passed_over(number: str) -> None:
    kept = f'<w:pPr><w:outlineLvl w:val="{number}"/><w:numPr><w:ilvl w:val="{number}"/></w:numPr></w:pPr>'
    own = style("S", "Own", f'{kept}<w:rPr><w:sz w:val="{number}"/></w:rPr>')
    assert read(simple(paragraph("Words", style="S"), {"styles": styles(own)})).text == "Words"
