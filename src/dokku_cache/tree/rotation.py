"""Whether a file system lies on disks that rotate, by what these say of themselves.

The kernel's own flag (``queue/rotational``) is 1 for every disk that does not say, as most rented servers' virtual
disks do not, whatever is below them. A disk that does tells its rotation rate (SBC-4, VPD page B1; ATA disks by way
of libata), which Linux shows since 5.18 (drivers/scsi/scsi_sysfs.c).
"""

import os
from functools import cache
from pathlib import Path

BLOCK_DEVICES = "/sys/dev/block"
#: Big-endian, in revolutions per minute; 0 is not said, 1 is no rotation.
_RATE_BYTES = slice(4, 6)
_NO_ROTATION = 1
#: A volume of LVM on a RAID on an encrypted partition has fewer layers.
_MOST_LAYERS = 8


@cache
def rotates(device: int, block_devices: str = BLOCK_DEVICES) -> bool:
    """Tell whether a file system's device (st_dev) lies on a disk that says that it rotates, all or in part.

    What cannot be found out, as of a file system of several devices or of a server's, does not. Looked at once: many
    small caches lie on one disk.
    """
    return _rotates(Path(block_devices, f"{os.major(device)}:{os.minor(device)}"), _MOST_LAYERS)


def _rotates(entry: Path, layers: int) -> bool:
    if layers == 0:
        return False
    try:
        block = entry.resolve(strict=True)
        disk = block.parent if (block / "partition").exists() else block
        below = sorted((disk / "slaves").iterdir()) if (disk / "slaves").is_dir() else []
        return any(_rotates(one, layers - 1) for one in below) or _rate(disk / "device/vpd_pgb1") > _NO_ROTATION
    except (OSError, RuntimeError):  # RuntimeError: links in a circle (pathlib before 3.13)
        return False


def _rate(page: Path) -> int:
    return int.from_bytes(page.read_bytes()[_RATE_BYTES], "big")
