"""Small fictional DOCX files, made by code: paragraphs and tables as XML, parts as the package wants them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_NAMESPACES = (
    f'xmlns:w="{W}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*content: str, style: str = "", properties: str = "") -> str:
    """A paragraph of runs; what is no XML yet becomes a run."""
    inner = "".join(part if part.startswith("<") else run(part) for part in content)
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{inner}</w:p>"


def listed(text: str, list_id: int, level: int = 0) -> str:
    numbering = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(text, properties=numbering)


def cell(text: str, properties: str = "") -> str:
    inner = text if text.startswith("<") else paragraph(text) if text else "<w:p/>"
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    inner = "".join(one if one.startswith("<w:tc>") else cell(one) for one in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{inner}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def styles(*inner: str) -> str:
    return f"<w:styles {_NAMESPACES}>{''.join(inner)}</w:styles>"


def style(style_id: str, name: str, inner: str = "", based_on: str = "") -> str:
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{style_id}"><w:name w:val="{name}"/>{base}{inner}</w:style>'
    )


def numbering(*levels: str, extra: str = "", overrides: Mapping[int, str] | None = None) -> str:
    """A list of the given levels as number 1, and others that share it with overrides."""
    others = "".join(
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="0"/>{inner}</w:num>'
        for number, inner in (overrides or {}).items()
    )
    return (
        f"<w:numbering {_NAMESPACES}>"
        f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{extra}'
        f'<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>{others}</w:numbering>'
    )


def level(index: int, form: str, text: str, inner: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{inner}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def part(name: str, inner: str) -> str:
    """A part such as ``hdr`` or ``comments`` around its content."""
    return f"<w:{name} {_NAMESPACES}>{inner}</w:{name}>"


def package(files: Mapping[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def files(
    body: str, parts: Mapping[str, str] | None = None, links: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The files of a DOCX: ``parts`` by kind (``header`` may be ``header1``, …), ``links`` by id."""
    relations = "".join(
        f'<Relationship Id="p{number}" Type="{_TYPE}{kind.rstrip("0123456789")}" Target="{kind}.xml"/>'
        for number, kind in enumerate(parts or {})
    ) + "".join(
        f'<Relationship Id="{name}" Type="{_TYPE}hyperlink" Target="{target}" TargetMode="External"/>'
        for name, target in (links or {}).items()
    )
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": "<Relationships>"
        f'<Relationship Id="a" Type="{_TYPE}officeDocument" Target="word/document.xml"/>'
        '<Relationship Id="b" Type="x/core-properties" Target="docProps/core.xml"/></Relationships>',
        "docProps/core.xml": '<c xmlns:dc="d"><dc:title>An invented title</dc:title>'
        "<dc:creator>A. Nobody</dc:creator></c>",
        "word/document.xml": f"<w:document {_NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f"<Relationships>{relations}</Relationships>",
        **{f"word/{kind}.xml": content for kind, content in (parts or {}).items()},
    }


def simple(
    body: str, parts: Mapping[str, str] | None = None, links: Mapping[str, str] | None = None
) -> bytes:
    return package(files(body, parts, links))


def two_names(words: str) -> bytes:
    """A DOCX with an entry whose extra field (Info-ZIP's Unicode path) calls it the document's part too."""
    made = io.BytesIO(simple(paragraph(words)))
    name, told = "other.xml", b"word/document.xml"
    extra = struct.pack("<BL", 1, zlib.crc32(name.encode())) + told
    other = zipfile.ZipInfo(name)
    other.extra = struct.pack("<HH", 0x7075, len(extra)) + extra
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(other, part("document", f"<w:body>{paragraph('Other words.')}</w:body>"))
    return made.getvalue()
