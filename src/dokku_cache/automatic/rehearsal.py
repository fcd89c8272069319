"""What the policy would do now: the plan of a sweep, by the rules of the sweep."""

from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic.sweep import MODE, mode_of
from dokku_cache.context import Context
from dokku_cache.legacy.plan import Decision, Finding, candidates, decide
from dokku_cache.legacy.state import Mode
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.measuring import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.tree.measurement import Measurement

OFF = "auto-purge is off"


def of_apps(context: Context, apps: Sequence[str]) -> list[tuple[Decision, Measurement | None]]:
    """Plan for the legacy caches of some apps; what might go is walked over, and measured. Raises CacheError."""
    surveyor = Surveyor(context.environment, context.engine)
    planned = []
    with Watcher(context.console) as watcher:
        for finding in surveyor.survey(apps):
            mode = mode_of(context, finding.app)
            examined, measured = finding, None
            if candidates(finding, mode):
                examined, measured = measure_finding(surveyor, finding, watcher, context.console)
            planned.append((_decide(examined, mode), measured))
    return planned


def _decide(finding: Finding, mode: Mode) -> Decision:
    decision = decide(finding, mode)
    is_off = mode is Mode.FINISH and finding.sighting.cache in candidates(finding, MODE)
    if decision.kept is None or not is_off:
        return decision
    return replace(decision, kept=replace(decision.kept, reason=OFF, code=ReasonCode.AUTO_PURGE_OFF))
