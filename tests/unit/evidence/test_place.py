"""Whether a directory is an app's, a ghost's, or somebody's data."""

import pytest

from dokku_cache.evidence import app_names, cache_layout, place
from dokku_cache.legacy.proof import Life
from dokku_cache.legacy.sighting import Entry, Neighbour, Sighting
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.contents import AMBIGUOUS, Inside
from dokku_cache.tree.handles import Identity

LAID_OUT = Inside(frozenset({32767}), {"cedar-14": frozenset()})


def inside(*names: str, **inner: set[str]) -> Inside:
    return Inside(frozenset({32767}), {name: frozenset(inner.get(name, ())) for name in (*names, *inner)})


def sighting(*beside: str) -> Sighting:
    """What lies beside the cache; a slash behind a name makes it a directory, an exclamation mark a mere trace."""
    neighbours = tuple(
        Neighbour(name.rstrip("/!"), name.endswith("/"), is_mere_trace=name.endswith("!")) for name in beside
    )
    return Sighting("shop", "/x/shop/cache", Entry("cache", Identity(1, 2)), beside=neighbours)


@pytest.mark.parametrize(
    "beside",
    [
        ["HEAD"],
        ["HEAD", "config", "hooks/", "objects/", "refs/", "anything", "else/"],
        ["ENV"],
        ["DOCKER_OPTIONS_BUILD", "URLS", "VHOST", "tls/", "nginx.conf.d/", "nginx.conf", "IP", "PORT"],
        ["CONTAINER.web.1", "IP.web.1", "PORT.web.1", "DOKKU_SCALE"],
        ["CONTAINER.my-worker_2.10", "letsencrypt/", "htpasswd", ".deploy.lock!"],
    ],
)
def test_an_app_is_known_by_head_or_by_nothing_but_dokkus_own_names(beside: list[str]) -> None:
    assert place.judge(sighting(*beside), LAID_OUT, Life()).holds is True


@pytest.mark.parametrize(
    "beside",
    [
        ["store/"],
        ["store/", "ENV"],
        ["photo.jpg"],
        ["pack/", "info/"],  # objects/cache of a git repository
        ["update.sample"],  # hooks/cache
        # A git repository's names without HEAD are ordinary words.
        ["config", "logs/"],
        ["config/", "logs/"],
        # The right name, and the wrong kind.
        ["HEAD/"],
        ["ENV/"],
        ["tls"],
        # Dokku's own too, but not Dokku's alone.
        ["maintenance/"],
        ["nginx.conf"],  # the folder of a container with an nginx
        ["tls/", "nginx.conf.d/"],
        ["IP", "URL"],
        ["htpasswd"],
        ["letsencrypt/", "acl/"],
        # What plugin:install writes into every directory, beside what it does not.
        ["VHOST!", "store/"],
        # And what it writes there is none of an app's, beside what others have too.
        ["ENV!", "nginx.conf"],
    ],
)
def test_other_peoples_files_beside_it_make_it_their_data(beside: list[str]) -> None:
    judged = place.judge(sighting(*beside), LAID_OUT, Life(signs=("there is image dokku/shop:latest",)))
    assert judged.holds is False
    assert "beside it lies" in judged.text


