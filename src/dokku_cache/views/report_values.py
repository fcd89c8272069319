"""The keys of ``cache:report``, and where their values come from."""

from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError, Unknown
from dokku_cache.model.cache import AppState
from dokku_cache.model.finding import CheckResult, Finding
from dokku_cache.model.state import State
from dokku_cache.output import text
from dokku_cache.output.report import Missing, Rows, Value
from dokku_cache.records import daily_run, history
from dokku_cache.tree.scan import Scan

#: What only a walk over the cache can tell.
MEASURED_KEYS = (
    "cache-legacy-files",
    "cache-legacy-last-modified",
    "cache-legacy-size",
    "cache-legacy-size-bytes",
)
#: What a walk may change, as it sees what a quick look does not.
WALKED_KEYS = (
    *MEASURED_KEYS,
    "cache-legacy-checks",
    "cache-legacy-reason",
    "cache-legacy-reason-code",
    "cache-legacy-state",
)
APP_KEYS = (
    *(f"cache-{prefix}{key}" for key in policy.OF_APPS for prefix in ("", "computed-", "global-")),
    "cache-app-state",
    "cache-last-failure",
    "cache-last-purged-at",
    "cache-last-purged-by",
    "cache-last-purged-bytes",
    "cache-last-purged-files",
    "cache-last-purged-seconds",
    *WALKED_KEYS,
    "cache-legacy-path",
    "cache-volume",
    "cache-volume-exists",
)
SERVER_KEYS = (
    *(f"cache-{prefix}{key}" for key in policy.PROPERTIES for prefix in ("computed-", "global-")),
    "cache-daily-run-at",
    "cache-daily-run-overdue-since",
    "cache-daily-run-result",
    "cache-daily-run-schedule",
    "cache-freed",
    "cache-freed-bytes",
    "cache-purges",
)


class Gatherer:
    """Gives the values of one app after the other, asking for what holds for all of them once.

    What cannot be found out is ``Missing.UNKNOWN``; ``tell_what_is_unknown`` says why.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._why_unknown: dict[str, str] = {}
        self._volumes: frozenset[str] | None = None
        self._history: history.History | None = None

    def of_app(self, finding: Finding, scan: Scan | None, *, walked: bool = True) -> dict[str, Value]:
        """Give all values of an app, or, when it was not ``walked``, those that need no walk."""
        location, verdict = finding.location, finding.verdict
        values: dict[str, Value] = {
            **self._policy(finding.app),
            **self._past(finding.app),
            "cache-app-state": (AppState.GHOST if finding.is_ghost else AppState.PRESENT).value,
            "cache-legacy-checks": _checks(finding),
            "cache-legacy-path": location.path,
            "cache-legacy-reason": verdict.reason,
            "cache-legacy-reason-code": verdict.code.value if verdict.code else Missing.NONE,
            "cache-legacy-state": _state(finding),
            "cache-volume": f"cache-{finding.app}",
            "cache-volume-exists": self._has_volume(f"cache-{finding.app}"),
        }
        return {**values, **_size(scan)} if walked else values

    def tell_what_is_unknown(self) -> None:
        """Warn once of each source that did not answer."""
        for cause, hint in self._why_unknown.items():
            self._context.console.warn(cause, hint)

    def _policy(self, app: str) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key in policy.OF_APPS:
            setting = policy.read(self._context.environment, app, key)
            values[f"cache-{key}"] = setting.app
            values[f"cache-computed-{key}"] = setting.computed
            values[f"cache-global-{key}"] = setting.everywhere
        return values

    def _past(self, app: str) -> dict[str, Value]:
        if self._history is None:
            self._history = self._read_history()
        last, failure = self._history.last_purge(app), self._history.last_failure(app)
        return {
            "cache-last-failure": f"{failure.at} {failure.failure}" if failure else Missing.NONE,
            "cache-last-purged-at": last.at if last else Missing.NONE,
            "cache-last-purged-by": last.by if last else Missing.NONE,
            "cache-last-purged-bytes": last.size_bytes if last else Missing.NONE,
            "cache-last-purged-files": last.files if last else Missing.NONE,
            "cache-last-purged-seconds": last.seconds if last else Missing.NONE,
        }

    def _read_history(self) -> history.History:
        try:
            return history.read(self._context.environment)
        except CacheError as error:
            self._why_unknown[str(error)] = error.hint
            return history.History()

    def _has_volume(self, name: str) -> Value:
        if self._volumes is None:
            try:
                listed = self._context.engine.volumes()
            except Unknown as error:
                self._why_unknown[str(error)] = error.hint
                return Missing.UNKNOWN
            self._volumes = frozenset(str(volume.get("Name")) for volume in listed)
        return name in self._volumes


def of_server(context: Context) -> dict[str, Value]:
    """Give the values that hold for the whole server. Raises CacheError when they cannot be read."""
    past = history.read(context.environment)
    run = daily_run.last(context.environment)
    job = daily_run.schedule(context.environment.system_root)
    values: dict[str, Value] = {
        "cache-daily-run-at": run.at if run else Missing.NONE,
        "cache-daily-run-overdue-since": text.timestamp(daily_run.overdue_since(run, job.since)) or Missing.NONE,
        "cache-daily-run-result": run.result if run else Missing.NONE,
        "cache-daily-run-schedule": job.described,
        "cache-freed": text.size(past.freed_bytes),
        "cache-freed-bytes": past.freed_bytes,
        "cache-purges": past.purges,
    }
    for key in policy.PROPERTIES:
        setting = policy.read(context.environment, policy.GLOBAL, key)
        values[f"cache-computed-{key}"] = setting.computed
        values[f"cache-global-{key}"] = setting.everywhere
    return values


def _state(finding: Finding) -> str:
    """Give the state. Without a scan some states are provisional; only ``dokku report`` shows those."""
    state = finding.verdict.state
    is_provisional = not finding.is_final and state in {State.ORPHANED, State.RECREATED}
    return "not scanned" if is_provisional else state.value


def _checks(finding: Finding) -> Rows:
    """Give one row per check."""
    names = {CheckResult.PASSED: "passed", CheckResult.FAILED: "failed", CheckResult.NOT_CHECKED: "not checked"}
    lines = tuple(
        f"{check.name}: {names[check.result]}"
        + ("" if check.result is CheckResult.NOT_CHECKED else f", {check.reason}")
        for check in finding.checks
    )
    plain = tuple(
        {
            "name": check.name,
            "reason": check.reason,
            "reason-code": check.code.value if check.code else None,
            "result": check.result.value,
        }
        for check in finding.checks
    )
    return Rows(lines, plain)


def _size(scan: Scan | None) -> dict[str, Value]:
    modified = text.timestamp(text.moment(scan.newest_mtime)) if scan else ""
    return {
        "cache-legacy-files": scan.files if scan else Missing.UNKNOWN,
        "cache-legacy-last-modified": (modified or Missing.NONE) if scan else Missing.UNKNOWN,
        "cache-legacy-size": text.size(scan.size_bytes) if scan else Missing.UNKNOWN,
        "cache-legacy-size-bytes": scan.size_bytes if scan else Missing.UNKNOWN,
    }
