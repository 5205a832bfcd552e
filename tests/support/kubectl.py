"""kubectl as a package brings it, and what it makes of our manifests."""

from __future__ import annotations

import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"


def kubectl(*arguments: str) -> str:
    """Run it; what it printed. Fails with what it complains of."""
    done = subprocess.run([str(KUBECTL), *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def rendered(overlay: str) -> tuple[dict[str, Any], ...]:
    """The objects of an overlay."""
    return tuple(yaml.safe_load_all(kubectl("kustomize", str(ROOT / "k8s" / "overlays" / overlay))))


def one(objects: tuple[dict[str, Any], ...], kind: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


def fitting(text: str) -> str:
    """A configuration with the places that the pods of our manifests have."""
    config = yaml.safe_load(text)
    gateway = {"host": "0.0.0.0", "keys_file": "/etc/neuraldocflow-keys/keys.json"}
    runtime = {"state_directory": "/var/lib/neuraldocflow", "gateway": gateway, **config.get("runtime", {})}
    return str(yaml.safe_dump({**config, "runtime": runtime}))
