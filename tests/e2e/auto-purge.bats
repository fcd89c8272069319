#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:auto-purge

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "it purges what the policy lets go, and leaves the rest without failing" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  make_app kept
  make_cache kept
  dokku cache:set "$(app kept)" auto-purge false
  make_app wiki
  ln -s /nowhere "$(cache_of wiki)"
  run dokku cache:auto-purge "$(app shop)" "$(app kept)" "$(app wiki)"
  [ "$status" -eq 0 ]
  is_gone shop
  [ -d "$(cache_of kept)/buildcache" ]
  [ -L "$(cache_of wiki)" ]
  rm "$(cache_of wiki)"
  [ "$(dokku cache:report "$(app shop)" --cache-last-purged-by)" = cron ]
}

@test "it finishes an interrupted purge only where auto-purge is on" {
  make_app shop
  make_cache shop
  mv "$(cache_of shop)" "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.0123456789abcdef"
  dokku cache:set "$(app shop)" auto-purge false
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  [ -d "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.0123456789abcdef" ]
  dokku cache:set "$(app shop)" auto-purge true
  dokku cache:auto-purge "$(app shop)"
  is_gone shop
}

@test "between 0.31.0 and 0.33.7 it leaves the directory" {
  holds_from 0.31.0 to 0.33.7
  make_app shop
  make_cache shop
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  [ -d "$(cache_of shop)/buildcache" ]
}

@test "an unknown app is Dokku's error, with exit code 20" {
  run dokku cache:auto-purge "$(app nobody)"
  [ "$status" -eq 20 ]
}

@test "with an unknown app among others the rest is still done" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  run --separate-stderr dokku cache:auto-purge "$(app nobody)" "$(app shop)"
  [ "$status" -eq 20 ]
  [[ "$stderr" == *"App $(app nobody) does not exist"* ]]
  is_gone shop
}

@test "without a legacy cache it says so in a line, and nothing when quiet" {
  make_app shop
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"No legacy caches found"* ]]
  run dokku --quiet cache:auto-purge "$(app shop)"
  [ -z "$output" ]
}

@test "a purge that cannot end is in the report until one succeeds" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  chattr +i "$(cache_of shop)/buildcache/gems/gemaaaaa" 2>/dev/null || skip "it needs a file system with the immutable attribute"
  run --separate-stderr dokku cache:auto-purge "$(app shop)"
  code="$status" said="$stderr"
  failure="$(dokku cache:report "$(app shop)" --cache-last-failure)"
  chattr -i -R -f "$DOKKU_ROOT/$(app shop)" || true
  [ "$code" -eq 3 ]
  [[ "$said" == *chattr* ]]
  [ -n "$failure" ]
  dokku cache:auto-purge "$(app shop)"
  [ -z "$(dokku cache:report "$(app shop)" --cache-last-failure)" ]
  is_gone shop
}

@test "a dry run shows what the policy would do, and touches nothing" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  make_app wiki
  make_cache wiki
  dokku cache:set "$(app wiki)" auto-purge false >/dev/null
  before="$(manifest "$DOKKU_ROOT/$(app shop)"; manifest "$DOKKU_ROOT/$(app wiki)")"
  run dokku cache:auto-purge "$(app shop)" "$(app wiki)" --dry-run
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(app shop)  remove  "*"orphaned: nothing in Dokku"* ]]
  [[ "$output" == *"$(app wiki)  keep    orphaned: auto-purge is off"* ]]
  run dokku cache:auto-purge "$(app shop)" "$(app wiki)" --dry-run --format yaml
  [[ "$output" == *"kept-reason-code: auto-purge-off"* ]]
  run dokku cache:auto-purge --daily --dry-run
  [ "$status" -eq 1 ]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)"; manifest "$DOKKU_ROOT/$(app wiki)")" ]
  # What it said is what happens.
  dokku cache:auto-purge "$(app shop)" "$(app wiki)"
  is_gone shop
  [ -d "$(cache_of wiki)" ]
}
