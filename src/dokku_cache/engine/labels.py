"""The labels of what this plugin makes in Docker."""

from collections.abc import Mapping

HELPER = "com.dokku.cache.helper"
#: The value on containers. The image has another one, which each container that somebody starts from it inherits.
CONTAINER, IMAGE = "container", "image"
OF_HELPERS = f"{HELPER}={CONTAINER}"
APP_NAME = "com.dokku.app-name"
BUILDER_TYPE = "com.dokku.builder-type"
#: As Dokku marks all that it makes (0.38.27, DOKKU_GLOBAL_RUN_ARGS).
DOKKU = {"dokku": "", "org.label-schema.schema-version": "1.0", "org.label-schema.vendor": "dokku"}


def for_helper(app: str) -> dict[str, str]:
    """Give the labels of the helper container of an app."""
    return {**DOKKU, APP_NAME: app, HELPER: CONTAINER}


def is_helper(labels: Mapping[str, str] | None) -> bool:
    """Tell whether labels are those of a helper container."""
    return (labels or {}).get(HELPER) == CONTAINER
