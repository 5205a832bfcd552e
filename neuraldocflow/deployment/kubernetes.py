"""A submitted job on Kubernetes, by ``kubectl``: an overlay of our manifests, applied and waited for."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import yaml

from neuraldocflow.deployment.kubectl import Kubectl
from neuraldocflow.deployment.local import DeploymentError
from neuraldocflow.deployment.overlay import DATAFLOW, GATEWAY, Target, most_workers, render
from neuraldocflow.deployment.scaler import Scaler
from neuraldocflow.deployment.unready import reasons

SUBMITTED = "neuraldocflow-submitted"
"""The ConfigMap with what was applied last."""
_CONFIGURATION = re.compile(r"neuraldocflow-[a-z0-9]{10}")
"""Names of the configurations' ConfigMaps, as kustomize makes them."""
_ALL = "app.kubernetes.io/part-of=neuraldocflow"
_OURS = "app.kubernetes.io/component=dataflow"
_LOOK = 1.0


class Kubernetes:
    """What is done with a cluster's API. Raises DeploymentError with what kubectl says."""

    def __init__(self, target: Target) -> None:
        self._run = Kubectl(target.namespace)
        self._scaler = Scaler(self._run)
        self._target = target

    def render(self, config: Path | None, processes: int, workers: int) -> str:
        """The manifests as YAML."""
        return render(self._run, self._target, config, processes, workers)

    def submit(self, config: Path | None, processes: int, workers: int) -> str:
        """Apply, restart all pods of the dataflow if their revision changed, and wait until all are ready.

        One that is refused, also in part, or does not become ready is taken back: all that was applied
        before, and the size it had. Returns what was applied.
        """
        manifests = self.render(config, processes, workers)
        before, kept, bounds = self._statefulset(), self._kept(), self._scaler.bounds()
        try:
            told = self._apply(manifests)
            if _scales(kept or "") and not _scales(manifests):
                self._scaler.remove()
            self._resume()
            self._restart()
            self._wait()
        except DeploymentError as error:
            if before is None or kept is None or not before["status"].get("readyReplicas"):
                raise
            try:
                self._take_back(kept, before["spec"]["replicas"], bounds)
            except DeploymentError as again:
                raise DeploymentError(f"{error}\nIt could not be taken back: {again}") from error
            raise DeploymentError(f"{error}\nWhat was submitted before runs again.") from error
        self._keep(manifests)
        self._forget_configurations(manifests, kept or "")
        return told

    def _take_back(self, kept: str, replicas: int, bounds: tuple[int, int] | None) -> None:
        self._apply(kept)
        if bounds is not None:
            self._scaler.bind(*bounds)
        self._run("scale", f"statefulset/{DATAFLOW}", f"--replicas={replicas}")
        self._restart()

    def _apply(self, manifests: str) -> str:
        """What was changed otherwise, such as the number of pods by ``scale``, is as submitted again."""
        taken = ("--server-side", "--force-conflicts", "--field-manager=neuraldocflow")
        return self._run("apply", *taken, "-f", "-", text=manifests)

    def _kept(self) -> str | None:
        """What was applied by the last submission that became ready."""
        told = self._run("get", "configmap", SUBMITTED, "-o", "json", "--ignore-not-found")
        return str(json.loads(told)["data"]["manifests.yaml"]) if told.strip() else None

    def _keep(self, manifests: str) -> None:
        kept = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": SUBMITTED, "labels": {"app.kubernetes.io/part-of": "neuraldocflow"}},
            "data": {"manifests.yaml": manifests},
        }
        self._apply(yaml.safe_dump(kept))

    def _forget_configurations(self, *manifests: str) -> None:
        """Remove configurations of submissions before these: each has a name of its own."""
        used = {
            each["metadata"]["name"]
            for text in manifests
            for each in yaml.safe_load_all(text)
            if each["kind"] == "ConfigMap"
        }
        found = json.loads(self._run("get", "configmaps", "-o", "json"))["items"]
        names = [each["metadata"]["name"] for each in found if "config.yaml" in each.get("data", {})]
        if old := [name for name in names if _CONFIGURATION.fullmatch(name) and name not in used]:
            self._run("delete", "configmaps", *old)

    def size(self) -> tuple[int, int]:
        """How many pods of the dataflow there are to be, and how many workers each has."""
        found = self._there()
        (container,) = found["spec"]["template"]["spec"]["containers"]
        return int(found["spec"]["replicas"]), int(container["args"][4].removeprefix("--workers="))

    def most_workers(self) -> int:
        """How many workers there can be, by the configuration that the pods have."""
        volumes = self._there()["spec"]["template"]["spec"]["volumes"]
        name = next(each["configMap"]["name"] for each in volumes if "configMap" in each)
        found = json.loads(self._run("get", "configmap", name, "-o", "json"))
        return most_workers(found["data"]["config.yaml"])

    def scale(self, processes: int | None, *, restart: bool = False) -> None:
        """Have so many pods of the dataflow; they begin again together where their number changes. With None
        the number stays with who has it: a scaler, or nobody where the job is stopped."""
        if processes is not None:
            self._scaler.have(processes)
            self._run("scale", f"statefulset/{DATAFLOW}", f"--replicas={processes}")
        if restart:
            self._run("delete", "pods", "--wait=false", "-l", _OURS)
            self._run("rollout", "restart", f"deployment/{GATEWAY}")
        self._wait()

    def stop(self) -> None:
        """Have no pods of the dataflow until it is submitted or scaled."""
        self._scaler.pause()
        self._run("scale", f"statefulset/{DATAFLOW}", "--replicas=0")
        self._wait()

    def status(self) -> str:
        """Pods in kubectl's own words, and what the job says of itself where a pod can be asked."""
        pods = self._run("get", "pods", "-l", _ALL)
        try:
            return f"{pods}\n{self._ask_for_status()}"
        except DeploymentError as error:
            return f"{pods}\n{DATAFLOW}-0 can't be asked: {error}\n"

    def standing(self) -> dict[str, Any]:
        """The same for machines: what the job says is None where no pod can be asked."""
        found = json.loads(self._run("get", "pods", "-l", _ALL, "-o", "json"))["items"]
        pods = [
            {
                "name": pod["metadata"]["name"],
                "phase": pod["status"].get("phase"),
                "ready": _conditions(pod).get("Ready") == "True",
                "restarts": sum(each["restartCount"] for each in pod["status"].get("containerStatuses", [])),
            }
            for pod in found
        ]
        try:
            return {"pods": pods, "job": json.loads(self._ask_for_status("--json")), "reason": None}
        except DeploymentError as error:
            return {"pods": pods, "job": None, "reason": f"{DATAFLOW}-0 can't be asked: {error}"}

    def _ask_for_status(self, *more: str) -> str:
        command = ("neuraldocflow", "status", "-c", "/etc/neuraldocflow/config.yaml", *more)
        return self._run("exec", f"{DATAFLOW}-0", "--", *command)

    def _resume(self) -> None:
        """Where a scaler decides on the number of pods, have its least number now, also of one that was
        stopped: it would follow later, and nothing would be waited for."""
        self._scaler.resume()
        bounds = self._scaler.bounds()
        if bounds is not None and self._observed()["spec"]["replicas"] < bounds[0]:
            self._run("scale", f"statefulset/{DATAFLOW}", f"--replicas={bounds[0]}")

    def _there(self) -> dict[str, Any]:
        found = self._statefulset()
        if found is None:
            raise DeploymentError(
                f"there is no StatefulSet {DATAFLOW} in the namespace {self._target.namespace}"
            )
        return found

    def _statefulset(self) -> dict[str, Any] | None:
        told = self._run("get", "statefulset", DATAFLOW, "-o", "json", "--ignore-not-found")
        return json.loads(told) if told.strip() else None

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
        """Until the dataflow and then the gateway are ready. Raises DeploymentError with what keeps them."""
        deadline = time.monotonic() + self._target.timeout
        while not self._ready():
            if time.monotonic() > deadline:
                raise self._not_ready()
            time.sleep(_LOOK)
        left = max(deadline - time.monotonic(), 1)
        if self._run.tried("rollout", "status", f"deployment/{GATEWAY}", f"--timeout={left:.0f}s").returncode:
            raise self._not_ready()

    def _not_ready(self) -> DeploymentError:
        return DeploymentError(
            "\n".join([f"not ready after {self._target.timeout:.0f} s:", *reasons(self._run)])
        )

    def _ready(self) -> bool:
        """As many pods as wanted, all of the wanted revision, and each says itself that it is ready.

        The StatefulSet's own count may still be of the pods that were just ended.
        """
        found, pods = self._observed(), self._pods()
        revision = found["status"].get("updateRevision")
        return len(pods) == found["spec"]["replicas"] and all(_is_ready(pod, revision) for pod in pods)


def _scales(manifests: str) -> bool:
    return any(each["kind"] == "ScaledObject" for each in yaml.safe_load_all(manifests))


def _conditions(pod: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}


def _is_ready(pod: dict[str, Any], revision: str | None) -> bool:
    return (
        "deletionTimestamp" not in pod["metadata"]
        and pod["metadata"]["labels"].get("controller-revision-hash") == revision
        and _conditions(pod).get("Ready") == "True"
    )
