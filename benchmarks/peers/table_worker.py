"""A warm process of one peer that writes the tables it finds, as JSON: ``rows`` of each, or their ``html``.

python table_worker.py PEER OUT    (run by the Python of the peer's own environment, like ``worker.py``)
"""

import json

from worker import main, to_tika


def pymupdf():
    import pymupdf as library

    def read(path):
        with library.open(path) as document:
            return [each.extract() for page in document for each in page.find_tables().tables]

    return _rows(read)


def pdfplumber():
    import pdfplumber as library

    def read(path):
        with library.open(path) as document:
            return [table for page in document.pages for table in page.extract_tables()]

    return _rows(read)


def kreuzberg():
    from kreuzberg import ExtractionConfig, extract_file_sync

    config = ExtractionConfig(use_cache=False)
    return _rows(lambda path: [each.cells for each in extract_file_sync(path, config=config).tables])


def xberg():
    import asyncio

    import xberg as library

    config = library.ExtractionConfig(use_cache=False)

    def read(path):
        found = asyncio.run(library.extract(library.ExtractInput(uri=path, kind="uri"), config))
        return [each.cells for each in found.results[0].tables]

    return _rows(read)


def unstructured():
    from unstructured.partition.auto import partition

    def read(path):
        found = partition(path, strategy="fast", languages=["eng"])
        return "".join(each.metadata.text_as_html or "" for each in found if each.category == "Table")

    return _html(read)


def markitdown():
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)

    def read(path):
        tables, inside = [], False
        for line in converter.convert(path).text_content.splitlines():
            if not line.startswith("|"):
                inside = False
                continue
            if not inside:
                tables.append([])
            inside = True
            if set(line) - set("|-: "):
                tables[-1].append(line.strip("| ").split("|"))
        return tables

    return _rows(read)


def docling():
    from docling.document_converter import DocumentConverter

    converter = DocumentConverter()

    def read(path):
        tables = []
        for table in converter.convert(path).document.tables:
            rows = {}
            for cell in table.data.table_cells:  # once each, however many columns it spans
                rows.setdefault(cell.start_row_offset_idx, []).append((cell.start_col_offset_idx, cell.text))
            tables.append([[text for _, text in sorted(rows[number])] for number in sorted(rows)])
        return tables

    return _rows(read)


def tika():
    return _html(to_tika("text/html"))


def _rows(read):
    return lambda path: json.dumps(
        {"rows": [[[cell or "" for cell in row] for row in each] for each in read(path)]}
    )


def _html(read):
    return lambda path: json.dumps({"html": read(path)})


if __name__ == "__main__":
    main(globals())
