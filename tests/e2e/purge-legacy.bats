#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:purge-legacy

load helper
teardown() { clean_up; }

# refuses APP TEXT [FLAG...]: a purge of APP fails with TEXT, and changes nothing.
refuses() {
  local before
  before="$(manifest "$DOKKU_ROOT/$(app "$1")")"
  run --separate-stderr dokku cache:purge-legacy "$(app "$1")" "${@:3}"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"$2"* && "$output" != *"Free space"* ]] || { echo "printed: $output $stderr" && return 1; }
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app "$1")")" ]
}

purges() {
  run --separate-stderr dokku cache:purge-legacy "$(app "$1")" "${@:2}"
  [ "$status" -eq 0 ] || { echo "printed: $output $stderr" && return 1; }
  is_removed "$1"
}

# bats test_tags=quick,umask
@test "an orphaned cache is removed, and nothing else of the app or other apps" {
  holds_from 0.31.0
  make_app shop
  make_app neighbour
  make_cache neighbour
  before="$(manifest "$DOKKU_ROOT/$(app shop)" | grep -v '^	')"
  neighbour="$(manifest "$DOKKU_ROOT/$(app neighbour)")"
  make_cache shop 500
  purges shop
  [[ "$output" == *"-----> Purging legacy cache of $(app shop) ("*", 500 files)"*"       Removed in "*" s"* ]]
  [[ "$output" == *"Free space on $DOKKU_ROOT: "*" -> "*"(of "*")"* ]]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)" | grep -v '^	')" ]
  [ "$neighbour" = "$(manifest "$DOKKU_ROOT/$(app neighbour)")" ]
  [ -z "$(docker ps --all --quiet --filter label=com.dokku.cache.helper)" ]
  [ "$(report shop last-purged-by) $(report shop last-purged-files) $(report shop legacy-state)" = "manual 500 absent" ]
  purges shop
  [[ "$output" == *"has no legacy cache"* && "$output" != *"Free space"* ]]
  make_cache shop
  purges shop --quiet
  [ -z "$output" ]
}

# bats test_tags=quick,umask
@test "a ghost is removed with its cache, and its name can be used again" {
  holds_from 0.31.0
  make_ghost oldblog
  run dokku apps:create "$(app oldblog)"
  [ "$status" -ne 0 ]
  purges oldblog
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
  make_app oldblog
}

# bats test_tags=umask
@test "files of other users with any modes are counted, refused, and removed with --force" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 8
  mkdir -p "$(cache_of shop)"/{root,own,strange,closed/inner}
  touch "$(cache_of shop)"/{root,own,strange,closed/inner}/file
  chown -R 0:0 "$(cache_of shop)/root"
  chown -R dokku:dokku "$(cache_of shop)/own"
  chown -R 54321:1 "$(cache_of shop)/strange"
  chmod 000 "$(cache_of shop)/closed/inner" "$(cache_of shop)/closed"
  chmod 700 "$(cache_of shop)"
  [ "$(report shop legacy-files)" = "12" ]
  refuses shop "not verified"
  purges shop --force
}

# bats test_tags=quick
@test "a cache that a container mounts, running or not, is refused, also with --force" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  make_container run --detach --name "$(app wiki).web.1" --volume "$(cache_of wiki):/cache"
  refuses wiki "container $(app wiki).web.1 mounts it at /cache"
  refuses wiki "container $(app wiki).web.1 mounts it at /cache" --force
  docker rm --force "$(app wiki).web.1" >/dev/null
  make_container create --name "$(app wiki).old" --volume "$(cache_of wiki)/buildcache:/gems"
  refuses wiki "container $(app wiki).old mounts it at /gems"
  docker rm "$(app wiki).old" >/dev/null
  make_container run --detach --name "$(app monitoring)" --volume "$DOKKU_ROOT:/host:ro"
  make_container create --name "$(app backup)" --volume "$DOKKU_ROOT/$(app wiki):/app:ro"
  refuses wiki "container $(app backup) mounts its app directory at /app (created)"
  docker rm "$(app backup)" >/dev/null
  # Mounting Dokku's whole root is not a use.
  purges wiki
}

