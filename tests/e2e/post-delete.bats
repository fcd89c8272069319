#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# Triggers post-delete, post-app-rename-setup and post-app-clone-setup

load helper
teardown() {
  remove_volumes
  clean_up
}

# bats test_tags=quick
@test "a destroyed app leaves no ghost, and its name can be used at once" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"-----> Purging legacy cache of "* ]]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  make_app shop
}

@test "who destroys a ghost is not told to destroy it" {
  holds_from 0.31.0
  make_ghost oldblog
  echo "$(app oldblog).example.com" >"$DOKKU_ROOT/$(app oldblog)/VHOST" # by plugin:install
  run dokku --force apps:destroy "$(app oldblog)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"-----> Purging legacy cache of "* && "$output" != *"'dokku apps:destroy"* ]]
  [ ! -e "$DOKKU_ROOT/$(app oldblog)" ]
}

@test "trash goes with the app too" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  mv "$(cache_of shop)" "$DOKKU_ROOT/$(app shop)/.dokku-cache-trash.0123456789abcdef"
  make_cache shop
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
}

@test "the pack volumes of a destroyed app have a grace period, then the daily run removes them" {
  make_app shop
  make_app wiki
  make_pack_volume shop 2
  make_pack_volume wiki 1
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  has_volume "$(pack_volume shop)"
  dokku cache:auto-purge
  has_volume "$(pack_volume shop)"
  dokku cache:set --global min-age 0
  dokku cache:auto-purge
  run ! has_volume "$(pack_volume shop)"
  has_volume "$(pack_volume wiki)"
}

@test "a renamed app keeps its bound" {
  make_app shop
  dokku cache:set "$(app shop)" max-size 5G
  dokku apps:rename "$(app shop)" "$(app store)"
  [ "$(dokku cache:report "$(app store)" --cache-max-size)" = 5G ]
}

@test "files of other users are kept when an app is destroyed or renamed, with the command that removes them" {
  holds_from 0.34.0
  for command in "--force apps:destroy" "apps:rename"; do
    make_app shop
    make_cache shop
    chown www-data "$(cache_of shop)/buildcache/gems/gemaaaaa"
    before="$(manifest "$(cache_of shop)")"
    name="$(app shop)"
    # shellcheck disable=SC2046,SC2086 # several words, or none
    run dokku $command "$name" $([ "$command" = apps:rename ] && app store)
    [ "$status" -eq 0 ]
    [ "$before" = "$(manifest "$(cache_of shop)")" ]
    [ "$command" = apps:rename ] || [[ "$output" == *"dokku cache:purge-legacy $name --force"* ]]
    dokku cache:purge-legacy "$name" --force
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
  [ "$(dokku cache:history --format json | jq -r ".purges[-1].by")" = cron ]
  make_cache store
  dokku apps:rename "$(app store)" "$(app shop)"
  [ ! -e "$DOKKU_ROOT/$(app store)" ]
  [ "$(dokku cache:history --format json | jq -r ".purges[-1].by")" = rename ]
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

@test "it goes even where auto-purge is off, and the property goes with it" {
  holds_from 0.31.0
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  dokku --force apps:destroy "$(app shop)"
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  [ ! -e "$DOKKU_LIB_ROOT/config/cache/$(app shop)" ]
}

@test "a cache in use by another container stays, with one warning, as Dokku would have left it" {
  holds_from 0.31.0
  make_app wiki
  make_cache wiki
  make_container run --detach --name "$(app backup)" --volume "$(cache_of wiki):/cache"
  before="$(manifest "$(cache_of wiki)")"
  run --separate-stderr dokku --force apps:destroy "$(app wiki)"
  [ "$status" -eq 0 ]
  [ "$(grep -c "The legacy cache of $(app wiki) is in-use" <<<"$stderr")" = 1 ]
  [ "$before" = "$(manifest "$(cache_of wiki)")" ]
}

@test "from 0.31.0 to 0.33.7 it goes too: who destroys an app does so by hand" {
  holds_from 0.31.0 to 0.33.7
  make_app shop
  make_cache shop
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"-----> Purging legacy cache of "* ]]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
}

@test "before 0.31.0 a destroyed app's cache is left to Dokku" {
  holds_from 0.30.0 to 0.30.11
  make_app shop
  make_cache shop
  run --separate-stderr dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"is active"* ]]
  [ -d "$(cache_of shop)/buildcache" ]
}

@test "a new app of the same name has no past, whether a cache was left or not" {
  holds_from 0.31.0
  for again in 1 2; do
    make_app shop
    [ -z "$(dokku cache:report "$(app shop)" --cache-last-purged-at)" ]
    make_cache shop
    dokku cache:purge-legacy "$(app shop)"
    [ "$(dokku cache:report "$(app shop)" --cache-last-purged-by)" = manual ]
    [ "$again" = 1 ] || make_cache shop
    dokku --force apps:destroy "$(app shop)"
  done
  make_ghost shop
  dokku cache:purge-legacy "$(app shop)"
  make_app shop
  [ -z "$(dokku cache:report "$(app shop)" --cache-last-purged-at)" ]
}

@test "auto-purge off keeps the cache of a renamed app, and the property follows the app" {
  holds_from 0.34.0
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  run dokku apps:rename "$(app shop)" "$(app store)"
  [ "$status" -eq 0 ]
  [ -d "$(cache_of shop)/buildcache" ]
  [ "$(dokku cache:report "$(app store)" --cache-auto-purge)" = false ]
  [ ! -e "$DOKKU_LIB_ROOT/config/cache/$(app shop)" ]
}

@test "a cloned app has the property, but neither cache nor trash" {
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  run dokku apps:clone --skip-deploy "$(app shop)" "$(app copy)"
  [ "$status" -eq 0 ]
  [ "$(dokku cache:report "$(app copy)" --cache-auto-purge)" = false ]
  [ "$(dokku cache:report "$(app copy)" --cache-legacy-state)" = absent ]
  [ -d "$(cache_of shop)/buildcache" ]
}
