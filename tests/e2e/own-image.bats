#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Dokku in a container, as in its official image: the dokku user has another uid than on the host, may not open the engine's
# socket, and calls the client through sudo. The host has Dokku's root at another path.
# bats file_tags=umask

load helper

# The container has this machine's own programs and the stand-in for Dokku. Nothing is downloaded.
setup_file() {
  # Without sudo each test is skipped.
  [[ "$DOKKU_UNDER_TEST" != "real" ]] && command -v sudo >/dev/null || return 0
  export INSIDE="$SUITE_DIRECTORY/inside" BOX="$PREFIX-own-image"
  # Dokku's root is below mnt on the host. The host has another tree at the path that Dokku's root has in the container.
  export HOST_ROOT="$INSIDE/mnt/home/dokku" CONTAINER_ROOT="$INSIDE/home/dokku"
  mkdir -p "$INSIDE/etc" "$HOST_ROOT" "$CONTAINER_ROOT/shop/cache/data" "$INSIDE/image/usr"
  touch "$CONTAINER_ROOT/shop/cache/data/data"
  local link
  for link in bin sbin lib lib64; do
    [[ ! -L "/$link" ]] || cp --no-dereference "/$link" "$INSIDE/image/"
  done
  # Another test may create an account at the same time, so a file can vanish.
  cp --archive /etc "$INSIDE/image/" || true
  rm -f "$INSIDE"/image/etc/*.lock
  sed -i '/^\(dokku\|docker\):/d' "$INSIDE"/image/etc/{passwd,group,shadow,gshadow}
  mkdir -p "$INSIDE/image"/{tmp,var/lib/dpkg,home,root,run,proc,sys,dev,mnt,usr,work} "$INSIDE/image$INSIDE"
  chmod 1777 "$INSIDE/image/tmp"
  touch "$INSIDE/image/in-the-box"
  cp --archive /var/lib/dpkg/status /var/lib/dpkg/info "$INSIDE/image/var/lib/dpkg/"
  printf 'dokku ALL=NOPASSWD:SETENV:/usr/bin/docker\n' >"$INSIDE/image/etc/sudoers.d/dokku-docker"
  chmod 440 "$INSIDE/image/etc/sudoers.d/dokku-docker"
  tar --create --file - --directory "$INSIDE/image" . | docker import - "$BOX" >/dev/null
  start_box --env DOKKU_HOST_ROOT="$HOST_ROOT"
}

# start_box [OPTION...]: replaces the container.
start_box() {
  local project
  project="$(dirname "$(dirname "$BATS_TEST_DIRNAME")")"
  docker rm --force "$BOX" >/dev/null 2>&1 || true
  docker run --detach --name "$BOX" --network none "$@" \
    --volume /usr:/usr:ro --volume "$PLUGIN_REPOSITORY:/work/plugin:ro" --volume "$project/tests/dokku:/work/dokku:ro" \
    --volume "${DOCKER_HOST#unix://}:/var/run/docker.sock" --volume "$INSIDE/mnt:$INSIDE" \
    "$BOX" /usr/bin/sleep 1000 >/dev/null
  # shellcheck disable=SC2016 # for the shell in the container
  in_box bash -c '
    set -e
    [[ -e /in-the-box ]]
    groupadd --gid 4321 dokku && useradd --uid 4321 --gid 4321 --home-dir "$1" --no-create-home --shell /bin/bash dokku
    printf "#!/bin/bash\nsudo -E /usr/bin/docker \"\$@\"\n" >/bin-docker
    chmod 755 /bin-docker
    DOCKER_HOST= /work/dokku/up /server --root "$1"
    sed -i -e "s|^export DOKKU_SYSTEM_USER|export DOCKER_BIN=/bin-docker DOKKU_SYSTEM_USER|; s|DOCKER_BIN=docker ||" \
      -e "s|^export DOCKER_HOST=.*|export LC_ALL=C|" /server/settings
    [[ -z "$DOKKU_HOST_ROOT" ]] || echo "export DOKKU_HOST_ROOT=$DOKKU_HOST_ROOT" >>/server/settings
    git config --global --add safe.directory "*"' bash "$CONTAINER_ROOT"
}

in_box() { docker exec "$BOX" "$@"; }
dokku_in_box() { docker exec --env SSH_USER=root "$BOX" /server/bin/dokku "$@"; }

setup() {
  needs_stand_in "makes a container with a stand-in for Dokku"
  command -v sudo >/dev/null || skip "it needs sudo"
  chmod 660 "${DOCKER_HOST#unix://}"
}
teardown() { [[ -z "$INSIDE" ]] || chmod 666 "${DOCKER_HOST#unix://}"; }

teardown_file() {
  [[ -n "$INSIDE" ]] || return 0
  docker rm --force "$BOX" >/dev/null 2>&1 || true
  docker image rm --force "$BOX" >/dev/null 2>&1 || true
  rm -rf "$INSIDE"
}

make_cache_in_box() {
  # shellcheck disable=SC2016 # for the shell in the container
  in_box bash -c 'mkdir -p "$1/cache/buildcache" && touch "$1/HEAD" "$1/cache/buildcache/"{a,b,c} && chown -R 4321:4321 "$1" && chown -R "$2" "$1/cache" && find "$1" -exec touch --date 2022-01-01 {} +' \
    bash "$CONTAINER_ROOT/$1" "$2"
}

@test "the installation reaches the engine through sudo, and deletes nothing" {
  make_cache_in_box shop 32767:32767
  before="$(manifest "$HOST_ROOT")"
  run --separate-stderr dokku_in_box plugin:install file:///work/plugin --name cache
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ "$output" == *"shop"*"remove"* ]]
  [ "$before" = "$(manifest "$HOST_ROOT")" ]
}

@test "list, purge and destroy work, also with read-only files that belong to dokku" {
  run --separate-stderr dokku_in_box cache:list
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ "$output" == *shop* ]]
  run --separate-stderr dokku_in_box cache:purge-legacy shop
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [ ! -e "$HOST_ROOT/shop/cache" ]
  # The image gives all files to dokku when it starts.
  make_cache_in_box shop 4321:4321
  in_box chmod -R a-w "$CONTAINER_ROOT/shop/cache"
  run dokku_in_box cache:purge-legacy shop
  [ "$status" -eq 0 ]
  [ ! -e "$HOST_ROOT/shop/cache" ]
  make_cache_in_box other 32767:32767
  run dokku_in_box --force apps:destroy other
  [ "$status" -eq 0 ]
  [ ! -e "$HOST_ROOT/other" ]
}

@test "a container that mounts the cache by the host's path uses it" {
  make_cache_in_box shop 32767:32767
  docker create --name "$BOX-user" --volume "$HOST_ROOT/shop/cache:/cache" "$BOX" /usr/bin/true >/dev/null
  run --separate-stderr dokku_in_box cache:purge-legacy shop
  docker rm "$BOX-user" >/dev/null
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"$BOX-user mounts it"* ]]
  [ -e "$HOST_ROOT/shop/cache/buildcache/a" ]
}

@test "without DOKKU_HOST_ROOT nothing is touched, in the container or on the host, and the message says what to set" {
  start_box
  make_cache_in_box shop 32767:32767
  dokku_in_box plugin:install file:///work/plugin --name cache
  before="$(manifest "$HOST_ROOT")" elsewhere="$(manifest "$CONTAINER_ROOT")"
  run --separate-stderr dokku_in_box cache:purge-legacy shop
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"DOKKU_HOST_ROOT=$HOST_ROOT"* || "$stderr" == *"Dokku runs in a container, and its root is $HOST_ROOT"* ]]
  [ "$before" = "$(manifest "$HOST_ROOT")" ]
  [ "$elsewhere" = "$(manifest "$CONTAINER_ROOT")" ]
}

@test "a restart without network that lost packages succeeds and says what is missing" {
  start_box --env DOKKU_HOST_ROOT="$HOST_ROOT"
  in_box sed -i '/^Package: python3-rich$/,/^$/d' /var/lib/dpkg/status
  run --separate-stderr dokku_in_box plugin:install file:///work/plugin --name cache
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"python3-rich could not be installed"* ]]
}