@test "a cache that storage:mount or docker-options refer to is refused" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  dokku storage:mount "$(app wiki)" "$(cache_of wiki):/data"
  refuses wiki "$(cache_of wiki)"
  dokku storage:unmount "$(app wiki)" "$(cache_of wiki):/data"
  dokku docker-options:add "$(app wiki)" deploy "-v $(cache_of wiki)/x:/x"
  refuses wiki "refers to $(cache_of wiki)/x"
}

@test "a symbolic link, a file, a named pipe, a mount point and a mount below are refused" {
  holds_from 0.31.0
  make_app wiki
  mkdir "$SUITE_DIRECTORY/elsewhere"
  touch "$SUITE_DIRECTORY/elsewhere/kept"
  ln -s "$SUITE_DIRECTORY/elsewhere" "$(cache_of wiki)"
  refuses wiki "symbolic link"
  [ -e "$SUITE_DIRECTORY/elsewhere/kept" ]
  rm -r "$(cache_of wiki)" "$SUITE_DIRECTORY/elsewhere"
  echo text >"$(cache_of wiki)"
  refuses wiki "is a file"
  rm "$(cache_of wiki)"
  mkfifo "$(cache_of wiki)"
  refuses wiki "named pipe"
  rm "$(cache_of wiki)"
  make_cache wiki
  mount -t tmpfs tmpfs "$(cache_of wiki)/buildcache"
  touch "$(cache_of wiki)/buildcache/kept"
  refuses wiki "has a mount below it"
  umount "$(cache_of wiki)/buildcache"
  mount -t tmpfs tmpfs "$(cache_of wiki)"
  touch "$(cache_of wiki)/kept"
  refuses wiki "is a mount point"
  umount "$(cache_of wiki)"
}

# bats test_tags=umask
@test "before 0.31.0, and with an unreadable version, the cache is active and refused" {
  needs_spare_server "changes Dokku's version"
  make_app shop
  make_cache shop
  for version in 0.30.11 v0.21.4 nonsense ""; do
    set_version "$version"
    refuses shop "is active"
  done
}

@test "without Docker a purge is refused, with one reason and one hint" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_ghost oldblog
  for name in shop oldblog; do
    DOCKER_HOST=unix:///nowhere refuses "$name" "cannot check which containers use it"
    [[ "$stderr" == *"systemctl status docker"* && "$stderr" != *"emove what uses it"* ]]
    [ "$(grep -o 'Docker did not respond' <<<"$stderr" | wc -l)" -eq 1 ]
  done
}

# bats test_tags=umask
@test "an interrupted purge is reported and finished" {
  make_app shop
  make_cache shop
  interrupt_purge shop
  [ "$(report shop legacy-state)" = "interrupted" ]
  purges shop
}

@test "Ctrl-C stops a purge, leaves no container, and says how to continue" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 30000
  dokku cache:purge-legacy "$(app shop)" >"$BATS_TEST_TMPDIR/printed" 2>&1 &
  wait_for trash_of shop
  pkill -INT -f "/src purge-legacy $(app shop)"
  wait "$!" && code=0 || code="$?"
  printed="$(cat "$BATS_TEST_TMPDIR/printed")"
  if [ "$code" -eq 3 ]; then
    [[ "$printed" == *"emove the rest, run 'dokku cache:purge-legacy $(app shop)'"* ]]
  else
    # It was stopped before the first file was deleted.
    [ "$code" -eq 1 ]
    [[ "$printed" == *"was not removed"* ]]
    [ "$(find "$(cache_of shop)" -type f | wc -l)" -eq 30000 ]
  fi
  [ -z "$(docker ps --all --quiet --filter label=com.dokku.cache.helper)" ]
  purges shop
}

@test "an app that is being deployed is refused" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  hold_deploy_lock shop
  refuses shop "is being deployed"
}

# bats test_tags=umask
@test "--all needs a confirmation or --force, before or after the command" {
  needs_spare_server "purges every app"
  holds_from 0.31.0
  make_app shop
  for flags in "--all --dry-run" "--all --force"; do
    # shellcheck disable=SC2086 # two words
    run dokku cache:purge-legacy $flags
    [ "$status" -eq 0 ]
    [[ "$output" == *"No legacy caches found"* ]]
  done
  run dokku --quiet cache:purge-legacy --all
  [ -z "$output" ]
  make_cache shop
  make_ghost oldblog
  run --separate-stderr dokku cache:purge-legacy --all </dev/null
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"--force"* ]]
  [ -d "$(cache_of shop)" ]
  run dokku cache:purge-legacy --all --force
  [ "$status" -eq 0 ]
  is_removed shop
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
  make_cache shop
  run dokku --force cache:purge-legacy --all
  [ "$status" -eq 0 ]
  is_removed shop
}

