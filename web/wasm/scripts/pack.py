"""Runs in Pyodide: compiles Python files, so that a browser need not, and packs them, always the same."""

import importlib.util
import zipfile
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)


def compiled(source: bytes, name: str) -> bytes:
    """The bytecode of a file, valid whatever its date."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    made = importlib._bootstrap_external._code_to_hash_pyc(code, importlib.util.source_hash(source), False)
    return bytes(made)


def pack(files: dict[str, bytes], target: str) -> None:
    """A zip of files by name, Python ones compiled."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            if name.endswith(".py"):
                name, data = name + "c", compiled(data, "/" + name)
            about = zipfile.ZipInfo(name, EPOCH)
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, data)


def repack(source: str, target: str, without: tuple[str, ...] = ()) -> None:
    """A zip again, compiled, without the files whose names begin so."""
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if not name.startswith(without) and name[-1] != "/"]
        pack({name: archive.read(name) for name in names}, target)


def pack_folder(folder: str, target: str) -> None:
    """The files below a folder."""
    root = Path(folder)
    found = sorted(path for path in root.rglob("*") if path.is_file())
    pack({path.relative_to(root).as_posix(): path.read_bytes() for path in found}, target)
