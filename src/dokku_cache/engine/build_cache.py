"""Letting the engine prune its own build cache."""

from dokku_cache.engine.client import Engine, Json, guarded
from dokku_cache.errors import Unknown

LIMIT_SECONDS = 1800
#: Since then the bound has a name of its own (moby, docs/api/version-history.md; the CLI's --keep-storage became
#: --reserved-space, which says what stays in any case, and --max-used-space, which says what may stay).
FIRST_WITH_MAX_USED_SPACE = (1, 48)


def prune(engine: Engine, keep_bytes: int) -> int:
    """Let the engine remove what nothing uses, the least recently used first, until it holds no more than so much.

    Gives what that freed, in bytes. Records that images share, or that a build uses now, stay
    (``POST /build/prune`` without ``all``). Raises Unknown.
    """

    def call() -> Json:
        api = engine.api
        answer = api.post(
            f"{api.base_url}/v{api.api_version}/build/prune",
            params=parameters(api.api_version, keep_bytes),
            timeout=LIMIT_SECONDS,
        )
        answer.raise_for_status()
        freed: Json = answer.json()
        return freed

    answer = guarded(call)
    try:
        return int(answer.get("SpaceReclaimed") or 0)
    except (AttributeError, TypeError, ValueError) as error:
        raise Unknown(
            f"Docker's report on its build cache cannot be parsed ({error})",
            "report this as a bug, with 'docker version'",
        ) from error


def parameters(api_version: str, keep_bytes: int) -> dict[str, str]:
    """Give the query by the version of the engine's API, such as ``1.41``."""
    version = tuple(int(part) for part in api_version.split("."))
    name = "max-used-space" if version >= FIRST_WITH_MAX_USED_SPACE else "keep-storage"
    return {name: str(keep_bytes)}
