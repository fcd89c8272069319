"""``cache:report``: its keys, their values, and its formats (0.38.27, plugins/common/common.go: ReportSingleApp)."""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from functools import cached_property
from typing import Any

from dokku_cache.dokku import daily_run, history, policy
from dokku_cache.model.cache import AppState
from dokku_cache.model.errors import CacheError, Unknown, UsageError
from dokku_cache.model.finding import CheckResult, Finding, Verdict
from dokku_cache.model.scan import Scan
from dokku_cache.model.state import State
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context

#: Keys that need a scan of the cache, or that it may change.
SCANNED_KEYS = (
    "cache-legacy-checks",
    "cache-legacy-files",
    "cache-legacy-last-modified",
    "cache-legacy-reason",
    "cache-legacy-reason-code",
    "cache-legacy-size",
    "cache-legacy-size-bytes",
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
    *SCANNED_KEYS,
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
PREFIX = "cache-"
_KEY_WIDTH = 31


class Missing(Enum):
    """Why there is no value: null for programs, and this text for people."""

    UNKNOWN = "unknown"
    NONE = ""


#: A value of a report.
Value = str | int | float | bool | Missing | Mapping[str, CheckResult]
#: The values of a report by their flags, without the dashes.
Values = Mapping[str, Value]


def write(console: Console, app: str, values: Values, format_name: str = "stdout", info_flag: str = "") -> None:
    """Write a report, or the one value that ``info_flag`` (such as ``--cache-legacy-state``) asks for.

    ``app``: empty for the server. In json and yaml the keys lack their common prefix and the values keep their types.
    """
    if info_flag:
        console.result(_shown(values[info_flag.removeprefix("--")]))
    elif format_name == "stdout":
        _write_lines(console, app or "--global", values)
    else:
        plain: dict[str, Any] = {"app": app} if app else {}
        plain |= {key.removeprefix(PREFIX): _plain(value) for key, value in sorted(values.items())}
        console.result(text.serialized({**plain, "schema-version": text.SCHEMA_VERSION}, format_name))


def check_flags(flags: list[str], valid: Collection[str], format_name: str) -> str:
    """Return the only info flag, or an empty text. Raises UsageError in Dokku's words."""
    for flag in flags:
        if flag.removeprefix("--") not in valid:
            listed = ", ".join(f"--{key}" for key in sorted(valid))
            raise UsageError(f"Invalid flag passed, valid flags: {listed}")
    if flags and format_name != "stdout":
        raise UsageError("--format flag cannot be specified when specifying an info flag")
    if len(flags) > 1:
        raise UsageError("Only a single info flag can be given", f"omit {' or '.join(flags)}")
    return flags[0] if flags else ""


def _write_lines(console: Console, name: str, values: Values) -> None:
    console.heading(f"{name} cache information")
    width = max(_KEY_WIDTH, *(len(f"--{key}") for key in values))
    for key in sorted(values):
        words = key.replace("-", " ")
        title = f"{words[0].upper()}{words[1:]}:"
        for line in _shown(values[key]).split("\n"):
            console.result(f"       {title:<{width}}{line}")
            title = ""


def _plain(value: Value) -> Any:
    if isinstance(value, Mapping):
        return [_plain_check(name, result) for name, result in value.items()]
    return None if isinstance(value, Missing) else value


def _plain_check(name: str, result: CheckResult) -> dict[str, str | None]:
    code = result.code if isinstance(result, Verdict) else None
    return {
        "name": name,
        "reason": result.reason if isinstance(result, Verdict) else result or "not checked",
        "reason-code": code.value if code else None,
        "result": "not-checked" if result is None else "failed" if isinstance(result, Verdict) else "passed",
    }


def _shown(value: Value) -> str:
    if isinstance(value, Mapping):
        checks = [_plain_check(name, result) for name, result in value.items()]
        return "\n".join(text.printable(_shown_check(check)) for check in checks)
    if isinstance(value, Missing):
        return value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return text.printable(str(value))


def _shown_check(check: Mapping[str, str | None]) -> str:
    is_made = check["result"] != "not-checked"
    return f"{check['name']}: {check['result']}, {check['reason']}" if is_made else f"{check['name']}: not checked"


class Collector:
    """Collects the values of one app after the other; facts about all apps are read once.

    A value that cannot be read is ``Missing.UNKNOWN``; ``warn_of_unknown`` says why.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._why_unknown: dict[str, str] = {}

    def of_app(self, finding: Finding, scan: Scan | None, *, is_scanned: bool = True) -> dict[str, Value]:
        """Return all values of an app, or only those that need no scan."""
        verdict, volume = finding.verdict, f"cache-{finding.app}"
        values: dict[str, Value] = {
            **_settings(self._context, finding.app, policy.OF_APPS),
            **self._past(finding.app),
            "cache-app-state": (AppState.GHOST if finding.is_ghost else AppState.PRESENT).value,
            "cache-legacy-checks": finding.checks,
            "cache-legacy-path": finding.location.path,
            "cache-legacy-reason": verdict.reason,
            "cache-legacy-reason-code": verdict.code.value if verdict.code else Missing.NONE,
            "cache-legacy-state": _state(finding),
            "cache-volume": volume,
            "cache-volume-exists": Missing.UNKNOWN if self._volumes is None else volume in self._volumes,
        }
        return {**values, **_size(scan)} if is_scanned else values

    def warn_of_unknown(self) -> None:
        """Warn once of each source that could not be read."""
        for cause, hint in self._why_unknown.items():
            self._context.console.warn(cause, hint)

    def _past(self, app: str) -> dict[str, Value]:
        last, failure = self._history.last_purge(app), self._history.last_failure(app)
        return {
            "cache-last-failure": f"{failure.at} {failure.failure}" if failure else Missing.NONE,
            "cache-last-purged-at": last.at if last else Missing.NONE,
            "cache-last-purged-by": last.by if last else Missing.NONE,
            "cache-last-purged-bytes": last.size_bytes if last else Missing.NONE,
            "cache-last-purged-files": last.files if last else Missing.NONE,
            "cache-last-purged-seconds": last.seconds if last else Missing.NONE,
        }

    @cached_property
    def _history(self) -> history.History:
        try:
            return history.read(self._context.environment)
        except CacheError as error:
            self._why_unknown[str(error)] = error.hint
            return history.History()

    @cached_property
    def _volumes(self) -> frozenset[str] | None:
        try:
            return frozenset(str(volume.get("Name")) for volume in self._context.engine.volumes())
        except Unknown as error:
            self._why_unknown[str(error)] = error.hint
            return None


def of_server(context: Context) -> dict[str, Value]:
    """Return the values of the whole server. Raises CacheError when they cannot be read."""
    past = history.read(context.environment)
    run = daily_run.last(context.environment)
    job = daily_run.schedule(context.environment.system_root)
    return {
        **_settings(context, policy.GLOBAL, policy.PROPERTIES),
        "cache-daily-run-at": run.at if run else Missing.NONE,
        "cache-daily-run-overdue-since": text.timestamp(daily_run.overdue_since(run, job.since)) or Missing.NONE,
        "cache-daily-run-result": run.result if run else Missing.NONE,
        "cache-daily-run-schedule": job.described,
        "cache-freed": text.size(past.freed_bytes),
        "cache-freed-bytes": past.freed_bytes,
        "cache-purges": past.purges,
    }


def _settings(context: Context, app: str, keys: Iterable[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key in keys:
        setting = policy.read(context.environment, app, key)
        values |= {f"cache-computed-{key}": setting.computed, f"cache-global-{key}": setting.everywhere}
        if app != policy.GLOBAL:
            values[f"cache-{key}"] = setting.app
    return values


def _state(finding: Finding) -> str:
    """Return the state. Without a scan some states are provisional; only ``dokku report`` shows those."""
    state = finding.verdict.state
    is_provisional = not finding.is_final and state in {State.ORPHANED, State.RECREATED}
    return "not scanned" if is_provisional else state.value


def _size(scan: Scan | None) -> dict[str, Value]:
    modified = text.timestamp(text.moment(scan.newest_mtime)) if scan else ""
    return {
        "cache-legacy-files": scan.files if scan else Missing.UNKNOWN,
        "cache-legacy-last-modified": (modified or Missing.NONE) if scan else Missing.UNKNOWN,
        "cache-legacy-size": text.size(scan.size_bytes) if scan else Missing.UNKNOWN,
        "cache-legacy-size-bytes": scan.size_bytes if scan else Missing.UNKNOWN,
    }
