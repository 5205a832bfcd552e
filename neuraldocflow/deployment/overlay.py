"""The manifests of a submission: an overlay over the chosen one, with its configuration, image and size."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from neuraldocflow.config import RuntimeConfig
from neuraldocflow.deployment.fit import check_fit
from neuraldocflow.deployment.kubectl import Kubectl
from neuraldocflow.deployment.lag_triggers import settled, triggers_of
from neuraldocflow.errors import ConfigError
from neuraldocflow.job.cluster import check_size

DATAFLOW, GATEWAY = "neuraldocflow-dataflow", "neuraldocflow-gateway"


@dataclass(frozen=True, slots=True)
class Target:
    """Where and what to run. ``image`` is NAME:TAG; empty takes the overlay's. ``overlay`` is a folder."""

    overlay: Path
    namespace: str
    image: str = ""
    timeout: float = 300.0


def manifests() -> Path:
    """The folder ``k8s``: in the package, or beside it in a working copy."""
    packed = Path(__file__).parent.parent / "k8s"
    return packed if packed.is_dir() else Path(__file__).parent.parent.parent / "k8s"


def overlay_named(name: str) -> Path:
    """An overlay of ours by name, or a folder of the user's own. Raises ConfigError."""
    for found in (manifests() / "overlays" / name, Path(name)):
        if (found / "kustomization.yaml").is_file():
            return found
    ours = ", ".join(sorted(each.name for each in (manifests() / "overlays").iterdir()))
    raise ConfigError(f"--overlay: {name} is neither one of {ours} nor a folder with a kustomization.yaml")


def render(kubectl: Kubectl, target: Target, config: Path | None, processes: int, workers: int) -> str:
    """The manifests as YAML. Raises ConfigError and DeploymentError."""
    with tempfile.TemporaryDirectory(prefix="neuraldocflow-") as name:
        folder = Path(name).resolve()
        inherited = os.path.relpath(target.overlay.resolve(), folder)
        objects = list(yaml.safe_load_all(kubectl("kustomize", str(target.overlay))))
        scaler = next((each for each in objects if each["kind"] == "ScaledObject"), None)
        whole: dict[str, Any] = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": target.namespace,
            "resources": [inherited],
            "patches": [_size(workers)],
        }
        if config is not None:
            shutil.copyfile(config, folder / "config.yaml")
            files = {"name": "neuraldocflow", "behavior": "replace", "files": ["config.yaml"]}
            whole["configMapGenerator"] = [files]
        if target.image:
            image, _, tag = target.image.rpartition(":")
            if not image or "/" in tag or "@" in image:
                raise ConfigError(f"--image: {target.image} has no tag; give NAME:TAG")
            whole["images"] = [{"name": "neuraldocflow", "newName": image, "newTag": tag}]
        text = config.read_text(encoding="utf-8") if config is not None else _configuration(objects)
        check_fit(text, objects)
        triggers, most = _triggers(scaler, text), most_workers(text)
        check_size(most, processes, workers)
        if scaler is not None:
            whole["patches"].append(_scaling(scaler["spec"], processes, workers, most, triggers))
        if not triggers:
            whole["replicas"] = [{"name": DATAFLOW, "count": processes}]
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
        return kubectl("kustomize", str(folder))


def _size(workers: int) -> dict[str, Any]:
    change = [
        {"op": "replace", "path": "/spec/template/spec/containers/0/args/4", "value": f"--workers={workers}"}
    ]
    return {"target": {"kind": "StatefulSet", "name": DATAFLOW}, "patch": yaml.safe_dump(change)}


def most_workers(text: str) -> int:
    """What a configuration's text says of them; its variables are set in the pods, so it can't be loaded."""
    runtime = (yaml.safe_load(text) or {}).get("runtime") or {}
    told = runtime.get("max_workers", RuntimeConfig.model_fields["max_workers"].default)
    try:
        return int(settled(told, "runtime.max_workers"))
    except ValueError:
        raise ConfigError(f"runtime.max_workers: {told} is no number") from None


def _triggers(scaler: dict[str, Any] | None, text: str) -> list[dict[str, Any]]:
    """What the overlay's scaler follows of a configuration; nothing where there is no scaler, or no Kafka."""
    if scaler is None:
        return []
    like = [each for each in scaler["spec"]["triggers"] if each["type"] == "kafka"]
    if not like:
        raise ConfigError("--overlay: its ScaledObject has no trigger of the type kafka to make others like")
    return triggers_of(text, like)


def _scaling(
    scaler: dict[str, Any], processes: int, workers: int, most: int, triggers: list[dict[str, Any]]
) -> dict[str, Any]:
    """Where the lag decides on the number of pods: ``processes`` is the least, and the most where the overlay
    has fewer; they have ``most`` workers at most. Where nothing is read whose lag could be followed, there is
    no scaler."""
    target = {"kind": "ScaledObject", "name": DATAFLOW}
    if not triggers:
        gone = {
            "apiVersion": "keda.sh/v1alpha1",
            **target,
            "metadata": {"name": DATAFLOW},
            "$patch": "delete",
        }
        return {"target": target, "patch": yaml.safe_dump(gone)}
    most = max(processes, min(scaler["maxReplicaCount"], most // workers))
    change = [
        {"op": "replace", "path": "/spec/minReplicaCount", "value": processes},
        {"op": "replace", "path": "/spec/maxReplicaCount", "value": most},
        {"op": "replace", "path": "/spec/triggers", "value": triggers},
    ]
    return {"target": target, "patch": yaml.safe_dump(change)}


def _configuration(objects: list[dict[str, Any]]) -> str:
    """The configuration in an overlay's manifests."""
    maps = [each["data"] for each in objects if each["kind"] == "ConfigMap"]
    return next((data["config.yaml"] for data in maps if "config.yaml" in data), "")
