"""A warm process of one peer: reads a path a line, writes the document's text into OUT, answers in JSON.

python worker.py PEER OUT    (run by the Python of the peer's own environment; no other import of ours)
"""

import json
import os
import sys
import time


def pymupdf():
    import pymupdf as library

    def read(path):
        with library.open(path) as document:
            return "".join(page.get_text() for page in document)

    return read


def pypdf():
    from pypdf import PdfReader

    return lambda path: "\n".join(page.extract_text() for page in PdfReader(path).pages)


def pdfplumber():
    import pdfplumber as library

    def read(path):
        with library.open(path) as document:
            return "\n".join(page.extract_text() or "" for page in document.pages)

    return read


def pypdfium2():
    import pypdfium2 as library

    def read(path):
        document = library.PdfDocument(path)
        return "\n".join(page.get_textpage().get_text_range() for page in document)

    return read


def kreuzberg():
    from kreuzberg import ExtractionConfig, extract_file_sync

    config = ExtractionConfig(use_cache=False)
    return lambda path: extract_file_sync(path, config=config).content


def xberg():
    import asyncio

    import xberg as library

    config = library.ExtractionConfig(use_cache=False)

    def read(path):
        found = asyncio.run(library.extract(library.ExtractInput(uri=path, kind="uri"), config))
        return found.results[0].content

    return read


def markitdown():
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    return lambda path: converter.convert(path).text_content


def unstructured():
    from unstructured.partition.auto import partition

    return lambda path: "\n".join(each.text for each in partition(path, strategy="fast", languages=["eng"]))


def docling():
    from docling.document_converter import DocumentConverter

    converter = DocumentConverter()
    return lambda path: converter.convert(path).document.export_to_markdown()


def tika():
    return to_tika("text/plain")


def to_tika(form):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["TIKA_PORT"]), timeout=300)

    def read(path):
        with open(path, "rb") as file:
            connection.request("PUT", "/tika", file, {"Accept": form})
            answer = connection.getresponse()
            body = answer.read()
        if answer.status != 200:
            raise OSError(f"{answer.status}")
        return body.decode("utf-8", "replace")

    return read


def main(readers):
    """Answers until its input ends; ``readers`` has what makes each peer's."""
    name, out = sys.argv[1:3]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # some libraries print
    read = readers[name]()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        path = line.strip()
        begun = time.perf_counter()
        try:
            text, error = read(path), None
        except Exception as failed:
            text, error = "", f"{type(failed).__name__}: {failed}"[:200]
        target = os.path.join(out, os.path.basename(path) + ".txt")
        with open(target, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        told = {"path": path, "seconds": time.perf_counter() - begun, "error": error}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main(globals())
