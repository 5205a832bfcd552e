"""KEDA's scaler of the dataflow in a cluster: what decides on the number of pods where there is one."""

from __future__ import annotations

import json
from typing import Any

from neuraldocflow.deployment.kubectl import Kubectl
from neuraldocflow.deployment.overlay import DATAFLOW

_NAME = f"scaledobjects.keda.sh/{DATAFLOW}"
_PAUSED = "autoscaling.keda.sh/paused-replicas"


class Scaler:
    """Without it the number of pods is what the StatefulSet says, and nothing is done here. Raises
    DeploymentError with what kubectl says."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._run = kubectl

    def bounds(self) -> tuple[int, int] | None:
        """The least and the most pods; None where nothing scales them."""
        done = self._run.tried("get", _NAME, "-o", "json", "--ignore-not-found")
        if done.returncode or not done.stdout.strip():  # a cluster without KEDA does not know the kind
            return None
        spec: dict[str, Any] = json.loads(done.stdout)["spec"]
        return int(spec.get("minReplicaCount", 0)), int(spec.get("maxReplicaCount", 100))

    def bind(self, least: int, most: int) -> None:
        """Have from ``least`` to ``most`` pods."""
        spec = {"minReplicaCount": least, "maxReplicaCount": most}
        self._run("patch", _NAME, "--type=merge", "-p", json.dumps({"spec": spec}))

    def have(self, pods: int) -> None:
        """Have so many at least: it would go back to its own least number at its next look."""
        if (found := self.bounds()) is not None:
            self.bind(pods, max(pods, found[1]))
            self.resume()

    def remove(self) -> None:
        """Have it decide no more; the number of pods stays."""
        if self.bounds() is not None:
            # bounded: where KEDA itself is gone, nobody lets go of what it had
            self._run("delete", _NAME, "--ignore-not-found", "--timeout=60s")

    def pause(self) -> None:
        """Have none until it is resumed."""
        if self.bounds() is not None:
            self._run("annotate", "--overwrite", _NAME, f"{_PAUSED}=0")

    def resume(self) -> None:
        if self.bounds() is not None:
            self._run("annotate", _NAME, f"{_PAUSED}-")
