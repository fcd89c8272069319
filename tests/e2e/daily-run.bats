#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# The daily run

load helper
setup() {
  needs_spare_server "purges every app, and has log and plugins of its own"
  rm -f "$DOKKU_LIB_ROOT/data/cache/daily-run.json"
  : >"$DOKKU_LOGS_DIR/cache.log"
}
teardown() {
  rm -rf "$DOKKU_LIB_ROOT/plugins/enabled/zz-"*
  remove_volumes
  clean_up
}

server() { dokku cache:report --global "--cache-daily-run-$1"; }

# bats test_tags=quick,umask
@test "a good day prints nothing, and log and report tell of it" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  [ -z "$(server at)" ]
  run --separate-stderr run_daily_job
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  is_gone shop
  grep -q "daily run: .*$(app shop): removed" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(server result)" = ok ]
  [[ "$(server at)" == "$(date --utc +%Y-%m-%dT)"* ]]
}

@test "volumes of apps that are gone go, and what is not proven stays with its reason in the log" {
  make_app shop
  make_herokuish_volume shop 1
  make_herokuish_volume forum 2
  make_pack_volume landing 1
  make_volume "cache-$(app data)" 1
  dokku cache:set --global min-age 0 >/dev/null
  run --separate-stderr run_daily_job
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  run ! has_volume "cache-$(app forum)"
  run ! has_volume "$(pack_volume landing)"
  has_volume "cache-$(app shop)"
  has_volume "cache-$(app data)"
  grep -q "daily run: .*$(app forum): removed volume cache-$(app forum), 2.0 MiB" "$DOKKU_LOGS_DIR/cache.log"
  grep -q "daily run: .*$(app data): volume cache-$(app data) kept, unknown: .* no label" "$DOKKU_LOGS_DIR/cache.log"
}

@test "nothing is removed in the first run after the ID of the Docker engine has changed" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  echo "another engine" >"$DOKKU_LIB_ROOT/data/cache/engine-id"
  run --separate-stderr run_daily_job
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"ID of the Docker engine has changed"* ]]
  [ -d "$(cache_of shop)" ]
  run_daily_job
  is_gone shop
}

@test "with auto-purge off for the server no volume goes by itself" {
  make_herokuish_volume forum 1
  dokku cache:set --global min-age 0 >/dev/null
  dokku cache:set --global auto-purge false >/dev/null
  run --separate-stderr run_daily_job
  [ "$status" -eq 0 ]
  has_volume "cache-$(app forum)"
  grep -q "$(app forum): volume cache-$(app forum) kept, auto-purge is off" "$DOKKU_LOGS_DIR/cache.log"
}

build_cache_bytes() { dokku cache:list --kind engine --format json | /usr/bin/python3 -I -c 'import json, sys; print(json.load(sys.stdin)["engine-build-cache"]["size-bytes"])'; }

@test "Docker's build cache is pruned down to its bound, and left alone without one" {
  local before after
  docker builder prune --force >/dev/null
  "$PLUGIN_REPOSITORY/tests/engine/make_build_cache.py" 3
  "$PLUGIN_REPOSITORY/tests/engine/make_build_cache.py" 3
  run_daily_job
  before="$(build_cache_bytes)"
  [ "$before" -gt 6000000 ]
  dokku cache:set --global engine-max-size 5MB >/dev/null
  # Who switched all off that goes by itself has not been asked.
  dokku cache:set --global auto-purge false >/dev/null
  run_daily_job
  [ "$(build_cache_bytes)" -eq "$before" ]
  dokku cache:set --global auto-purge >/dev/null
  run --separate-stderr run_daily_job
  [ "$status" -eq 0 ]
  after="$(build_cache_bytes)"
  docker builder prune --force >/dev/null
  [ "$after" -le 5000000 ]
  grep -q "daily run: .*Docker's build cache: removed .* engine-max-size is 4.8 MiB" "$DOKKU_LOGS_DIR/cache.log"
  run dokku cache:history
  grep -qE " -  +cron .* Docker's build cache" <<<"$output"
}

@test "what a person must know is printed, for cron to mail, and is in the report until a run goes well" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  ENGINE=unix:///nowhere run --separate-stderr run_daily_job
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ "$stderr" == *"Caches could not be checked: Docker did not respond"* ]]
  [[ "$(server result)" == "failed: Docker is not available"* ]]
  [ -d "$(cache_of shop)" ]
  run --separate-stderr run_daily_job
  [ -z "$output$stderr" ]
  [ "$(server result)" = ok ]
}

# bats test_tags=umask
@test "the metrics tell when the last run was, and how it ended" {
  holds_from 0.33.8
  run dokku cache:list --format prometheus
  [[ "$output" != *daily_run_succeeded* ]]
  make_app shop
  make_cache shop
  ENGINE=unix:///nowhere run run_daily_job
  run dokku cache:list --format prometheus
  [[ "$output" == *$'\ndokku_cache_daily_run_succeeded 0'* ]]
  run_daily_job
  run dokku cache:list --format prometheus
  [[ "$output" == *$'\ndokku_cache_daily_run_succeeded 1'* ]]
  [[ "$output" =~ dokku_cache_daily_run_timestamp_seconds\ [0-9]{10} ]]
}

