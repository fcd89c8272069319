#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:set
# bats file_tags=umask

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "an app's value overrides the global one, which overrides the default" {
  make_app shop
  computed() { report shop computed-auto-purge; }
  [ "$(computed)" = true ]
  dokku cache:set --global auto-purge false
  [ "$(computed)" = false ]
  run dokku cache:set "$(app shop)" auto-purge true
  [[ "$output" == *"Setting auto-purge to true"* ]]
  [ "$(cat "$DOKKU_LIB_ROOT/config/cache/$(app shop)/auto-purge")" = true ]
  [ "$(computed)" = true ]
  [ "$(report shop global-auto-purge)" = false ]
  run dokku cache:set --app "$(app shop)" auto-purge
  [[ "$output" == *"Unsetting auto-purge"* ]]
  [ "$(computed)" = false ]
  dokku cache:set --global auto-purge
  [ "$(computed)" = true ]
}

@test "wrong properties, values and apps are refused" {
  make_app shop
  run dokku cache:set "$(app shop)" nonsense true
  [ "$status" -eq 1 ]
  [[ "$output" == *"Invalid property specified, valid properties include: auto-purge"* ]]
  run dokku cache:set "$(app shop)" auto-purge perhaps
  [ "$status" -eq 1 ]
  run dokku cache:set "$(app unknown)" auto-purge true
  [ "$status" -eq 20 ]
  run dokku cache:set
  [ "$status" -eq 1 ]
  for key in engine-max-size min-free min-free-action; do
    run --separate-stderr dokku cache:set "$(app shop)" "$key" off
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"$key can only be set with --global"* ]]
  done
}

@test "sizes are accepted as people write them, and other values are refused with examples" {
  make_app shop
  for size in "500 MB" off; do
    dokku cache:set "$(app shop)" max-size "$size"
    [ "$(report shop max-size)" = "$size" ]
  done
  run dokku cache:set "$(app shop)" max-size 5X
  [ "$status" -eq 1 ]
  [[ "$output" == *"max-size must be a size"*"or off, not '5X'"* ]]
  [ "$(report shop max-size)" = off ]
  dokku cache:set --global min-free 10%
  run dokku cache:set --global min-free 100%
  [ "$status" -eq 1 ]
}
