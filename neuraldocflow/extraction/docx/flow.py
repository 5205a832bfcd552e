"""The state of reading WordprocessingML: the open paragraph, its text, and where finished ones go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from neuraldocflow.extraction.docx.numbering import Numbering
from neuraldocflow.extraction.docx.package import Relation
from neuraldocflow.extraction.docx.styles import Style, Styles
from neuraldocflow.extraction.flow.pieces import Mark, Node, Piece
from neuraldocflow.extraction.flow.tables import Grid, Placed
from neuraldocflow.extraction.model import BlockKind
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.symbols import UNSEEN, above

Attributes = dict[str, str]
_LONGEST_HEADING = 250
_LABEL = regex(r"(?![a-zß-öø-ÿ])[^\W\d_][\w./#-]{0,30}(?: [\w./#()-]{1,30}){0,3} ?:(?= |$)")
"""What stands behind a tab and begins what is said next."""
_PROMPT = regex(
    r"(?:Click|Tap|Choose|Enter|Klicken|Tippen|Wählen Sie|Cliquez|Appuyez|Choisissez|Haga clic|Elija"
    r"|Fare clic|Scegliere|Klik|Kies)\b[^\n]{0,80}\.?",
)
"""What Word writes into a control that nobody has filled: ``Click or tap here to enter text.``"""


@dataclass(slots=True)
class Control:
    """A content control or form field: ``value`` is what it says itself, else None for its text."""

    name: str = ""
    start: Mark = (0, 0)
    end: Mark = (0, 0)
    value: object = None
    empty: bool = False
    """It shows a prompt, not a value."""


@dataclass(slots=True)
class OpenField:
    """A field between its ``begin`` and ``end``: its code, then its result."""

    code: list[str] = field(default_factory=list)
    in_code: bool = True
    start: Mark = (0, 0)
    name: str = ""
    ticked: bool | None = None
    choices: list[str] = field(default_factory=list)
    chosen: str | None = None
    """The choice's number, as the file has it."""


@dataclass(slots=True)
class OpenTable:
    outer: list[Node]
    grid: Grid = field(default_factory=Grid)
    head_rows: int = 0
    caption: str = ""
    nodes: list[Node] | None = None
    """The open cell's, where one is open."""
    span: int = 1
    merge: str | None = None
    heads: bool = False
    deleted: bool = False
    merged: dict[int, Placed] = field(default_factory=dict)
    """Column → the cell that goes on downwards there."""


@dataclass(slots=True)
class Shared:
    """What the parts of one document share."""

    styles: Styles
    numbering: Numbering
    chunk: Callable[[str], list[Node]]
    """What a part shows that is a document of another format."""
    order: list[Piece] = field(default_factory=list)
    links: list[tuple[str, Mark, Mark]] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)


@dataclass(slots=True)
class Paragraph:
    piece: Piece
    number: int
    style: Style
    style_id: str = ""
    parts: list[str] = field(default_factory=list)
    length: int = 0
    blank: int = 0
    """Length of the label alone: a paragraph that is no longer than this is empty."""
    space: bool = False
    broken: bool = False
    """A line break stands before what comes next."""
    breaks: list[int] = field(default_factory=list)
    tabbed: bool = False
    """A tab stands before what comes next."""
    tabs: list[int] = field(default_factory=list)
    level: int | None = None
    list_id: str | None = None
    list_level: int | None = None
    labelled: bool = False
    numbered: bool = False
    deleted: bool = False
    """Its mark is deleted: it goes on in the next one."""
    boxes: list[Node] = field(default_factory=list)
    """Text boxes anchored in it, which come after it."""


