#!/usr/bin/env bats
# Trigger post-deploy

load helper

teardown() {
  umount "$DOKKU_LOGS_DIR" "$DOKKU_LIB_ROOT/data/cache" 2>/dev/null || true
  rm -f "$SUITE_DIRECTORY/server/bin/setsid"
  remove_volumes
  clean_up
}

no_purge_runs() { ! pgrep -f "cache/src post-deploy $PREFIX-" >/dev/null; }

# said APP TEXT: the log has a line of APP with TEXT, soon.
said() { wait_for has_line "$(app "$1")" "$2"; }
has_line() { grep -- "Z post-deploy.*$2\|+00:00 post-deploy.*$2" "$DOKKU_LOGS_DIR/cache.log" | grep -q -- "$1"; }

is_held() { [[ -e "$1" ]] && ! flock --nonblock "$1" true; }

trash_of() { compgen -G "$DOKKU_ROOT/$(app "$1")/.dokku-cache-trash.*"; }

# bats test_tags=quick,umask
@test "after a deploy the orphaned cache goes, in the background, without a word in the deploy" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 200
  run deploy shop
  [ "$status" -eq 0 ]
  [[ "$output" != *legacy* ]]
  wait_for is_gone shop
  said shop "-----> .* removed .* in 200 files"
  [ "$(dokku cache:report "$(app shop)" --cache-last-purged-by)" = deploy ]
}

workers() { pgrep -fc "cache/src post-deploy $PREFIX-" || true; }
is_one_at_most() { [[ "$(workers)" -le 1 ]]; }
are_gone() { for number in 1 2 3 4 5 6 7 8; do is_gone "shop$number" || return 1; done; }

@test "after ps:rebuild --all --parallel, one worker handles every app" {
  holds_from 0.33.8
  for number in 1 2 3 4 5 6 7 8; do
    make_app "shop$number"
    make_cache "shop$number" 1000
  done
  for number in 1 2 3 4 5 6 7 8; do
    setpriv --reuid dokku --regid dokku --init-groups "$DOKKU_LIB_ROOT/plugins/enabled/cache/post-deploy" "$(app "shop$number")" 5000 127.0.0.1 latest
  done
  wait_for is_one_at_most
  # A second one would show up while the first is at work.
  for _ in 1 2 3 4 5; do
    is_one_at_most
    sleep 0.2
  done
  wait_for are_gone
  wait_for no_purge_runs
  [ -z "$(ls "$DOKKU_LIB_ROOT/data/cache/deployed")" ]
}

@test "what an app's volumes hold above its bound is emptied after a deploy, and below it nothing" {
  make_app shop
  make_app wiki
  make_herokuish_volume shop 3
  make_pack_volume shop 2
  make_herokuish_volume wiki 3
  dokku cache:set "$(app shop)" max-size "4 MB" >/dev/null
  dokku cache:set --global max-size 1G >/dev/null
  deploy wiki
  deploy shop
  said shop "its cache volumes use 5.0 MiB, max-size is 3.8 MiB"
  said shop "removed volume cache-$(app shop)"
  wait_for no_purge_runs
  run ! has_volume "cache-$(app shop)"
  run ! has_volume "$(pack_volume shop)"
  has_volume "cache-$(app wiki)"
  run dokku cache:history "$(app shop)" --format json
  grep -qE '"by": *"deploy"' <<<"$output"
}

@test "a bound empties nothing of an app whose auto-purge is off" {
  make_app shop
  make_herokuish_volume shop 3
  dokku cache:set --global max-size 1MB >/dev/null
  dokku cache:set "$(app shop)" auto-purge false >/dev/null
  deploy shop
  said shop "volumes kept, auto-purge is off"
  wait_for no_purge_runs
  has_volume "cache-$(app shop)"
  # The app's word is stronger than that for all.
  dokku cache:set --global auto-purge false >/dev/null
  dokku cache:set "$(app shop)" auto-purge true >/dev/null
  deploy shop
  said shop "removed volume cache-$(app shop)"
}

@test "nothing is looked at, let alone touched, before the deploy's lock is free, wherever its version has it" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  for lock in "$DOKKU_LIB_ROOT/data/apps/$(app shop)/.deploy.lock" "$DOKKU_ROOT/$(app shop)/.deploy.lock"; do
    mkdir -p "$(dirname "$lock")"
    flock "$lock" sleep 60 &
    holder="$!"
    wait_for is_held "$lock"
    chmod 644 "$lock"
    setpriv --reuid dokku --regid dokku --init-groups env HOME="$DOKKU_ROOT" "$DOKKU_LIB_ROOT/plugins/enabled/cache/post-deploy" "$(app shop)"
    sleep 1.5
    [ -d "$(cache_of shop)/buildcache" ]
    pkill -P "$holder"
    wait "$holder" || true
    wait_for is_gone shop
    rm -f "$lock"
    make_cache shop
  done
}

