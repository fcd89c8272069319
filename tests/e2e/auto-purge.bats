#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:auto-purge

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "a dry run shows what is removed and kept, and the purge does exactly that" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  make_app kept
  make_cache kept
  dokku cache:set "$(app kept)" auto-purge false >/dev/null
  make_app wiki
  ln -s /nowhere "$(cache_of wiki)"
  before="$(manifest "$DOKKU_ROOT/$PREFIX"-*)"
  run dokku cache:auto-purge "$(app shop)" "$(app kept)" "$(app wiki)" --dry-run
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(app shop)  remove  "* && "$output" == *"$(app kept)  keep "* && "$output" == *"$(app wiki)  keep "* ]]
  run dokku cache:auto-purge "$(app kept)" --dry-run --format yaml
  [[ "$output" == *"kept-reason-code: auto-purge-off"* ]]
  run dokku cache:auto-purge --daily --dry-run
  [ "$status" -eq 1 ]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$PREFIX"-*)" ]
  run dokku cache:auto-purge "$(app shop)" "$(app kept)" "$(app wiki)"
  [ "$status" -eq 0 ]
  is_removed shop
  [ -d "$(cache_of kept)/buildcache" ]
  [ -L "$(cache_of wiki)" ]
  [ "$(report shop last-purged-by)" = manual ]
}

@test "an interrupted purge is finished only if auto-purge is on" {
  make_app shop
  make_cache shop
  interrupt_purge shop
  dokku cache:set "$(app shop)" auto-purge false
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  trash_of shop
  dokku cache:set "$(app shop)" auto-purge true
  dokku cache:auto-purge "$(app shop)"
  is_removed shop
}

@test "an unknown app exits with 20, and the other apps are purged" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  run --separate-stderr dokku cache:auto-purge "$(app unknown)" "$(app shop)"
  [ "$status" -eq 20 ]
  [[ "$stderr" == *"App $(app unknown) does not exist"* ]]
  is_removed shop
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"No legacy caches found"* ]]
  run dokku --quiet cache:auto-purge "$(app shop)"
  [ -z "$output" ]
}

@test "a failed purge is reported, in the report and to other plugins, until one succeeds" {
  holds_from 0.33.8
  events="$DOKKU_LIB_ROOT/data/cache/events"
  # shellcheck disable=SC2016 # for the plugin's shell
  other_plugin cache-purge-failed 'printf "%s\n" "$@" >'"$events"
  make_app shop
  make_cache shop
  chattr +i "$(cache_of shop)/buildcache/gems/gemaaaaa" 2>/dev/null || skip "this file system has no immutable files"
  run --separate-stderr dokku cache:auto-purge "$(app shop)"
  failure="$(report shop last-failure)"
  chattr -i -R -f "$DOKKU_ROOT/$(app shop)" || true
  mapfile -t event <"$events"
  rm "$events"
  [ "$status" -eq 3 ]
  [[ "$stderr" == *chattr* ]]
  [ "${event[*]:0:4}" = "$(app shop) legacy $(cache_of shop) manual" ]
  [[ -n "${event[4]}" && "$failure" == *" ${event[4]}" ]]
  dokku cache:auto-purge "$(app shop)"
  [ -z "$(report shop last-failure)" ]
  is_removed shop
}
