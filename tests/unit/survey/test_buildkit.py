"""BuildKit's caches, by containers and volumes."""

from typing import Any

import pytest

from dokku_cache.model.cache import Cache, Kind
from dokku_cache.survey import buildkit

STATE = "/var/lib/buildkit"
ANONYMOUS = "7" * 64


def container(
    name: str = "buildkit",
    image: str = "moby/buildkit",
    volume: str = ANONYMOUS,
    at: str = STATE,
    state: str = "running",
    kind: str = "volume",
) -> dict[str, Any]:
    mount = {"Type": kind, "Name": volume, "Source": f"/var/lib/docker/volumes/{volume}/_data", "Destination": at}
    return {"Id": "5" * 64, "Names": [f"/{name}"], "Image": image, "State": state, "Mounts": [mount]}


def found(*containers: dict[str, Any], volumes: tuple[str, ...] = (), **sizes: int) -> tuple[Cache, ...]:
    return buildkit.find(containers, [{"Name": name} for name in volumes], sizes)


@pytest.mark.parametrize(
    "image",
    [
        "moby/buildkit",
        "moby/buildkit:latest",
        "moby/buildkit:v0.13.1-rootless",
        "docker.io/moby/buildkit:buildx-stable-1",
        "registry.example.com:5000/mirror/moby/buildkit",
        f"moby/buildkit@sha256:{'a' * 64}",
        f"sha256:{'a' * 64}",
        "0123456789ab",
    ],
)
@pytest.mark.parametrize("at", [STATE, "/home/user/.local/share/buildkit"])
def test_a_buildkit_container_is_known_by_its_image_and_mount(image: str, at: str) -> None:
    (cache,) = found(container(image=image, at=at), **{ANONYMOUS: 5})
    assert (cache.kind, cache.location, cache.state, cache.size_bytes) == (Kind.BUILDKIT, ANONYMOUS, "live", 5)
    assert cache.action == "docker exec buildkit buildctl prune"
    assert not cache.is_purgeable


@pytest.mark.parametrize(
    "other",
    [
        container(image="moby/buildkit-syft"),
        container(image="notmoby/buildkit"),
        container(image="busybox"),
        container(at="/cache"),
        container(kind="tmpfs"),
        {"Id": "5"},
        {"Image": "moby/buildkit", "Mounts": None},
    ],
)
def test_other_containers_and_tmpfs_are_not_caches(other: dict[str, Any]) -> None:
    assert found(other) == ()


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("buildx_buildkit_fast0", "docker buildx prune --builder fast"),
        ("buildx_buildkit_web20", "docker buildx prune --builder web2"),
        # The node has a name: the builder's name is not in it.
        ("buildx_buildkit_mine", "docker exec buildx_buildkit_mine buildctl prune"),
    ],
)
def test_a_buildx_builder_is_pruned_by_its_name(name: str, action: str) -> None:
    (cache,) = found(container(name, "example/own", f"{name}_state"), volumes=(f"{name}_state",))
    assert (cache.location, cache.action, cache.size_bytes) == (f"{name}_state", action, None)


@pytest.mark.parametrize("state", ["exited", "created", "paused", ""])
def test_a_stopped_container_has_to_be_started_first(state: str) -> None:
    (cache,) = found(container(state=state))
    assert cache.state == "live"
    assert "start it before pruning" in cache.reason
    assert cache.reason_code
    assert cache.reason_code.value == "buildkit-stopped"


def test_only_the_state_of_a_removed_builder_is_orphaned() -> None:
    names = "buildx_buildkit_gone0_state", "buildx_buildkit_fast0_state"
    others = "buildx_buildkit_state", "cache-shop", "x_buildx_buildkit_a0_state"
    mounts_it = container("other", "busybox", names[1], at="/look")
    (cache,) = found(mounts_it, volumes=names + others, **{names[0]: 7})
    assert (cache.location, cache.state, cache.size_bytes) == (names[0], "orphaned", 7)
    assert cache.action == f"docker volume rm {names[0]}"
    assert not cache.is_purgeable


def test_of_two_containers_with_one_cache_the_running_one_is_listed() -> None:
    (cache,) = found(container("old", state="exited"), container("new"))
    assert cache.action == "docker exec new buildctl prune"


def test_a_bind_mount_has_a_path_and_no_size() -> None:
    one = container(kind="bind")
    one["Mounts"][0] = {"Type": "bind", "Source": "/srv/buildkit", "Destination": STATE}
    (cache,) = found(one)
    assert (cache.location, cache.size_bytes) == ("/srv/buildkit", None)


@pytest.mark.parametrize("name", ["a;reboot", "$(reboot)", "a b", "-f", "a\nb"])
def test_names_with_special_characters_give_no_command(name: str) -> None:
    assert found(container(name))[0].action == ""
    assert "".join(cache.action for cache in found(volumes=(f"buildx_buildkit_{name} _state",))) == ""
