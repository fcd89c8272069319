# Shared by all bats files: apps, caches, containers, volumes, and manifests that show whether anything changed.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
# Caches are as herokuish left them. Only the plugin runs with the umask of the caller (setup_suite.bash).
umask 022

# Every command that is run has to print no traceback.
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

# app NAME: the name of an app that no real server has.
app() { echo "$PREFIX-$1"; }

make_app() {
  dokku apps:create "$(app "$1")" >/dev/null 2>&1
}

# make_cache APP [FILES]: a cache as herokuish left it, owned by uid 32767 and years old. Thousands of files are empty,
# because these are created and deleted in a third of the time.
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

# age DIRECTORY: gives a cache old mtimes. A ctime cannot be set, so the app gets no minimum age.
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

# make_ghost APP [FILES]: what a destroyed app leaves: a directory that contains only a cache.
make_ghost() {
  mkdir "$DOKKU_ROOT/$(app "$1")"
  chown dokku:dokku "$DOKKU_ROOT/$(app "$1")"
  make_cache "$@"
}

cache_of() { echo "$DOKKU_ROOT/$(app "$1")/cache"; }

# interrupt_purge APP: leaves the cache as an interrupted purge does.
interrupt_purge() { mv "$(cache_of "$1")" "$DOKKU_ROOT/$(app "$1")/.dokku-cache-trash.0123456789abcdef"; }

trash_of() { compgen -G "$DOKKU_ROOT/$(app "$1")/.dokku-cache-trash.*"; }

# is_removed APP: neither a cache nor the rest of one is there.
is_removed() { ! compgen -G "$(cache_of "$1")" >/dev/null && ! trash_of "$1" >/dev/null; }

# report APP KEY: one value of the report.
report() { dokku cache:report "$(app "$1")" "--cache-$2"; }

# other_plugin TRIGGER LINE...: another plugin with this trigger, until the test ends.
other_plugin() {
  local directory="$DOKKU_LIB_ROOT/plugins/enabled/zz-test"
  mkdir -p "$directory"
  printf '%s\n' '#!/usr/bin/env bash' "${@:2}" >"$directory/$1"
  chmod 755 "$directory/$1"
}

# hide_app APP: a plugin with access control hides this app from every user.
hide_app() { other_plugin user-auth-app 'shift 2' "for app in \"\$@\"; do [[ \"\$app\" == $(app "$1") ]] || echo \"\$app\"; done"; }

# make_container run|create ARGUMENTS...: a container with these arguments, of an image that is made here. The engine
# has another path for Dokku's root if Dokku itself runs in a container.
make_container() {
  set -- "${@//"$DOKKU_ROOT"/"${DOKKU_HOST_ROOT:-$DOKKU_ROOT}"}"
  if ! docker image inspect dokku-cache-test >/dev/null 2>&1; then
    tar --create --file - --directory / --dereference bin/busybox | docker import - dokku-cache-test >/dev/null
  fi
  docker "$1" --label "dokku-cache-test=$PREFIX" --network none "${@:2}" dokku-cache-test /bin/busybox sleep 1000 >/dev/null
}

# What is deployed serves no requests, so Dokku must not check it. The stand-in ignores images.
prepare_deploy() {
  if [[ "$DOKKU_UNDER_TEST" == "real" ]]; then
    tar --create --file - --directory / --dereference bin/busybox |
      docker import --change 'CMD ["/bin/busybox", "sleep", "1000"]' - dokku-cache-test >/dev/null
    dokku checks:disable "$(app "$1")" >/dev/null
  fi
}

# run_daily_job: runs what systemd and cron run, with as few variables. ENGINE is another Docker socket.
run_daily_job() {
  setpriv --reuid dokku --regid dokku --init-groups env --ignore-environment SSH_USER=root HOME="$DOKKU_ROOT" SHELL=/bin/bash \
    ${ENGINE:+"DOCKER_HOST=$ENGINE"} PATH=/usr/local/bin:/usr/bin:/bin "$(command -v dokku)" cache:auto-purge --daily
}

