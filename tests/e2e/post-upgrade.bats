#!/usr/bin/env bats
# Trigger post-upgrade, which the plugin fires itself when Dokku's version has changed

load helper
setup() {
  needs_spare_server "changes Dokku's version"
  holds_from 0.33.8
  NOW="$(installed_version)"
}
teardown() { clean_up; }

recorded() { cat "$DOKKU_LIB_ROOT/data/cache/dokku-version"; }
is_recorded() { [[ "$(recorded)" == "$1" ]]; }

# upgrade OLD NEW: as if Dokku changed after the plugin recorded its version.
upgrade() {
  echo "$1" >"$DOKKU_LIB_ROOT/data/cache/dokku-version"
  set_version "$2"
}

# bats test_tags=umask
@test "after an upgrade active caches are orphaned, and plugin:update removes them in the background" {
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
  is_removed shop
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
  for line in "$(app shop): removed" "$(app oldblog): removed" "2 legacy caches removed"; do
    grep -q "$line" "$DOKKU_LOGS_DIR/cache.log"
  done
  [ "$(report shop last-purged-by)" = upgrade ]
  run dokku plugin:update cache
  [[ "$output" != *"Dokku changed"* ]]
}

# For another plugin, as /etc/cron.d of some servers does each night.
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

@test "an update from cron purges too, with a closed pipe, a short PATH, no LANG and root's own TMPDIR" {
  needs_stand_in "has settings of its own"
  upgrade 0.30.11 "$NOW"
  make_app shop
  make_cache shop
  update_from_cron
  wait_for is_recorded "$NOW"
  is_removed shop
}

# bats test_tags=quick,umask
@test "the daily run notices an upgrade, obeys auto-purge, and fires post-upgrade of other plugins once" {
  other_plugin post-upgrade "echo \"\$@\" >>$SUITE_DIRECTORY/fired"
  touch "$SUITE_DIRECTORY/fired"
  chmod 666 "$SUITE_DIRECTORY/fired"
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_cache shop
  make_app kept
  make_cache kept
  set_property "$(app kept)" auto-purge false
  local purges=()
  for _ in 1 2 3; do
    dokku cache:auto-purge >>"$BATS_TEST_TMPDIR/output" &
    purges+=("$!")
  done
  # A purge may be refused because another one is running.
  for process in "${purges[@]}"; do
    wait "$process" || true
  done
  dokku cache:auto-purge
  fired="$(cat "$SUITE_DIRECTORY/fired")"
  rm "$SUITE_DIRECTORY/fired"
  [ "$fired" = "0.33.7 $NOW" ]
  grep -q "from 0.33.7 to $NOW" "$BATS_TEST_TMPDIR/output"
  is_removed shop
  [ -d "$(cache_of kept)/buildcache" ]
}

@test "a deploy notices an upgrade, and does not wait for the purge" {
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_app other
  make_cache other
  run deploy shop
  [ "$status" -eq 0 ]
  wait_for is_removed other
  wait_for is_recorded "$NOW"
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

@test "a purge after an upgrade that is killed halfway is repeated" {
  upgrade 0.33.7 "$NOW"
  make_app shop
  make_cache shop 30000
  dokku cache:auto-purge >/dev/null 2>&1 &
  wait_for trash_of shop
  pkill -KILL -f "$PLUGIN_PATH/.*/src (auto-purge|post-upgrade)" || true
  wait "$!" || true
  [ "$(recorded)" = 0.33.7 ]
  run dokku cache:auto-purge
  [ "$status" -eq 0 ]
  is_removed shop
  [ "$(recorded)" = "$NOW" ]
}
