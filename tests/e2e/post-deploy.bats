#!/usr/bin/env bats
# Trigger post-deploy

load helper

teardown() {
  umount "$DOKKU_LOGS_DIR" "$DOKKU_LIB_ROOT/data/cache" 2>/dev/null || true
  rm -f "$SUITE_DIRECTORY/server/bin/setsid"
  clean_up
}

no_purge_runs() { ! pgrep -f "cache/src post-deploy $PREFIX-" >/dev/null; }

# logged APP TEXT: the log gets a line of post-deploy with APP and TEXT.
logged() { wait_for has_line "$(app "$1")" "$2"; }
has_line() { grep -- "Z post-deploy.*$2\|+00:00 post-deploy.*$2" "$DOKKU_LOGS_DIR/cache.log" | grep -q -- "$1"; }

# bats test_tags=quick,umask
@test "after a deploy the orphaned cache is removed in the background, and the deploy prints nothing of it" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 200
  run deploy shop
  [ "$status" -eq 0 ]
  [[ "$output" != *legacy* ]]
  wait_for is_removed shop
  logged shop "-----> .* removed .* in 200 files"
  [ "$(report shop last-purged-by)" = deploy ]
  # Without a cache no Python is started: none is in this PATH.
  run env -i DOKKU_ROOT="$DOKKU_ROOT" DOKKU_LIB_ROOT="$DOKKU_LIB_ROOT" PATH=/nowhere \
    /bin/bash "$DOKKU_LIB_ROOT/plugins/enabled/cache/post-deploy" "$(app shop)" 5000 127.0.0.1 latest
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

is_one_worker_at_most() { [[ "$(pgrep -fc "cache/src post-deploy $PREFIX-" || true)" -le 1 ]]; }

@test "after ps:rebuild --all --parallel, one worker purges every app and records each purge" {
  needs_spare_server "deploys ten apps at once"
  holds_from 0.33.8
  local deploys=()
  for number in {1..10}; do
    make_app "many$number"
    make_cache "many$number" 500
  done
  for number in {1..10}; do
    deploy "many$number" >/dev/null 2>&1 &
    deploys+=("$!")
  done
  wait "${deploys[@]}"
  wait_for is_one_worker_at_most
  # A second worker would appear while the first one is busy.
  for _ in 1 2 3; do
    is_one_worker_at_most
    sleep 0.2
  done
  for number in {1..10}; do
    wait_for is_removed "many$number"
    logged "many$number" "-----> .* removed .* in 500 files"
  done
  wait_for no_purge_runs
  [ -z "$(ls "$DOKKU_LIB_ROOT/data/cache/deployed")" ]
  [ "$(grep -c "\"app\": \"$PREFIX-.*\"by\": \"deploy\"" "$DOKKU_LIB_ROOT/data/cache/history.jsonl")" -eq 10 ]
}

@test "an app's volumes above max-size are removed after a deploy, if auto-purge is on" {
  make_app shop
  make_app wiki
  make_herokuish_volume shop 3
  make_pack_volume shop 2
  make_herokuish_volume wiki 3
  dokku cache:set "$(app shop)" max-size "4 MB" >/dev/null
  dokku cache:set --global max-size 1G >/dev/null
  dokku cache:set "$(app shop)" auto-purge false >/dev/null
  deploy shop
  logged shop "volumes kept, auto-purge is off"
  wait_for no_purge_runs
  has_volume "cache-$(app shop)"
  # The app's value overrides the global one.
  dokku cache:set --global auto-purge false >/dev/null
  dokku cache:set "$(app shop)" auto-purge true >/dev/null
  deploy wiki
  deploy shop
  logged shop "its cache volumes use 5.0 MiB, max-size is 3.8 MiB"
  logged shop "removed volume cache-$(app shop)"
  wait_for no_purge_runs
  run ! has_volume "cache-$(app shop)"
  run ! has_volume "$(pack_volume shop)"
  has_volume "cache-$(app wiki)"
  run dokku cache:history "$(app shop)" --format json
  grep -qE '"by": *"deploy"' <<<"$output"
}

