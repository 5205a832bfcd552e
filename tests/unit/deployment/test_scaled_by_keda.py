"""Who decides on the number of pods, after commands that have a scaler in the cluster or take it away."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from neuraldocflow.cli import cluster as commands
from neuraldocflow.deployment import kubernetes
from neuraldocflow.deployment.kubernetes import SUBMITTED, Kubernetes
from neuraldocflow.deployment.overlay import Target
from neuraldocflow.deployment.scaling import Plan

_SCALER = {"kind": "ScaledObject", "spec": {"minReplicaCount": 2, "maxReplicaCount": 8}}


class Cluster:
    """As much of a cluster as these commands look at. Its kubectl takes every change, and remembers it."""

    def __init__(self, pods: int) -> None:
        self.scaler: dict[str, Any] | None = json.loads(json.dumps({**_SCALER, "metadata": {}}))
        self.pods = pods
        self.kept = ""
        self.restarted = False

    def __call__(self, *arguments: str, text: str | None = None) -> str:
        return self.tried(*arguments, text=text).stdout

    def tried(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        answer: Callable[..., Any] = getattr(self, f"_{arguments[0]}")
        found = answer(*arguments[1:]) if text is None else answer(text)
        return subprocess.CompletedProcess(arguments, 0, json.dumps(found) if found is not None else "", "")

    def _get(self, kind: str, *more: str) -> Any:
        if kind.startswith("scaledobject"):
            return self.scaler
        if kind == "configmap" and SUBMITTED in more:
            return {"data": {"manifests.yaml": self.kept}} if self.kept else None
        if kind == "pods":
            metadata = {"labels": {"controller-revision-hash": "1"}}
            ready = {"conditions": [{"type": "Ready", "status": "True"}]}
            return {"items": [{"metadata": metadata, "status": ready}] * self.pods}
        if kind == "statefulset":
            args = [*"0123", "--workers=1"]
            spec = {"replicas": self.pods, "template": {"spec": {"containers": [{"args": args}]}}}
            status = {"observedGeneration": 1, "updateRevision": "1", "readyReplicas": self.pods}
            return {"metadata": {"generation": 1}, "spec": spec, "status": status}
        return {"items": []}

    def _apply(self, text: str) -> None:
        for each in yaml.safe_load_all(text):
            if each["kind"] == "ScaledObject":
                self.scaler = {**each, "metadata": {}}
            elif each["kind"] == "StatefulSet":
                self.pods = each["spec"].get("replicas", self.pods)
            elif each["metadata"]["name"] == SUBMITTED:
                self.kept = each["data"]["manifests.yaml"]

    def _scale(self, _: str, replicas: str) -> None:
        self.pods = int(replicas.removeprefix("--replicas="))

    def _patch(self, *arguments: str) -> None:
        assert self.scaler is not None
        self.scaler["spec"] |= json.loads(arguments[-1])["spec"]

    def _annotate(self, *arguments: str) -> None:
        assert self.scaler is not None
        name, paused, pods = arguments[-1].rpartition("=")
        self.scaler["metadata"] = {"annotations": {name: pods}} if paused else {}

    def _delete(self, kind: str, *_: str) -> None:
        if kind.startswith("scaledobject"):
            self.scaler = None
        else:
            self.restarted = True

    def _rollout(self, *_: str) -> None:
        pass


class Topic:
    name = "document-stream"

    def __init__(self) -> None:
        self.partitions = 4

    def grow(self, partitions: int) -> None:
        self.partitions = partitions


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    found = Cluster(5)
    monkeypatch.setattr(kubernetes, "Kubectl", lambda namespace: found)
    return found


def _give_partitions(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = Topic()

    def planned(_: Any, running: tuple[int, int], processes: int | None, *__: Any) -> Plan:
        pods = (running[0], processes or running[0])
        return Plan(pods, (1, 1), 16, ((topic, 4, 8),))  # type: ignore[arg-type]

    monkeypatch.setattr(commands, "plan", planned)
    commands.scale(None, "k8s", "default", None, None, 8, dry_run=False)
    assert topic.partitions == 8


def test_more_partitions_leave_the_number_of_pods_to_the_scaler(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    _give_partitions(cluster, monkeypatch)
    assert cluster.restarted
    assert cluster.pods == 5
    assert cluster.scaler is not None
    assert cluster.scaler["spec"] == {"minReplicaCount": 2, "maxReplicaCount": 8}


def test_more_partitions_do_not_start_a_job_that_was_stopped(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    Kubernetes(Target(Path(), "default")).stop()
    assert cluster.pods == 0
    stopped = json.dumps(cluster.scaler)
    _give_partitions(cluster, monkeypatch)
    assert cluster.pods == 0
    assert json.dumps(cluster.scaler) == stopped


def _submit(monkeypatch: pytest.MonkeyPatch, *objects: dict[str, Any]) -> None:
    manifests = yaml.safe_dump_all(objects)
    monkeypatch.setattr(kubernetes, "render", lambda *_: manifests)
    Kubernetes(Target(Path(), "default")).submit(None, 1, 1)


def test_a_scaler_goes_with_the_submission_that_has_none(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = {"kind": "StatefulSet", "metadata": {"name": "flow"}, "spec": {}}
    _submit(monkeypatch, pods, _SCALER)
    assert cluster.scaler is not None
    _submit(monkeypatch, {**pods, "spec": {"replicas": 1}})
    assert cluster.scaler is None
    assert cluster.pods == 1


def test_a_scaler_of_somebody_elses_stays(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    pods = {"kind": "StatefulSet", "metadata": {"name": "flow"}, "spec": {"replicas": 3}}
    _submit(monkeypatch, pods)
    _submit(monkeypatch, pods)
    assert cluster.scaler is not None