@test "a recent cache is kept after a deploy, and removed once it is older than min-age" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  rm "$DOKKU_LIB_ROOT/config/cache/$(app shop)/min-age"
  deploy shop
  said shop "kept, recent: changed at"
  [ -d "$(cache_of shop)/buildcache" ]
  age "$(cache_of shop)"
  deploy shop
  wait_for is_gone shop
}

# bats test_tags=quick
@test "a deploy of an app without a cache says nothing and starts no Python" {
  make_app shop
  run deploy shop
  [ "$status" -eq 0 ]
  [[ "$output" != *legacy* ]]
  # A broken plugin source shows that Python is not reached.
  door="$DOKKU_LIB_ROOT/plugins/enabled/cache/post-deploy"
  run env -i DOKKU_ROOT="$DOKKU_ROOT" DOKKU_LIB_ROOT="$DOKKU_LIB_ROOT" PATH=/nowhere /bin/bash "$door" "$(app shop)" 5000 127.0.0.1 latest
  [ "$status" -eq 0 ]
  [ -z "$output" ]
}

@test "the detached purge inherits nothing: the deploy lock is free, and the output ends, at once" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 20000
  # Ends when nobody holds the pipe any more; and the purge is still at work then.
  output="$(deploy shop 2>&1)"
  wait_for pgrep -f "cache/src post-deploy $(app shop)"
  purge="$(pgrep -f "cache/src post-deploy $(app shop)")"
  [ -z "$(find "/proc/$purge/fd" -lname '*.deploy.lock*')" ]
  [ ! -e "$(deploy_lock shop)" ]
  wait_for is_gone shop
}

@test "auto-purge off, for the app or for all, leaves the cache; the app's word is stronger" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  deploy shop
  said shop "kept, orphaned: auto-purge is off"
  [ -d "$(cache_of shop)/buildcache" ]
  dokku cache:set "$(app shop)" auto-purge
  dokku cache:set --global auto-purge false
  deploy shop
  wait_for no_purge_runs
  [ -d "$(cache_of shop)/buildcache" ]
  dokku cache:set "$(app shop)" auto-purge true
  deploy shop
  wait_for is_gone shop
}

@test "Dokku's own skip-cleanup is obeyed, as a variable of the app" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  dokku config:set --no-restart "$(app shop)" DOKKU_SKIP_CLEANUP=true
  deploy shop
  wait_for no_purge_runs
  [ -d "$(cache_of shop)/buildcache" ]
}

@test "Dokku's own skip-cleanup is obeyed, as a property of its builder" {
  holds_from 0.38.0
  make_app shop
  make_cache shop
  dokku builder:set "$(app shop)" skip-cleanup true
  deploy shop
  wait_for no_purge_runs
  [ -d "$(cache_of shop)/buildcache" ]
}

@test "what is in use, active, recreated or unsafe stays, without a word in the deploy" {
  needs_spare_server "changes Dokku's version"
  holds_from 0.34.0
  make_app shop
  make_cache shop
  make_container run --detach --name "$(app shop)-job" --volume "$(cache_of shop):/cache"
  run deploy shop
  [ "$status" -eq 0 ]
  [[ "$output" != *legacy* ]]
  said shop "$(app shop)-job mounts it"
  docker rm --force "$(app shop)-job" >/dev/null
  for version in 0.30.11 0.33.7; do
    become "$version"
    deploy shop
    said shop "kept, .*Dokku $version"
    [ -d "$(cache_of shop)/buildcache" ]
  done
}

@test "a deploy never fails: Docker down, log not writable, HOME unset, cwd deleted" {
  needs_stand_in "needs a Dokku that can deploy without Docker"
  make_app shop
  make_cache shop
  sed -i.kept 's|^export DOCKER_HOST=.*|export DOCKER_HOST=unix:///nowhere LC_ALL=C|' "$SUITE_DIRECTORY/server/settings"
  run deploy shop
  mv "$SUITE_DIRECTORY/server/settings.kept" "$SUITE_DIRECTORY/server/settings"
  [ "$status" -eq 0 ]
  said shop "Docker did not respond"
  [ -d "$(cache_of shop)/buildcache" ]
  mv "$DOKKU_LOGS_DIR" "$DOKKU_LOGS_DIR.away"
  touch "$DOKKU_LIB_ROOT/data/apps/$(app shop)/deleted-source"
  run env -u HOME dokku git:from-image "$(app shop)" dokku-cache-test
  mv "$DOKKU_LOGS_DIR.away" "$DOKKU_LOGS_DIR"
  [ "$status" -eq 0 ]
  wait_for is_gone shop
}

