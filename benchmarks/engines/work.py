"""What every engine does with a document: the same extraction, and a synced file with the result."""

from __future__ import annotations

import json
import os
from pathlib import Path

from neuraldocflow.extraction import Profile, extract

_PROFILES: dict[str, Profile] = {}


def work(path: str, out: str) -> str:
    """Extract a document; its name. The folder's ``begun`` says when the last process had its first one."""
    if not _PROFILES:
        Path(out, "begun").touch()
        forms = json.loads(Path(out, "profiles.json").read_bytes())
        _PROFILES.update({name: Profile.from_dict(form) for name, form in forms.items()})
    data = json.dumps(extract(Path(path), _PROFILES)).encode()
    with Path(out, f"{Path(path).name}.result").open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Path(path).name
