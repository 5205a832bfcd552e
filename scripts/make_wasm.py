"""Makes what a browser needs to read documents, in ``neuraldocflow/static/wasm``; quick when it is there.

Pyodide comes by npm (``web/package-lock.json`` has its hash), PyMuPDF by pip with the hash below. The
extraction core and PyMuPDF's Python are compiled and packed, the same bytes each time. ``manifest.json``
names every file with its size and hash; the names of those that change hold a hash or a version, so that a
browser which has a file never asks for it again.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUTPUT = ROOT / "neuraldocflow" / "static" / "wasm"
CACHE = ROOT / ".cache" / "wasm"
WEB = ROOT / "web"
PYODIDE = WEB / "node_modules" / "pyodide"
WORKER = WEB / "wasm" / "dist" / "worker"
PAGE = WEB / "wasm" / "dist" / "page" / "neuraldocflow.js"
"""The interface, for pages without a bundler."""

PYMUPDF = "1.28.2"
WHEEL = f"pymupdf-{PYMUPDF}-cp313-abi3-pyemscripten_2025_0_wasm32.whl"
WHEEL_SHA256 = "2e1b574c0fd2cb238021033fd3c0f9c4388816638df064e4bfb56d9d81736dc8"
LIBRARIES = ("libmupdf.so", "libmupdfcpp.so", "_mupdf.so", "_extra.so")
"""In the order they need each other."""
RUNTIME = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "pyodide-lock.json")
OURS = ("__init__.py", "browser.py", "errors.py", "limits.py", "page_image.py", "extraction/**/*.py")


def main() -> None:
    """Make it, unless it was made of the same parts. Ends with a sentence where it can't be made."""
    if not PYODIDE.is_dir():
        sys.exit("wasm: Pyodide is not here; get it with: npm ci in web/.")
    state = _state()
    made = OUTPUT / ".made"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would take each other's files away
        if not (made.exists() and made.read_text() == state):
            _renew(state)


def _renew(state: str) -> None:
    print("wasm: packing the extractor for browsers (half a minute)")
    fresh = OUTPUT.with_name(f".wasm-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        make(wheel(), fresh)
        (fresh / ".made").write_text(state)
        shutil.rmtree(OUTPUT, ignore_errors=True)
        fresh.rename(OUTPUT)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _state() -> str:
    """A hash of all that the output is made of."""
    parts = [Path(__file__), PYODIDE / "package.json", *_sources(), *_worker(), PAGE]
    parts += sorted((WEB / "wasm" / "scripts").iterdir())
    told = hashlib.sha256()
    for part in parts:
        told.update(f"{part.relative_to(ROOT)} {hashlib.sha256(part.read_bytes()).hexdigest()}\n".encode())
    return told.hexdigest()


def _sources() -> list[Path]:
    package = ROOT / "neuraldocflow"
    return sorted(path for pattern in OURS for path in package.glob(pattern))


def _worker() -> list[Path]:
    found = sorted(WORKER.glob("*.js"))
    if not found or not PAGE.exists():
        sys.exit("wasm: the worker is not built; build it with: npm run build:packages in web/.")
    return found


def wheel() -> Path:
    """PyMuPDF for Pyodide, downloaded once and checked."""
    path = CACHE / WHEEL
    if not path.exists():
        print("wasm: getting PyMuPDF for browsers (18 MB)")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", "3.13", "--implementation", "cp", "--abi", "abi3"]
        command += ["--platform", "pyemscripten_2025_0_wasm32", "-d", str(CACHE), f"pymupdf=={PYMUPDF}"]
        if subprocess.run(command, check=False).returncode:
            sys.exit("wasm: pip could not get PyMuPDF for browsers; its lines above say why.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != WHEEL_SHA256:
        path.unlink()
        sys.exit(f"wasm: {path} was not the file it should be, and is removed; try again.")
    return path


def make(source: Path, output: Path) -> None:
    """All files and the manifest, in an empty folder."""
    version = json.loads((PYODIDE / "package.json").read_text())["version"]
    runtime = output / f"pyodide-{version}"
    library = output / f"pymupdf-{PYMUPDF}"
    for folder in (runtime, library):
        folder.mkdir()
    for name in RUNTIME:
        shutil.copyfile(PYODIDE / name, runtime / name)
    with zipfile.ZipFile(source) as archive:
        for name in LIBRARIES:
            data = archive.read(f"pymupdf/{name}")
            (library / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
        with tempfile.TemporaryDirectory() as work:
            packed = _pack(archive, Path(work))
            stdlib = _named(packed / "stdlib.zip", runtime)
            ours = _named(packed / "neuraldocflow.zip", output)
            theirs = _named(packed / "pymupdf.zip", library)
    for path in _worker():
        (output / "worker").mkdir(exist_ok=True)
        shutil.copyfile(path, output / "worker" / path.name)
    worker = hashlib.sha256(b"".join(path.read_bytes() for path in _worker())).hexdigest()[:12]
    (output / "worker").rename(output / f"worker-{worker}")
    files = {
        path.relative_to(output).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }
    sizes = [path.stat().st_size for path in output.rglob("*") if path.is_file()]
    manifest = {
        "version": hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12],
        "worker": f"worker-{worker}/worker.js",
        "pyodide": f"{runtime.name}/",
        "stdlib": stdlib,
        "archives": [theirs, ours],
        "libraries": [f"{library.name}/{name}.gz" for name in LIBRARIES],
        "bytes": sum(sizes),
        "files": files,
    }
    shutil.copyfile(PAGE, output / PAGE.name)
    (output / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def _pack(archive: zipfile.ZipFile, work: Path) -> Path:
    """Python compiled by Pyodide's own, so that browsers need not compile at every start."""
    shutil.copyfile(PYODIDE / "python_stdlib.zip", work / "stdlib.zip")
    for name in archive.namelist():
        if name.startswith("pymupdf/") and name.endswith(".py") and "-devel/" not in name:
            target = work / "pymupdf" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
    for path in _sources():
        target = work / "neuraldocflow" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    packed = work / "packed"
    packed.mkdir()
    command = [_node(), str(WEB / "wasm" / "scripts" / "pack.mjs"), str(work), str(packed)]
    done = subprocess.run(command, cwd=WEB / "wasm", capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"wasm: the extractor could not be packed: {done.stderr.strip()[-400:]}")
    return packed


def _named(path: Path, folder: Path) -> str:
    """Copy a file into a folder under a name with its hash; its path in the output."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    target = folder / f"{path.stem}-{digest}{path.suffix}"
    shutil.copyfile(path, target)
    return target.relative_to(folder if folder.name.startswith(".wasm") else folder.parent).as_posix()


def _node() -> str:
    """The Node that builds the page: the machine's, or the one in .venv."""
    own = ROOT / ".cache" / "node" / "node"
    return str(own) if own.exists() else "node"


if __name__ == "__main__":
    main()
