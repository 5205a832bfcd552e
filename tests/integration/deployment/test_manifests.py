"""The Kubernetes manifests: valid, restricted, and with commands that run as they stand there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from support.job import JobFolder
from support.kubectl import ROOT, fitting, one, rendered
from support.pods import Pods
from support.servers.serving import free_port, listens
from support.topics import wait_for

from neuraldocflow import config as configuration
from neuraldocflow.cancellations import CANCELLATIONS
from neuraldocflow.gateway import server
from neuraldocflow.gateway.keys import KeyStore
from neuraldocflow.gateway.tus import router as uploads
from neuraldocflow.log import SWARM_DECISIONS, TOPICS

OVERLAYS = ("local", "production")
OTHERS = ("ScaledObject", "ServiceMonitor", "PrometheusRule", "KafkaTopic")
DATAFLOW, GATEWAY = "neuraldocflow-dataflow", "neuraldocflow-gateway"
VARIABLES = {
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    "PAYLOAD_STORE": "s3://bucket/x",
    "ARCHIVE_URL": "s3://bucket/y",
}
"""What the secret holds."""


def pod_of(overlay: str, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = one(rendered(overlay), kind, name)["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_valid_for_several_versions_of_kubernetes(overlay: str) -> None:
    for version in ("1.32", "1.36"):
        for each in rendered(overlay):
            if each["kind"] not in OTHERS:
                kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted(overlay: str) -> None:
    """By the Pod Security Standard's words."""
    for pod in (pod_of(overlay, "StatefulSet", DATAFLOW), pod_of(overlay, "Deployment", GATEWAY)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


def test_in_production_the_lag_decides_on_the_number_of_pods() -> None:
    objects = rendered("production")
    assert "replicas" not in one(objects, "StatefulSet", DATAFLOW)["spec"]
    scaled = one(objects, "ScaledObject", DATAFLOW)["spec"]
    assert scaled["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": DATAFLOW}
    (trigger,) = scaled["triggers"]
    assert trigger["type"] == "kafka"
    assert {"bootstrapServersFromEnv", "consumerGroup", "topic", "lagThreshold"} <= trigger["metadata"].keys()
    assert "replicas" not in one(objects, "Deployment", GATEWAY)["spec"]


def test_every_selector_finds_its_pods_and_every_reference_is_there() -> None:
    objects = rendered("production")
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in objects
        if each["kind"] in ("StatefulSet", "Deployment")
    }
    for each in objects:
        selector = each["spec"].get("selector", {}) if "spec" in each else {}
        wanted = selector.get("matchLabels", selector) if each["kind"] != "ServiceMonitor" else {}
        if wanted:
            matching = [name for name, labels in pods.items() if wanted.items() <= labels.items()]
            assert matching, each["metadata"]["name"]
    maps = {each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap"}
    for pod in (pod_of("production", "StatefulSet", DATAFLOW), pod_of("production", "Deployment", GATEWAY)):
        (used,) = (volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume)
        assert used in maps


def test_uploads_stay_with_the_pod_that_began_them() -> None:
    objects = rendered("production")
    service = one(objects, "Service", "neuraldocflow-uploads")["spec"]
    assert service["sessionAffinity"] == "ClientIP"
    ingress = one(objects, "Ingress", "neuraldocflow-uploads")
    assert "nginx.ingress.kubernetes.io/upstream-hash-by" in ingress["metadata"]["annotations"]
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["path"] == uploads.prefix
    assert path["backend"]["service"]["name"] == "neuraldocflow-uploads"


def test_who_watches_has_a_key_and_sees_each_pod_once() -> None:
    objects = rendered("production")
    monitor = one(objects, "ServiceMonitor", GATEWAY)["spec"]
    assert monitor["endpoints"][0]["authorization"]["credentials"]["name"] == "neuraldocflow-metrics"
    wanted = monitor["selector"]["matchLabels"]
    watched = [
        each["metadata"]["name"]
        for each in objects
        if each["kind"] == "Service" and wanted.items() <= each["metadata"]["labels"].items()
    ]
    assert watched == [GATEWAY]


def test_the_alerts_come_with_what_they_are_about_and_one_dashboard_stays() -> None:
    objects = rendered("production")
    alerts = yaml.safe_load((ROOT / "observability" / "alerts.yaml").read_text())
    assert one(objects, "PrometheusRule", "neuraldocflow")["spec"] == alerts
    one(objects, "ConfigMap", "neuraldocflow-dashboard")  # of each release the same: the next one replaces it


def test_a_gateway_that_ends_still_takes_what_is_sent_to_it_for_a_moment() -> None:
    """A Service comes to know only after its pod that it is to end."""
    pod = pod_of("production", "Deployment", GATEWAY)
    (container,) = pod["containers"]
    command, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    assert int(seconds) + server._GRACE_SECONDS < pod["terminationGracePeriodSeconds"]


def test_prometheus_finds_the_ports_it_is_sent_to() -> None:
    objects = rendered("production")
    for monitor in (each for each in objects if each["kind"] == "ServiceMonitor"):
        service = one(objects, "Service", monitor["metadata"]["name"])
        wanted = monitor["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= service["metadata"]["labels"].items()
        ports = {each["name"] for each in service["spec"]["ports"]}
        assert {each["port"] for each in monitor["spec"]["endpoints"]} <= ports
    found = configuration.parse(one_config("production"), environment=VARIABLES)
    (container,) = pod_of("production", "StatefulSet", DATAFLOW)["containers"]
    assert found.runtime.metrics.port in [each["containerPort"] for each in container["ports"]]


def test_submitted_with_kafka_the_pods_follow_what_it_reads(tmp_path: Path) -> None:
    text = "stream_sources: {orders: {type: kafka, config: {topic: orders, consumer_group: us}}}\n"
    (tmp_path / "job.yaml").write_text(fitting(text))
    scaled = one(submitted(tmp_path, "--processes", "3", "--workers", "4"), "ScaledObject", DATAFLOW)["spec"]
    (trigger,) = scaled["triggers"]
    assert (trigger["metadata"]["topic"], trigger["metadata"]["consumerGroup"]) == ("orders", "us")
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (3, 4)


def test_as_many_pods_as_were_asked_for_are_never_more_than_the_most(tmp_path: Path) -> None:
    text = "stream_sources: {orders: {type: kafka, config: {topic: orders}}}\nruntime: {max_workers: 32}\n"
    (tmp_path / "job.yaml").write_text(fitting(text))
    scaled = one(submitted(tmp_path, "--processes", "12"), "ScaledObject", DATAFLOW)["spec"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (12, 12)


def test_how_the_scaler_gets_into_kafka_stands_in_an_overlay_of_ones_own(tmp_path: Path) -> None:
    base = os.path.relpath(ROOT / "k8s" / "overlays" / "production", tmp_path.resolve())
    patch = [
        {"op": "add", "path": "/spec/triggers/0/authenticationRef", "value": {"name": "kafka"}},
        {"op": "add", "path": "/spec/triggers/0/metadata/sasl", "value": "scram_sha512"},
        {"op": "replace", "path": "/spec/triggers/0/metadata/lagThreshold", "value": "50"},
    ]
    patches = [{"target": {"kind": "ScaledObject"}, "patch": yaml.safe_dump(patch)}]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [base], "patches": patches}))
    text = "stream_sources: {orders: {type: kafka, config: {topic: orders, priority_topics: [urgent]}}}\n"
    (tmp_path / "job.yaml").write_text(fitting(text))
    triggers = one(submitted(tmp_path, "--overlay", "."), "ScaledObject", DATAFLOW)["spec"]["triggers"]
    assert {each["metadata"]["topic"] for each in triggers} == {"orders", "orders.urgent"}
    for each in triggers:
        assert each["authenticationRef"] == {"name": "kafka"}
        assert (each["metadata"]["sasl"], each["metadata"]["lagThreshold"]) == ("scram_sha512", "50")


