#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Trigger uninstall
# bats file_tags=umask

load helper
setup() { needs_spare_server "uninstalls the plugin"; }
teardown() {
  [[ -e "$DOKKU_LIB_ROOT/plugins/enabled/cache" ]] || dokku plugin:install "file://$PLUGIN_REPOSITORY"
  clean_up
}

# bats test_tags=quick
@test "uninstall finishes an interrupted purge, removes the helper's image, and keeps properties" {
  make_app shop
  make_cache shop
  interrupt_purge shop
  make_cache shop
  dokku cache:set "$(app shop)" max-size 5G
  mkdir "$DOKKU_LIB_ROOT/plugins/available/other"
  run dokku plugin:uninstall other
  [ "$status" -eq 0 ]
  trash_of shop
  [ -n "$(docker image ls --quiet dokku-cache-helper)" ]
  run dokku plugin:uninstall cache
  [ "$status" -eq 0 ]
  [ -d "$(cache_of shop)/buildcache" ]
  run ! trash_of shop
  [ -z "$(docker image ls --quiet dokku-cache-helper)" ]
  [ "$(cat "$DOKKU_LIB_ROOT/config/cache/$(app shop)/max-size")" = 5G ]
}

@test "uninstall prints the path of an interrupted purge that it cannot finish" {
  needs_stand_in "has settings of its own"
  make_app shop
  make_cache shop
  interrupt_purge shop
  sed -i.kept 's|^export DOCKER_HOST=.*|export DOCKER_HOST=unix:///nowhere LC_ALL=C|' "$SUITE_DIRECTORY/server/settings"
  run --separate-stderr dokku plugin:uninstall cache
  mv "$SUITE_DIRECTORY/server/settings.kept" "$SUITE_DIRECTORY/server/settings"
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"$(trash_of shop)"* ]]
}
