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

# age DIRECTORY: gives it the mtimes of an old cache. A ctime cannot be set, so its app has no minimum age.
age() {
  find "$1" -exec touch --no-dereference --date '2022-11-03 10:00' {} +
  set_property "$(basename "$(dirname "$1")")" min-age 0
}

# set_property APP KEY VALUE: as Dokku's own tool stores it.
set_property() {
  install --directory --owner dokku --group dokku "$DOKKU_LIB_ROOT/config/cache" "$DOKKU_LIB_ROOT/config/cache/$1"
  echo "$3" >"$DOKKU_LIB_ROOT/config/cache/$1/$2"
  chown dokku:dokku "$DOKKU_LIB_ROOT/config/cache/$1/$2"
}

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

# What is deployed serves nothing, so that Dokku is not to check it. The stand-in looks at no image.
prepare_deploy() {
  if [[ "$DOKKU_UNDER_TEST" == "real" ]]; then
    tar --create --file - --directory / --dereference bin/busybox |
      docker import --change 'CMD ["/bin/busybox", "sleep", "1000"]' - dokku-cache-test >/dev/null
    dokku checks:disable "$(app "$1")" >/dev/null
  fi
}

# run_daily_job: what the systemd service and cron's file run, with as little environment; with another ENGINE, if there is one.
run_daily_job() {
  setpriv --reuid dokku --regid dokku --init-groups env --ignore-environment SSH_USER=root HOME="$DOKKU_ROOT" SHELL=/bin/bash \
    ${ENGINE:+"DOCKER_HOST=$ENGINE"} PATH=/usr/local/bin:/usr/bin:/bin "$(command -v dokku)" cache:auto-purge --daily
}

# deploy APP: by another name each time, as Dokku deploys nothing when it is given the same image again.
deploy() {
  local image="dokku-cache-test:$BATS_TEST_NUMBER-$RANDOM"
  prepare_deploy "$1"
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || docker tag dokku-cache-test "$image"
  dokku git:from-image "$(app "$1")" "$image"
}

# deploy_source APP DIRECTORY: what lies there is the source of the app.
deploy_source() {
  prepare_deploy "$1"
  # By bash a real Dokku runs deployment tasks.
  printf '%s\n' "FROM dokku-cache-test:latest" 'RUN ["/bin/busybox", "--install", "/bin"]' \
    'RUN printf "%s\\n" "#!/bin/sh" "exec /bin/sh \"\$@\"" >/bin/bash && chmod +x /bin/bash' >"$2/Dockerfile"
  (cd "$2" && tar --create --file - -- *) | dokku git:from-archive --archive-type tar "$(app "$1")" --
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

# needs_spare_server WHAT: what a test does to a real server is done only to one that is thrown away afterwards, which whoever
# makes it says: DOKKU_TO_SPARE=yes.
needs_spare_server() { [[ "$DOKKU_TO_SPARE" == "yes" ]] || needs_stand_in "$1"; }

# needs_stand_in WHAT: what a test does is not done to a real server.
needs_stand_in() {
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || skip "it $1, which a real server is spared"
  [[ "$(installed_version)" == "$NEWEST_VERSION" ]] || become "$NEWEST_VERSION"
}

set_version() { echo "$1" >"$DOKKU_LIB_ROOT/STABLE_VERSION"; }

# become VERSION: the stand-in is that version from here on, and the plugin knows it: no upgrade is noticed.
become() {
  set_version "$1"
  install --owner dokku --group dokku --mode 644 "$DOKKU_LIB_ROOT/STABLE_VERSION" "$DOKKU_LIB_ROOT/data/cache/dokku-version"
}

# The release that is installed, as 0.33.7.
installed_version() { cat "$DOKKU_LIB_ROOT/STABLE_VERSION" "$DOKKU_LIB_ROOT/VERSION" 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

# are_ordered VERSION...: each is as old as the next, or older.
are_ordered() { printf '%s\n' "$@" | sort --version-sort --check=quiet; }

# is_from VERSION: whether that, or a later one, is installed.
is_from() { are_ordered "$1" "$(installed_version)"; }

# holds_from VERSION [to LAST]: what a test shows is so in these versions of Dokku. On a real one of another version it is
# skipped; the stand-in becomes the last of them.
holds_from() {
  local installed
  installed="$(installed_version)"
  are_ordered "$1" "$installed" "${3:-$installed}" && return
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || skip "it holds from Dokku $1 ${3:+to }${3:-on}, and this is $installed"
  become "${3:-$NEWEST_VERSION}"
}

# Where this version of Dokku has the lock of a deploy (plugins/common/functions).
deploy_lock() {
  if is_from 0.34.0; then echo "$DOKKU_LIB_ROOT/data/apps/$(app "$1")/.deploy.lock"; else echo "$DOKKU_ROOT/$(app "$1")/.deploy.lock"; fi
}

# A test that may do so has changed what a real Dokku, or the plugin, takes for its version.
restore_version() {
  [[ -z "$DOKKU_VERSION" || "$(sort --unique "$DOKKU_LIB_ROOT/STABLE_VERSION" "$DOKKU_LIB_ROOT/data/cache/dokku-version" 2>/dev/null)" == "$DOKKU_VERSION" ]] || become "$DOKKU_VERSION"
}

# What was purged in one test is no part of the next one's past, nor of a real server's.
forget_purges() {
  local history="$DOKKU_LIB_ROOT/data/cache/history.jsonl"
  [[ ! -e "$history" ]] || sed --in-place "/\"app\": \"$PREFIX-/d" "$history"
}

# To be called by every teardown: apps, containers and versions as they were, and a log without a traceback.
clean_up() {
  local directory log=""
  [[ ! -e "$DOKKU_LOGS_DIR/cache.log" ]] || log="$(cat "$DOKKU_LOGS_DIR/cache.log")"
  docker ps --all --quiet --filter "label=dokku-cache-test=$PREFIX" | xargs -r docker rm --force >/dev/null
  if [[ "$DOKKU_UNDER_TEST" != "real" ]]; then
    become "$DOKKU_VERSION"
    rm -f "$DOKKU_LIB_ROOT/data/cache/history.jsonl"
  else
    restore_version
    forget_purges
  fi
  for directory in "$DOKKU_ROOT/$PREFIX"-*; do
    [[ -e "$directory" || -L "$directory" ]] || continue
    umount --recursive "$directory/cache" 2>/dev/null || true
    rm -rf "${directory:?}/cache" "$directory"/.dokku-cache-trash.*
    # It takes long, on a real server above all: only where more than files may be left.
    if [[ -n "$(docker ps --all --quiet --filter "label=com.dokku.app-name=$(basename "$directory")")$(docker image ls --quiet "dokku/$(basename "$directory")")" ]]; then
      dokku --force apps:destroy "$(basename "$directory")" >/dev/null 2>&1 || true
    fi
    rm -rf "${directory:?}"
  done
  rm -rf "$DOKKU_LIB_ROOT/config/"{,*/}"$PREFIX"-* "$DOKKU_LIB_ROOT/data/"*/"$PREFIX"-* "$DOKKU_LIB_ROOT/config/cache/--global"
  # Since 0.38.0 Dokku keeps what an app had mounted, when it is unmounted, and when the app is gone.
  grep -lrF "$PREFIX-" "$DOKKU_LIB_ROOT/data/storage-registry/entries" 2>/dev/null | xargs -r rm -f
  says_no_traceback "$log"
}
