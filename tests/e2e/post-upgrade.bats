#!/usr/bin/env bats
# Trigger post-upgrade, which the plugin fires itself when Dokku's version changed

load helper
setup() {
  needs_spare_server "changes Dokku's version"
  holds_from 0.33.8
  NOW="$(installed_version)"
}
teardown() {
  rm -rf "$DOKKU_LIB_ROOT/plugins/enabled/zz-other"
  clean_up
}

recorded() { cat "$DOKKU_LIB_ROOT/data/cache/dokku-version"; }

upgrade() {
  echo "$1" >"$DOKKU_LIB_ROOT/data/cache/dokku-version"
  set_version "$2"
}

is_recorded() { [[ "$(recorded)" == "$1" ]]; }

# bats test_tags=umask
@test "an upgrade turns active caches into orphans, and plugin:update sweeps them without waiting for that" {
  upgrade 0.30.11 0.30.11
  make_app shop
  make_cache shop
  make_ghost oldblog
  dokku cache:auto-purge
  [ -d "$(cache_of shop)/buildcache" ]
  set_version "$NOW"
  : >"$DOKKU_LOGS_DIR/cache.log"
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  [[ "$output" == *"from 0.30.11 to $NOW"*"in the background"* ]]
  [[ "$output" == *"$DOKKU_LOGS_DIR/cache.log"* && "$output" != *": removed"* ]]
  wait_for is_recorded "$NOW"
  is_gone shop
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
  grep -q "$(app shop): removed" "$DOKKU_LOGS_DIR/cache.log"
  grep -q "$(app oldblog): removed" "$DOKKU_LOGS_DIR/cache.log"
  grep -q "2 legacy caches removed" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(dokku cache:report "$(app shop)" --cache-last-purged-by)" = upgrade ]
  run dokku plugin:update cache
  [[ "$output" != *"Dokku changed"* ]]
}

# As /etc/cron.d of some servers does each night, for another plugin.
update_from_cron() {
  mkdir -m 700 "$SUITE_DIRECTORY/closed"
  # shellcheck disable=SC2016 # for the inner shell
  env --ignore-environment bash -c '
    source "$1/server/settings"
    unset LC_ALL
    export PATH="$1/server/bin:/usr/bin:/bin" TMPDIR="$1/closed"
    { sleep 0.2; "$PLUGIN_PATH/enabled/cache/update" 2>&1; echo "$?" >"$1/code"; } </dev/null | true
  ' bash "$SUITE_DIRECTORY"
  rmdir "$SUITE_DIRECTORY/closed"
  [ "$(cat "$SUITE_DIRECTORY/code")" = 0 ]
}

@test "an update from cron sweeps too, with a closed pipe, a short PATH, no LANG and root's own TMPDIR" {
  needs_stand_in "has settings of its own"
  upgrade 0.30.11 "$NOW"
  make_app shop
  make_cache shop
  update_from_cron
  wait_for is_recorded "$NOW"
  is_gone shop
}

@test "other plugins' post-upgrade is fired too, once" {
  mkdir "$DOKKU_LIB_ROOT/plugins/enabled/zz-other"
  printf '#!/bin/sh\necho "$@" >>%s/fired\n' "$SUITE_DIRECTORY" >"$DOKKU_LIB_ROOT/plugins/enabled/zz-other/post-upgrade"
  chmod +x "$DOKKU_LIB_ROOT/plugins/enabled/zz-other/post-upgrade"
  touch "$SUITE_DIRECTORY/fired"
  chmod 666 "$SUITE_DIRECTORY/fired"
  upgrade 0.35.0 "$NOW"
  local purging=()
  for _ in 1 2 3; do
    dokku cache:auto-purge >/dev/null &
    purging+=("$!")
  done
  # By their names, as bats has a process of its own, which counts the seconds.
  wait "${purging[@]}"
  dokku cache:auto-purge
  fired="$(cat "$SUITE_DIRECTORY/fired")"
  rm "$SUITE_DIRECTORY/fired"
  [ "$fired" = "0.35.0 $NOW" ]
}

# bats test_tags=quick,umask
@test "the daily run notices an upgrade" {
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_cache shop
  run dokku cache:auto-purge
  [ "$status" -eq 0 ]
  [[ "$output" == *"from 0.33.7 to $NOW"* ]]
  [ "$(grep -c 'legacy cache removed' <<<"$output")" = 1 ]
  is_gone shop
}

@test "a deploy notices an upgrade, and does not wait for the sweep" {
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_app other
  make_cache other
  run deploy shop
  [ "$status" -eq 0 ]
  wait_for is_gone other
  wait_for grep -qx "$NOW" "$DOKKU_LIB_ROOT/data/cache/dokku-version"
}

@test "after a downgrade below 0.31.0 nothing is removed" {
  upgrade "$NOW" 0.30.11
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  run dokku plugin:update cache
  [ "$status" -eq 0 ]
  wait_for is_recorded 0.30.11
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
}

@test "a sweep that is killed halfway is repeated" {
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_cache shop 50000
  dokku cache:auto-purge >/dev/null 2>&1 &
  wait_for compgen -G "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.*"
  pkill -KILL -f "$PLUGIN_PATH/.*/src (auto-purge|post-upgrade)" || true
  wait "$!" || true
  [ "$(recorded)" = 0.33.7 ]
  run dokku cache:auto-purge
  [ "$status" -eq 0 ]
  is_gone shop
  [ "$(recorded)" = "$NOW" ]
}

@test "auto-purge off is obeyed by the sweep" {
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  run dokku cache:auto-purge
  [ -d "$(cache_of shop)/buildcache" ]
}