def test_a_topic_of_other_brokers_is_followed_as_its_own_trigger_says(tmp_path: Path) -> None:
    """Each of two clusters wants to know who asks in its own way."""
    base = os.path.relpath(ROOT / "k8s" / "overlays" / "production", tmp_path.resolve())
    theirs = {"type": "kafka", "authenticationRef": {"name": "theirs"}}
    own = {"topic": "orders", "lagThreshold": "20", "tls": "enable"}
    patch = [
        {"op": "add", "path": "/spec/triggers/0/authenticationRef", "value": {"name": "ours"}},
        {"op": "add", "path": "/spec/triggers/-", "value": {**theirs, "metadata": own}},
    ]
    patches = [{"target": {"kind": "ScaledObject"}, "patch": yaml.safe_dump(patch)}]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [base], "patches": patches}))
    text = (
        "stream_sources: {orders: {type: kafka, config: {topic: orders, bootstrap_servers: 'theirs:9092'}}}\n"
        "runtime: {log: {kafka: {bootstrap_servers: 'ours:9092'}}}\n"
    )
    (tmp_path / "job.yaml").write_text(fitting(text))
    triggers = one(submitted(tmp_path, "--overlay", "."), "ScaledObject", DATAFLOW)["spec"]["triggers"]
    told = {each["metadata"]["topic"]: each for each in triggers}
    assert {name: each["authenticationRef"]["name"] for name, each in told.items()} == {
        "document-stream": "ours",
        "orders": "theirs",
    }
    assert told["orders"]["metadata"]["lagThreshold"] == "20"
    assert told["orders"]["metadata"]["bootstrapServers"] == "theirs:9092"
    assert "tls" not in told["document-stream"]["metadata"]


