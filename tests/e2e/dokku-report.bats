#!/usr/bin/env bats
# Trigger report: dokku report

load helper
teardown() { clean_up; }

@test "dokku report of an app has our part, and does not walk the cache" {
  make_app shop
  make_cache shop
  run dokku report "$(app shop)"
  [[ "$output" == *"=====> $(app shop) cache information"* ]]
  [[ "$output" == *"Cache legacy state:            orphaned"* ]]
  [[ "$output" != *"Cache legacy size"* ]]
}
