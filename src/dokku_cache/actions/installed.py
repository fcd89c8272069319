"""The part of ``install`` that runs as user dokku: makes the helper container's image ahead of the first purge."""

from collections.abc import Sequence

from dokku_cache.context import Context
from dokku_cache.engine import helper_image
from dokku_cache.errors import ExitCode


def run(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Import the image where it is missing."""
    helper_image.ensure(context.engine)
    return ExitCode.OK