def test_a_job_without_kafka_has_as_many_pods_as_it_was_submitted_with(tmp_path: Path) -> None:
    text = "stream_sources: {inbox: {type: filesystem, config: {watch_directories: [/in]}}}\n"
    (tmp_path / "job.yaml").write_text(fitting(text))
    objects = submitted(tmp_path, "--processes", "3")
    assert one(objects, "StatefulSet", DATAFLOW)["spec"]["replicas"] == 3
    assert "ScaledObject" not in [each["kind"] for each in objects]


@pytest.mark.parametrize(
    ("log", "warned"), [("embedded", True), ("{kafka: {bootstrap_servers: 'kafka:9092'}}", False)]
)
def test_a_log_that_the_gateway_does_not_share_is_told_of(tmp_path: Path, log: str, warned: bool) -> None:
    (tmp_path / "job.yaml").write_text(fitting(f"runtime: {{log: {log}}}\n"))
    assert ("runtime.log is embedded" in submitting(tmp_path).stderr) is warned


def test_a_configuration_with_which_the_pods_would_never_be_ready_is_refused(tmp_path: Path) -> None:
    """One of this machine's: it was applied, waited for until the time was over, and taken back."""
    text = (
        "stream_sources: {orders: {type: kafka, config: {topic: orders}}}\nruntime: {gateway: {port: 80}}\n"
    )
    (tmp_path / "job.yaml").write_text(text)
    refused = submitting(tmp_path, code=2).stderr
    for told in (
        "runtime.state_directory: must be /var/lib/neuraldocflow (is .neuraldocflow)",
        "runtime.gateway.host: must be 0.0.0.0 (is 127.0.0.1)",
        "runtime.gateway.port: must be 8080 (is 80)",
        "runtime.gateway.keys_file: must be in /etc/neuraldocflow-keys (is .neuraldocflow/keys.json)",
    ):
        assert told in refused
    elsewhere = "runtime: {state_directory: '${STATE}', gateway: {host: '${HOST}', port: '${PORT}'}}\n"
    (tmp_path / "job.yaml").write_text(elsewhere)
    submitting(tmp_path)  # what only the pods know is for them to say


@pytest.mark.parametrize("command", [("scale", "--processes", "2"), ("submit", "-c", "job.yaml"), ("stop",)])
def test_a_cluster_that_does_not_answer_is_told_as_such(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Taken for one on which nothing runs, a submission that fails would not be taken back."""
    (tmp_path / "job.yaml").write_text(fitting("runtime: {log: {kafka: {}}}\n"))
    cluster = {"name": "away", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}
    context = {"name": "away", "context": {"cluster": "away", "user": ""}}
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "away"}
    (tmp_path / "kubeconfig").write_text(
        yaml.safe_dump({**config, "clusters": [cluster], "contexts": [context]})
    )
    done = subprocess.run(
        [sys.executable, "-m", "neuraldocflow", *command, "--to", "k8s"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    verb = "scale" if command == ("stop",) else "get"
    assert f"neuraldocflow: kubectl {verb}: The connection to the server 127.0.0.1:" in done.stderr


def submitted(folder: Path, *arguments: str) -> tuple[dict[str, Any], ...]:
    """What submitting a folder's job.yaml would apply."""
    return tuple(yaml.safe_load_all(submitting(folder, *arguments).stdout))


def submitting(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "neuraldocflow", "submit", "--to", "k8s", "--dry-run", "-c", "job.yaml"),
            *arguments,
        ],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    return done


def test_topics_are_those_of_the_log() -> None:
    text = (ROOT / "k8s/components/topics/topics.yaml").read_text()
    made = {each["metadata"]["name"]: each["spec"]["partitions"] for each in yaml.safe_load_all(text)}
    assert made.keys() >= {*TOPICS, CANCELLATIONS, SWARM_DECISIONS}
    assert (made[CANCELLATIONS], made[SWARM_DECISIONS]) == (1, 1)  # all of each is read by one