@test "nothing is removed before the deploy's lock is free, wherever a version of Dokku has it" {
  holds_from 0.33.8
  make_app shop
  for lock in "$DOKKU_LIB_ROOT/data/apps/$(app shop)/.deploy.lock" "$DOKKU_ROOT/$(app shop)/.deploy.lock"; do
    make_cache shop
    hold_lock "$lock"
    setpriv --reuid dokku --regid dokku --init-groups env HOME="$DOKKU_ROOT" "$DOKKU_LIB_ROOT/plugins/enabled/cache/post-deploy" "$(app shop)"
    sleep 1.5
    [ -d "$(cache_of shop)/buildcache" ]
    release_deploy_lock
    wait_for is_removed shop
  done
}

@test "a recent cache, or one with auto-purge off for the app or the server, is kept" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  rm "$DOKKU_LIB_ROOT/config/cache/$(app shop)/min-age"
  deploy shop
  logged shop "kept, recent: changed at"
  age "$(cache_of shop)"
  set_property "$(app shop)" auto-purge false
  deploy shop
  logged shop "kept, orphaned: auto-purge is off"
  rm "$DOKKU_LIB_ROOT/config/cache/$(app shop)/auto-purge"
  set_property --global auto-purge false
  deploy shop
  wait_for no_purge_runs
  [ -d "$(cache_of shop)/buildcache" ]
  set_property "$(app shop)" auto-purge true
  deploy shop
  wait_for is_removed shop
}

@test "the background purge does not inherit the deploy's lock or output" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 20000
  # This returns when no process has the pipe open; the purge is still running then.
  output="$(deploy shop 2>&1)"
  wait_for pgrep -f "cache/src post-deploy $(app shop)"
  purge="$(pgrep -f "cache/src post-deploy $(app shop)")"
  [ -z "$(find "/proc/$purge/fd" -lname '*.deploy.lock*')" ]
  [ ! -e "$(deploy_lock shop)" ]
  # An update of the plugin disturbs neither.
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  wait_for is_removed shop
  [ -z "$(report shop last-failure)" ]
}

@test "Dokku's own skip-cleanup is respected, as a variable and as a property of the builder" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  dokku config:set --no-restart "$(app shop)" DOKKU_SKIP_CLEANUP=true
  if is_from 0.38.0; then
    make_app wiki
    make_cache wiki
    dokku builder:set "$(app wiki)" skip-cleanup true
    deploy wiki
  fi
  deploy shop
  wait_for no_purge_runs
  [ -d "$(cache_of shop)/buildcache" ]
  ! is_from 0.38.0 || [ -d "$(cache_of wiki)/buildcache" ]
}

@test "a cache that is in use, active or recreated is kept, and the deploy prints nothing of it" {
  needs_spare_server "changes Dokku's version"
  holds_from 0.34.0
  make_app shop
  make_cache shop
  make_container run --detach --name "$(app shop)-job" --volume "$(cache_of shop):/cache"
  run deploy shop
  [ "$status" -eq 0 ]
  [[ "$output" != *legacy* ]]
  logged shop "$(app shop)-job mounts it"
  docker rm --force "$(app shop)-job" >/dev/null
  for version in 0.30.11 0.33.7; do
    become "$version"
    deploy shop
    logged shop "kept, .*Dokku $version"
    [ -d "$(cache_of shop)/buildcache" ]
  done
}

