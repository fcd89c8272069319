"""JSON and YAML, with the same keys and values in both."""

import json
from collections.abc import Mapping
from typing import Any

from dokku_cache import modules

#: Of each document. It changes only when a key goes, or gets another meaning or type: keys may be added at any time,
#: so a program that passes over what it does not know need not look at it.
SCHEMA_VERSION = 1


def as_text(values: Mapping[str, Any], format_name: str) -> str:
    """Give plain values as one line of JSON, or as one YAML document. Raises PackageMissing or PackageHidden."""
    if format_name == "json":
        # Only ASCII: a name that is no valid Unicode stays readable by every parser.
        return json.dumps(values, separators=(",", ":"))
    yaml = modules.load("yaml")
    return str(yaml.safe_dump(values, explicit_start=True, sort_keys=False, width=1000)).rstrip("\n")
