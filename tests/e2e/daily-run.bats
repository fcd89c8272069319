#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# The daily run

load helper
setup() {
  needs_spare_server "purges every app, and has log and plugins of its own"
  holds_from 0.33.8
  DATA="$DOKKU_LIB_ROOT/data/cache"
  rm -f "$DATA/daily-run.json"
  : >"$DOKKU_LOGS_DIR/cache.log"
}
teardown() {
  chown -R dokku:dokku "$DOKKU_LIB_ROOT/data/cache"
  clean_up
}

server() { dokku cache:report --global "--cache-daily-run-$1"; }
metrics() { dokku cache:list --format prometheus | grep dokku_cache_daily_run_; }

# succeeds_silently: what cron would mail is empty.
succeeds_silently() {
  run --separate-stderr run_daily_job
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
}

# bats test_tags=quick,umask
@test "a successful run prints nothing; failures are printed and stay in report and metrics until a success" {
  make_app shop
  make_cache shop
  [ -z "$(server at)" ]
  [[ "$(metrics)" != *succeeded* ]]
  ENGINE=unix:///nowhere run --separate-stderr run_daily_job
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ "$stderr" == *"Caches could not be checked: Docker did not respond"* ]]
  [[ "$(server result)" == "failed: Docker is not available"* ]]
  [[ "$(metrics)" == *"dokku_cache_daily_run_succeeded 0"* ]]
  [ -d "$(cache_of shop)" ]
  succeeds_silently
  is_removed shop
  grep -q "daily run: .*$(app shop): removed" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(server result)" = ok ]
  [[ "$(server at)" == "$(date --utc +%Y-%m-%dT)"* ]]
  [[ "$(metrics)" == *"dokku_cache_daily_run_succeeded 1"* && "$(metrics)" =~ timestamp_seconds\ [0-9]{10} ]]
}

@test "volumes of destroyed apps are removed, unless unproven or auto-purge is off, as the log says" {
  make_app shop
  make_herokuish_volume shop 1
  make_herokuish_volume forum 2
  make_pack_volume landing 1
  make_volume "cache-$(app data)" 1
  without_min_age
  dokku cache:set --global auto-purge false >/dev/null
  run run_daily_job
  [ "$status" -eq 0 ]
  has_volume "cache-$(app forum)"
  grep -q "$(app forum): volume cache-$(app forum) kept, orphaned: auto-purge is off" "$DOKKU_LOGS_DIR/cache.log"
  dokku cache:set --global auto-purge >/dev/null
  succeeds_silently
  run ! has_volume "cache-$(app forum)"
  run ! has_volume "$(pack_volume landing)"
  has_volume "cache-$(app shop)"
  has_volume "cache-$(app data)"
  grep -q "daily run: .*$(app forum): removed volume cache-$(app forum), 2.0 MiB" "$DOKKU_LOGS_DIR/cache.log"
  grep -q "daily run: .*$(app data): volume cache-$(app data) kept, unknown: .* no label" "$DOKKU_LOGS_DIR/cache.log"
}

@test "nothing is removed in the first run after the ID of the Docker engine has changed" {
  make_app shop
  make_cache shop
  echo "another engine" >"$DATA/engine-id"
  run --separate-stderr run_daily_job
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"ID of the Docker engine changed"* ]]
  [ -d "$(cache_of shop)" ]
  run_daily_job
  is_removed shop
}

build_cache_bytes() { dokku cache:list --kind engine --format json | jq '."engine-build-cache"."size-bytes"'; }

@test "Docker's build cache is pruned down to engine-max-size, and only if auto-purge is on" {
  local before after
  docker builder prune --force >/dev/null
  "$PLUGIN_REPOSITORY/tests/engine/make_build_cache.py" 3
  "$PLUGIN_REPOSITORY/tests/engine/make_build_cache.py" 3
  run_daily_job
  before="$(build_cache_bytes)"
  [ "$before" -gt 6000000 ]
  dokku cache:set --global engine-max-size 5MB >/dev/null
  dokku cache:set --global auto-purge false >/dev/null
  run_daily_job
  [ "$(build_cache_bytes)" -eq "$before" ]
  dokku cache:set --global auto-purge >/dev/null
  succeeds_silently
  after="$(build_cache_bytes)"
  docker builder prune --force >/dev/null
  [ "$after" -le 5000000 ]
  grep -q "daily run: .*Docker's build cache: removed .* engine-max-size is 4.8 MiB" "$DOKKU_LOGS_DIR/cache.log"
  run dokku cache:history
  grep -qE " -  +cron .* Docker's build cache" <<<"$output"
}