@test "hostile code in an app's source is not loaded, nor does it fail the deploy" {
  local source="$BATS_TEST_TMPDIR/source"
  mkdir "$source"
  for module in docker yaml rich sitecustomize json; do
    echo "open('/tmp/$PREFIX-loaded', 'w')" >"$source/$module.py"
  done
  make_app shop
  make_cache shop
  run deploy_source shop "$source"
  [ "$status" -eq 0 ] || { echo "$output" && false; }
  said shop "legacy cache\|-----> "
  [ ! -e "/tmp/$PREFIX-loaded" ]
}

@test "a detached purge that is killed is ended by the next deploy or the daily run" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 30000
  deploy shop
  wait_for trash_of shop
  pkill -KILL -f "cache/src post-deploy $(app shop)"
  docker ps --all --quiet --filter label=com.dokku.cache.helper | xargs -r docker kill >/dev/null 2>&1 || true
  trash_of shop
  [ "$(dokku cache:report "$(app shop)" --cache-legacy-state)" = interrupted ]
  # As after a restart of the server: nothing of it runs any more, and then the daily run ends it.
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  is_gone shop
  [ -z "$(docker ps --all --quiet --filter label=com.dokku.cache.helper)" ]
}

@test "a deploy during a purge by hand succeeds, and so does the purge" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 30000
  dokku cache:purge-legacy "$(app shop)" --quiet &
  by_hand="$!"
  wait_for trash_of shop
  run deploy shop
  [ "$status" -eq 0 ]
  wait "$by_hand"
  is_gone shop
}

@test "a purge by hand during a deploy's own is told so, and leaves it to that" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 30000
  deploy shop
  run dokku cache:purge-legacy "$(app shop)"
  [[ "$status" -eq 0 || "$output" == *"another purge of $(app shop) is running"* ]]
  wait_for is_gone shop
}

@test "the detached purge outlives the connection that the deploy came by, from its first moment on" {
  needs_stand_in "puts another setsid into Dokku's way"
  make_app shop
  make_cache shop 10000
  # Before it has a session of its own, on a busy machine.
  printf '#!/bin/sh\nsleep 2\nexec /usr/bin/setsid "$@"\n' >"$SUITE_DIRECTORY/server/bin/setsid"
  chmod 755 "$SUITE_DIRECTORY/server/bin/setsid"
  # Hangs up on all that is left of the session, as sshd does.
  run /usr/bin/setsid --wait bash -c "dokku git:from-image '$(app shop)' dokku-cache-test; kill -HUP -- -\$\$"
  wait_for is_gone shop
  wait_for grep -q "post-deploy: -----> $(app shop): removed .* in 10,000 files" "$DOKKU_LOGS_DIR/cache.log"
}

@test "an update of the plugin while a detached purge runs disturbs neither" {
  needs_spare_server "updates the plugin"
  holds_from 0.33.8
  make_app shop
  make_cache shop 20000
  deploy shop
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  wait_for is_gone shop
  [ -z "$(dokku cache:report "$(app shop)" --cache-last-failure)" ]
}

@test "with no space left for log and history the deploy succeeds, and the cache goes" {
  needs_spare_server "mounts a full disk over logs and data"
  holds_from 0.33.8
  make_app shop
  make_cache shop 50
  recorded="$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")"
  for directory in "$DOKKU_LOGS_DIR" "$DOKKU_LIB_ROOT/data/cache"; do
    mount -t tmpfs -o size=64k,mode=777 tmpfs "$directory"
    if [[ "$directory" != "$DOKKU_LOGS_DIR" ]]; then
      # As before: an installation that is finished, and the version that it has recorded.
      touch "$directory/installation"
      echo "$recorded" >"$directory/dokku-version"
    fi
    cat /dev/zero >"$directory/filling" 2>/dev/null || true
  done
  run deploy shop
  [ "$status" -eq 0 ]
  wait_for is_gone shop
  wait_for no_purge_runs
}

@test "ten deploys of ten apps at once all succeed, and all caches go" {
  needs_spare_server "deploys ten apps at once"
  holds_from 0.33.8
  for number in $(seq 10); do
    make_app "many$number"
    make_cache "many$number" 20
  done
  deploys=()
  for number in $(seq 10); do
    deploy "many$number" >/dev/null 2>&1 &
    deploys+=("$!")
  done
  for process in "${deploys[@]}"; do
    wait "$process"
  done
  for number in $(seq 10); do
    wait_for is_gone "many$number"
    said "many$number" "-----> .* removed .* in 20 files"
  done
  # Every one is recorded, none lost to another.
  for number in 1 7 10; do
    [ "$(dokku cache:report "$(app "many$number")" --cache-last-purged-by)" = deploy ]
  done
  [ "$(grep -c "\"app\": \"$PREFIX-.*\"by\": \"deploy\"" "$DOKKU_LIB_ROOT/data/cache/history.jsonl")" -eq 10 ]
}
