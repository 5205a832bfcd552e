"""Which filesystem a folder is on."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuraldocflow.folders.mounts import filesystem_of, is_remote

MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv/scans rw,relatime shared:2 master:3 - nfs4 store:/scans rw
31 22 0:41 / /srv/with\040space rw - cifs //store/x rw
32 30 0:42 / /srv/scans/here rw - tmpfs tmpfs rw
33 22 0:43 / /home/a/far rw - fuse.sshfs a@far: rw
34 22 0:44 / /twice rw - nfs store:/a rw
35 34 0:45 / /twice rw - xfs /dev/sdb1 rw
of another kind
"""


@pytest.mark.parametrize(
    ("path", "filesystem", "remote"),
    [
        ("/", "ext4", False),
        ("/srv", "ext4", False),
        ("/srv/scans", "nfs4", True),
        ("/srv/scans/in", "nfs4", True),
        ("/srv/scanner", "ext4", False),
        ("/srv/scans/here/in", "tmpfs", False),
        ("/srv/with space/in", "cifs", True),
        ("/home/a/far/in", "fuse.sshfs", True),
        ("/twice/in", "xfs", False),
    ],
)
def test_the_nearest_mount_says_it(tmp_path: Path, path: str, filesystem: str, remote: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert filesystem_of(path, mounts) == filesystem
    assert is_remote(filesystem) is remote


def test_without_a_list_of_mounts_nothing_is_known(tmp_path: Path) -> None:
    assert filesystem_of("/", tmp_path / "none") == ""
    assert not is_remote("")
