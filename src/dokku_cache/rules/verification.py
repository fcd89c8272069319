"""The checks that a directory has to pass before it counts as an unused build cache.

Automatic removal is for directories that look exactly like what a herokuish build left behind. Anything unusual is
unverified, and a person decides. A new check is one function and one line in CHECKS.
"""

import os
from collections.abc import Callable, Mapping, Sequence

from dokku_cache.model.finding import (
    FIRST_WITH_VOLUMES,
    FIRST_WITHOUT_DIRECTORY,
    Accounts,
    CheckResult,
    Facts,
    Finding,
    Verdict,
)
from dokku_cache.model.location import Location, References
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.output import text
from dokku_cache.rules import names

#: herokuish builds as this user (gliderlabs/herokuish, include/buildpack.bash). It needs no account on the host.
HEROKUISH_UID = 32767
#: herokuish before 0.3.x drew RANDOM+1000 for each build (gliderlabs/herokuish, randomize-unprivileged).
OLD_BUILD_UIDS = range(1000, 33768)
ROOT_UID = 0
#: Its presence at the top shows that herokuish built here (dokku/dokku#7685).
HEROKUISH_DIRECTORY = "buildcache"
#: Clocks of boards without a battery, and of file servers, are wrong by seconds or by years.
MAX_CLOCK_SKEW_SECONDS = 86400
_MAX_LISTED = 3
_MAX_SENTENCES = 2

_HINTS = {
    State.UNSAFE: "the plugin removes plain directories only; inspect it manually",
    State.ACTIVE: "upgrade to Dokku 0.31.0 or later first",
}


def _failed(state: State, reason: str, code: ReasonCode | None, hint: str = "") -> Verdict:
    return Verdict(state, reason, hint or _HINTS.get(state, ""), code)


def check_shape(facts: Facts) -> CheckResult:
    """Pass for a plain directory on the app's file system with nothing mounted at or below it."""
    location, cache, scan = facts.location, facts.location.cache, facts.scan
    if location.fault:
        return _failed(State.UNSAFE, location.fault, location.fault_code)
    if cache is not None and cache.fault:
        return _failed(State.UNSAFE, cache.fault, cache.fault_code)
    if scan is not None and scan.other_mounts:
        reason = f"another file system is mounted in it: {scan.other_mounts[0]}"
        return _failed(State.UNSAFE, reason, ReasonCode.MOUNT_BELOW)
    return "it is a plain directory, and nothing is mounted in it"


def check_version(facts: Facts) -> CheckResult:
    """Pass for releases of Dokku that neither use nor recreate the directory."""
    version = facts.version
    if version is None:
        reason = "the version of Dokku cannot be read, so builds may still use the directory"
        hint = "check 'dokku version'; the plugin reads the same file"
        return _failed(State.ACTIVE, reason, ReasonCode.VERSION_UNKNOWN, hint)
    if version < FIRST_WITH_VOLUMES:
        reason = f"Dokku {version} still builds in this directory"
        return _failed(State.ACTIVE, reason, ReasonCode.DOKKU_TOO_OLD)
    if version < FIRST_WITHOUT_DIRECTORY:
        reason = f"Dokku {version} builds in a Docker volume, but its deployment tasks recreate this directory"
        return _failed(State.RECREATED, reason, ReasonCode.RECREATED_BY_TASKS)
    return f"Dokku {version} does not use this directory"


def check_unused(facts: Facts) -> CheckResult:
    """Pass where nothing refers to the cache and every source could be read."""
    if facts.references is None or facts.location.cache is None:
        return None
    return _check_references(facts.references)


def _check_references(references: References) -> CheckResult:
    if references.uses:
        reason = _sentences([use.text for use in references.uses])
        hint = references.hint or "remove what uses it, then purge again"
        return _failed(State.IN_USE, reason, references.uses[0].code, hint)
    if references.unknown:
        hint = references.hint or "purge again when this can be read"
        reason = _sentences([source.text for source in references.unknown])
        return _failed(State.UNKNOWN, reason, references.unknown[0].code, hint)
    return "no container, volume, Docker option, storage entry, mount or nginx configuration refers to it"


def _sentences(texts: Sequence[str]) -> str:
    """Join the first sentences, and count the others."""
    rest = len(texts) - _MAX_SENTENCES
    return "; ".join([*texts[:_MAX_SENTENCES], *([f"and {rest} more"] if rest > 0 else [])])


def check_location(facts: Facts) -> CheckResult:
    """Pass in the directory of an app, and in what is left of a destroyed one."""
    location = facts.location
    is_empty = facts.scan.is_empty if facts.scan else bool(location.cache and location.cache.is_empty)
    if is_empty:
        return "it is empty, so nothing can be lost"
    if any(other.name == names.HEAD and not other.is_directory for other in location.others):
        return "the app directory is a git repository that Dokku created"
    return _check_bare_location(facts.life) if location.is_bare else _check_other_files(location)