class Flow:
    """Reads the events of one part; ``nodes`` are its text. ``kind`` is given to all of it where not None."""

    def __init__(self, shared: Shared, relations: dict[str, Relation], kind: BlockKind | None = None) -> None:
        self.nodes: list[Node] = []
        self.sink = self.nodes
        self.shared = shared
        self.relations = relations
        self.kind = kind
        self.paragraph: Paragraph | None = None
        self.outer: list[tuple[Paragraph | None, list[Node], list[OpenTable]]] = []
        self.tables: list[OpenTable] = []
        self.too_deep = 0
        self.skip = 0
        self.choices: list[bool] = []
        self.in_paragraph_properties = False
        self.in_row_properties = False
        self.text: list[str] | None = None
        self.bold: bool | None = None
        self.italic: bool | None = None
        self.hidden: bool | None = None
        self.size: float | None = None
        self.raised = False
        self.symbols: dict[int, str] | None = None
        self.fields: list[OpenField] = []
        self.links: list[tuple[str, Mark]] = []
        self.controls: list[Control] = []
        self.in_control_properties = False
        self.anchors: list[str] = []
        self.notes = 0

    def mark(self) -> Mark:
        """The place where the next text goes."""
        if self.paragraph is None:
            return len(self.shared.order), 0
        self.label(self.paragraph)
        return self.paragraph.number, self.paragraph.length

    def open_paragraph(self) -> None:
        """A new paragraph, or the one before going on where its mark was deleted."""
        if self.paragraph is not None:
            if self.paragraph.deleted:
                self.paragraph.deleted = False
                self.paragraph.space = True
                return
            self.close_paragraph()
        piece = Piece("", "paragraph", 0, [])
        self.paragraph = Paragraph(piece, len(self.shared.order), self.shared.styles.default)
        self.shared.order.append(piece)

    def add(self, text: str) -> None:
        """Adds visible text; white space is folded."""
        hidden = self.hidden
        if self.fields and any(one.in_code for one in self.fields[-3:]):
            return
        if self.paragraph is None:
            self.open_paragraph()
        paragraph = self.paragraph
        assert paragraph is not None
        style = paragraph.style
        if hidden or (hidden is None and style.hidden):
            return
        if self.controls and self.controls[-1].empty and _PROMPT.fullmatch(text.strip()):
            return
        if self.symbols:
            text = text.translate(self.symbols)
        if not text.isascii():
            text = text.translate(UNSEEN)
        words = text.split()
        if not words:
            paragraph.space = paragraph.space or bool(text)
            return
        if not paragraph.labelled:
            self.label(paragraph)
        if (paragraph.space or text[0].isspace()) and paragraph.length > paragraph.blank:
            paragraph.parts.append(" ")
            paragraph.length += 1
            if paragraph.broken:
                paragraph.breaks.append(paragraph.length)
            elif paragraph.tabbed:
                paragraph.tabs.append(paragraph.length)
        paragraph.broken = paragraph.tabbed = False
        look = (
            style.bold if self.bold is None else self.bold,
            style.italic if self.italic is None else self.italic,
            style.size if self.size is None else self.size,
        )
        runs = paragraph.piece.runs
        if not runs or runs[-1][1:] != look:
            runs.append((paragraph.length if runs else 0, *look))
        core = " ".join(words)
        if self.raised and paragraph.parts and paragraph.parts[-1][-1:].isdigit():
            core = above(core)
        paragraph.parts.append(core)
        paragraph.length += len(core)
        paragraph.space = text[-1].isspace()

    def label(self, paragraph: Paragraph) -> None:
        """Puts the list label in front, once."""
        if paragraph.labelled:
            return
        paragraph.labelled = True
        style = paragraph.style
        list_id = style.list_id if paragraph.list_id is None else paragraph.list_id
        if not list_id or list_id == "0":
            return
        numbering = self.shared.numbering
        level = paragraph.list_level
        if level is None:
            of_style = numbering.level_of_style(list_id, paragraph.style_id)
            level = style.list_level if of_style is None else of_style
        paragraph.list_level = level
        label = numbering.label(list_id, level)
        paragraph.numbered = label is not None
        if label:
            paragraph.parts.append(label)
            paragraph.length = paragraph.blank = len(label)

    def close_paragraph(self) -> None:
        """Ends the paragraph; one without text leaves nothing but its step of the count."""
        paragraph = self.paragraph
        if paragraph is None:
            return
        self.label(paragraph)
        self.fields = [one for one in self.fields if not one.in_code]
        self.paragraph = None
        if paragraph.length > paragraph.blank:
            piece = paragraph.piece
            piece.text = "".join(paragraph.parts)
            # tabs part the fields of a form as lines would
            named = [at for at in paragraph.tabs if _LABEL.match(piece.text, at)]
            piece.breaks = tuple(sorted([*paragraph.breaks, *named]))
            piece.anchors, self.anchors = self.anchors, []
            piece.kind, piece.level = self._kind_of(paragraph)
            self.sink.append([piece])
        self.sink.extend(paragraph.boxes)

    def _kind_of(self, paragraph: Paragraph) -> tuple[BlockKind, int]:
        if self.kind is not None:
            return self.kind, 0
        style = paragraph.style
        level = style.level if paragraph.level is None else paragraph.level
        if level and paragraph.length <= _LONGEST_HEADING:
            return "heading", level
        if paragraph.numbered:
            return "list_item", (paragraph.list_level or 0) + 1
        return ("caption", 0) if style.kind == "caption" else ("paragraph", 0)


Opens = Callable[[Flow, Attributes], None]
Closes = Callable[[Flow], None]
OPENS: dict[str, Opens] = {}
CLOSES: dict[str, Closes] = {}
"""What each element of WordprocessingML does, by its local name."""


def opens(*names: str) -> Callable[[Opens], Opens]:
    def register(function: Opens) -> Opens:
        OPENS.update(dict.fromkeys(names, function))
        return function

    return register


def closes(*names: str) -> Callable[[Closes], Closes]:
    def register(function: Closes) -> Closes:
        CLOSES.update(dict.fromkeys(names, function))
        return function

    return register


def attribute(attributes: Attributes, name: str = "val") -> str | None:
    """An attribute by its local name, in whichever namespace."""
    for key, value in attributes.items():
        if key == name or key.endswith(" " + name):
            return value
    return None
