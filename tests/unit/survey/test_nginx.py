"""References from the nginx configuration."""

import time
from pathlib import Path

import pytest

from dokku_cache.model.state import ReasonCode

from ..other_user import other_user
from .conftest import Server


def write_main(server: Server, text: str) -> None:
    server.write(server.nginx / "nginx.conf", text)


def test_without_nginx_there_is_no_reference(server: Server) -> None:
    assert not server.references()


@pytest.mark.parametrize(
    "line", ["proxy_cache_path {} levels=1:2;", 'root "{}";', "alias {}/x/;", "access_log syslog:{};"]
)
def test_a_file_with_the_path_of_the_cache_is_a_use(server: Server, line: str) -> None:
    write_main(server, line.format(server.cache()))
    (use,) = server.references().uses
    assert use.code is ReasonCode.IN_NGINX_CONFIG
    write_main(server, f"root {server.cache().parent};")
    assert "its app directory" in server.references().text
    assert not server.references("other")


@pytest.mark.parametrize(
    "path",
    [
        "{root}//shop///cache",
        "/{root}/./shop/./cache/x",
        "{above}//{name}/shop/cache",
        "{above}/./{name}/shop/cache",
        "{root}/other/../shop/cache",
        "{root}/shop/x/../cache/",
        "/srv/x/../..{root}/shop/cache",
        "../../..{root}/shop/cache",
    ],
)
def test_a_path_in_an_unusual_spelling_is_a_use(server: Server, path: str) -> None:
    root = server.environment.root
    above, _, name = root.rpartition("/")
    write_main(server, f"root {path.format(root=root, above=above, name=name)};")
    (use,) = server.references().uses
    assert use.code is ReasonCode.IN_NGINX_CONFIG
    assert use.text.endswith("refers to it")


def test_addresses_and_paths_elsewhere_are_no_use(server: Server) -> None:
    write_main(server, "proxy_pass http://shop/cache; root ./shop/../cache; deny 10.0.0.0/8; alias /srv/../cache;")
    assert not server.references()


def test_dokkus_own_configuration_is_no_use(server: Server) -> None:
    app = server.cache().parent
    write_main(server, f"include {app.parent}/*/nginx.conf;\n")
    server.write(app / "nginx.conf", f"include {app}/nginx.conf.d/*.conf;\nssl_certificate {app}/tls/server.crt;\n")
    assert not server.references()


def test_included_files_and_those_of_apps_are_read(server: Server) -> None:
    write_main(server, "include sites-enabled/*;")
    blog = server.cache("blog").parent
    for file in (server.nginx / "sites-enabled/x", server.nginx / "snippets/y.conf", blog / "nginx.conf.d/z.conf"):
        server.write(file, f"root {server.cache()};")
        assert str(file) in server.references().text
        file.unlink()


@pytest.mark.parametrize("path", ["{root}/$host/public", "{root}/${{host}}", "{root}/shop/$1", "{root}//$x"])
def test_a_variable_below_dokkus_root_is_unknown_for_all(server: Server, path: str) -> None:
    write_main(server, f"root {path.format(root=server.environment.root)};")
    for app in ("shop", "other"):
        (unknown,) = server.references(app).unknown
        assert unknown.code is ReasonCode.PATH_WITH_VARIABLE


def test_other_variables_are_fine(server: Server) -> None:
    write_main(server, "return 301 https://$host$request_uri; root /srv/$host; log_format x '$remote_addr';")
    assert not server.references()


@pytest.mark.parametrize("closed", ["", "nginx.conf", "conf.d"])
def test_an_unreadable_configuration_is_unknown_with_a_way_out(server: Server, closed: str) -> None:
    write_main(server, "include conf.d/*.conf;")
    server.write(server.nginx / "conf.d/x.conf", "")
    (server.nginx / "ssl").mkdir(mode=0o700)  # holds keys, and nothing includes it
    server.references()
    for directory in server.nginx.parents:
        if "pytest" in str(directory):
            directory.chmod(0o755)
    with other_user():
        assert not server.references()
    (server.nginx / closed).chmod(0)
    with other_user():
        (unknown,) = server.references().unknown
    (server.nginx / closed).chmod(0o755)
    assert f"chgrp -R dokku {server.nginx}" in unknown.hint


@pytest.mark.parametrize(
    ("pattern", "closed"),
    [
        ("secret/*.conf", "nginx/secret"),
        ("secret/x/y.conf", "nginx/secret"),
        ("*/y.inc", "nginx/secret"),
        ("", "home/blog/nginx.conf.d"),
        ("{root}/*/nginx.conf", None),
    ],
)
def test_a_directory_that_hides_included_files_is_unknown(
    server: Server, tmp_path: Path, pattern: str, closed: str | None
) -> None:
    for directory in (tmp_path, *tmp_path.parents):
        if "pytest" in str(directory):
            directory.chmod(0o755)
    write_main(server, f"include {pattern.format(root=server.environment.root)};" if pattern else "")
    server.references()
    path = tmp_path / (closed or "home/postgres")
    path.mkdir(parents=True)
    path.chmod(0)
    with other_user():
        references = server.references()
    path.chmod(0o755)
    assert bool(references.unknown) is (closed is not None)
    assert not closed or str(path) in references.text


def test_a_huge_file_of_an_app_is_unknown(server: Server) -> None:
    server.write(server.cache("blog").parent / "nginx.conf", "x" * (1 << 20) + "x")
    (unknown,) = server.references().unknown
    assert unknown.app == "blog"


@pytest.mark.parametrize("piece", ['\\"', "include '", "/", "{root}/", "include  "])
def test_the_search_is_linear(server: Server, piece: str) -> None:
    piece = piece.format(root=server.environment.root)

    def measure(count: int) -> float:
        server.write(server.cache("blog").parent / "nginx.conf", 'a "' + piece * count)
        write_main(server, 'a "' + piece * count)
        begun = time.process_time()
        server.references()
        return time.process_time() - begun

    count = 12_000 // len(piece)
    measure(count)
    assert measure(16 * count) < 100 * max(measure(count), 0.002)
