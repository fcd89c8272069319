#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:purge-legacy

load helper
teardown() { clean_up; }

# refuses APP TEXT: a purge of APP fails with TEXT, and touches nothing.
refuses() {
  local before
  before="$(manifest "$DOKKU_ROOT/$(app "$1")")"
  run --separate-stderr dokku cache:purge-legacy "$(app "$1")"
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"$2"* && "$output" != *"Free space"* ]] || { echo "said: $output $stderr" && return 1; }
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app "$1")")" ]
}

# bats test_tags=quick
@test "an orphaned cache is removed, and nothing else of the app or its neighbours" {
  holds_from 0.31.0
  make_app shop
  make_app neighbour
  make_cache neighbour
  before="$(manifest "$DOKKU_ROOT/$(app shop)" | grep -v '^	')"
  neighbour="$(manifest "$DOKKU_ROOT/$(app neighbour)")"
  make_cache shop 500
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"-----> Purging legacy cache of $(app shop) ("*", 500 files)"*"       Removed in "*" s"* ]]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)" | grep -v '^	')" ]
  [ "$neighbour" = "$(manifest "$DOKKU_ROOT/$(app neighbour)")" ]
  [ -z "$(docker ps --all --quiet --filter label=com.dokku.cache.helper)" ]
}

# bats test_tags=umask
@test "the report knows of the purge" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 7
  dokku cache:purge-legacy "$(app shop)"
  [ "$(dokku cache:report "$(app shop)" --cache-last-purged-by)" = "manual" ]
  [ "$(dokku cache:report "$(app shop)" --cache-last-purged-files)" = "7" ]
  [ "$(dokku cache:report "$(app shop)" --cache-legacy-state)" = "absent" ]
}

# bats test_tags=quick,umask
@test "a ghost goes with its cache, and its name can be used again" {
  holds_from 0.31.0
  make_ghost oldblog
  run dokku apps:create "$(app oldblog)"
  [ "$status" -ne 0 ]
  run dokku cache:purge-legacy "$(app oldblog)"
  [ "$status" -eq 0 ]
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
  make_app oldblog
}

# bats test_tags=umask
@test "files of root, dokku, 32767 and other users go, whatever their modes" {
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
  run dokku cache:report "$(app shop)" --cache-legacy-files
  [ "$output" = "12" ]
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 1 ]
  run dokku cache:purge-legacy "$(app shop)" --force
  [ "$status" -eq 0 ]
  is_gone shop
}

@test "nothing to do is no failure" {
  make_app shop
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"has no legacy cache"* ]]
}

@test "on a server without a legacy cache --all says so in a line, and nothing when quiet" {
  needs_spare_server "purges every app"
  make_app shop
  for flags in --all "--all --dry-run" "--all --force"; do
    # shellcheck disable=SC2086 # they are two words
    run dokku cache:purge-legacy $flags
    [ "$status" -eq 0 ]
    [[ "$output" == *"No legacy caches found"* ]]
  done
  run dokku --quiet cache:purge-legacy --all
  [ -z "$output" ]
}

# bats test_tags=quick
@test "a cache that a running container mounts is refused" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  make_container run --detach --name "$(app wiki).web.1" --volume "$(cache_of wiki):/cache"
  refuses wiki "container $(app wiki).web.1 mounts it at /cache"
}

@test "a cache of which a stopped container mounts a part is refused" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  make_container create --name "$(app wiki).old" --volume "$(cache_of wiki)/buildcache:/gems"
  refuses wiki "container $(app wiki).old mounts it at /gems"
}

@test "a mount of Dokku's root is no use of the cache, and one of the app's directory is" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_container run --detach --name "$(app monitoring)" --volume "$DOKKU_ROOT:/host:ro"
  make_container create --name "$(app backup)" --volume "$DOKKU_ROOT/$(app shop):/app:ro"
  refuses shop "container $(app backup) mounts its app directory at /app (created)"
  docker rm "$(app backup)" >/dev/null
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
}

