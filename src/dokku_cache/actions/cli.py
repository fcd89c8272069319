"""Arguments in, exit code out. The only place where an error becomes text."""

import contextlib
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module

from dokku_cache.model import errors
from dokku_cache.model.errors import PROCESS_LIMIT_HINT, CacheError, ExitCode, Interrupted, UsageError
from dokku_cache.output.console import Console, drain_standard, open_missing
from dokku_cache.survey.context import Context

#: The commands of users, and the triggers of Dokku: each with a module of ``actions`` and a function of it.
COMMANDS = {
    "auto-purge": "auto_purge.run",
    "history": "information.show_history",
    "list": "information.list_caches",
    "purge-legacy": "purging.purge_legacy",
    "purge-volumes": "purging.purge_volumes",
    "report": "information.report_caches",
    "set": "information.set_property",
}
TRIGGERS = {
    "dokku-report": "information.report_for_dokku",
    "installed": "installation.installed",
    "low-disk": "low_disk.run",
    "low-disk-removal": "low_disk.removal",
    "post-delete": "triggers.post_delete",
    "post-deploy": "triggers.post_deploy",
    "post-upgrade": "triggers.post_upgrade",
    "uninstalled": "installation.uninstalled",
    "upgraded": "triggers.upgraded",
}
#: What a shell reports of a program that a closed pipe ended (128 + SIGPIPE).
EXIT_BROKEN_PIPE = 141


def main(arguments: Sequence[str]) -> int:
    """Run one action, and return its exit code. ``arguments``: the action's name, then what it was called with."""
    open_missing()
    errors.interrupt_at_signals()
    code = _outcome(Console(), arguments)
    # A second signal is ignored: it should not have to wait for a reader either.
    with contextlib.suppress(Interrupted):
        drain_standard(limit_seconds=1 if errors.was_interrupted() else None)
    return code


def _outcome(console: Console, arguments: Sequence[str]) -> int:
    try:
        return _run(console, *(arguments or [""]))
    except (CacheError, Interrupted) as error:
        console.warn(str(error), error.hint)
        return error.exit_code
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE  # the reader, such as head, has enough
    except Exception as error:  # noqa: BLE001 - a defect must not show a traceback in a deploy
        if os.environ.get("DOKKU_TRACE"):
            traceback.print_exc()
        if isinstance(error, MemoryError) or "start new thread" in str(error):
            console.warn("Python cannot start a thread, or has no memory left", PROCESS_LIMIT_HINT)
            return ExitCode.FAILED
        console.warn(
            f"Unexpected error in dokku-cache: {type(error).__name__}: {error}",
            "run the command again as 'dokku --trace ...', and report the output as a bug",
        )
        return ExitCode.FAILED


def _run(console: Console, name: str, *arguments: str) -> ExitCode:
    if name in {"help", *COMMANDS}:
        from dokku_cache.actions.arguments import HELP_FLAGS, help_text

        if name == "help" or any(flag in arguments for flag in HELP_FLAGS):
            console.result(help_text(arguments[0] if name == "help" and arguments else name))
            return ExitCode.OK
    elif name not in TRIGGERS:
        raise CacheError("This program is called by Dokku", "run 'dokku cache:help'")
    return run_action(Context.of_this_call(), name, arguments)


def run_action(context: Context, name: str, arguments: Sequence[str]) -> ExitCode:
    """Run a command, with its arguments parsed, or a trigger. Raises CacheError."""
    module, function = {**COMMANDS, **TRIGGERS}[name].split(".")
    run: Callable[..., ExitCode] = getattr(import_module(f"dokku_cache.actions.{module}"), function)
    if name in TRIGGERS:
        return run(context, arguments)
    from dokku_cache.actions.arguments import parse

    try:
        options = parse(name, arguments, context.environment)
        return run(replace(context, console=context.console.quieted()) if options.is_quiet else context, options)
    except UsageError as error:
        error.hint = error.hint or f"for usage, run 'dokku cache:help {name}'"
        raise
