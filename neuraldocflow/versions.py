"""State of another release: read where this one can, refused with a sentence where it can't; never dropped.

Every state in a snapshot is a mapping with a ``version``. An operator that changes its state's shape raises
its version, and names the older ones it still reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from neuraldocflow.errors import ConfigError

DRAIN = "start the release that wrote it and drain it (neuraldocflow run --once), then start this one"


class OtherRelease(ConfigError):
    """State that this release can't read. Nothing was changed."""


refused: list[OtherRelease] = []
"""What was refused in this process: in a cluster the engine's own error does not say what caused it."""


def readable(what: str, state: Any, versions: Collection[int]) -> Mapping[str, Any] | None:
    """The state to resume from; None where there is none. Raises OtherRelease unless its version is known."""
    if state is None:
        return None
    found = state.get("version") if isinstance(state, Mapping) else None
    if found not in versions:
        known = " and ".join(str(version) for version in sorted(versions))
        refusal = OtherRelease(
            f"the snapshot of {what} is in version {'?' if found is None else found}, "
            f"this release reads {known}: {DRAIN}"
        )
        refused.append(refusal)
        raise refusal
    return dict(state)
