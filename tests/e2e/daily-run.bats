#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# The daily run, as Dokku's crontab has it

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

# as_cron USER: the command of the crontab's line, in the environment that cron gives; with another ENGINE, if there is one.
as_cron() {
  local user="$1" command
  command="$("$DOKKU_LIB_ROOT/plugins/enabled/cache/cron-entries" docker-local | cut -d';' -f2)"
  setpriv --reuid "$user" --regid "$user" --init-groups env --ignore-environment USER="$user" LOGNAME="$user" \
    HOME="$DOKKU_ROOT" SHELL=/bin/bash ${ENGINE:+"DOCKER_HOST=$ENGINE"} PATH="$SUITE_DIRECTORY/server/bin:/usr/local/bin:/usr/bin:/bin" bash -c "$command"
}

server() { dokku cache:report --global "--cache-daily-run-$1"; }

# bats test_tags=quick,umask
@test "a good day prints nothing, and log and report tell of it" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  [ -z "$(server at)" ]
  run --separate-stderr as_cron dokku
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  is_gone shop
  grep -q "daily run: .*$(app shop): removed" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(server result)" = ok ]
  [[ "$(server at)" == "$(date --utc +%Y-%m-%dT)"* ]]
  [ -z "$(server denied)" ]
}

@test "volumes of apps that are gone go, and what is not proven stays with its reason in the log" {
  make_app shop
  make_herokuish_volume shop 1
  make_herokuish_volume forum 2
  make_pack_volume landing 1
  make_volume "cache-$(app data)" 1
  dokku cache:set --global min-age 0 >/dev/null
  run --separate-stderr as_cron dokku
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  run ! has_volume "cache-$(app forum)"
  run ! has_volume "$(pack_volume landing)"
  has_volume "cache-$(app shop)"
  has_volume "cache-$(app data)"
  grep -q "daily run: .*$(app forum): freed 2.0 MiB, removed volume cache-$(app forum)" "$DOKKU_LOGS_DIR/cache.log"
  grep -q "daily run: .*$(app data): volume cache-$(app data) stays, unknown: .* no label" "$DOKKU_LOGS_DIR/cache.log"
}

@test "with auto-purge off for the server no volume goes by itself" {
  make_herokuish_volume forum 1
  dokku cache:set --global min-age 0 >/dev/null
  dokku cache:set --global auto-purge false >/dev/null
  run --separate-stderr as_cron dokku
  [ "$status" -eq 0 ]
  has_volume "cache-$(app forum)"
  grep -q "$(app forum): volume cache-$(app forum) stays, auto-purge is off" "$DOKKU_LOGS_DIR/cache.log"
}

build_cache_bytes() { dokku cache:list --kind engine --format json | /usr/bin/python3 -I -c 'import json, sys; print(json.load(sys.stdin)["engine-build-cache"]["size-bytes"])'; }

@test "Docker's own build cache is pruned down to its bound, and left alone without one" {
  local before after
  docker builder prune --force >/dev/null
  "$PLUGIN_REPOSITORY/tests/engine/make_build_cache.py" 3
  "$PLUGIN_REPOSITORY/tests/engine/make_build_cache.py" 3
  as_cron dokku
  before="$(build_cache_bytes)"
  [ "$before" -gt 6000000 ]
  dokku cache:set --global engine-max-size 5MB >/dev/null
  # Who switched all off that goes by itself has not been asked.
  dokku cache:set --global auto-purge false >/dev/null
  as_cron dokku
  [ "$(build_cache_bytes)" -eq "$before" ]
  dokku cache:set --global auto-purge >/dev/null
  run --separate-stderr as_cron dokku
  [ "$status" -eq 0 ]
  after="$(build_cache_bytes)"
  docker builder prune --force >/dev/null
  [ "$after" -le 5000000 ]
  grep -q "daily run: .*Docker's build cache: freed .* as it may hold 4.8 MiB" "$DOKKU_LOGS_DIR/cache.log"
  run dokku cache:history
  grep -qE " -  +cron .* Docker's own build cache" <<<"$output"
}

@test "what a person must know is printed, for cron to mail, and is in the report until a run goes well" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  ENGINE=unix:///nowhere run --separate-stderr as_cron dokku
  [ "$status" -eq 1 ]
  [ -z "$output" ]
  [[ "$stderr" == *"Nothing could be judged: Docker does not answer"* ]]
  [[ "$(server result)" == *"Docker does not answer"* ]]
  [ -d "$(cache_of shop)" ]
  run --separate-stderr as_cron dokku
  [ -z "$output$stderr" ]
  [ "$(server result)" = ok ]
}

# bats test_tags=umask
@test "the metrics tell when the last run was, and how it ended" {
  holds_from 0.33.8
  run dokku cache:list --format prometheus
  [[ "$output" != *daily_run* ]]
  make_app shop
  make_cache shop
  ENGINE=unix:///nowhere run as_cron dokku
  run dokku cache:list --format prometheus
  [[ "$output" == *$'\ndokku_cache_daily_run_succeeded 0'* ]]
  as_cron dokku
  run dokku cache:list --format prometheus
  [[ "$output" == *$'\ndokku_cache_daily_run_succeeded 1'* ]]
  [[ "$output" =~ dokku_cache_daily_run_timestamp_seconds\ [0-9]{10} ]]
}

@test "a run that was killed is no success" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 50000
  as_cron dokku &
  wait_for grep -q running "$DOKKU_LIB_ROOT/data/cache/daily-run.json"
  pkill -KILL -f "$PLUGIN_PATH/.*/src auto-purge" || true
  wait "$!" || true
  [ "$(server result)" = "running, or cut short" ]
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
    run --separate-stderr as_cron dokku
    [ "$status" -eq 0 ]
    [ "$(grep -c "$(app shop)" "$DOKKU_LOGS_DIR/cache.log")" = "$day" ]
  done
  grep -q "open legacy.json: permission denied" "$DOKKU_LOGS_DIR/cache.log"
  is_gone api
  [ -d "$(cache_of shop)" ]
}

deny_cron() {
  mkdir "$DOKKU_LIB_ROOT/plugins/enabled/zz-acl"
  cat >"$DOKKU_LIB_ROOT/plugins/enabled/zz-acl/user-auth" <<'ACL'
#!/bin/sh
[ "$1" != root ] && [ "$2" = default ] || exit 0
echo " !     User $2 does not have permissions to run $3" >&2
exit 1
ACL
  chmod +x "$DOKKU_LIB_ROOT/plugins/enabled/zz-acl/user-auth"
}

@test "where a plugin denies the daily run, the installation and the report say so, and root's own line works" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  deny_cron
  run --separate-stderr as_cron dokku
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"Access denied"* ]]
  run --separate-stderr dokku plugin:install
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"daily run of dokku-cache is denied"*"does not have permissions to run cache:auto-purge"* ]]
  [[ "$stderr" == *"/etc/cron.d/dokku-cache"*"root"*"dokku cache:auto-purge --daily"* ]]
  [[ "$(server denied)" == *"does not have permissions to run cache:auto-purge"* ]]
  run --separate-stderr as_cron root
  [ "$status" -eq 0 ]
  is_gone shop
}

@test "who comes by ssh under a name of his own cannot ask for it" {
  make_app shop
  make_cache shop
  # As sshcommand tells Dokku whose key it was.
  NAME=somebody run --separate-stderr dokku cache:auto-purge --daily
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"what cron calls"* ]]
  [ -d "$(cache_of shop)" ]
}
