"""What the three purge commands share: the apps they name, the plan, and its confirmation."""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dokku_cache.arguments import STDOUT
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode, UsageError
from dokku_cache.model.finding import Decision
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject

#: A plan: the decisions on each subject, in the order in which they are shown.
Plan = Mapping[Subject, Sequence[Decision]]


@dataclass(frozen=True)
class Call:
    """A purge command as it was called, with its parsed ``options``. A dry run may only read from Docker."""

    context: Context
    options: argparse.Namespace

    def __post_init__(self) -> None:
        if self.options.is_dry_run:
            self.context.engine.only_read()

    def check(self, flag: str, *, is_all: bool) -> None:
        """Raise UsageError unless the command names apps or has the flag that stands for all."""
        if is_all and self.options.apps:
            raise UsageError(f"Name apps or use {flag}, not both")
        if not is_all and not self.options.apps:
            raise UsageError("Please specify an app to run the command on")

    def known_apps(self, visible: Iterable[str]) -> tuple[list[str], ExitCode]:
        """Give the named apps that exist, warn of the others, and give the worst exit code."""
        known: list[str] = []
        worst = ExitCode.OK
        for name in self.options.apps:
            try:
                known.append(apps.verify(name, frozenset(visible)))
            except CacheError as error:
                self.context.console.warn(str(error), error.hint)
                worst = max(worst, error.exit_code)
        return known, worst

    def show_plan(self, plan: Plan) -> None:
        """Print the plan of a dry run in the format that the command asks for."""
        if self.options.format == STDOUT:
            show_plan(self.context.console, plan)
        else:
            values = purging.plan_values(decision for decisions in plan.values() for decision in decisions)
            self.context.console.result(text.serialized(values, self.options.format))


def visible_apps(context: Context) -> frozenset[str]:
    """Give the apps that the calling user may see, and show progress. Raises Unknown."""
    with Watcher(context.console) as watcher:
        watcher.asking()
        return frozenset(context.visible_apps())


def show_plan(console: Console, plan: Plan) -> None:
    """Print a plan for a person."""
    for subject, decisions in plan.items():
        purging.show_plan(console, subject, decisions)


def is_confirmed(console: Console, plan: Callable[[], Plan], flag: str, question: str) -> bool:
    """Show a plan, and ask whether to remove that. Raises UsageError where no terminal can answer."""
    if not console.is_interactive:
        raise UsageError(
            f"{flag} needs confirmation, and there is no terminal to ask for it",
            "preview with --dry-run, then add --force",
        )
    show_plan(console, plan())
    if console.ask(question):
        return True
    console.warn("Nothing was removed")
    return False
