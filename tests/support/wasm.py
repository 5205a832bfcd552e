"""The extractor in the browser, and the same documents read here."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from neuraldocflow.errors import DocumentError
from neuraldocflow.extraction import extract
from neuraldocflow.profiles import forms, load

_START = """async ([forms, options]) => {
    const { NeuralDocFlowWASM } = await import("/wasm/neuraldocflow.js");
    globalThis.told = [];
    const onProgress = progress => told.push(progress);
    globalThis.reader = new NeuralDocFlowWASM();
    await reader.init("/wasm/", { ...options, onProgress });
    for (const form of JSON.parse(forms)) await reader.loadProfile(form);
    globalThis.started = told;
    globalThis.fileOf = (name, type, text) =>
        new File([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))], name, { type });
}"""
_READ = """async ([name, text, profile, options]) => {
    globalThis.told = [];
    const file = fileOf(name, "", text);
    return JSON.stringify(await reader.processDocument(file, profile, {
        ...options, onProgress: progress => told.push(progress),
    }));
}"""


def start(page: Page, url: str, **options: Any) -> None:
    """Start the extractor on a page of the service that has nothing else on it."""
    page.goto(f"{url}/robots.txt")
    page.evaluate(_START, [json.dumps(list(forms().values())), options])


def read_there(page: Page, name: str, content: bytes, profile: str = "auto") -> dict[str, Any]:
    """The browser's result."""
    text = page.evaluate(_READ, [name, base64.b64encode(content).decode(), profile, {}])
    result: dict[str, Any] = json.loads(text)
    return result


def read_here(path: Path, profile: str = "auto") -> dict[str, Any]:
    """The result of the same code in this Python; of a document that has none, its error."""
    try:
        return extract(path, load(), profile, filename=path.name)
    except DocumentError as error:
        return {"status": "failed", "error": error.to_dict()}


def comparable(result: dict[str, Any]) -> str:
    """A result without ids and timings, as text. JavaScript has one kind of number, so that 1.0 is 1."""
    if result["status"] == "failed":
        return json.dumps(result["error"])
    metadata = {name: value for name, value in result["metadata"].items() if name != "timings"}
    rest = {name: value for name, value in result.items() if name not in ("jobId", "run", "metadata")}
    return json.dumps(_plain({**rest, "metadata": metadata}), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