def _check_other_files(location: Location) -> CheckResult:
    unreadable = [other.name for other in location.others if other.is_by_install is None]
    if unreadable:
        reason = f"cannot determine whether the app still exists: {_listed(unreadable)} cannot be read"
        hint = f"let the dokku user read it; check 'ls -l {os.path.dirname(location.path)}'"
        return _failed(State.UNKNOWN, reason, ReasonCode.APP_STATUS_UNKNOWN, hint)
    unexpected = [other.name for other in location.others if not names.is_created_by_dokku(other)]
    if unexpected:
        reason = f"the app directory contains files that Dokku did not create: {_listed(unexpected)}"
        return _failed(State.UNVERIFIED, reason, ReasonCode.UNEXPECTED_FILES)
    if not any(not other.is_by_install and names.is_created_by_dokku_only(other) for other in location.others):
        others = _listed([other.name for other in location.others])
        reason = f"the app directory contains {others}, but no file that only Dokku creates"
        return _failed(State.UNVERIFIED, reason, ReasonCode.NOT_AN_APP_DIRECTORY)
    return "the app directory contains only files that Dokku creates"


def _check_bare_location(life: References | None) -> CheckResult:
    if life is None:
        return None
    if life.unknown:
        reason = f"cannot determine whether the app still exists: {life.unknown[0].text}"
        is_docker = life.unknown[0].code is ReasonCode.DOCKER_UNAVAILABLE
        code = ReasonCode.DOCKER_UNAVAILABLE if is_docker else ReasonCode.APP_STATUS_UNKNOWN
        return _failed(State.UNKNOWN, reason, code, life.hint)
    if life.uses:
        reason = f"the directory contains nothing else, but the app may still exist: {life.uses[0].text}"
        return _failed(State.UNVERIFIED, reason, ReasonCode.APP_MAY_EXIST)
    return "the app was destroyed, and nothing else is left of it"


def check_layout(facts: Facts) -> CheckResult:
    """Pass where buildpacks create every name at the top, and at least one name is used by buildpacks only."""
    scan = facts.scan
    if scan is None or not scan.is_complete:
        return None
    if scan.is_empty:
        return "it is empty"
    unexpected = names.unexpected_names(scan.names)
    if unexpected or not scan.has_all_names:
        reason = f"it contains files that buildpacks do not create: {_listed(unexpected)}"
        return _failed(State.UNVERIFIED, reason, ReasonCode.UNEXPECTED_LAYOUT)
    ours = names.buildpack_names(scan.names)
    if not ours:
        reason = f"it contains {_listed(sorted(scan.names))}, but nothing that only buildpacks create"
        return _failed(State.UNVERIFIED, reason, ReasonCode.UNEXPECTED_LAYOUT)
    return f"buildpacks created its contents: {_listed(ours)}"


def check_owner(facts: Facts) -> CheckResult:
    """Pass where every entry belongs to a user that builds run as, to root, or to dokku."""
    scan, accounts = facts.scan, facts.accounts
    if scan is None or not scan.is_complete or accounts is None:
        return None
    if scan.is_empty:
        return "it is empty"
    builders = {uid for uid in scan.owners if _is_builder(accounts, uid)}
    strangers = sorted(scan.owners - builders - {ROOT_UID, accounts.dokku})
    if strangers:
        owners = _listed([accounts.describe(uid) for uid in strangers])
        reason = f"it contains files owned by {owners}; builds never run as that user"
        if not accounts.are_complete and all(uid in OLD_BUILD_UIDS for uid in strangers):
            reason = f"it contains files owned by {owners}, which may be an account of a directory service"
        return _failed(State.UNVERIFIED, reason, ReasonCode.UNEXPECTED_OWNER)
    # Each upgrade of Dokku's package gives everything in its root to dokku, but keeps the group (sshcommand create).
    built_here = builders or HEROKUISH_UID in scan.groups or HEROKUISH_DIRECTORY in scan.names
    if facts.location.is_bare and not built_here:
        owners = _listed(sorted(accounts.describe(uid) for uid in scan.owners))
        reason = f"everything in it is owned by {owners}; builds leave files of uid or gid {HEROKUISH_UID}"
        return _failed(State.UNVERIFIED, reason, ReasonCode.UNEXPECTED_OWNER)
    owners = _listed(sorted(accounts.describe(uid) for uid in scan.owners))
    return f"everything in it is owned by {owners}, as builds leave it"


