#!/usr/bin/env bats
# Trigger report: dokku report

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "dokku report of an app has our part, and does not walk the cache" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  run dokku report "$(app shop)"
  [[ "$output" == *"=====> $(app shop) cache information"* ]]
  [[ "$output" == *"Cache legacy state:            not scanned"* ]]
  [[ "$output" != *"Cache legacy size"* ]]
}

@test "a defect of ours takes nothing away from dokku report" {
  needs_spare_server "breaks the plugin"
  make_app shop
  main="$DOKKU_LIB_ROOT/plugins/enabled/cache/src/__main__.py"
  mv "$main" "$main.kept"
  run dokku report "$(app shop)"
  mv "$main.kept" "$main"
  [ "$status" -eq 0 ]
}
