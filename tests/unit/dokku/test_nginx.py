"""What nginx of the host keeps in a cache."""

import os
from pathlib import Path

import pytest

from dokku_cache.dokku import nginx
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.evidence.by_app import Usages
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.location import Location


def usage_of(environment: DokkuEnvironment, main: Path) -> Usage:
    usages = Usages()
    paths = CachePaths([Location("shop", f"{environment.root}/shop/cache")], environment.root)
    nginx.add(usages, paths, environment.root, [str(main)])
    return usages.of_cache("shop")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def main(environment: DokkuEnvironment, tmp_path: Path) -> Path:
    text = f"http {{\n  include conf.d/*.conf;\n  include {environment.root}/*/nginx.conf;\n}}\n"
    return write(tmp_path / "nginx" / "nginx.conf", text)


@pytest.mark.parametrize(
    "line",
    [
        "proxy_cache_path ROOT/shop/cache levels=1:2 keys_zone=a:10m;",
        'proxy_cache_path "ROOT/shop/cache/nginx" keys_zone=a:10m;',
        "server { location / { fastcgi_temp_path 'ROOT/shop/cache'; } }",
        "proxy_store ROOT/shop/cache$uri;",
        "root ROOT/shop;",
        "upload_store ROOT/shop/cache/uploads 1;",
        "access_log ROOT/shop/cache/access.log;",
        'add_header X "a # b"; proxy_cache_path ROOT/shop/cache keys_zone=a:1m;',
        "add_header X 'it \\' # is'; proxy_cache_path ROOT/shop/cache keys_zone=a:1m;",
        "proxy_cache_path\n  ROOT//shop/./cache/\n  keys_zone=a:1m;",
    ],
)
@pytest.mark.parametrize("place", ["nginx/conf.d/a.conf", "home/shop/nginx.conf.d/a.conf", "home/data/nginx.conf"])
def test_a_directive_that_names_it_is_a_use(
    environment: DokkuEnvironment, main: Path, tmp_path: Path, line: str, place: str
) -> None:
    file = write(tmp_path / place, line.replace("ROOT", environment.root))
    usage = usage_of(environment, main)
    assert len(usage.uses) == 1
    assert str(file) in usage.uses[0]
    assert str(file) in usage.remedies[0]


@pytest.mark.parametrize(
    "line",
    [
        "# proxy_cache_path ROOT/shop/cache keys_zone=a:10m;",
        "  # root ROOT/shop;",
        "proxy_cache_path /var/cache/nginx keys_zone=a:10m;",
        "ssl_certificate ROOT/shop/tls/server.crt;",
        "include ROOT/shop/nginx.conf.d/*.conf;",
        "auth_basic_user_file ROOT/shop/htpasswd;",
        "root ROOT/shop/maintenance/;",
        "rewrite ^ROOT/shop/cache /x;",
        "root ROOT;",
    ],
)
def test_what_does_not_name_it_is_none(environment: DokkuEnvironment, main: Path, tmp_path: Path, line: str) -> None:
    write(tmp_path / "nginx/conf.d/a.conf", line.replace("ROOT", environment.root))
    assert usage_of(environment, main).is_none


def test_includes_lead_on_and_a_circle_ends(environment: DokkuEnvironment, main: Path, tmp_path: Path) -> None:
    write(tmp_path / "nginx/conf.d/a.conf", f"include {tmp_path}/nginx/deep/b.conf; include conf.d/a.conf;")
    write(tmp_path / "nginx/deep/b.conf", f"proxy_cache_path {environment.root}/shop/cache keys_zone=a:1m;")
    assert usage_of(environment, main).uses


@pytest.mark.parametrize("line", ["root ROOT/$host/cache;", "proxy_store ROOT/${host}_x;", "alias /$x;"])
def test_a_place_that_only_a_request_tells_is_unknown(
    environment: DokkuEnvironment, main: Path, tmp_path: Path, line: str
) -> None:
    write(tmp_path / "nginx/conf.d/a.conf", line.replace("ROOT", environment.root))
    assert usage_of(environment, main).unknown


def test_nonsense_in_a_configuration_ends_nothing(environment: DokkuEnvironment, main: Path, tmp_path: Path) -> None:
    os.mkfifo(write(tmp_path / "home/shop/nginx.conf.d/a.conf", "").with_name("b.conf"))
    write(
        tmp_path / "home/shop/nginx.conf",
        "root /a\0b; include /etc/ngi\0nx/*; include ***/[; root \ud800;".replace("\ud800", "x"),
    )
    assert usage_of(environment, main).is_none


def test_no_nginx_tells_nothing(environment: DokkuEnvironment, tmp_path: Path) -> None:
    assert usage_of(environment, tmp_path / "nowhere").is_none
