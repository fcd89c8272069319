"""The evidence in sentences, as the report shows it: a yes that is a no would let somebody delete."""

import pytest

from dokku_cache.evidence.summary import sentences
from dokku_cache.legacy.classify import DokkuVersion
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.proof import Evidence, Proof, Usage
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import State, Verdict
from dokku_cache.tree.handles import Identity

NOW = DokkuVersion(0, 38, 27)


def told(usage: Usage | None = None, version: DokkuVersion | None = NOW) -> tuple[str, ...]:
    place, writer = Proof(holds=True, text="HEAD lies beside it"), Proof(holds=False, text="files belong to bin")
    evidence = Evidence(place, writer, Proof(holds=None, text="as far as was looked"), usage or Usage())
    sighting = Sighting("shop", "/home/dokku/shop/cache", Entry("cache", Identity(1, 2)))
    return sentences(Finding(sighting, Verdict(State.UNVERIFIED), evidence=evidence, version=version))


def test_each_of_the_five_is_answered_by_what_shows_it() -> None:
    assert told() == (
        "in an app: yes, HEAD lies beside it",
        "written by builds: no, files belong to bin",
        "unused: yes, no container, volume, docker option, storage entry, mount or nginx of the host names it",
        "quiet: not known, as far as was looked",
        "given up by Dokku: yes, Dokku 0.38.27 builds in volumes, and its tasks use them",
    )


@pytest.mark.parametrize(
    ("usage", "sentence"),
    [
        (
            Usage(("a job has it", "an option names it"), ("Docker is silent",)),
            "no, a job has it; an option names it",
        ),
        (
            Usage(unknown=("Docker is silent", "an option is no text")),
            "not known, Docker is silent; an option is no text",
        ),
    ],
)
def test_it_is_unused_only_where_that_is_certain(usage: Usage, sentence: str) -> None:
    assert told(usage)[2] == f"unused: {sentence}"


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (None, "not known, the version of Dokku cannot be read"),
        (DokkuVersion(0, 30, 11), "no, Dokku 0.30.11 builds in it"),
        (DokkuVersion(0, 31, 0), "no, tasks of Dokku 0.31.0 make it again"),
        (DokkuVersion(0, 33, 7), "no, tasks of Dokku 0.33.7 make it again"),
        (DokkuVersion(0, 33, 8), "yes, Dokku 0.33.8 builds in volumes, and its tasks use them"),
    ],
)
def test_dokku_has_given_it_up_from_one_version_on(version: DokkuVersion | None, sentence: str) -> None:
    assert told(version=version)[4] == f"given up by Dokku: {sentence}"


def test_without_a_cache_or_a_look_at_the_evidence_nothing_is_claimed() -> None:
    proof = Proof(holds=True, text="x")
    without_cache = Finding(
        Sighting("shop", "/x"), Verdict(State.ABSENT), evidence=Evidence(proof, proof, proof), version=NOW
    )
    unsafe = Finding(Sighting("shop", "/x", Entry("cache", Identity(1, 2))), Verdict(State.UNSAFE), version=NOW)
    assert sentences(without_cache) == sentences(unsafe) == ()
