#!/usr/bin/env bats
# dokku cache:set
# bats file_tags=umask

load helper
teardown() { clean_up; }

@test "the app's value is stronger than the global one, which is stronger than the default" {
  make_app shop
  computed() { dokku cache:report "$(app shop)" --cache-computed-auto-purge; }
  [ "$(computed)" = true ]
  dokku cache:set --global auto-purge false
  [ "$(computed)" = false ]
  dokku cache:set "$(app shop)" auto-purge true
  [ "$(computed)" = true ]
  [ "$(dokku cache:report "$(app shop)" --cache-global-auto-purge)" = false ]
  dokku cache:set "$(app shop)" auto-purge
  [ "$(computed)" = false ]
  dokku cache:set --global auto-purge
  [ "$(computed)" = true ]
}

# bats test_tags=quick
@test "it says what it sets, and stores it where Dokku's properties are" {
  make_app shop
  run dokku cache:set "$(app shop)" auto-purge false
  [[ "$output" == *"Setting auto-purge to false"* ]]
  [ "$(cat "$DOKKU_LIB_ROOT/config/cache/$(app shop)/auto-purge")" = false ]
  run dokku cache:set --app "$(app shop)" auto-purge
  [ "$status" -eq 0 ]
  [[ "$output" == *"Unsetting auto-purge"* ]]
}

@test "wrong properties, values and apps are refused" {
  make_app shop
  run dokku cache:set "$(app shop)" nonsense true
  [ "$status" -eq 1 ]
  [[ "$output" == *"Invalid property specified, valid properties include: auto-purge"* ]]
  run dokku cache:set "$(app shop)" auto-purge perhaps
  [ "$status" -eq 1 ]
  run dokku cache:set "$(app nobody)" auto-purge true
  [ "$status" -eq 20 ]
  run dokku cache:set
  [ "$status" -eq 1 ]
}

@test "sizes are taken as people write them, and bad ones are refused with examples" {
  make_app shop
  for size in 5G 5GiB "500 MB" 1.5g off; do
    run dokku cache:set "$(app shop)" max-size "$size"
    [ "$status" -eq 0 ]
    [ "$(dokku cache:report "$(app shop)" --cache-max-size)" = "$size" ]
  done
  for size in 0 0G -5G 5X 5 101% 5% 1e3G five; do
    run --separate-stderr dokku cache:set "$(app shop)" max-size "$size"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"max-size"* || "$stderr" == *"valid flags"* ]]
  done
  [[ "$(dokku cache:set "$(app shop)" max-size 5X 2>&1)" == *"max-size must be a size such as 5G, 5GiB or 500 MB, or off, not '5X'"* ]]
  [ "$(dokku cache:report "$(app shop)" --cache-max-size)" = off ]
  run dokku cache:set --global min-free 10%
  [ "$status" -eq 0 ]
  for least in 0% 100% 101% -1%; do
    run --separate-stderr dokku cache:set --global min-free "$least"
    [ "$status" -eq 1 ]
  done
}

@test "what holds for the server alone is refused for an app" {
  make_app shop
  for key in engine-max-size min-free min-free-action; do
    run --separate-stderr dokku cache:set "$(app shop)" "$key" off
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"$key can only be set with --global"* ]]
  done
}