def test_the_configuration_in_the_manifests_is_right() -> None:
    text = one_config("production")
    assert configuration.parse(text, environment=VARIABLES).runtime.log.kind == "kafka"


def one_config(overlay: str) -> str:
    (found,) = (
        each["data"]["config.yaml"]
        for each in rendered(overlay)
        if each["kind"] == "ConfigMap" and "config.yaml" in each["data"]
    )
    return str(found)


@pytest.mark.slow
def test_the_dataflows_command_runs_as_it_stands_there(tmp_path: Path) -> None:
    """As pods of this machine: the same arguments, with the volumes' paths and the names changed."""
    job = JobFolder(tmp_path)
    (container,) = pod_of("production", "StatefulSet", DATAFLOW)["containers"]
    pods = Pods(job)
    names = {"/etc/neuraldocflow/config.yaml": "job.yaml", "--pod=$(POD_NAME)": "--pod"}
    names[f"{DATAFLOW}-{{}}.{DATAFLOW}:2101"] = f"flow-{{}}:{pods.port}"
    arguments = [_replaced(each, names) for each in container["args"]]
    arguments.remove("--pod")
    with Pods(job, [*arguments, "--pod"]) as pods:
        pods.scale(2)
        letters = job.letters(20)
        wait_for(lambda: set(job.archived()) == letters, 90)
        probe = container["livenessProbe"]["exec"]["command"][-1]
        own = probe.replace("/var/lib/neuraldocflow", str(tmp_path / ".neuraldocflow"))
        for number, alive in ((0, 0), (1, 0), (2, 1)):
            environment = {**os.environ, "POD_NAME": f"{DATAFLOW}-{number}"}
            assert subprocess.run(["sh", "-c", own], env=environment).returncode == alive


@pytest.mark.slow
@pytest.mark.servers
def test_the_gateways_command_runs_as_it_stands_there(tmp_path: Path, kafka: str) -> None:
    (container,) = pod_of("production", "Deployment", GATEWAY)["containers"]
    port = free_port()
    KeyStore(tmp_path / "keys" / "keys.json").create("a", "default")
    text = one_config("production").replace("port: 8080", f"port: {port}").replace("0.0.0.0", "127.0.0.1")
    text = text.replace("/etc/neuraldocflow-keys", str(tmp_path / "keys"))
    text = text.replace("/var/lib/neuraldocflow", str(tmp_path / "state"))
    (tmp_path / "config.yaml").write_text(text)
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "PAYLOAD_STORE": str(tmp_path / "payloads"),
        "ARCHIVE_URL": str(tmp_path / "archive"),
    }
    names = {"/etc/neuraldocflow/config.yaml": str(tmp_path / "config.yaml")}
    arguments = [_replaced(each, names) for each in container["args"]]
    process = subprocess.Popen(
        [sys.executable, "-m", "neuraldocflow", *arguments], env={**os.environ, **settings}
    )
    try:
        wait_for(lambda: listens(port), 60)
        for probe in ("livenessProbe", "readinessProbe"):
            address = f"http://127.0.0.1:{port}{container[probe]['httpGet']['path']}"
            deadline = time.monotonic() + 30
            while _answer(address) != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def _answer(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return 0


def _replaced(text: str, names: dict[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_submit_shows_what_it_would_apply(overlay: str, tmp_path: Path) -> None:
    text = "stream_sources: {topic: {type: kafka, config: {topic: incoming}}}\n"
    (tmp_path / "job.yaml").write_text(fitting(text))
    objects = submitted(
        tmp_path,
        *("--overlay", overlay, "--namespace", "flows", "--processes", "3", "--workers", "2"),
        *("--image", "registry.example/team/neuraldocflow:7"),
    )
    assert {each["metadata"]["namespace"] for each in objects} == {"flows"}
    flow = one(objects, "StatefulSet", DATAFLOW)["spec"]
    (container,) = flow["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/team/neuraldocflow:7"
    assert "--workers=2" in container["args"]
    if overlay == "local":
        assert flow["replicas"] == 3
    else:
        assert "replicas" not in flow
        assert one(objects, "ScaledObject", DATAFLOW)["spec"]["minReplicaCount"] == 3
    configs = [each["data"].get("config.yaml", "") for each in objects if each["kind"] == "ConfigMap"]
    assert any("topic: incoming" in text for text in configs)
