#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Triggers post-delete, post-app-rename-setup and post-app-clone-setup

load helper
teardown() { clean_up; }

destroys() {
  run --separate-stderr dokku --force apps:destroy "$(app "$1")"
  [ "$status" -eq 0 ]
}

# bats test_tags=quick
@test "a destroyed app leaves no directory, also with auto-purge off, and its name can be used again" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  interrupt_purge shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  destroys shop
  [[ "$output" == *"-----> Purging legacy cache of "* ]]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  [ ! -e "$DOKKU_LIB_ROOT/config/cache/$(app shop)" ]
  make_app shop
}

@test "destroying a ghost removes it, without the advice to destroy it" {
  holds_from 0.31.0
  make_ghost oldblog
  echo "$(app oldblog).example.com" >"$DOKKU_ROOT/$(app oldblog)/VHOST" # by plugin:install
  destroys oldblog
  [[ "$output" == *"-----> Purging legacy cache of "* && "$output$stderr" != *"'dokku apps:destroy"* ]]
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
}

@test "pack volumes of a destroyed app have a grace period, then the daily run removes them" {
  make_app shop
  make_app wiki
  make_pack_volume shop 2
  make_pack_volume wiki 1
  destroys shop
  dokku cache:auto-purge
  has_volume "$(pack_volume shop)"
  without_min_age
  dokku cache:auto-purge
  run ! has_volume "$(pack_volume shop)"
  has_volume "$(pack_volume wiki)"
}

@test "files of other users are kept when an app is destroyed or renamed; --force removes them" {
  holds_from 0.34.0
  for command in "--force apps:destroy" "apps:rename"; do
    make_app shop
    make_cache shop
    chown www-data "$(cache_of shop)/buildcache/gems/gemaaaaa"
    before="$(manifest "$(cache_of shop)")"
    # shellcheck disable=SC2046,SC2086 # several words, or none
    run dokku $command "$(app shop)" $([ "$command" = apps:rename ] && app store)
    [ "$status" -eq 0 ]
    [ "$before" = "$(manifest "$(cache_of shop)")" ]
    [ "$command" = apps:rename ] || [[ "$output" == *"dokku cache:purge-legacy $(app shop) --force"* ]]
    dokku cache:purge-legacy "$(app shop)" --force
    [ ! -e "$(cache_of shop)" ]
    dokku --force apps:destroy "$(app store)" 2>/dev/null || true
  done
}

@test "a renamed app's recent cache is kept under the old name, and its orphaned one is removed" {
  holds_from 0.34.0
  make_app shop
  make_cache shop
  rm "$DOKKU_LIB_ROOT/config/cache/$(app shop)/min-age"
  dokku apps:rename "$(app shop)" "$(app store)"
  [ -d "$(cache_of shop)/buildcache" ]
  age "$(cache_of shop)"
  dokku cache:auto-purge "$(app shop)"
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  make_cache store
  dokku apps:rename "$(app store)" "$(app shop)"
  [ ! -e "$DOKKU_ROOT/$(app store)" ]
  [ "$(dokku cache:history --format json | jq -r ".purges[-1].by")" = rename ]
}

@test "a renamed or cloned app keeps its properties; with auto-purge off the old cache is kept" {
  holds_from 0.34.0
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  dokku cache:set "$(app shop)" max-size 5G
  run dokku apps:clone --skip-deploy "$(app shop)" "$(app copy)"
  [ "$status" -eq 0 ]
  run dokku apps:rename "$(app shop)" "$(app store)"
  [ "$status" -eq 0 ]
  for name in copy store; do
    [ "$(report "$name" auto-purge) $(report "$name" max-size) $(report "$name" legacy-state)" = "false 5G absent" ]
  done
  [ -d "$(cache_of shop)/buildcache" ]
  [ ! -e "$DOKKU_LIB_ROOT/config/cache/$(app shop)" ]
}

@test "a plugin that was never installed removes nothing" {
  needs_stand_in "uninstalls the plugin"
  make_app shop
  make_cache shop
  mv "$DOKKU_LIB_ROOT/data/cache/installation" "$BATS_TEST_TMPDIR/"
  run dokku --force apps:destroy "$(app shop)"
  mv "$BATS_TEST_TMPDIR/installation" "$DOKKU_LIB_ROOT/data/cache/"
  [ "$status" -eq 0 ]
  [[ "$output" != *"-----> Purging legacy cache of "* ]]
  [ -e "$(cache_of shop)/buildcache/gems/gemaaaaa" ]
}

@test "a cache that another container uses is kept, with one warning" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  make_container run --detach --name "$(app backup)" --volume "$(cache_of wiki):/cache"
  before="$(manifest "$(cache_of wiki)")"
  destroys wiki
  [ "$(grep -c "The legacy cache of $(app wiki) is in-use" <<<"$stderr")" = 1 ]
  [ "$before" = "$(manifest "$(cache_of wiki)")" ]
}
