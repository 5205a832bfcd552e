"""Which filesystems tell of every change: on those of other machines, theirs are not told to us."""

from __future__ import annotations

import re
from pathlib import Path

_REMOTE = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "gfs2", "gpfs", "lustre"),
    *("ncpfs", "nfs", "nfs4", "ocfs2", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"),
}


def filesystem_of(path: str, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the filesystem that a real path is on; an empty text where it can't be known."""
    found, longest = "", -1
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # of two in one place the later one is on top
            found, longest = after.split(" ")[0], len(point)
    return found


def is_remote(filesystem: str) -> bool:
    """Whether changes may be made elsewhere, of which the kernel here says nothing."""
    return filesystem in _REMOTE or filesystem.startswith("fuse")
