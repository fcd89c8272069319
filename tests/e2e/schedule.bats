#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# The schedule of the daily run: written by install, removed by uninstall, silent after plugin:disable

load helper

setup() { needs_stand_in "installs and removes the job"; }

teardown() {
  # After a skipped test too.
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || return 0
  [[ -z "$CRON" ]] || kill "$CRON" 2>/dev/null || true
  rm -rf "${DOKKU_CACHE_SYSTEM_ROOT:?}/run"
  ln -sfn "$DOKKU_LIB_ROOT/plugins/available/cache" "$DOKKU_LIB_ROOT/plugins/enabled/cache"
  [[ -d "$DOKKU_LIB_ROOT/plugins/available/cache" ]] || dokku plugin:install "file://$PLUGIN_REPOSITORY"
  dokku plugin:update
  clean_up
}

cron_file() { echo "$DOKKU_CACHE_SYSTEM_ROOT/etc/cron.d/dokku-cache"; }
schedule() { dokku cache:report --global --cache-daily-run-schedule; }

# bats test_tags=quick,umask
@test "install writes a file for cron that root owns, and uninstall removes it" {
  [ "$(stat --format '%U %a' "$(cron_file)")" = "root 644" ]
  [ "$(schedule)" = "cron file /etc/cron.d/dokku-cache" ]
  echo "# from an older version" >"$(cron_file)"
  dokku plugin:install
  grep -q 'cache:auto-purge --daily' "$(cron_file)"
  [ "$(stat --format '%U %a' "$(cron_file)")" = "root 644" ]
  dokku plugin:uninstall cache
  [ ! -e "$(cron_file)" ]
}

@test "with systemd, install writes a valid timer, and uninstall removes it" {
  command -v systemd-analyze >/dev/null || skip "there is no systemd here"
  mkdir -p "$DOKKU_CACHE_SYSTEM_ROOT/run/systemd/system"
  dokku plugin:update cache
  [ ! -e "$(cron_file)" ]
  run systemd-analyze verify "$DOKKU_CACHE_SYSTEM_ROOT"/etc/systemd/system/dokku-cache.{timer,service}
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [ "$(schedule)" = "systemd timer dokku-cache.timer" ]
  dokku plugin:uninstall cache
  [ -z "$(find "$DOKKU_CACHE_SYSTEM_ROOT/etc" -name 'dokku-cache*')" ]
}

# with_cron COMMAND...: while a real cron runs the job of that file when it starts, instead of daily.
with_cron() {
  local directory="$SUITE_DIRECTORY/cron"
  mkdir -p "$directory"/{cron.d,spool,run}
  sed -E 's/^[0-9]+ [0-9]+ \* \* \*/@reboot/' "$(cron_file)" >"$directory/cron.d/dokku-cache"
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --propagation private bash -c '
    mount --bind "$1/cron.d" /etc/cron.d && mount --bind "$1/spool" /var/spool/cron && mount --bind "$1/run" "$(readlink -f /var/run)" || exit 99
    exec cron -f' bash "$directory" 3>&- &
  CRON="$!"
  "$@"
  kill "$CRON"
}

ran() { [[ "$(jq -r .result "$DOKKU_LIB_ROOT/data/cache/daily-run.json" 2>/dev/null)" == ok ]]; }

@test "cron runs the job as the dokku user, also with a plugin that denies every user but root" {
  command -v cron >/dev/null || skip "there is no cron here"
  holds_from 0.33.8
  make_app shop
  make_cache shop
  # shellcheck disable=SC2016 # for the plugin's shell
  other_plugin user-auth '[[ "$1" == root ]]'
  rm -f "$DOKKU_LIB_ROOT/data/cache/daily-run.json"
  with_cron wait_for ran || { tail "$DOKKU_LOGS_DIR/cache.log" && false; }
  is_removed shop
  [ "$(stat --format %U "$DOKKU_LIB_ROOT/data/cache/daily-run.json")" = dokku ]
}

@test "after plugin:disable the job does nothing and prints nothing" {
  rm -f "$DOKKU_LIB_ROOT/data/cache/daily-run.json" "$DOKKU_LIB_ROOT/plugins/enabled/cache"
  run --separate-stderr bash -c "$(sed -n 's/^[0-9]* [0-9]* \* \* \* dokku //p' "$(cron_file)")"
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  [ ! -e "$DOKKU_LIB_ROOT/data/cache/daily-run.json" ]
}

@test "a job that does not run is reported as overdue after 36 hours" {
  rm -f "$DOKKU_LIB_ROOT/data/cache/daily-run.json"
  overdue() { dokku cache:report --global --format json | jq -r '."daily-run-overdue-since"'; }
  [ "$(overdue)" = null ]
  touch --date '3 days ago' "$(cron_file)"
  [[ "$(overdue)" == 20*T* ]]
  run dokku cache:list --format prometheus
  [[ "$output" == *"dokku_cache_daily_run_overdue 1"* && "$output" == *"dokku_cache_daily_run_scheduled 1"* ]]
  run_daily_job
  [ "$(overdue)" = null ]
  rm "$(cron_file)"
  run dokku cache:report --global --cache-daily-run-schedule
  [ "$output" = "not scheduled: run 'sudo dokku plugin:install'" ]
  run dokku cache:list --format prometheus
  [[ "$output" == *"dokku_cache_daily_run_scheduled 0"* ]]
}
