"""Tables, text boxes, fields, controls, links and bookmarks (ECMA-376, 17.4, 17.5, 17.16)."""

from __future__ import annotations

from neuraldocflow.extraction.docx.flow import (
    Attributes,
    Control,
    Flow,
    OpenField,
    OpenTable,
    attribute,
    closes,
    opens,
)
from neuraldocflow.extraction.docx.xml import switched_on, whole
from neuraldocflow.extraction.flow.layout import nodes_of
from neuraldocflow.extraction.flow.pieces import text_of
from neuraldocflow.extraction.flow.tables import MOST_COLUMNS, Placed
from neuraldocflow.extraction.patterns import regex

_DEEPEST_TABLE = 30
_DEEPEST_BOX = 10
_HYPERLINK = regex(r'\s*HYPERLINK\s+(\\l\s+)?"([^"]{1,2000})"(?:\s+\\l\s+"([^"]{1,500})")?')


@opens("tbl")
def _open_table(flow: Flow, attributes: Attributes) -> None:
    flow.close_paragraph()
    if len(flow.tables) >= _DEEPEST_TABLE:
        flow.too_deep += 1
    else:
        flow.tables.append(OpenTable(flow.sink))


@closes("tbl")
def _close_table(flow: Flow) -> None:
    if flow.too_deep:
        flow.too_deep -= 1
        return
    if flow.tables:
        flow.close_paragraph()
        table = flow.tables.pop()
        flow.sink = table.outer
        flow.sink.extend(nodes_of(table.grid, [], table.head_rows, table.caption))


@opens("tblCaption")
def _caption(flow: Flow, attributes: Attributes) -> None:
    if flow.tables:
        flow.tables[-1].caption = " ".join((attribute(attributes) or "").split())[:500]


@opens("tr")
def _open_row(flow: Flow, attributes: Attributes) -> None:
    if flow.tables and not flow.too_deep:
        table = flow.tables[-1]
        table.grid.next_row()
        table.heads = table.deleted = False


@closes("tr")
def _close_row(flow: Flow) -> None:
    if not flow.tables or flow.too_deep:
        return
    table = flow.tables[-1]
    if table.deleted:
        row = table.grid.row
        while table.grid.cells and table.grid.cells[-1].row == row:
            table.grid.cells.pop()
    elif table.heads and table.head_rows == table.grid.row:
        table.head_rows += 1


@opens("trPr")
def _open_row_properties(flow: Flow, attributes: Attributes) -> None:
    flow.in_row_properties = True


@closes("trPr")
def _close_row_properties(flow: Flow) -> None:
    flow.in_row_properties = False


@opens("tblHeader")
def _header_row(flow: Flow, attributes: Attributes) -> None:
    if flow.tables and not flow.too_deep:
        flow.tables[-1].heads = switched_on(attribute(attributes))


@opens("gridBefore")
def _indented_row(flow: Flow, attributes: Attributes) -> None:
    if flow.tables and not flow.too_deep:
        flow.tables[-1].grid.column += whole(attribute(attributes), most=100)


@opens("tc")
def _open_cell(flow: Flow, attributes: Attributes) -> None:
    flow.close_paragraph()
    if flow.tables and not flow.too_deep:
        table = flow.tables[-1]
        table.nodes, table.span, table.merge = [], 1, None
        flow.sink = table.nodes


@opens("gridSpan")
def _span(flow: Flow, attributes: Attributes) -> None:
    if flow.tables and not flow.too_deep:
        flow.tables[-1].span = max(whole(attribute(attributes), most=100), 1)


@opens("vMerge")
def _merge(flow: Flow, attributes: Attributes) -> None:
    if flow.tables and not flow.too_deep:
        flow.tables[-1].merge = attribute(attributes) or "continue"


@closes("tc")
def _close_cell(flow: Flow) -> None:
    flow.close_paragraph()
    if not flow.tables or flow.too_deep or flow.tables[-1].nodes is None:
        return
    table = flow.tables[-1]
    grid, nodes = table.grid, table.nodes or []
    table.nodes = None
    flow.sink = table.outer
    grid.row = max(grid.row, 0)
    column, grid.column = grid.column, grid.column + table.span
    if grid.column > MOST_COLUMNS:
        grid.overflow = True
        column, grid.column = 0, table.span
    above = table.merged.get(column)
    if table.merge == "continue" and above is not None and not nodes:
        above.rowspan = grid.row - above.row + 1
        return
    bold = all(piece.bold for node in nodes if isinstance(node, list) for piece in node)
    cell = Placed(grid.row, column, column + table.span, 1, text_of(nodes), table.heads, bold, nodes)
    grid.cells.append(cell)
    if table.merge == "restart":
        table.merged[column] = cell
    else:
        table.merged.pop(column, None)


@opens("txbxContent")
def _open_box(flow: Flow, attributes: Attributes) -> None:
    """A text box's content comes after the paragraph it is anchored in."""
    if len(flow.outer) >= _DEEPEST_BOX:
        flow.skip = 1
        return
    flow.outer.append((flow.paragraph, flow.sink, flow.tables))
    flow.paragraph, flow.sink, flow.tables = None, [], []


@closes("txbxContent")
def _close_box(flow: Flow) -> None:
    flow.close_paragraph()
    if flow.outer:
        inside = flow.sink
        flow.paragraph, flow.sink, flow.tables = flow.outer.pop()
        (flow.sink if flow.paragraph is None else flow.paragraph.boxes).extend(inside)