@test "a run that was killed is not reported as successful" {
  make_app shop
  make_cache shop 30000
  run_daily_job &
  wait_for grep -q running "$DATA/daily-run.json"
  pkill -KILL -f "$PLUGIN_PATH/.*/src auto-purge" || true
  wait "$!" || true
  [ "$(server result)" = "running, or interrupted" ]
}

@test "an app with unreadable options costs one line a day, and the others are purged" {
  make_app shop
  make_cache shop
  make_app api
  make_cache api
  for trigger in docker-args-build docker-args-deploy docker-args-run docker-args-process-deploy; do
    # shellcheck disable=SC2016 # for the trigger
    other_plugin "$trigger" '[[ "$1" != '"$(app shop)"' ]] || { echo "open legacy.json: permission denied" >&2; exit 1; }'
  done
  for day in 1 2; do
    run run_daily_job
    [ "$status" -eq 0 ]
    [ "$(grep -c "$(app shop)" "$DOKKU_LOGS_DIR/cache.log")" = "$day" ]
  done
  grep -q "open legacy.json: permission denied" "$DOKKU_LOGS_DIR/cache.log"
  is_removed api
  [ -d "$(cache_of shop)" ]
}

@test "only the job and root can start it: neither an ssh key named default or root nor the dokku user" {
  # sshcommand gives Dokku the name of the key.
  for name in default root; do
    run --separate-stderr setpriv --reuid dokku --regid dokku --init-groups env --ignore-environment USER=dokku NAME="$name" \
      HOME="$DOKKU_ROOT" PATH=/usr/bin:/bin "$(command -v dokku)" cache:auto-purge --daily
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"--daily is for root only"* ]]
  done
  [ -z "$(server at)" ]
}

@test "the stored result contains no app names; the printed messages do" {
  make_app shop
  make_cache shop
  chattr +i "$(cache_of shop)/buildcache" 2>/dev/null || skip "this file system has no immutable files"
  run --separate-stderr run_daily_job
  chattr -R -i "$DOKKU_ROOT/$(app shop)"
  [ "$status" -ne 0 ]
  [[ "$stderr" == *"$(app shop)"* ]]
  [ "$(server result)" = "failed: for details, see $DOKKU_LOGS_DIR/cache.log" ]
}

empty() { :; }
zeros() { head --bytes 64 /dev/zero; }
word() { echo word; }

@test "state files that a full disk or a power cut damaged stop nothing, and are repaired" {
  make_app shop
  local name damage
  for damage in zeros word; do
    make_cache shop
    for name in daily-run.json dokku-version engine-root history.jsonl; do
      "$damage" >"$DATA/$name"
    done
    for command in cache:list "cache:report --global" cache:history "cache:auto-purge $(app shop) --dry-run"; do
      # shellcheck disable=SC2086 # a command and its arguments
      run dokku $command
      [ "$status" -eq 0 ]
    done
    [ -z "$(server result)" ]
    run run_daily_job
    [ "$status" -eq 0 ]
    [ "$(server result)" = ok ]
    [[ "$damage" == word ]] || [ "$(cat "$DATA/dokku-version")" = "$(installed_version)" ]
    is_removed shop
  done
}

@test "with a damaged auto-purge property nothing is removed, and the report shows it" {
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false >/dev/null
  for damage in empty zeros word; do
    "$damage" >"$DOKKU_LIB_ROOT/config/cache/$(app shop)/auto-purge"
    run run_daily_job
    [ "$status" -eq 0 ]
    [ -d "$(cache_of shop)" ]
    [ "$(report shop computed-auto-purge)" = false ]
    [[ "$(report shop auto-purge)" =~ ^(invalid|word)$ ]]
  done
}

@test "state files that root owns are replaced without a message" {
  make_app shop
  make_cache shop
  run_daily_job
  chown root:root "$DATA/"{daily-run.json,dokku-version,engine-root,history.jsonl,installation}
  chmod 600 "$DATA/installation"
  make_cache shop
  succeeds_silently
  is_removed shop
  dokku plugin:install
  [ "$(stat --format %U "$DATA/installation")" = dokku ]
  [ "$(dokku cache:history "$(app shop)" --format json | jq '.purges | length')" = 2 ]
}
