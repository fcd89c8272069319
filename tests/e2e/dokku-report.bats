#!/usr/bin/env bats
# Trigger report: dokku report

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "dokku report shows the plugin's values without a scan, and survives a broken plugin" {
  holds_from 0.33.8
  make_app shop
  make_cache shop
  run dokku report "$(app shop)"
  [[ "$output" == *"=====> $(app shop) cache information"* ]]
  [[ "$output" == *"Cache legacy state:            not scanned"* ]]
  [[ "$output" != *"Cache legacy size"* ]]
  needs_spare_server "breaks the plugin"
  main="$DOKKU_LIB_ROOT/plugins/enabled/cache/src/__main__.py"
  mv "$main" "$main.kept"
  run dokku report "$(app shop)"
  mv "$main.kept" "$main"
  [ "$status" -eq 0 ]
}