# deploy APP: uses a new image name each time, because Dokku does not deploy the same image again.
deploy() {
  local image="dokku-cache-test:$BATS_TEST_NUMBER-$RANDOM"
  prepare_deploy "$1"
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || docker tag dokku-cache-test "$image"
  dokku git:from-image "$(app "$1")" "$image"
}

# deploy_source APP DIRECTORY: deploys the files in a directory.
deploy_source() {
  prepare_deploy "$1"
  # A real Dokku runs deployment tasks with bash.
  printf '%s\n' "FROM dokku-cache-test:latest" 'RUN ["/bin/busybox", "--install", "/bin"]' \
    'RUN printf "%s\\n" "#!/bin/sh" "exec /bin/sh \"\$@\"" >/bin/bash && chmod +x /bin/bash' >"$2/Dockerfile"
  (cd "$2" && tar --create --file - -- *) | dokku git:from-archive --archive-type tar "$(app "$1")" --
}

# make_volume NAME MEBIBYTES LABEL...
make_volume() {
  docker volume create --label "dokku-cache-test=$PREFIX" "${@:3}" "$1" >/dev/null
  head -c "$2M" /dev/zero >"$(docker volume inspect --format '{{.Mountpoint}}' "$1")/layer"
}

# make_herokuish_volume APP MEBIBYTES: as Dokku creates it.
make_herokuish_volume() {
  make_volume "cache-$(app "$1")" "$2" --label com.dokku.builder-type=herokuish --label "com.dokku.app-name=$(app "$1")"
}

# make_pack_volume APP MEBIBYTES: with the name that pack gives.
make_pack_volume() { make_volume "$(pack_volume "$1")" "$2"; }

pack_volume() { echo "pack-cache-dokku_$(app "$1")_latest-${2:-0123456789ab}.build"; }

has_volume() { docker volume inspect "$1" >/dev/null 2>&1; }

# without_min_age: orphaned volumes can be removed at once. A volume cannot be made to look old.
without_min_age() { set_property --global min-age 0; }

# manifest DIRECTORY...: names, types, owners, modes, sizes and inodes of everything below.
manifest() { find "$@" -printf '%P\t%y\t%U:%G\t%m\t%s\t%i\t%l\n' | LC_ALL=C sort; }

# wait_for COMMAND...: repeats it until it succeeds, for at most a minute: the machine may be busy.
wait_for() {
  local _
  for _ in $(seq 600); do
    "$@" && return 0
    sleep 0.1
  done
  echo "still failing after a minute: $*" >&2
  return 1
}

# needs_spare_server WHAT: skips the test on a real server, unless that is thrown away afterwards (DOKKU_TO_SPARE=yes).
needs_spare_server() { [[ "$DOKKU_TO_SPARE" == "yes" ]] || needs_stand_in "$1"; }

# needs_stand_in WHAT: skips the test on every real server.
needs_stand_in() {
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || skip "it $1, which is not done on a real server"
  [[ "$(installed_version)" == "$NEWEST_VERSION" ]] || become "$NEWEST_VERSION"
}

set_version() { echo "$1" >"$DOKKU_LIB_ROOT/STABLE_VERSION"; }

# become VERSION: changes the version of the stand-in, and what the plugin has recorded: it notices no upgrade.
become() {
  set_version "$1"
  install --owner dokku --group dokku --mode 644 "$DOKKU_LIB_ROOT/STABLE_VERSION" "$DOKKU_LIB_ROOT/data/cache/dokku-version"
}

