"""Whether a build wrote a cache: whose files it holds."""

import pwd
from functools import cache

from dokku_cache.legacy.proof import Proof
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.contents import Inside

#: herokuish builds as this user (gliderlabs/herokuish, include/buildpack.bash); it has no account on the host.
HEROKUISH = 32767
ROOT = 0


def judge(inside: Inside, system_user: str) -> Proof:
    """Judge the owners of the first two levels. ``system_user`` is Dokku's own, usually ``dokku``.

    Builds of herokuish left uid 32767, older ones root and random uids (dokku/dokku#322, #1023), and deployment tasks
    user dokku. An account of this host that is none of these is a person, or a service such as nginx.
    """
    strangers = sorted(
        name
        for uid in inside.owners
        if uid not in {HEROKUISH, ROOT} and (name := account(uid)) not in {"", system_user}
    )
    if strangers:
        text = f"files in it belong to {', '.join(strangers)}, as whom no build runs"
        return Proof(holds=False, text=text, code=ReasonCode.UNEXPECTED_OWNER)
    owners = ", ".join(sorted(_described(uid) for uid in inside.owners))
    if not inside.is_known:
        text = f"as far as it could be looked into, it belongs to {owners}, as builds left it"
        return Proof(holds=None, text=text)
    return Proof(holds=True, text=f"it belongs to {owners}, as builds left it")


def _described(uid: int) -> str:
    return account(uid) or f"uid {uid}"


@cache
def account(uid: int) -> str:
    """Give the name of the account that has a uid on this host, or an empty text (getpwuid(3))."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
