"""Which docker options and storage mounts name legacy caches."""

import os
import re
import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from dokku_cache.dokku import option_stores, plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.plugn import TriggerFailed
from dokku_cache.evidence.by_app import Claim, Usages
from dokku_cache.evidence.paths import CachePaths, Named
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.version import DokkuVersion

#: Each prints the options of one kind of container of an app, its ``storage:mount`` mounts included.
TRIGGERS = (
    ("docker-args-build", "herokuish"),
    ("docker-args-deploy", "latest"),
    ("docker-args-run", "latest"),
)
#: What separates a path from the rest of an option: ``-v /a:/b``, ``--mount type=bind,source=/a,target=/b``.
_SEPARATORS = re.compile("[=:,]")
#: Short flags may be written in one word with their value: ``-v/a:/b``.
_SHORT_FLAG = re.compile(r"-[a-zA-Z]+(?=[/~$])")
#: What a shell puts other words for; Dokku lets one do that up to 0.38.24 (plugins/common/functions,
# fn-docker-args-split).
_EXPANDED = re.compile(r"[$`]|^~|\{[^{},]*,[^{}]*\}")
FIRST_WITHOUT_SHELL = DokkuVersion(0, 38, 25)
_TAKE_OUT = "take it out where nobody needs it, and purge again"
_MOUNT_FLAG = re.compile(r"-[a-zA-Z]*v|--volume|--mount")
#: A mount in one word: ``-v$DATA:/c``, ``--volume=$DATA:/c``.
_MOUNT_WORD = re.compile(r"(?:-[a-zA-Z]*?v=?|--volume=|--mount=)(?P<source>.+)")


def add_stored(
    usages: Usages, environment: DokkuEnvironment, paths: CachePaths, installed: DokkuVersion | None
) -> None:
    """Find what Dokku keeps of any app, or of none, that names a cache. ``installed``: Dokku's version, if known."""
    has_shell = installed is None or installed < FIRST_WITHOUT_SHELL
    for stored in option_stores.read(environment):
        if stored.fault:
            unknown, codes = f"{stored.what}: {stored.fault}", (ReasonCode.DOCKER_OPTIONS_UNREADABLE,)
            usages.add_unknown(stored.owner, Usage(unknown=(unknown,), unknown_codes=codes))
            continue
        text = expand(stored.text, stored.owner, environment) if has_shell else stored.text
        code = ReasonCode.IN_STORAGE_ENTRY if stored.is_storage else ReasonCode.IN_DOCKER_OPTIONS
        _add(usages, stored.what, text, paths, code)
        if has_shell and is_unresolved(text):
            unknown = f"{stored.what} names a place that only a shell could tell: {stored.text}"
            remedies, codes = ("write the path out in that option",), (ReasonCode.PATH_WITH_VARIABLE,)
            usages.add_unknown("", Usage(unknown=(unknown,), remedies=remedies, unknown_codes=codes))


def expand(text: str, app: str, environment: DokkuEnvironment) -> str:
    """Put in what Dokku has in its environment when it lets a shell read an option."""
    for name, value in (
        ("DOKKU_ROOT", environment.root),
        ("DOKKU_HOST_ROOT", environment.host_root),
        ("DOKKU_LIB_ROOT", environment.lib_root),
        ("HOME", environment.root),
        ("APP", app),
    ):
        text = re.sub(rf"\$(?:{name}\b|\{{{name}\}})", value.replace("\\", r"\\"), text)
    return re.sub(r"(?<=[\s='\"])~(?=/)", environment.root.replace("\\", r"\\"), text)


def is_unresolved(text: str) -> bool:
    """Tell whether a mount's source, or a whole word, is left to a shell."""
    words = _words(text)
    for number, word in enumerate(words):
        in_one = _MOUNT_WORD.fullmatch(word)
        if word.startswith(("$", "`")):
            return True
        if _MOUNT_FLAG.fullmatch(word):
            source = " ".join(words[number + 1 : number + 2])
        elif in_one:
            source = in_one["source"]
        else:
            continue
        if _EXPANDED.search(source.partition(":")[0]):
            return True
    return False


def add_printed(usages: Usages, apps: Sequence[str], paths: CachePaths) -> None:
    """Ask Dokku's triggers for the options of apps, which other plugins may add to.

    A trigger that fails goes into what is unknown of that app.
    """
    # A trigger asks all plugins, which takes 0.1 s: several are asked at the same time.
    with ThreadPoolExecutor(max(len(TRIGGERS), os.cpu_count() or 1)) as pool:
        asked = {app: [pool.submit(_ask, app, *kind) for kind in TRIGGERS] for app in apps}
        for app, answers in asked.items():
            failed: dict[str, list[str]] = {}
            for printed in [answer.result() for answer in answers]:
                if isinstance(printed, TriggerFailed):
                    failed.setdefault(printed.cause, []).extend(printed.names)
                else:
                    _add(usages, f"a docker option of {app}", printed, paths, ReasonCode.IN_DOCKER_OPTIONS)
            for cause, names in failed.items():
                _add_failure(usages, app, TriggerFailed(names, cause, plugn.HINT))


def _add_failure(usages: Usages, app: str, failure: TriggerFailed) -> None:
    """Count what several triggers did not tell as one thing that is not known, where they failed for one cause."""
    unknown, codes = f"its docker options cannot be read ({failure})", (ReasonCode.DOCKER_OPTIONS_UNREADABLE,)
    usages.add_unknown(app, Usage(unknown=(unknown,), remedies=(failure.hint,), unknown_codes=codes))


def _add(usages: Usages, what: str, options: str, paths: CachePaths, code: ReasonCode) -> None:
    """Count a use by each word of a line of options that names a cache; several sources tell of the same ones."""
    claims = {word: Claim(f"{what} names {{}}: {word}", code, _TAKE_OUT) for word in _words(options)}
    for word, claim in claims.items():
        for piece in _pieces(word):
            usages.note(piece, claim)
    words = {word: named_by(word, paths) for word in claims}
    whole = paths.named_in(options)
    if whole and not any(words.values()):
        words[options.strip()] = whole
    for word, meant in words.items():
        usages.add(meant, claims.get(word) or Claim(f"{what} names {{}}: {word}", code, _TAKE_OUT))


def _ask(app: str, trigger: str, argument: str) -> str | TriggerFailed:
    try:
        return plugn.trigger(trigger, app, argument, cwd="/")
    except TriggerFailed as error:
        return error


def named_by(text: str, paths: CachePaths) -> frozenset[Named]:
    """Give the caches that a line of options names, by a path at or below it."""
    found: set[Named] = set(paths.named_in(text))  # quoted in a way that takes the path apart: believe the text
    for word in _words(text):
        for piece in _pieces(word):
            found |= paths.meant_by(piece)
    return frozenset(found)


def _pieces(word: str) -> list[str]:
    """Take a word apart where a path could begin or end."""
    return _SEPARATORS.split(_SHORT_FLAG.sub("", word))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
