"""Why pods of a submitted job do not come up, in the cluster's own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from neuraldocflow.deployment.kubectl import Kubectl

_OURS = "app.kubernetes.io/part-of=neuraldocflow"
_TELLING = ("Failed", "BackOff", "Unhealthy", "FailedScheduling", "FailedMount", "FailedCreate")
_LATEST = 3


def reasons(kubectl: Kubectl) -> list[str]:
    """Lines on the dataflow's and the gateway's pods that are not ready, and on what can't make its pods."""
    lines = [*_of_pods(kubectl), *_of_makers(kubectl)]
    return lines or ["  all pods that there are say that they are ready"]


def _of_pods(kubectl: Kubectl) -> Iterator[str]:
    for pod in _found(kubectl, "pods"):
        statuses = pod["status"].get("containerStatuses", [])
        if statuses and all(each["ready"] for each in statuses):
            continue
        waiting = [each["state"].get("waiting", {}).get("reason", "") for each in statuses]
        told = " ".join(filter(None, [pod["status"].get("phase"), *waiting]))
        yield f"  {pod['metadata']['name']}: {told}"
        yield from _events(kubectl, pod)


def _of_makers(kubectl: Kubectl) -> Iterator[str]:
    """A pod that may not be made, for a quota or pod security, has no events: what was to make it has."""
    for maker in _found(kubectl, "statefulsets,replicasets"):
        wanted, made = maker["spec"].get("replicas", 1), maker["status"].get("replicas", 0)
        if made < wanted:
            yield f"  {maker['metadata']['name']}: {made} of {wanted} pods are made"
            yield from _events(kubectl, maker)


def _found(kubectl: Kubectl, kinds: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kubectl("get", kinds, "-l", _OURS, "-o", "json"))["items"]
    return found


def _events(kubectl: Kubectl, of: dict[str, Any]) -> list[str]:
    """The latest that tell of a failure."""
    which = f"involvedObject.uid={of['metadata']['uid']}"
    told = kubectl.tried("get", "events", f"--field-selector={which}", "-o", "json").stdout
    events = [each for each in json.loads(told or "{}").get("items", []) if each["reason"] in _TELLING]
    return [f"    {each['reason']}: {each['message']}" for each in events][-_LATEST:]