@test "a cache that storage:mount or docker-options name is refused" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  dokku storage:mount "$(app wiki)" "$(cache_of wiki):/data"
  refuses wiki "$(cache_of wiki)"
  dokku storage:unmount "$(app wiki)" "$(cache_of wiki):/data"
  dokku docker-options:add "$(app wiki)" deploy "-v $(cache_of wiki)/x:/x"
  refuses wiki "refers to $(cache_of wiki)/x"
}

@test "a symbolic link, a file and a named pipe are refused" {
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
}

@test "a mount point, and a cache with a mount below it, are refused" {
  holds_from 0.31.0
  make_app wiki
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
@test "before 0.31.0, and with an unreadable version, the cache is active and stays" {
  needs_spare_server "changes Dokku's version"
  make_app shop
  make_cache shop
  for version in 0.30.11 v0.21.4 nonsense ""; do
    set_version "$version"
    refuses shop "is active"
  done
}

@test "from 0.31.0 to 0.33.7 it is removed by hand, with a note" {
  holds_from 0.31.0 to 0.33.7
  make_app shop
  make_cache shop
  [ "$(dokku cache:report "$(app shop)" --cache-legacy-state)" = "recreated" ]
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"recreates the empty directory"* ]]
  is_gone shop
}

@test "with Docker down a purge is refused" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_ghost oldblog
  for name in shop oldblog; do
    DOCKER_HOST=unix:///nowhere refuses "$name" "cannot check which containers use it"
    # One cause is one reason, with its own next step.
    DOCKER_HOST=unix:///nowhere run --separate-stderr dokku cache:purge-legacy "$(app "$name")"
    [[ "$stderr" == *"systemctl status docker"* && "$stderr" != *"emove what uses it"* ]]
    [ "$(grep -o 'Docker did not respond' <<<"$stderr" | wc -l)" -eq 1 ]
  done
}

# bats test_tags=umask
@test "trash of an interrupted purge is reported and finished" {
  make_app shop
  make_cache shop
  mv "$(cache_of shop)" "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.0123456789abcdef"
  [ "$(dokku cache:report "$(app shop)" --cache-legacy-state)" = "interrupted" ]
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  is_gone shop
}

@test "Ctrl-C stops it at a defined point, leaves no container, and says how to go on" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 30000
  dokku cache:purge-legacy "$(app shop)" >"$SUITE_DIRECTORY/said" 2>&1 &
  wait_for compgen -G "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.*"
  pkill -INT -f "/src purge-legacy $(app shop)"
  wait "$!" && code=0 || code="$?"
  said="$(cat "$SUITE_DIRECTORY/said")"
  rm "$SUITE_DIRECTORY/said"
  if [ "$code" -eq 3 ]; then
    [[ "$said" == *"emove the rest, run 'dokku cache:purge-legacy $(app shop)'"* ]]
  else
    # It was stopped before the first file was deleted.
    [ "$code" -eq 1 ]
    [[ "$said" == *"Nothing was "* ]]
    [ "$(find "$(cache_of shop)" -type f | wc -l)" -eq 30000 ]
  fi
  [ -z "$(docker ps --all --quiet --filter label=com.dokku.cache.helper)" ]
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  is_gone shop
}

@test "an app that is being deployed is refused" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  lock="$(deploy_lock shop)"
  mkdir -p "$(dirname "$lock")"
  (flock 200 && sleep 20) 200>"$lock" &
  wait_for test -e "$lock"
  sleep 0.2
  refuses shop "is being deployed" || failed=yes
  pkill -P "$!" 2>/dev/null || true
  kill "$!" 2>/dev/null || true
  rm -f "$lock"
  [ -z "$failed" ]
}

# bats test_tags=umask
@test "--all needs a person or --force, before or behind the command" {
  needs_spare_server "purges every app"
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_ghost oldblog
  run --separate-stderr dokku cache:purge-legacy --all </dev/null
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"--force"* ]]
  [ -d "$(cache_of shop)" ]
  run dokku cache:purge-legacy --all --force
  [ "$status" -eq 0 ]
  is_gone shop
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
  make_cache shop
  run dokku --force cache:purge-legacy --all
  [ "$status" -eq 0 ]
  is_gone shop
}

