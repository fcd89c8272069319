#!/usr/bin/env bats
# dokku cache:set

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
