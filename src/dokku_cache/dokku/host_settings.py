"""Settings of this server outside the plugin: Dokku's ``skip-cleanup`` and daily prune, and the keys of pack."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dokku_cache.dokku import files, policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import Unknown
from dokku_cache.model.finding import DokkuVersion

#: Exists where systemd is the init system (sd_booted(3)).
SYSTEMD = "run/systemd/system"
PRUNE_TIMER = "etc/systemd/system/docker-builder-prune.timer"
PRUNE_SERVICE = "etc/systemd/system/docker-builder-prune.service"
PRUNE_ENABLED = "etc/systemd/system/timers.target.wants/docker-builder-prune.timer"
PRUNE_CRON_FILE = "etc/cron.d/docker-builder-prune"
FIRST_WITH_PRUNE = DokkuVersion(0, 35, 0)
_COMMAND = re.compile(r"^[^#\n]*\bbuilder prune\b(?P<options>.*)$", re.MULTILINE)
_FORCE = re.compile(r"(?<!\S)(-f|--force)(?!\S)")
#: A line of volume-keys.toml in the only form that pack writes.
_PACK_KEY = re.compile(r'^\s*"(?P<image>[^"\\\n]+)"\s*=\s*"(?P<key>[^"\\\n]*)"\s*$', re.MULTILINE)
_PACK_TABLE = re.compile(r"^\s*\[volume-keys\]\s*$", re.MULTILINE)
_SKIP_VARIABLE = "DOKKU_SKIP_CLEANUP"
#: A line of an ENV file, as ``config:set`` writes it: ``export KEY='value'`` in old versions, ``KEY="value"`` in new.
_SKIP_LINE = re.compile(rf"""^\s*(?:export\s+)?{_SKIP_VARIABLE}=['"]?([^'"\s]*)""", re.MULTILINE)


@dataclass(frozen=True)
class PackKeys:
    """The keys with which pack salts the names of its volumes: one for every image, or one by full image name.

    ``fault``: why they cannot be read, or empty.
    """

    for_all: str = ""
    by_image: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    def of(self, image: str) -> str:
        """Return the key of an image, empty where none is known."""
        return self.for_all or self.by_image.get(image, "")


def pack_keys(environment: DokkuEnvironment, environ: Mapping[str, str]) -> PackKeys:
    """Read the keys of pack as the dokku user runs it. A missing file has no keys.

    pack 0.35.0 and later: pkg/cache/volume_cache.go and internal/config/config.go.
    """
    if for_all := environ.get("PACK_VOLUME_KEY"):
        return PackKeys(for_all)
    path = os.path.join(environ.get("PACK_HOME") or os.path.join(environment.root, ".pack"), "volume-keys.toml")
    try:
        content = files.read_if_present(path)
    except OSError as error:
        return PackKeys(fault=f"pack's keys in {path} cannot be read ({error.strerror})")
    if _PACK_TABLE.sub("", _PACK_KEY.sub("", content)).strip():
        return PackKeys(fault=f"pack's keys in {path} cannot be read (invalid content)")
    return PackKeys(by_image={found["image"]: found["key"] for found in _PACK_KEY.finditer(content)})


def skips_cleanup(environment: DokkuEnvironment, app: str, environ: Mapping[str, str]) -> bool:
    """Return whether Dokku's ``skip-cleanup`` is set for an app. Raises CacheError when that cannot be read.

    Read from properties as Dokku does (0.38.27, plugins/common/docker.go), and as older versions did from the
    configuration of the app and of the server.
    """
    if environ.get(_SKIP_VARIABLE) == "true":
        return True
    owners = (app, policy.GLOBAL)
    if any(policy.get(environment, owner, "skip-cleanup", plugin="builder") == "true" for owner in owners):
        return True
    directories = (  # the last two before 0.38
        os.path.join(environment.lib_root, "config", app),
        os.path.join(environment.lib_root, "config", policy.GLOBAL),
        os.path.join(environment.root, app),
        environment.root,
    )
    return any(_skips_in(os.path.join(directory, "ENV")) for directory in directories)


def _skips_in(path: str) -> bool:
    try:
        return _SKIP_LINE.findall(files.read_if_present(path))[-1:] == ["true"]
    except OSError as error:
        raise Unknown(f"{path} cannot be read ({error.strerror})", "check that the dokku user can read it") from error


@dataclass(frozen=True)
class DailyPrune:
    """Whether Dokku's daily prune of Docker's build cache can work; ``reason`` is a sentence without a full stop."""

    can_work: bool
    reason: str


def daily_prune(installed: DokkuVersion | None, root: str = "/") -> DailyPrune:
    """Check the prune job. ``installed`` is Dokku's version, ``root`` the server's root directory.

    Dokku 0.35.0 and later install a systemd timer, or a cron file without systemd (plugins/builder/
    install-builder-prune). Without ``-f`` the prune waits for a confirmation and frees nothing: the timer's service
    lacked it until 0.35.7, the cron file still lacks it in 0.38.27.
    """
    timer, enabled, service, cron_file, systemd = (
        os.path.join(root, path) for path in (PRUNE_TIMER, PRUNE_ENABLED, PRUNE_SERVICE, PRUNE_CRON_FILE, SYSTEMD)
    )
    has_timer = os.path.lexists(timer)
    reason = "its prune job is not installed"
    if has_timer and os.path.isdir(systemd):
        if os.path.lexists(enabled):
            return _check_command(service, "a systemd timer runs it", "the systemd service")
        reason = "the job's systemd timer is not enabled"
    elif os.path.lexists(cron_file):
        return _check_command(cron_file, "cron runs it", "the cron file")
    elif has_timer:
        reason = "the job needs a systemd timer, and systemd is not running"
    elif installed is not None and installed < FIRST_WITH_PRUNE:
        reason = f"the job needs Dokku {FIRST_WITH_PRUNE} or later, this is {installed}"
    return DailyPrune(can_work=False, reason=reason)


def _check_command(path: str, works: str, what: str) -> DailyPrune:
    try:
        commands = list(_COMMAND.finditer(files.read(path)))
    except OSError as error:
        return DailyPrune(can_work=False, reason=f"{what} cannot be read ({error.strerror})")
    if not commands:
        return DailyPrune(can_work=False, reason=f"{what} contains no prune command")
    if not all(_FORCE.search(command["options"]) for command in commands):
        return DailyPrune(can_work=False, reason=f"the prune command in {what} lacks -f")
    return DailyPrune(can_work=True, reason=works)
