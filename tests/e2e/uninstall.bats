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
  mv "$(cache_of shop)" "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.0123456789abcdef"
  make_cache shop
  dokku cache:set "$(app shop)" max-size 5G
  run dokku plugin:uninstall cache
  [ "$status" -eq 0 ]
  [ -d "$(cache_of shop)/buildcache" ]
  run ! compgen -G "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.*"
  [ -z "$(docker image ls --quiet dokku-cache-helper)" ]
  [ "$(cat "$DOKKU_LIB_ROOT/config/cache/$(app shop)/max-size")" = 5G ]
}

@test "another plugin's uninstallation does nothing" {
  make_app shop
  make_cache shop
  mkdir "$DOKKU_LIB_ROOT/plugins/available/other"
  run dokku plugin:uninstall other
  [ "$status" -eq 0 ]
  [ -n "$(docker image ls --quiet dokku-cache-helper)" ]
  [ -d "$(cache_of shop)/buildcache" ]
}

@test "trash that cannot be ended is named with its place" {
  needs_stand_in "has settings of its own"
  make_app shop
  trash="$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.0123456789abcdef"
  make_cache shop
  mv "$(cache_of shop)" "$trash"
  sed -i.kept 's|^export DOCKER_HOST=.*|export DOCKER_HOST=unix:///nowhere LC_ALL=C|' "$SUITE_DIRECTORY/server/settings"
  run --separate-stderr dokku plugin:uninstall cache
  mv "$SUITE_DIRECTORY/server/settings.kept" "$SUITE_DIRECTORY/server/settings"
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"$trash"* ]]
}
