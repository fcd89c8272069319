#!/usr/bin/env bats
# Triggers for other plugins (docs/formats.md)

load helper
setup() { EVENTS="$DOKKU_LIB_ROOT/data/cache/events"; }
teardown() {
  rm -f "$EVENTS"
  clean_up
}

@test "other plugins get an event for each purge, and their output is written to the log only" {
  holds_from 0.33.8
  # shellcheck disable=SC2016 # for the plugin's shell
  other_plugin cache-purged 'printf "%s\n" "$*" >>'"$EVENTS" "echo said by the plugin"
  make_app shop
  make_cache shop 20
  size="$(du -s -B1 "$(cache_of shop)" | cut -f1)"
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" != *"said by the plugin"* ]]
  grep -qx "[^ ]* cache-purged: said by the plugin" "$DOKKU_LOGS_DIR/cache.log"
  [ "$(cat "$EVENTS")" = "$(app shop) legacy $(cache_of shop) $size 20 manual" ]
  make_cache shop 3
  dokku cache:auto-purge "$(app shop)"
  [[ "$(tail -n 1 "$EVENTS")" == *" 3 manual" ]]
  dokku cache:purge-legacy "$(app shop)"
  [ "$(wc -l <"$EVENTS")" -eq 2 ]
}

@test "a plugin that fails or hangs changes nothing" {
  holds_from 0.31.0
  other_plugin cache-purged "exit 3"
  make_app shop
  make_cache shop
  run --separate-stderr dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  # shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
  [ -z "$stderr" ]
  is_removed shop
  grep -q "trigger cache-purged failed with exit code 3" "$DOKKU_LOGS_DIR/cache.log"
  other_plugin cache-purged "sleep 300"
  make_cache shop
  run dokku cache:purge-legacy "$(app shop)"
  [ "$status" -eq 0 ]
  is_removed shop
  grep -q "did not finish within 10 s and was killed" "$DOKKU_LOGS_DIR/cache.log"
}
