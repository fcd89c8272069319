"""The evidence about a cache in sentences: the five things that have to be shown, and what shows them."""

from dokku_cache.legacy.classify import FIRST_WITH_VOLUMES, FIRST_WITHOUT_DIRECTORY
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.proof import Proof, Usage

_ANSWERS = {True: "yes", False: "no", None: "not known"}


def sentences(finding: Finding) -> tuple[str, ...]:
    """Give a sentence for each of the five; none where nobody need ask, as there is no cache, or it is not safe."""
    evidence = finding.evidence
    if evidence is None or finding.sighting.cache is None:
        return ()
    return (
        _sentence("in an app", evidence.place),
        _sentence("written by builds", evidence.writer),
        _sentence("unused", _unused(evidence.usage)),
        _sentence("quiet", evidence.quiet),
        _sentence("given up by Dokku", _given_up(finding)),
    )


def _sentence(what: str, proof: Proof) -> str:
    return f"{what}: {_ANSWERS[proof.holds]}, {proof.text}"


def _unused(usage: Usage) -> Proof:
    if usage.uses:
        return Proof(holds=False, text="; ".join(usage.uses))
    if usage.unknown:
        return Proof(holds=None, text="; ".join(usage.unknown))
    return Proof(
        holds=True, text="no container, volume, docker option, storage entry, mount or nginx of the host names it"
    )


def _given_up(finding: Finding) -> Proof:
    version = finding.version
    if version is None:
        return Proof(holds=None, text="the version of Dokku cannot be read")
    if version < FIRST_WITH_VOLUMES:
        return Proof(holds=False, text=f"Dokku {version} builds in it")
    if version < FIRST_WITHOUT_DIRECTORY:
        return Proof(holds=False, text=f"tasks of Dokku {version} make it again")
    return Proof(holds=True, text=f"Dokku {version} builds in volumes, and its tasks use them")