# installed_version: the installed release, for example 0.33.7.
installed_version() { cat "$DOKKU_LIB_ROOT/STABLE_VERSION" "$DOKKU_LIB_ROOT/VERSION" 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

# are_ordered VERSION...: no version is newer than the next one.
are_ordered() { printf '%s\n' "$@" | sort --version-sort --check=quiet; }

# is_from VERSION: that version or a newer one is installed.
is_from() { are_ordered "$1" "$(installed_version)"; }

# holds_from VERSION [to LAST]: the versions of Dokku that a test is for. It is skipped on a real server with another
# version. The stand-in becomes the last of these versions.
holds_from() {
  local installed
  installed="$(installed_version)"
  are_ordered "$1" "$installed" "${3:-$installed}" && return
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || skip "it is for Dokku $1 ${3:+to }${3:-and newer}; this is $installed"
  become "${3:-$NEWEST_VERSION}"
}

# deploy_lock APP: the file that a deploy locks in this version of Dokku (plugins/common/functions).
deploy_lock() {
  if is_from 0.34.0; then echo "$DOKKU_LIB_ROOT/data/apps/$(app "$1")/.deploy.lock"; else echo "$DOKKU_ROOT/$(app "$1")/.deploy.lock"; fi
}

# hold_deploy_lock APP: locks as a deploy does, until release_deploy_lock or the end of the test.
hold_deploy_lock() { hold_lock "$(deploy_lock "$1")"; }

# hold_lock FILE: only one at a time.
hold_lock() {
  HELD_LOCK="$1"
  mkdir -p "$(dirname "$1")"
  flock "$1" sleep 300 3>&- &
  LOCK_HOLDER="$!"
  wait_for is_locked "$1"
  chmod 644 "$1"
}

is_locked() { [[ -e "$1" ]] && ! flock --nonblock "$1" true; }

release_deploy_lock() {
  pkill -P "$LOCK_HOLDER" || true
  wait "$LOCK_HOLDER" || true
  rm -f "$HELD_LOCK"
  LOCK_HOLDER=""
}

# restore_version: after a test changed the version of a real Dokku, or what the plugin has recorded.
restore_version() {
  [[ -z "$DOKKU_VERSION" || "$(sort --unique "$DOKKU_LIB_ROOT/STABLE_VERSION" "$DOKKU_LIB_ROOT/data/cache/dokku-version" 2>/dev/null)" == "$DOKKU_VERSION" ]] || become "$DOKKU_VERSION"
}

# clean_up: every teardown calls it. Removes apps, containers, volumes and settings, and checks the log for tracebacks.
clean_up() {
  local directory history="$DOKKU_LIB_ROOT/data/cache/history.jsonl" log=""
  [[ -z "$LOCK_HOLDER" ]] || release_deploy_lock
  [[ ! -e "$DOKKU_LOGS_DIR/cache.log" ]] || log="$(cat "$DOKKU_LOGS_DIR/cache.log")"
  rm -rf "$DOKKU_LIB_ROOT/plugins/enabled/zz-test"
  docker ps --all --quiet --filter "label=dokku-cache-test=$PREFIX" | xargs -r docker rm --force >/dev/null
  docker volume ls --quiet --filter "label=dokku-cache-test=$PREFIX" | xargs -r docker volume rm >/dev/null
  if [[ "$DOKKU_UNDER_TEST" != "real" ]]; then
    become "$DOKKU_VERSION"
    rm -f "$history"
  else
    restore_version
    [[ ! -e "$history" ]] || sed --in-place "/\"app\": \"$PREFIX-/d" "$history"
  fi
  for directory in "$DOKKU_ROOT/$PREFIX"-*; do
    [[ -e "$directory" || -L "$directory" ]] || continue
    umount --recursive "$directory/cache" 2>/dev/null || true
    rm -rf "${directory:?}/cache" "$directory"/.dokku-cache-trash.*
    [[ "$DOKKU_UNDER_TEST" != "real" ]] || remove_deployed "$(basename "$directory")"
    rm -rf "${directory:?}"
  done
  rm -rf "$DOKKU_LIB_ROOT/config/"{,*/}"$PREFIX"-* "$DOKKU_LIB_ROOT/data/"*/"$PREFIX"-* "$DOKKU_LIB_ROOT/config/cache/--global"
  # Since 0.38.0 Dokku keeps an entry for each mount, even after the app is destroyed.
  grep -lrF "$PREFIX-" "$DOKKU_LIB_ROOT/data/storage-registry/entries" 2>/dev/null | xargs -r rm -f
  says_no_traceback "$log"
}

# remove_deployed APP: what is left of it in Docker. `apps:destroy` would take ten seconds.
remove_deployed() {
  docker ps --all --quiet --filter "label=com.dokku.app-name=$1" | xargs -r docker rm --force >/dev/null
  docker image ls --quiet "dokku/$1" | sort -u | xargs -r docker image rm --force >/dev/null
}
