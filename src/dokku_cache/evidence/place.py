"""Whether a directory below Dokku's root is an app's, a ghost's, or somebody's data."""

from dokku_cache.evidence import app_names, cache_layout
from dokku_cache.legacy.proof import Life, Proof
from dokku_cache.legacy.sighting import Neighbour, Sighting
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.contents import Inside

#: So many foreign names are told; the others are counted.
_TOLD_NAMES = 3


def judge(sighting: Sighting, inside: Inside, life: Life) -> Proof:
    """Judge the place of a cache. ``life`` matters only where nothing lies beside it."""
    if Neighbour(app_names.HEAD) in sighting.beside:
        return Proof(holds=True, text="HEAD lies beside it, as in every app since Dokku 0.24.0")
    if sighting.is_bare:
        return _judge_bare(inside, life)
    foreign = [entry.name for entry in sighting.beside if not _is_known(entry)]
    if foreign:
        text = f"beside it lies what Dokku does not keep in an app: {_listed(foreign)}"
        return Proof(holds=False, text=text, code=ReasonCode.UNEXPECTED_FILES)
    telling = [entry.name for entry in sighting.beside if _is_telling(entry)]
    if not telling:
        listed = _listed([entry.name for entry in sighting.beside])
        text = f"beside it lies nothing that Dokku alone keeps in an app: {listed}"
        return Proof(holds=False, text=text, code=ReasonCode.NOT_AN_APP_DIRECTORY)
    return Proof(holds=True, text=f"beside it lies nothing but what Dokku keeps in an app: {_listed(telling)}")


def is_ghost(sighting: Sighting, life: Life) -> bool:
    """Tell whether nothing is left of an app but what this plugin removes: any hint of one speaks against it."""
    return sighting.is_bare and not (life.signs or life.hints or life.unknown)


def _judge_bare(inside: Inside, life: Life) -> Proof:
    if life.signs:
        return Proof(holds=True, text=f"its app lives: {life.signs[0]}")
    if life.unknown:
        text = f"it is not known whether its app lives: {life.unknown[0]}"
        return Proof(holds=False, text=text, code=ReasonCode.APP_STATUS_UNKNOWN)
    if not inside.has_all_names:
        text = "nothing lies beside it, and in it lies more than buildpacks leave side by side"
        return Proof(holds=False, text=text, code=ReasonCode.UNEXPECTED_LAYOUT)
    strange = cache_layout.strange_names(inside.names)
    if strange:
        text = f"nothing lies beside it, and no buildpack leaves what lies in it: {_listed(strange)}"
        return Proof(holds=False, text=text, code=ReasonCode.UNEXPECTED_LAYOUT)
    text = "nothing lies beside it, and it is laid out as buildpacks leave a cache"
    return Proof(holds=True if inside.is_known else None, text=text)


def _is_known(entry: Neighbour) -> bool:
    return app_names.is_known(entry.name, is_directory=entry.is_directory)


def _is_telling(entry: Neighbour) -> bool:
    return not entry.is_mere_trace and app_names.is_telling(entry.name, is_directory=entry.is_directory)


def _listed(names: list[str]) -> str:
    """Name a few, and count the rest."""
    told = ", ".join(names[:_TOLD_NAMES])
    rest = len(names) - _TOLD_NAMES
    return told if rest <= 0 else f"{told} and {rest} more"