@test "a run that was killed is no success" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 50000
  run_daily_job &
  wait_for grep -q running "$DOKKU_LIB_ROOT/data/cache/daily-run.json"
  pkill -KILL -f "$PLUGIN_PATH/.*/src auto-purge" || true
  wait "$!" || true
  [ "$(server result)" = "running, or interrupted" ]
}

@test "an app whose facts cannot be found costs one line a day, and the others are purged" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  make_app api
  make_cache api
  mkdir "$DOKKU_LIB_ROOT/plugins/enabled/zz-failing"
  # shellcheck disable=SC2016 # for the triggers
  for trigger in docker-args-build docker-args-deploy docker-args-run docker-args-process-deploy; do
    printf '#!/bin/sh\n[ "$1" != %s ] || { echo "open legacy.json: permission denied" >&2; exit 1; }\n' "$(app shop)" \
      >"$DOKKU_LIB_ROOT/plugins/enabled/zz-failing/$trigger"
    chmod +x "$DOKKU_LIB_ROOT/plugins/enabled/zz-failing/$trigger"
  done
  for day in 1 2; do
    run --separate-stderr run_daily_job
    [ "$status" -eq 0 ]
    [ "$(grep -c "$(app shop)" "$DOKKU_LOGS_DIR/cache.log")" = "$day" ]
  done
  grep -q "open legacy.json: permission denied" "$DOKKU_LOGS_DIR/cache.log"
  is_gone api
  [ -d "$(cache_of shop)" ]
}

@test "only the job and root can start it: neither a key named default nor user dokku" {
  make_app shop
  make_cache shop
  # As sshcommand gives Dokku the name of the key.
  for name in default somebody root; do
    run --separate-stderr setpriv --reuid dokku --regid dokku --init-groups env --ignore-environment USER=dokku NAME="$name" \
      HOME="$DOKKU_ROOT" PATH=/usr/bin:/bin "$(command -v dokku)" cache:auto-purge --daily
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"--daily is for root only"* ]]
  done
  [ -d "$(cache_of shop)" ]
  [ -z "$(server at)" ]
}

@test "the stored result names no app; the printed messages do" {
  holds_from 0.33.8
  make_app shop
  make_app wiki
  make_cache shop
  make_cache wiki
  chattr +i "$(cache_of shop)/buildcache" "$(cache_of wiki)/buildcache" 2>/dev/null || skip "this file system has no immutable files"
  run --separate-stderr run_daily_job
  chattr -R -i "$DOKKU_ROOT/$(app shop)" "$DOKKU_ROOT/$(app wiki)"
  [ "$status" -ne 0 ]
  [[ "$stderr" == *"$(app shop)"* && "$stderr" == *"$(app wiki)"* ]]
  [ "$(server result)" = "failed: for details, see $DOKKU_LOGS_DIR/cache.log" ]
}

nothing() { :; }
nuls() { head --bytes 64 /dev/zero; }
word() { echo word; }

@test "state files that a full disk or a power cut damaged stop nothing, and heal" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  local data="$DOKKU_LIB_ROOT/data/cache" name damage
  for damage in nothing nuls word; do
    for name in daily-run.json dokku-version engine-root history.jsonl; do
      "$damage" >"$data/$name"
    done
    for command in "cache:list" "cache:report --global" "cache:history" "cache:report $(app shop)" "cache:auto-purge $(app shop) --dry-run"; do
      # shellcheck disable=SC2086 # a command and its arguments
      run dokku $command
      [ "$status" -eq 0 ]
    done
    [ -z "$(server result)" ]
    run --separate-stderr run_daily_job
    [ "$status" -eq 0 ]
    [ "$(server result)" = ok ]
    [[ "$damage" == word ]] || [ "$(cat "$data/dokku-version")" = "$(installed_version)" ]
    is_gone shop
    make_cache shop
  done
}

@test "a damaged auto-purge means that nothing is removed, and the report shows it" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false >/dev/null
  for damage in nothing nuls word; do
    "$damage" >"$DOKKU_LIB_ROOT/config/cache/$(app shop)/auto-purge"
    run run_daily_job
    [ "$status" -eq 0 ]
    [ -d "$(cache_of shop)" ]
    [ "$(dokku cache:report "$(app shop)" --cache-computed-auto-purge)" = false ]
    [[ "$(dokku cache:report "$(app shop)" --cache-auto-purge)" =~ ^(invalid|word)$ ]]
  done
}

@test "state files that root owns are replaced without a word" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  run_daily_job
  chown root:root "$DOKKU_LIB_ROOT/data/cache/"{daily-run.json,dokku-version,engine-root,history.jsonl,installation}
  chmod 600 "$DOKKU_LIB_ROOT/data/cache/installation"
  make_cache shop
  run --separate-stderr run_daily_job
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  is_gone shop
  dokku plugin:install
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/data/cache/installation")" = dokku ]
  [ "$(dokku cache:history "$(app shop)" --format json | jq '.purges | length')" = 2 ]
}