@test "--force skips the question and no check" {
  make_app wiki
  make_cache wiki
  make_container run --detach --name "$(app wiki).web.1" --volume "$(cache_of wiki):/cache"
  run dokku --force cache:purge-legacy "$(app wiki)"
  [ "$status" -eq 1 ]
  [ -d "$(cache_of wiki)/buildcache" ]
}

# bats test_tags=quick
@test "a dry run shows the plan and changes nothing" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 25
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  run dokku cache:purge-legacy "$(app shop)" --dry-run
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(app shop)"*"25 files"* ]]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
}

@test "several apps are all done, and the worst exit code is given" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_app wiki
  ln -s /nowhere "$(cache_of wiki)"
  run dokku cache:purge-legacy "$(app wiki)" "$(app shop)"
  [ "$status" -eq 1 ]
  is_gone shop
  make_cache shop
  run dokku cache:purge-legacy "$(app nobody)" "$(app shop)"
  [ "$status" -eq 20 ]
  is_gone shop
  rm "$(cache_of wiki)"
}

# bats test_tags=quick
@test "wrong usage and impossible names touch nothing" {
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  for arguments in "" "--all $(app shop)" "-x" "--wrong" "../$(app shop)" "$(app shop)/" "A"; do
    # shellcheck disable=SC2086 # words
    run dokku cache:purge-legacy $arguments
    [ "$status" -eq 1 ]
  done
  run dokku cache:purge-legacy ""
  [ "$status" -eq 1 ]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
}

@test "--quiet says nothing on success" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  run dokku cache:purge-legacy "$(app shop)" --quiet
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  is_gone shop
}

# bats test_tags=umask
@test "an app that is called cache is like any other" {
  needs_spare_server "makes an app of that name"
  holds_from 0.31.0
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

# bats test_tags=umask
@test "the helper's image is imported again after it was pruned" {
  needs_spare_server "removes an image"
  holds_from 0.31.0
  make_app shop
  make_cache shop
  docker image ls --quiet dokku-cache-helper | sort -u | xargs -r docker image rm --force >/dev/null
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  is_gone shop
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
  is_gone shop
}

@test "it says what was free before and after, in a line that --quiet leaves out" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"Free space on $DOKKU_ROOT: "*" -> "*"(of "*")"* ]]
  make_cache shop
  run dokku --quiet cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  # Nothing went, nothing to say of the disk.
  run dokku cache:purge-legacy "$(app shop)"
  [[ "$output" != *"Free space"* ]]
}

@test "a program gets the plan of a dry run, and nothing else on standard output" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  make_app wiki
  make_cache wiki
  make_container create --volume "$(cache_of wiki):/cache"
  before="$(manifest "$DOKKU_ROOT/$(app shop)"; manifest "$DOKKU_ROOT/$(app wiki)")"
  run --separate-stderr dokku cache:purge-legacy "$(app shop)" "$(app wiki)" --dry-run --format json
  [ "$status" -eq 0 ]
  size="$(du -s -B1 "$(cache_of shop)" | cut -f1)"
  /usr/bin/python3 -I - "$output" "$size" <<'PYTHON'
import json, sys
plan, size = json.loads(sys.argv[1]), int(sys.argv[2])
shop, wiki = plan["caches"]
assert (shop["decision"], shop["size-bytes"], shop["kept-reason"]) == ("remove", size, None)
assert (wiki["decision"], wiki["kept-reason-code"]) == ("keep", "mounted-by-container"), wiki
assert (plan["removed-bytes"], plan["removed-caches"], plan["kept-caches"]) == (size, 1, 1)
PYTHON
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)"; manifest "$DOKKU_ROOT/$(app wiki)")" ]
}

@test "a format without a dry run is refused, and removes nothing" {
  make_app shop
  make_cache shop
  for command in "purge-legacy $(app shop)" "purge-volumes $(app shop)" "auto-purge"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr dokku cache:$command --format json
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"--format is only for dry runs"*"dd --dry-run"* ]]
  done
  [ -d "$(cache_of shop)" ]
}