@opens("altChunk")
def _chunk(flow: Flow, attributes: Attributes) -> None:
    relation = flow.relations.get(attribute(attributes, "id") or "")
    if relation is not None and not relation.external and not flow.too_deep:
        flow.close_paragraph()
        flow.sink.extend(flow.shared.chunk(relation.target))


@opens("hyperlink")
def _open_link(flow: Flow, attributes: Attributes) -> None:
    anchor, relation = attribute(attributes, "anchor"), flow.relations.get(attribute(attributes, "id") or "")
    target = relation.target if relation is not None else ""
    flow.links.append((f"{target}#{anchor}" if anchor else target, flow.mark()))


@closes("hyperlink")
def _close_link(flow: Flow) -> None:
    if flow.links:
        target, start = flow.links.pop()
        if target:
            flow.shared.links.append((target, start, flow.mark()))


@opens("bookmarkStart")
def _bookmark(flow: Flow, attributes: Attributes) -> None:
    name = attribute(attributes, "name")
    if name and name != "_GoBack":
        flow.anchors.append(name)


@opens("sdt")
def _open_control(flow: Flow, attributes: Attributes) -> None:
    flow.controls.append(Control())


@opens("sdtPr")
def _open_control_properties(flow: Flow, attributes: Attributes) -> None:
    flow.in_control_properties = bool(flow.controls)


@closes("sdtPr")
def _close_control_properties(flow: Flow) -> None:
    flow.in_control_properties = False


@opens("tag")
def _control_tag(flow: Flow, attributes: Attributes) -> None:
    if flow.in_control_properties:
        flow.controls[-1].name = attribute(attributes) or flow.controls[-1].name


@opens("alias")
def _control_alias(flow: Flow, attributes: Attributes) -> None:
    if flow.in_control_properties:
        flow.controls[-1].name = flow.controls[-1].name or attribute(attributes) or ""


@opens("showingPlcHdr")
def _control_prompt(flow: Flow, attributes: Attributes) -> None:
    if flow.in_control_properties:
        flow.controls[-1].empty = switched_on(attribute(attributes))


@opens("date")
def _control_date(flow: Flow, attributes: Attributes) -> None:
    date = attribute(attributes, "fullDate")
    if flow.in_control_properties and date:
        flow.controls[-1].value = date[:10]


@opens("sdtContent")
def _open_control_content(flow: Flow, attributes: Attributes) -> None:
    if flow.controls:
        flow.controls[-1].start = flow.mark()


@closes("sdt")
def _close_control(flow: Flow) -> None:
    if flow.controls:
        control = flow.controls.pop()
        control.end = flow.mark()
        if control.name:
            flow.shared.controls.append(control)


@opens("checked")
def _ticked(flow: Flow, attributes: Attributes) -> None:
    """A check box: a content control's (Word 2010) or a form field's."""
    if flow.in_control_properties:
        flow.controls[-1].value = switched_on(attribute(attributes))
    elif flow.fields:
        flow.fields[-1].ticked = switched_on(attribute(attributes))


@opens("default")
def _at_first(flow: Flow, attributes: Attributes) -> None:
    if not flow.fields:
        return
    at_first = flow.fields[-1]
    if at_first.ticked is None:
        at_first.ticked = switched_on(attribute(attributes))
    if at_first.chosen is None:
        at_first.chosen = attribute(attributes)


@opens("result")
def _chosen(flow: Flow, attributes: Attributes) -> None:
    if flow.fields:
        flow.fields[-1].chosen = attribute(attributes)


@opens("listEntry")
def _choice(flow: Flow, attributes: Attributes) -> None:
    if flow.fields and len(flow.fields[-1].choices) < 100:
        flow.fields[-1].choices.append(attribute(attributes) or "")


@opens("ffData")
def _form_field(flow: Flow, attributes: Attributes) -> None:
    if flow.fields:
        flow.fields[-1].name = " "


@opens("name")
def _form_field_name(flow: Flow, attributes: Attributes) -> None:
    if flow.fields and flow.fields[-1].name == " ":
        flow.fields[-1].name = attribute(attributes) or " "


@opens("fldChar")
def _field(flow: Flow, attributes: Attributes) -> None:
    kind = attribute(attributes, "fldCharType")
    if kind == "begin":
        if len(flow.fields) > 100:  # opened and never ended
            flow.fields.clear()
        flow.fields.append(OpenField(start=flow.mark()))
    elif flow.fields and kind == "separate":
        flow.fields[-1].in_code = False
        flow.fields[-1].start = flow.mark()
    elif flow.fields and kind == "end":
        _close_field(flow)


def _close_field(flow: Flow) -> None:
    ended = flow.fields.pop()
    code = "".join(ended.code)
    if ended.ticked is not None and "CHECKBOX" in code:
        flow.add(" ☒ " if ended.ticked else " ☐ ")
    elif "DROPDOWN" in code:
        at = whole(ended.chosen)
        flow.add("".join(ended.choices[at : at + 1]))
    if ended.name.strip():
        value = ended.ticked if "CHECKBOX" in code else None
        flow.shared.controls.append(Control(ended.name, ended.start, flow.mark(), value))
    if match := _HYPERLINK.match(code):
        target = f"#{match[2]}" if match[1] else f"{match[2]}#{match[3]}" if match[3] else match[2]
        flow.shared.links.append((target, ended.start, flow.mark()))


@opens("instrText")
def _open_code(flow: Flow, attributes: Attributes) -> None:
    flow.text = []


@closes("instrText")
def _close_code(flow: Flow) -> None:
    if flow.text is not None and flow.fields and len(flow.fields[-1].code) < 100:
        flow.fields[-1].code.extend(flow.text)
    flow.text = None