# bats test_tags=quick
@test "a dry run prints the plan, also as json, and changes nothing" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 25
  make_app wiki
  make_cache wiki
  make_container create --volume "$(cache_of wiki):/cache"
  before="$(manifest "$DOKKU_ROOT/$PREFIX"-*)"
  run dokku cache:purge-legacy "$(app shop)" --dry-run
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(app shop)"*"25 files"* ]]
  run --separate-stderr dokku cache:purge-legacy "$(app shop)" "$(app wiki)" --dry-run --format json
  [ "$status" -eq 0 ]
  size="$(du -s -B1 "$(cache_of shop)" | cut -f1)"
  # shellcheck disable=SC2016 # for jq
  jq --exit-status --argjson size "$size" '[."removed-bytes", ."removed-caches", ."kept-caches"] == [$size, 1, 1] and
    (.caches[0] | [.decision, ."size-bytes", ."kept-reason"] == ["remove", $size, null]) and
    (.caches[1] | [.decision, ."kept-reason-code"] == ["keep", "mounted-by-container"])' <<<"$output"
  for command in "purge-legacy $(app shop)" "purge-volumes $(app shop)" "auto-purge"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr dokku cache:$command --format json
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"--format is only for dry runs"* ]]
  done
  [ "$before" = "$(manifest "$DOKKU_ROOT/$PREFIX"-*)" ]
}

@test "several apps are all purged, and the worst exit code is returned" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_app wiki
  ln -s /nowhere "$(cache_of wiki)"
  run dokku cache:purge-legacy "$(app wiki)" "$(app shop)"
  [ "$status" -eq 1 ]
  is_removed shop
  make_cache shop
  run dokku cache:purge-legacy "$(app unknown)" "$(app shop)"
  [ "$status" -eq 20 ]
  is_removed shop
}

# bats test_tags=quick
@test "wrong usage and impossible names change nothing" {
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  for arguments in "" "--all $(app shop)" "-x" "../$(app shop)" "$(app shop)/" "A"; do
    # shellcheck disable=SC2086 # words
    run dokku cache:purge-legacy $arguments
    [ "$status" -eq 1 ]
  done
  run dokku cache:purge-legacy ""
  [ "$status" -eq 1 ]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
}

# bats test_tags=umask
@test "an app that is called cache is purged like any other, also after the helper's image was pruned" {
  needs_spare_server "makes an app of that name, and removes an image"
  holds_from 0.31.0
  docker image ls --quiet dokku-cache-helper | sort -u | xargs -r docker image rm --force >/dev/null
  mkdir -p "$DOKKU_ROOT/cache/cache/buildcache"
  touch "$DOKKU_ROOT/cache/HEAD" "$DOKKU_ROOT/cache/cache/buildcache/file"
  chown dokku:dokku "$DOKKU_ROOT/cache"
  chown -R 32767 "$DOKKU_ROOT/cache/cache"
  run dokku cache:purge-legacy cache
  left="$(ls "$DOKKU_ROOT/cache")"
  rm -r "$DOKKU_ROOT/cache"
  [ "$status" -eq 0 ]
  [ "$left" = "HEAD" ]
}

@test "hostile code in the working directory and the environment is not loaded" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  mkdir "$SUITE_DIRECTORY/hostile"
  for module in docker yaml rich sitecustomize usercustomize os json; do
    echo "open('$SUITE_DIRECTORY/loaded', 'w'); raise SystemExit(0)" >"$SUITE_DIRECTORY/hostile/$module.py"
  done
  cd "$SUITE_DIRECTORY/hostile"
  PYTHONPATH="$SUITE_DIRECTORY/hostile" PYTHONSTARTUP="$SUITE_DIRECTORY/hostile/os.py" run dokku cache:purge-legacy "$(app shop)"
  cd /
  rm -r "$SUITE_DIRECTORY/hostile"
  [ "$status" -eq 0 ]
  [ ! -e "$SUITE_DIRECTORY/loaded" ]
  is_removed shop
}
