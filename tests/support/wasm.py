"""The extractor in the browser, and what its results have in common with the service's."""

from __future__ import annotations

import base64
import json
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from neuraldocflow.profiles import forms

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
_READ = """async ([name, type, text, profile]) => {
    globalThis.told = [];
    const onProgress = progress => told.push(progress);
    return reader.processToJson(fileOf(name, type, text), profile, { onProgress });
}"""
_CHOICE = """() => {
    globalThis.choice = Object.assign(document.createElement("input"), { type: "file" });
    return choice;
}"""
_READ_CHOSEN = "profile => reader.processToJson(choice.files[0], profile)"
_OWN = ("jobId", "timings", "agentId", "attempt", "priority")
"""What each reading of a document has for itself."""


def start(page: Page, url: str, **options: Any) -> None:
    """Start the extractor on a page of the service that has nothing else on it."""
    page.goto(f"{url}/robots.txt")
    page.evaluate(_START, [json.dumps(list(forms().values())), options])


def read_there(page: Page, name: str, content: bytes, profile: str = "auto") -> dict[str, Any]:
    """The browser's result."""
    kind = guess_type(name)[0] or ""
    text = page.evaluate(_READ, [name, kind, base64.b64encode(content).decode(), profile])
    result: dict[str, Any] = json.loads(text)
    return result


def read_file_there(page: Page, path: Path, profile: str = "auto") -> dict[str, Any]:
    """The browser's result of a file of any size, which it opens itself."""
    choice = page.evaluate_handle(_CHOICE).as_element()
    assert choice is not None
    choice.set_input_files(path)
    result: dict[str, Any] = json.loads(page.evaluate(_READ_CHOSEN, profile))
    return result


def comparable(result: dict[str, Any]) -> str:
    """A result without its ids and timings, as text."""
    metadata = {name: value for name, value in result["metadata"].items() if name not in _OWN}
    rest = {name: value for name, value in result.items() if name not in _OWN}
    return json.dumps({**rest, "metadata": metadata}, ensure_ascii=False)
