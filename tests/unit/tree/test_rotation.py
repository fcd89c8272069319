"""Only a disk that says that it rotates does: the kernel's flag is 1 for all that say nothing."""

import os
from pathlib import Path

import pytest

from dokku_cache.tree.rotation import rotates

DEVICE = os.makedev(8, 1)
#: What a disk of 7,200 revolutions a minute answers, an SSD, and one that does not say.
HARD_DISK, SSD, SILENT = (
    b"\x00\xb1\x00\x3c\x1c\x20\x02\x00",
    b"\x00\xb1\x00\x3c\x00\x01\x00\x00",
    b"\x00\xb1\x00\x3c" + bytes(4),
)


class Sys:
    """The part of sysfs that tells of block devices."""

    def __init__(self, root: Path) -> None:
        self.block, self.numbers = root / "devices", root / "dev/block"
        self.numbers.mkdir(parents=True)

    def disk(self, name: str, page: bytes | None) -> Path:
        disk = self.block / name
        (disk / "device").mkdir(parents=True)
        (disk / "queue").mkdir()
        (disk / "queue/rotational").write_text("1\n")
        if page is not None:
            (disk / "device/vpd_pgb1").write_bytes(page)
        return disk

    def partition(self, disk: Path, name: str) -> Path:
        (disk / name).mkdir()
        (disk / name / "partition").write_text("1\n")
        return disk / name

    def stacked(self, name: str, *below: Path) -> Path:
        """Make what LVM, RAID or encryption put above others."""
        slaves = self.block / name / "slaves"
        slaves.mkdir(parents=True)
        for one in below:
            (slaves / one.name).symlink_to(one)
        return slaves.parent

    def rotates(self, block: Path) -> bool:
        (self.numbers / "8:1").symlink_to(block)
        return rotates(DEVICE, str(self.numbers))


@pytest.fixture
def sys(tmp_path: Path) -> Sys:
    return Sys(tmp_path)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (HARD_DISK, True),
        (HARD_DISK[:5] + b"\x00", True),  # both bytes count
        (SSD, False),
        (SILENT, False),
        (None, False),
        (b"\x00", False),
    ],
)
def test_a_disk_rotates_if_it_says_so(sys: Sys, page: bytes | None, *, expected: bool) -> None:
    assert sys.rotates(sys.disk("sda", page)) is expected


def test_a_partition_is_part_of_its_disk(sys: Sys) -> None:
    assert sys.rotates(sys.partition(sys.disk("sda", HARD_DISK), "sda1"))


@pytest.mark.parametrize(("second", "expected"), [(HARD_DISK, True), (SSD, False)])
def test_what_lies_above_disks_rotates_as_one_of_them_does(sys: Sys, second: bytes, *, expected: bool) -> None:
    parts = [sys.partition(sys.disk(name, page), f"{name}1") for name, page in (("sda", SSD), ("sdb", second))]
    assert sys.rotates(sys.stacked("dm-0", sys.stacked("md0", *parts))) is expected


@pytest.mark.parametrize(("layers", "expected"), [(8, True), (9, False)])
def test_so_many_layers_are_looked_through(sys: Sys, layers: int, *, expected: bool) -> None:
    block = sys.disk("sda", HARD_DISK)
    for number in range(1, layers):
        block = sys.stacked(f"dm-{number}", block)
    assert sys.rotates(block) is expected


def test_a_circle_ends(sys: Sys) -> None:
    above = sys.stacked("dm-0")
    (above / "slaves/dm-0").symlink_to(above)
    assert not sys.rotates(above)


def test_what_has_no_block_device_does_not_rotate(sys: Sys) -> None:
    assert not rotates(os.makedev(0, 44), str(sys.numbers))
