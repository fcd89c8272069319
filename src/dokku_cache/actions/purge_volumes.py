"""``dokku cache:purge-volumes``: removes Docker volumes in which builds keep their caches."""

from collections.abc import Sequence

from dokku_cache.arguments import DRY_RUN, STDOUT, Command, Flag, Parser, named_apps, plan_format
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode, Refused, Unknown, UsageError
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import Initiator
from dokku_cache.output import serialized, text
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import volume_purger
from dokku_cache.purge.volume_purger import VolumePurger, refusal
from dokku_cache.purge.volume_sizes import with_sizes
from dokku_cache.views import plan_values
from dokku_cache.volumes import telling
from dokku_cache.volumes.plan import VolumeDecision, VolumeFinding, Wish, choose
from dokku_cache.volumes.state import VolumeState

#: Whether such a volume is orphaned cannot be determined.
_UNDECIDED = frozenset({ReasonCode.DOCKER_UNAVAILABLE, ReasonCode.USAGE_UNKNOWN})

COMMAND = Command(
    "purge-volumes",
    "<app>... | --orphaned",
    "Remove cache volumes",
    "<app>... | --orphaned [--dry-run [--format stdout|json|yaml]] [--force] [--quiet]",
    "Removes the Docker volumes in which builds keep their caches. No app data is lost, but the next build is "
    "slower. Volumes that a container mounts are kept.",
    (
        ("--orphaned --dry-run", "preview, with sizes"),
        ("--orphaned", "remove after confirmation"),
        ("shop", "clear the build cache of one app"),
    ),
    (
        Flag("--orphaned", "volumes of destroyed apps that have the minimum age"),
        *DRY_RUN,
        Flag("--force", "skip confirmation prompts; never overrides a safety check"),
    ),
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Remove the cache volumes of the named apps, or of all destroyed apps, or show the plan."""
    parsed = Parser(COMMAND).read_all(arguments)
    format_name = plan_format(parsed)
    # Other formats are for programs, which read only the plan.
    context = context.with_flags(quiet=parsed.quiet or format_name != STDOUT)
    if parsed.is_dry_run:
        context.engine.only_read()
    named = named_apps(context, parsed)
    _check(named, is_orphaned=parsed.is_orphaned)

    wish = Wish.ORPHANED if parsed.is_orphaned else Wish.APP
    with Watcher(context.console) as watcher:
        watcher.asking()
        visible = frozenset(context.visible_apps())
        chosen, unknown = _choose(named, visible, wish)
        planned = _plan(context, chosen, visible, wish)
    worst = _warn(context, unknown)
    decisions = with_sizes(context, planned)
    if parsed.is_dry_run:
        _show_plan(context.console, decisions, format_name)
        return worst
    is_forced = parsed.force or context.environment.is_forced
    if wish is Wish.ORPHANED and not is_forced and not _confirmed(context, decisions):
        return ExitCode.FAILED
    if wish is Wish.ORPHANED:
        worst = max(worst, _warn(context, _undecided(decisions)))
    _tell_of_nothing(context, chosen, decisions, wish)
    return max(worst, _purge(context, decisions, VolumePurger(context, wish, Initiator.MANUAL, visible)))


def _show_plan(console: Console, decisions: Sequence[VolumeDecision], format_name: str) -> None:
    if format_name == STDOUT:
        telling.show_plan(console, decisions)
        return
    values = plan_values.values(plan_values.of_volume(decision) for decision in decisions)
    console.result(serialized.as_text(values, format_name))


def _check(named: list[str], *, is_orphaned: bool) -> None:
    if is_orphaned and named:
        raise UsageError("Name apps or use --orphaned, not both", COMMAND.hint)
    if not is_orphaned and not named:
        raise UsageError("Please specify an app to run the command on", COMMAND.hint)


def _choose(named: list[str], visible: frozenset[str], wish: Wish) -> tuple[list[str], list[CacheError]]:
    """Give the named apps, and an error for each name that is not an app.

    A volume of a destroyed app could be another user's, so --orphaned requires access to all apps.
    """
    if wish is Wish.ORPHANED:
        if not frozenset(apps.every()) <= visible:
            raise Refused(
                "--orphaned needs access to all apps, because the volumes may belong to another user's app",
                "ask an administrator of this server, or name your apps: 'dokku cache:purge-volumes <app>'",
            )
        return [], []
    chosen: list[str] = []
    unknown: list[CacheError] = []
    for name in named:
        try:
            chosen.append(apps.verify(name, visible))
        except CacheError as error:
            unknown.append(error)
    return chosen, unknown


def _plan(context: Context, chosen: list[str], visible: frozenset[str], wish: Wish) -> list[VolumeDecision]:
    if not chosen and wish is Wish.APP:
        return []
    listed = apps.every()
    return choose(volume_purger.examiner(context, listed, visible).examine(listed), wish, frozenset(chosen))


def _undecided(decisions: Sequence[VolumeDecision]) -> list[CacheError]:
    """Give one error per cause for the volumes that cannot be classified."""
    causes = [
        decision.why_kept.removeprefix(f"{VolumeState.UNKNOWN.value}: ")
        for decision in decisions
        if decision.code in _UNDECIDED
    ]
    return [
        Unknown(
            f"Could not check {text.count(causes.count(cause), 'cache volume')}: {cause}",
            "these volumes were kept; fix the cause, then purge again",
        )
        for cause in dict.fromkeys(causes)
    ]


def _confirmed(context: Context, decisions: Sequence[VolumeDecision]) -> bool:
    """Show the plan and ask for confirmation, where there is something to remove."""
    if not any(decision.goes for decision in decisions):
        return True
    if not context.console.is_interactive:
        raise UsageError(
            "--orphaned needs confirmation, and there is no terminal to ask for it",
            "preview with --dry-run, then add --force",
        )
    telling.show_plan(context.console, decisions)
    if context.console.ask("Remove these volumes?"):
        return True
    context.console.warn("Nothing was removed")
    return False


def _tell_of_nothing(context: Context, chosen: list[str], decisions: Sequence[VolumeDecision], wish: Wish) -> None:
    with_volumes = {decision.finding.app for decision in decisions}
    for app in chosen:
        if app not in with_volumes:
            context.console.detail(f"{app} has no cache volumes")
    if wish is Wish.ORPHANED and not any(decision.goes or decision.code in _UNDECIDED for decision in decisions):
        context.console.detail("No cache volumes of destroyed apps found")


def _purge(context: Context, decisions: Sequence[VolumeDecision], purger: VolumePurger) -> ExitCode:
    """Remove one after the other; what fails does not end the rest. Gives the worst exit code."""
    worst = ExitCode.OK
    removed: list[VolumeFinding] = []
    for decision in decisions:
        try:
            if not decision.goes:
                if purger.wish is Wish.APP:
                    raise refusal(decision)
                continue  # it was not named
            outcome = purger.purge(decision.finding)
        except CacheError as error:
            worst = max(worst, _warn(context, [error]))
            continue
        if outcome is None:
            telling.tell_was_gone(context.console, decision.finding)
            continue
        removed.append(outcome.finding)
        telling.tell_gone(context.console, outcome.finding, outcome.seconds)
    if len(decisions) > 1:
        telling.tell_total(context.console, removed)
    return worst


def _warn(context: Context, errors: Sequence[CacheError]) -> ExitCode:
    for error in errors:
        context.console.warn(str(error), error.hint)
    return max((error.exit_code for error in errors), default=ExitCode.OK)