def _is_builder(accounts: Accounts, uid: int) -> bool:
    if uid == HEROKUISH_UID:
        return True
    return uid in OLD_BUILD_UIDS and uid not in {*accounts.names, accounts.dokku} and accounts.are_complete


def check_age(facts: Facts) -> CheckResult:
    """Pass where the newest change in the whole tree is older than ``min-age``."""
    scan, min_age = facts.scan, facts.min_age_seconds
    if scan is None or not scan.is_complete or min_age is None:
        return None
    if scan.is_empty or scan.newest_change is None:
        return "it is empty"
    changed = f"{text.moment(scan.newest_change):%Y-%m-%d %H:%M UTC}"
    if scan.newest_change > facts.now + MAX_CLOCK_SKEW_SECONDS:
        reason = f"it contains a file with a timestamp in the future: {changed}"
        hint = "check the clock of this server with 'date'"
        return _failed(State.RECENT, reason, ReasonCode.TIMESTAMP_IN_FUTURE, hint)
    if min_age <= 0:
        return f"last changed at {changed}; no minimum age is set"
    if max(0.0, facts.now - scan.newest_change) < min_age:
        reason = f"changed at {changed}, less than {text.short_duration(min_age)} ago"
        return _failed(State.RECENT, reason, ReasonCode.RECENTLY_MODIFIED)
    return f"not changed for at least {text.short_duration(min_age)}"


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_MAX_LISTED])
    return listed if len(names) <= _MAX_LISTED else f"{listed} and {len(names) - _MAX_LISTED} more"


#: All checks by name, in the order of reports.
CHECKS: Mapping[str, Callable[[Facts], CheckResult]] = {
    "location": check_location,
    "layout": check_layout,
    "owner": check_owner,
    "unused": check_unused,
    "age": check_age,
    "version": check_version,
    "shape": check_shape,
}
#: Of several failed checks, the first of these states is that of the cache. What --force cannot override comes first.
_PRECEDENCE = (
    State.UNSAFE,
    State.ACTIVE,
    State.IN_USE,
    State.UNKNOWN,
    State.UNVERIFIED,
    State.RECENT,
    State.RECREATED,
)


def classify(facts: Facts) -> Finding:
    """Classify an app's legacy cache and its trash by all facts that were collected so far."""
    is_there = facts.location.cache or facts.location.fault
    checks = {name: check(facts) for name, check in CHECKS.items()} if is_there else {}
    return Finding(facts, _classify_cache(facts, checks), _classify_trash(facts), checks)


def _classify_cache(facts: Facts, checks: Mapping[str, CheckResult]) -> Verdict:
    if not checks:
        return Verdict()
    for state in _PRECEDENCE:
        failed = [one for one in checks.values() if isinstance(one, Verdict) and one.state is state]
        # One cause, such as Docker not responding, is given once.
        failed = list({verdict.code: verdict for verdict in reversed(failed)}.values())[::-1]
        if failed:
            reason = "; ".join(verdict.reason for verdict in failed)
            hint = "; ".join(dict.fromkeys(verdict.hint for verdict in failed if verdict.hint))
            return Verdict(state, reason, hint, failed[0].code)
    if any(isinstance(one, Verdict) for one in checks.values()):  # with a state that was forgotten in _PRECEDENCE
        return Verdict(State.UNKNOWN, "the result of a check is not known", "report this as a bug")
    reason = f"Dokku {facts.version} no longer uses it"
    return Verdict(State.ORPHANED, reason, code=ReasonCode.UNUSED_BY_DOKKU)


def _classify_trash(facts: Facts) -> Verdict:
    """Classify what an interrupted purge left. It was verified before it was renamed."""
    trash = facts.location.trash
    if facts.location.fault or not trash:
        return Verdict()
    faulty = [entry for entry in trash if entry.fault]
    if faulty:
        reason = "; ".join(entry.fault for entry in faulty)
        return Verdict(State.UNSAFE, reason, _HINTS[State.UNSAFE], faulty[0].fault_code)
    if facts.trash_references is None:
        return Verdict(State.UNKNOWN, "its uses were not checked", "report this as a bug", ReasonCode.USAGE_UNKNOWN)
    used = _check_references(facts.trash_references)
    if isinstance(used, Verdict):
        return used
    reason = "an earlier purge was interrupted; the rest of the cache is still there"
    return Verdict(State.INTERRUPTED, reason, code=ReasonCode.PURGE_INTERRUPTED)


def is_decided_early(facts: Facts) -> bool:
    """Return whether no further facts can change the verdict on the cache."""
    if facts.location.cache is None and not facts.location.fault:
        return True
    results = check_shape(facts), check_version(facts)
    return any(isinstance(one, Verdict) and one.state in {State.UNSAFE, State.ACTIVE} for one in results)
