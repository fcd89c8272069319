"""Layouts of real build caches, with the public listing that each comes from."""

import pytest

from dokku_cache.rules.names import buildpack_names, unexpected_names

LAYOUTS = {
    "dokku/dokku#7685": {"buildcache": ()},
    "dokku/dokku#2711": {"cedar-14": ("vendor",)},
    "dokku/dokku#3418": {".heroku": ("python",)},
    "heroku/heroku-buildpack-nodejs": {"node": ("node_modules", "cache", "signature"), "build-data": ()},
    "heroku/heroku-buildpack-go#329": {"go1.12.17": (), "go-path": ()},
    "several buildpacks": {"heroku-18": (), "node": ("node_modules",), ".heroku": (), "apt": ("cache", "state")},
    "heroku/heroku-buildpack-php": {"php": ("composer",)},
    "emk/heroku-buildpack-rust": {
        "cargo": ("registry", "bin", ".crates.toml"),
        "multirust": (),
        "target": ("release",),
    },
    "heroku/heroku-buildpack-java": {".m2": (), ".maven": (), "system.properties": ()},
}


@pytest.mark.parametrize("source", LAYOUTS)
def test_a_published_layout_is_recognized(source: str) -> None:
    names = {name: frozenset(inner) for name, inner in LAYOUTS[source].items()}
    assert unexpected_names(names) == []
    assert buildpack_names(names)


@pytest.mark.parametrize("names", [{"photos"}, {"buildcache", "store"}, {"go"}, {"cedar-"}, {"heroku-x"}, {".git"}])
def test_other_names_are_unexpected(names: set[str]) -> None:
    assert unexpected_names(dict.fromkeys(names, frozenset()))


@pytest.mark.parametrize("inner", [{"bundle"}, {"bundle", "heroku"}, {"bundle", "heroku", "ruby"}])
def test_an_ordinary_name_counts_with_nothing_else_inside(inner: set[str]) -> None:
    assert buildpack_names({"vendor": frozenset(inner)}) == ["vendor"]


@pytest.mark.parametrize("name", ["vendor", "node", "public", "node_modules", ".m2", "app", "tmp"])
def test_ordinary_names_alone_prove_nothing(name: str) -> None:
    names = {name: frozenset({"something"})}
    assert unexpected_names(names) == []
    assert buildpack_names(names) == []


@pytest.mark.parametrize(
    "names",
    [
        {"vendor": {"bundle", "uploads"}},
        {"vendor": {"bundle"}, "public": set()},
        {"bin": {"nginx"}, "app": set()},
        {"metrics-data": set(), "www": set()},
    ],
)
def test_shared_directories_of_apps_prove_nothing(names: dict[str, set[str]]) -> None:
    assert buildpack_names({name: frozenset(inner) for name, inner in names.items()}) == []
