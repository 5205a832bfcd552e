"""``neuraldocflow`` whose looks at the state directory hang while a file is there: ``FILE ARGUMENTS…``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from neuraldocflow.cli import main
from neuraldocflow.job.cluster import Cluster

_hangs = Path(sys.argv.pop(1))
_silent_for = Cluster.silent_for


def silent_for(self: Cluster) -> dict[str, float]:
    while _hangs.exists():
        time.sleep(0.05)
    return _silent_for(self)


Cluster.silent_for = silent_for  # type: ignore[method-assign]
main()
