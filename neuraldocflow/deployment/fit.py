"""Whether a configuration fits the pods that are to run it: volumes, ports and probes are the manifests'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from neuraldocflow.config import RuntimeConfig
from neuraldocflow.deployment.lag_triggers import settled
from neuraldocflow.errors import ConfigError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def check_fit(text: str, objects: list[dict[str, Any]]) -> None:
    """Raises ConfigError for a configuration with which the pods of these manifests never become ready."""
    runtime = (yaml.safe_load(text) or {}).get("runtime") or {}
    if wrong := list(_problems(runtime, objects)):
        raise ConfigError("\n".join(["the configuration does not fit the pods:", *wrong]))


def _problems(runtime: dict[str, Any], objects: list[dict[str, Any]]) -> Iterator[str]:
    usual, gateway = RuntimeConfig(), runtime.get("gateway") or {}
    state = _told(runtime.get("state_directory", str(usual.state_directory)))
    mounted = _mount(objects, "StatefulSet", "persistentVolumeClaim")
    if state and mounted and PurePosixPath(state) != PurePosixPath(mounted):
        yield (
            f"  runtime.state_directory: must be {mounted} (is {state}): their volume is there, and there "
            "their probes look"
        )
    host = _told(gateway.get("host", usual.gateway.host))
    if host in _LOOPBACK:
        yield f"  runtime.gateway.host: must be 0.0.0.0 (is {host}): nobody else reaches the gateway there"
    port, ports = _told(gateway.get("port", usual.gateway.port)), _ports(objects)
    if port and ports and port not in ports:
        yield f"  runtime.gateway.port: must be {ports[0]} (is {port}): there the Service and the probes look"
    usual_keys = f"{state}/keys.json" if state else ""
    keys, secrets = _told(gateway.get("keys_file", usual_keys)), _mount(objects, "Deployment", "secret")
    if keys and secrets and not PurePosixPath(keys).is_relative_to(secrets):
        yield f"  runtime.gateway.keys_file: must be in {secrets} (is {keys}): there the secret is"


def _told(value: Any) -> str:
    """A setting as a text; empty where only the pods know it."""
    try:
        return str(settled(value, ""))
    except ConfigError:
        return ""


def _containers(objects: list[dict[str, Any]], kind: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The pods of our objects of a kind, with each of their containers."""
    for each in objects:
        if each["kind"] == kind:
            pod = each["spec"]["template"]["spec"]
            yield from ((pod, container) for container in pod["containers"])


def _mount(objects: list[dict[str, Any]], kind: str, volume: str) -> str:
    """Where the volume of a sort is in the pods of a kind."""
    for pod, container in _containers(objects, kind):
        names = {each["name"] for each in pod.get("volumes", []) if volume in each}
        for mount in container.get("volumeMounts", []):
            if mount["name"] in names:
                return str(mount["mountPath"])
    return ""


def _ports(objects: list[dict[str, Any]]) -> list[str]:
    """Of the gateway's containers."""
    return [
        str(port["containerPort"])
        for _, container in _containers(objects, "Deployment")
        for port in container.get("ports", [])
    ]
