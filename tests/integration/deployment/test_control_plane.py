"""The manifests and ``submit --to k8s`` against a real API server, controllers and scheduler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.kubectl import ROOT, fitting
from support.servers.kubernetes import ControlPlane
from support.topics import wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3000)]
DATAFLOW, GATEWAY = "neuraldocflow-dataflow", "neuraldocflow-gateway"
CONTAINER = "/spec/template/spec/containers/0"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane")) as found:
        yield found


class Namespace:
    """A namespace of a test's own, in which only restricted pods are let in."""

    def __init__(self, plane: ControlPlane, name: str, folder: Path) -> None:
        self.plane = plane
        self.name = name
        self.folder = folder
        plane.kubectl("create", "namespace", name)
        plane.kubectl("-n", name, "wait", "--for=create", "serviceaccount/default", "--timeout=60s")
        plane.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        self.configure("stream_sources: {incoming: {type: kafka, config: {topic: incoming}}}\n")

    def configure(self, text: str) -> None:
        (self.folder / "job.yaml").write_text(fitting(text))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, "-m", "neuraldocflow", *arguments, "--to", "k8s", "--namespace", self.name],
            cwd=self.folder,
            env={**os.environ, "PATH": path, "KUBECONFIG": str(self.plane.kubeconfig)},
            capture_output=True,
            text=True,
            timeout=300,
        )

    def does(self, *arguments: str) -> str:
        done = self.command(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def submit(self, *arguments: str) -> str:
        return self.does("submit", "-c", "job.yaml", *arguments)

    def overlay(self, name: str, *changes: tuple[str, str, object]) -> None:
        """A folder with the local overlay, and other values at paths of our objects of a kind."""
        folder = self.folder / name
        folder.mkdir()
        base = os.path.relpath(ROOT / "k8s" / "overlays" / "local", folder.resolve())
        patches = [
            {
                "target": {"kind": kind},
                "patch": yaml.safe_dump([{"op": "add", "path": path, "value": value}]),
            }
            for kind, path, value in changes
        ]
        (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [base], "patches": patches}))

    def statefulset(self) -> dict[str, Any]:
        found: dict[str, Any] = self.plane.get("statefulset", DATAFLOW, "-n", self.name)
        return found

    def scaler(self) -> tuple[str | None, int, int]:
        """How many pods KEDA is held at, if it is, and the least and the most it may have."""
        found: dict[str, Any] = self.plane.get("scaledobject", DATAFLOW, "-n", self.name)
        held = found["metadata"].get("annotations", {}).get("autoscaling.keda.sh/paused-replicas")
        return held, found["spec"]["minReplicaCount"], found["spec"]["maxReplicaCount"]

    def pods(self) -> list[dict[str, Any]]:
        component = "app.kubernetes.io/component=dataflow"
        found: list[dict[str, Any]] = self.plane.get("pods", "-n", self.name, "-l", component)["items"]
        return found

    def images(self) -> set[str]:
        return {pod["spec"]["containers"][0]["image"] for pod in self.pods()}

    def ready(self) -> int:
        """How many pods say that they are: the StatefulSet's own count comes after."""
        told = [
            {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
            for pod in self.pods()
        ]
        return sum(conditions.get("Ready") == "True" for conditions in told)


@pytest.fixture
def space(plane: ControlPlane, tmp_path: Path) -> Iterator[Namespace]:
    name = f"t{uuid.uuid4().hex[:10]}"
    yield Namespace(plane, name, tmp_path)
    plane.kubectl("delete", "namespace", name, "--wait=false")


def test_a_submitted_job_rolls_out_and_is_scaled_and_stopped(space: Namespace) -> None:
    told = space.submit("--overlay", "local", "--processes", "2", "--image", "registry.example/flow:1")
    assert "serverside-applied" in told
    assert space.ready() == 2
    assert space.images() == {"registry.example/flow:1"}
    claims = space.plane.get("pvc", "-n", space.name)["items"]
    assert [each["status"]["phase"] for each in claims] == ["Bound"]
    assert "Running" in space.command("status").stdout
    told = json.loads(space.does("status", "--json"))
    assert {"name": f"{DATAFLOW}-0", "phase": "Running", "ready": True, "restarts": 0} in told["pods"]
    assert told["job"] is None  # nothing runs in pretended pods
    assert f"{DATAFLOW}-0 can't be asked: " in told["reason"]
    space.plane.kubectl("-n", space.name, "scale", f"statefulset/{DATAFLOW}", "--replicas=3")
    space.does("stop")
    assert space.statefulset()["spec"]["replicas"] == 0


def test_an_upgrade_restarts_all_pods_together(space: Namespace) -> None:
    space.submit("--overlay", "local", "--processes", "2", "--image", "registry.example/flow:1")
    space.submit("--overlay", "local", "--processes", "3", "--image", "registry.example/flow:2")
    assert space.images() == {"registry.example/flow:2"}
    assert space.ready() == 3
    for number in range(3):  # each with a configuration of its own
        space.configure(
            f"stream_sources: {{incoming: {{type: kafka, config: {{topic: incoming-{number}}}}}}}\n"
        )
        space.submit("--overlay", "local", "--processes", "3", "--image", "registry.example/flow:2")
    maps = space.plane.get("configmaps", "-n", space.name)["items"]
    kept = [each for each in maps if "config.yaml" in each.get("data", {})]
    assert len(kept) == 2  # the one that runs and the one before it


def test_a_revision_that_does_not_come_up_is_taken_back_with_its_reason(space: Namespace) -> None:
    space.submit("--overlay", "local", "--processes", "1", "--image", "registry.example/flow:1")
    space.overlay("too-large", ("StatefulSet", f"{CONTAINER}/resources/requests/cpu", "64"))
    given = ("submit", "-c", "job.yaml", "--overlay", "too-large", "--processes", "1", "--timeout", "20")
    space.plane.kubectl("-n", space.name, "scale", f"statefulset/{DATAFLOW}", "--replicas=2")
    failed = space.command(*given, "--image", "registry.example/flow:2")
    assert failed.returncode == 1
    assert "Insufficient cpu" in failed.stderr
    assert "What was submitted before runs again." in failed.stderr
    wait_for(lambda: space.images() == {"registry.example/flow:1"}, 60)
    wait_for(lambda: space.ready() == 2, 60)
    gateway = space.plane.get("deployment", GATEWAY, "-n", space.name)
    assert gateway["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/flow:1"


def test_a_submission_that_is_refused_in_part_is_taken_back(space: Namespace) -> None:
    space.submit("--overlay", "local", "--image", "registry.example/flow:1")
    space.overlay("refused", ("Service", "/spec/ports/0/port", 70000))
    given = ("submit", "-c", "job.yaml", "--overlay", "refused", "--image", "registry.example/flow:2")
    failed = space.command(*given)
    assert failed.returncode == 1
    assert "70000" in failed.stderr
    assert "What was submitted before runs again." in failed.stderr
    wanted = [space.statefulset(), space.plane.get("deployment", GATEWAY, "-n", space.name)]
    images = [each["spec"]["template"]["spec"]["containers"][0]["image"] for each in wanted]
    assert images == ["registry.example/flow:1"] * 2


def test_what_keeps_the_gateway_or_the_making_of_pods_is_told(space: Namespace) -> None:
    space.overlay("too-large", ("Deployment", f"{CONTAINER}/resources/requests/cpu", "64"))
    space.overlay("privileged", ("StatefulSet", "/spec/template/spec/hostNetwork", True))
    given = ("submit", "-c", "job.yaml", "--timeout", "20", "--overlay")
    failed = space.command(*given, "too-large")
    assert failed.returncode == 1
    assert f"{GATEWAY}-" in failed.stderr
    assert "Insufficient cpu" in failed.stderr
    space.plane.kubectl("-n", space.name, "delete", f"statefulset/{DATAFLOW}")
    failed = space.command(*given, "privileged")
    assert failed.returncode == 1
    assert f"{DATAFLOW}: 0 of 1 pods are made" in failed.stderr
    assert "violates PodSecurity" in failed.stderr


def test_what_production_adds_is_accepted_and_the_scaler_follows_the_commands(space: Namespace) -> None:
    space.submit("--overlay", "production", "--processes", "2")
    kinds = (
        "scaledobject",
        "servicemonitor",
        "prometheusrule",
        "hpa",
        "pdb",
        "networkpolicy",
        "ingress",
        "service",
    )
    for kind in kinds:
        assert space.plane.get(kind, "-n", space.name)["items"], kind
    space.plane.kubectl("-n", space.name, "scale", f"statefulset/{DATAFLOW}", "--replicas=4")
    space.submit("--overlay", "production", "--processes", "2")
    assert space.statefulset()["spec"]["replicas"] == 4
    space.does("stop")
    assert space.scaler() == ("0", 2, 8)  # without it KEDA would have two again at its next look
    assert space.statefulset()["spec"]["replicas"] == 0
    space.submit("--overlay", "production", "--processes", "2")
    assert space.scaler() == (None, 2, 8)
    assert space.ready() == 2
    space.configure(
        "stream_sources: {incoming: {type: kafka, config: {topic: incoming}}}\n"
        "runtime: {max_workers: 32, log: {kafka: {bootstrap_servers: '${BROKERS}'}}}\n"
    )
    space.submit("--overlay", "production", "--processes", "2")
    # of brokers that are not to be reached from here, by variables that are set in the cluster
    told = space.does("scale", "-c", "job.yaml", "--processes", "3")
    assert "it is divided among 32, the most workers there can be" in told
    assert space.scaler() == (None, 3, 8)
    assert space.ready() == 3
    space.plane.kubectl("-n", space.name, "scale", f"statefulset/{DATAFLOW}", "--replicas=4")
    space.does("scale", "--processes", "4")  # as many as the scaler has just come to
    assert space.scaler() == (None, 4, 8)
    space.configure("{}")  # it reads no topic whose lag could be followed
    space.submit("--overlay", "production", "--processes", "1")
    assert not space.plane.get("scaledobject", "-n", space.name)["items"]
    assert space.statefulset()["spec"]["replicas"] == 1


def test_pods_with_more_rights_are_kept_out(space: Namespace) -> None:
    told = space.plane.kubectl("-n", space.name, "run", "other", "--image=registry.example/x", fails=True)
    assert "violates PodSecurity" in told


def test_a_namespace_that_is_not_there_is_named(plane: ControlPlane, tmp_path: Path) -> None:
    space = Namespace(plane, "there", tmp_path)
    space.name = "nowhere"
    failed = space.command("submit", "-c", "job.yaml", "--overlay", "local")
    assert failed.returncode == 1
    assert "nowhere" in failed.stderr
