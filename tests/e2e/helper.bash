# What the bats files share: apps, caches, containers, and proof that nothing was touched.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
# Caches are as herokuish left them, whatever the umask of whoever tests; the plugin runs under that (setup_suite.bash).
umask 022

# What the interpreter only prints, nobody must see: neither a command's caller, nor who reads the log.
eval "$(declare -f run | sed '1s/^run/bats_run/')"
run() {
  bats_run "$@"
  # shellcheck disable=SC2154 # bats sets them
  says_no_traceback "$output$stderr"
}

says_no_traceback() {
  if grep -E "Traceback|Exception ignored|Error in sys.excepthook|^Fatal Python" <<<"$1" >&2; then
    printf '%s\n' "$1" >&2
    return 1
  fi
}

# A name that no app of a real server has.
app() { echo "$PREFIX-$1"; }

make_app() {
  dokku apps:create "$(app "$1")" >/dev/null 2>&1
}

# make_cache APP [FILES]: a cache as herokuish left it, owned by uid 32767, and as old as such caches are. Thousands of
# files are empty ones, which are made and deleted in a third of the time.
make_cache() {
  local directory
  directory="$DOKKU_ROOT/$(app "$1")/cache"
  mkdir -p "$directory/buildcache/gems"
  if [[ "${2:-20}" -lt 1000 ]]; then
    (cd "$directory/buildcache/gems" && seq "${2:-20}" | split --lines 1 --suffix-length 5 - gem)
  else
    (cd "$directory/buildcache/gems" && seq --format 'gem%05.0f' "$2" | xargs touch)
  fi
  chown -R 32767:32767 "$directory"
  age "$directory"
}

# age DIRECTORY: nobody has written into it for years.
age() { find "$1" -exec touch --no-dereference --date '2022-11-03 10:00' {} +; }

# make_ghost APP [FILES]: what a destroyed app leaves: a directory with nothing in it but a cache.
make_ghost() {
  mkdir "$DOKKU_ROOT/$(app "$1")"
  chown dokku:dokku "$DOKKU_ROOT/$(app "$1")"
  make_cache "$@"
}

cache_of() { echo "$DOKKU_ROOT/$(app "$1")/cache"; }

# A container with the arguments given to `docker`, of an image that is made here. The engine knows Dokku's root by another
# name where Dokku itself runs in a container.
make_container() {
  set -- "${@//"$DOKKU_ROOT"/"${DOKKU_HOST_ROOT:-$DOKKU_ROOT}"}"
  if ! docker image inspect dokku-cache-test >/dev/null 2>&1; then
    tar --create --file - --directory / --dereference bin/busybox | docker import - dokku-cache-test >/dev/null
  fi
  docker "$1" --label "dokku-cache-test=$PREFIX" --network none "${@:2}" dokku-cache-test /bin/busybox sleep 1000 >/dev/null
}

# make_volume NAME MEBIBYTES LABEL...
make_volume() {
  docker volume create --label "dokku-cache-test=$PREFIX" "${@:3}" "$1" >/dev/null
  head -c "$2M" /dev/zero >"$(docker volume inspect --format '{{.Mountpoint}}' "$1")/layer"
}

# make_herokuish_volume APP MEBIBYTES: as Dokku makes it.
make_herokuish_volume() {
  make_volume "cache-$(app "$1")" "$2" --label com.dokku.builder-type=herokuish --label "com.dokku.app-name=$(app "$1")"
}

# make_pack_volume APP MEBIBYTES: as pack calls it.
make_pack_volume() { make_volume "$(pack_volume "$1")" "$2"; }

pack_volume() { echo "pack-cache-dokku_$(app "$1")_latest-${2:-0123456789ab}.build"; }

has_volume() { docker volume inspect "$1" >/dev/null 2>&1; }

# What mounts them goes first.
remove_volumes() {
  docker ps --all --quiet --filter "label=dokku-cache-test=$PREFIX" | xargs -r docker rm --force >/dev/null
  docker volume ls --quiet --filter "label=dokku-cache-test=$PREFIX" | xargs -r docker volume rm >/dev/null
}

# Names, kinds, owners, modes, sizes and inodes of all below a directory.
manifest() { find "$1" -printf '%P\t%y\t%U:%G\t%m\t%s\t%i\t%l\n' | LC_ALL=C sort; }

# wait_for COMMAND...: until it succeeds, at most a minute: the machine may be busy.
wait_for() {
  local _
  for _ in $(seq 600); do
    "$@" && return 0
    sleep 0.1
  done
  echo "still not so after a minute: $*" >&2
  return 1
}

is_gone() { ! compgen -G "$DOKKU_ROOT/$(app "$1")/cache" >/dev/null && ! compgen -G "$DOKKU_ROOT/$(app "$1")/.dokku-cache-trash.*" >/dev/null; }

needs_stand_in() { [[ "$DOKKU_UNDER_TEST" != "real" ]] || skip "it $1, which a real server is spared"; }

set_version() { echo "$1" >"$DOKKU_LIB_ROOT/STABLE_VERSION"; }

# To be called by every teardown: apps, containers and versions as they were, and a log without a traceback.
clean_up() {
  local directory log=""
  [[ ! -e "$DOKKU_LOGS_DIR/cache.log" ]] || log="$(cat "$DOKKU_LOGS_DIR/cache.log")"
  docker ps --all --quiet --filter "label=dokku-cache-test=$PREFIX" | xargs -r docker rm --force >/dev/null
  if [[ "$DOKKU_UNDER_TEST" != "real" ]]; then
    set_version 0.38.27
    rm -f "$DOKKU_LIB_ROOT/data/cache/history.jsonl"
    echo 0.38.27 >"$DOKKU_LIB_ROOT/data/cache/dokku-version"
    chown dokku:dokku "$DOKKU_LIB_ROOT/data/cache/dokku-version"
  fi
  for directory in "$DOKKU_ROOT/$PREFIX"-*; do
    [[ -e "$directory" || -L "$directory" ]] || continue
    umount --recursive "$directory/cache" 2>/dev/null || true
    rm -rf "${directory:?}/cache" "$directory"/.dokku-cache-trash.*
    # The stand-in keeps nothing of an app but what is removed here; its `apps:destroy` takes a second.
    if [[ -e "$directory/HEAD" && "$DOKKU_UNDER_TEST" == "real" ]]; then
      dokku --force apps:destroy "$(basename "$directory")" >/dev/null 2>&1 || true
    fi
    rm -rf "${directory:?}"
  done
  rm -rf "$DOKKU_LIB_ROOT/config/"{,cache/,storage/,docker-options/,builder/}"$PREFIX"-*
  rm -rf "$DOKKU_LIB_ROOT/data/apps/$PREFIX"-* "$DOKKU_LIB_ROOT/config/cache/--global"
  says_no_traceback "$log"
}