@pytest.mark.parametrize("beside", [[], [".deploy.lock!"], ["VHOST!"], ["ENV!"], ["VHOST!", ".deploy.lock!"]])
def test_a_ghost_needs_a_layout_as_buildpacks_leave_one_and_no_sign_of_life(beside: list[str]) -> None:
    bare = sighting(*beside)
    assert place.judge(bare, LAID_OUT, Life()).holds is True
    assert place.is_ghost(bare, Life())
    assert place.judge(bare, Inside(), Life()).holds is True  # an empty one
    assert place.judge(bare, inside("5f3a9c", "photos"), Life()).holds is False
    assert place.judge(bare, inside("cedar-14", "photos"), Life()).holds is False
    assert place.judge(bare, Inside(closed=1), Life()).holds is None
    assert place.judge(bare, Inside(has_all_names=False), Life()).holds is False
    alive = Life(signs=("there is image dokku/shop:latest",))
    assert place.judge(bare, inside("anything"), alive).holds is True
    assert not place.is_ghost(bare, alive)
    # What others may give too, such as some plugin's mark on every directory, proves no app, and no ghost either.
    hinted = Life(hints=("there is image dokku/shop:latest",))
    assert place.judge(bare, LAID_OUT, hinted).holds is True
    assert place.judge(bare, inside("photos"), hinted).holds is False
    assert not place.is_ghost(bare, hinted)
    unknown = Life(unknown=("Docker does not answer",))
    assert place.judge(bare, LAID_OUT, unknown).holds is False
    assert not place.is_ghost(bare, unknown)


def test_what_speaks_against_it_is_named() -> None:
    judged = place.judge(sighting("a", "b", "c", "d", "ENV"), LAID_OUT, Life())
    assert judged.text.endswith("a, b, c and 1 more")
    assert place.judge(sighting("a", "b", "c", "ENV"), LAID_OUT, Life()).text.endswith(": a, b, c")


@pytest.mark.parametrize(
    ("beside", "found", "life", "code"),
    [
        (["store/"], LAID_OUT, Life(), ReasonCode.UNEXPECTED_FILES),
        (["nginx.conf"], LAID_OUT, Life(), ReasonCode.NOT_AN_APP_DIRECTORY),
        ([], LAID_OUT, Life(unknown=("Docker does not answer",)), ReasonCode.APP_STATUS_UNKNOWN),
        ([], inside("photos"), Life(), ReasonCode.UNEXPECTED_LAYOUT),
        ([], Inside(has_all_names=False), Life(), ReasonCode.UNEXPECTED_LAYOUT),
        (["HEAD"], LAID_OUT, Life(), None),
    ],
)
def test_each_reason_has_its_code_for_programs(
    beside: list[str], found: Inside, life: Life, code: ReasonCode | None
) -> None:
    assert place.judge(sighting(*beside), found, life).code is code


def test_where_something_lies_beside_it_there_is_no_ghost() -> None:
    assert not place.is_ghost(sighting("HEAD"), Life())


@pytest.mark.parametrize(
    "names",
    [
        inside("buildcache"),
        inside("cedar-14"),
        inside("heroku-22", "build-data"),
        inside(".heroku"),
        inside("node"),
        inside(".m2"),
        inside(".gradle"),
        inside("go-path", "go1.21.5"),
        inside(vendor={"bundle"}),
        inside("node", vendor={"whatever"}),
        inside(php={".composer"}),
        inside(apt={"state"}, bin={"nginx"}),
        inside("leiningen-2.9.1-standalone.jar"),
        inside(),
    ],
)
def test_layouts_of_buildpacks_pass(names: Inside) -> None:
    assert cache_layout.strange_names(names.names) == []


@pytest.mark.parametrize(
    "names",
    [
        inside("store"),
        inside("experiments", "features"),
        inside("cedar"),
        inside("vendor"),
        inside(vendor={"photos"}),
        inside("tmp", "public"),
        inside(public={"uploads"}),
        inside("node", "uploads"),
        inside("1700000000-1-0001-1234"),
    ],
)
def test_layouts_of_others_do_not(names: Inside) -> None:
    assert cache_layout.strange_names(names.names)


def test_the_names_that_need_a_look_into_them_are_those_that_are_looked_into() -> None:
    assert frozenset(cache_layout.PROVEN_BY) == AMBIGUOUS


def test_a_telling_name_is_a_known_one() -> None:
    for name in app_names.TELLING_FILES:
        assert app_names.is_known(name, is_directory=False)
        assert not app_names.is_known(name, is_directory=True)