@test "a deploy never fails: Docker down, log not writable, HOME unset, working directory deleted" {
  needs_stand_in "needs a Dokku that can deploy without Docker"
  make_app shop
  make_cache shop
  sed -i.kept 's|^export DOCKER_HOST=.*|export DOCKER_HOST=unix:///nowhere LC_ALL=C|' "$SUITE_DIRECTORY/server/settings"
  run deploy shop
  mv "$SUITE_DIRECTORY/server/settings.kept" "$SUITE_DIRECTORY/server/settings"
  [ "$status" -eq 0 ]
  logged shop "Docker did not respond"
  [ -d "$(cache_of shop)/buildcache" ]
  mv "$DOKKU_LOGS_DIR" "$DOKKU_LOGS_DIR.away"
  touch "$DOKKU_LIB_ROOT/data/apps/$(app shop)/deleted-source"
  run env -u HOME dokku git:from-image "$(app shop)" dokku-cache-test
  mv "$DOKKU_LOGS_DIR.away" "$DOKKU_LOGS_DIR"
  [ "$status" -eq 0 ]
  wait_for is_removed shop
}

@test "with no space left for log and history the deploy succeeds, and the cache is removed" {
  needs_spare_server "mounts a full disk over logs and data"
  holds_from 0.33.8
  make_app shop
  make_cache shop 50
  recorded="$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")"
  for directory in "$DOKKU_LOGS_DIR" "$DOKKU_LIB_ROOT/data/cache"; do
    mount -t tmpfs -o size=64k,mode=777 tmpfs "$directory"
    if [[ "$directory" != "$DOKKU_LOGS_DIR" ]]; then
      touch "$directory/installation"
      echo "$recorded" >"$directory/dokku-version"
    fi
    cat /dev/zero >"$directory/filling" 2>/dev/null || true
  done
  run deploy shop
  [ "$status" -eq 0 ]
  wait_for is_removed shop
  wait_for no_purge_runs
  # Busy until the last process has ended.
  wait_for umount "$DOKKU_LOGS_DIR"
  wait_for umount "$DOKKU_LIB_ROOT/data/cache"
}

@test "hostile code in an app's source is not loaded, and does not fail the deploy" {
  local source="$BATS_TEST_TMPDIR/source"
  mkdir "$source"
  for module in docker yaml rich sitecustomize json; do
    echo "open('/tmp/$PREFIX-loaded', 'w')" >"$source/$module.py"
  done
  make_app shop
  make_cache shop
  run deploy_source shop "$source"
  [ "$status" -eq 0 ] || { echo "$output" && false; }
  logged shop "legacy cache\|-----> "
  [ ! -e "/tmp/$PREFIX-loaded" ]
}

@test "a background purge that is killed is finished by the daily run" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 30000
  deploy shop
  wait_for trash_of shop
  pkill -KILL -f "cache/src post-deploy $(app shop)"
  docker ps --all --quiet --filter label=com.dokku.cache.helper | xargs -r docker kill >/dev/null 2>&1 || true
  trash_of shop
  [ "$(report shop legacy-state)" = interrupted ]
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  is_removed shop
  [ -z "$(docker ps --all --quiet --filter label=com.dokku.cache.helper)" ]
}

@test "a deploy during a manual purge, and a manual purge during a deploy's own, both end well" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 30000
  dokku cache:purge-legacy "$(app shop)" --quiet &
  manual="$!"
  wait_for trash_of shop
  run deploy shop
  [ "$status" -eq 0 ]
  wait "$manual"
  is_removed shop
  make_cache shop 20000
  deploy shop
  run dokku cache:purge-legacy "$(app shop)"
  [[ "$status" -eq 0 || "$output" == *"another purge of $(app shop) is running"* ]]
  wait_for is_removed shop
}

@test "the background purge outlives the ssh connection of the deploy, from its first moment on" {
  needs_stand_in "replaces setsid"
  make_app shop
  make_cache shop 10000
  # Slow, as on a busy machine: the purge has no session of its own yet.
  printf '#!/bin/sh\nsleep 2\nexec /usr/bin/setsid "$@"\n' >"$SUITE_DIRECTORY/server/bin/setsid"
  chmod 755 "$SUITE_DIRECTORY/server/bin/setsid"
  # Sends SIGHUP to the whole session, as sshd does.
  run /usr/bin/setsid --wait bash -c "dokku git:from-image '$(app shop)' dokku-cache-test; kill -HUP -- -\$\$"
  wait_for is_removed shop
  logged shop "removed .* in 10,000 files"
}
