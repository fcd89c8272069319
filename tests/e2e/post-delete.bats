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
  [[ "$output" == *"freed"* ]]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  make_app shop
}

@test "who destroys a ghost is not told to destroy it" {
  holds_from 0.31.0
  make_ghost oldblog
  echo "$(app oldblog).example.com" >"$DOKKU_ROOT/$(app oldblog)/VHOST" # by plugin:install
  run dokku --force apps:destroy "$(app oldblog)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"freed"* && "$output" != *"'dokku apps:destroy"* ]]
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

@test "what pack keeps of a destroyed app goes with it, of every generation, and nothing of another's" {
  make_app shop
  make_app wiki
  make_pack_volume shop 2
  make_volume "$(pack_volume shop ba9876543210)" 1
  make_pack_volume wiki 1
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"freed 2.0 MiB, removed volume $(pack_volume shop)"* ]]
  [[ "$output" != *"next build"* ]] # there is none
  run ! has_volume "$(pack_volume shop)"
  run ! has_volume "$(pack_volume shop ba9876543210)"
  has_volume "$(pack_volume wiki)"
}

@test "a volume of pack's that a container mounts stays, with a warning, and the app is destroyed all the same" {
  make_app shop
  make_pack_volume shop 1
  make_container create --name "$PREFIX-job" --volume "$(pack_volume shop):/cache"
  run --separate-stderr dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"The volume $(pack_volume shop) stays: in-use: container $PREFIX-job mounts it"* ]]
  has_volume "$(pack_volume shop)"
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
}

@test "a renamed app takes its bound along, and leaves no volume of pack's under the old name" {
  make_app shop
  make_pack_volume shop 1
  dokku cache:set "$(app shop)" max-size 5G
  dokku apps:rename "$(app shop)" "$(app store)"
  [ "$(dokku cache:report "$(app store)" --cache-max-size)" = 5G ]
  run ! has_volume "$(pack_volume shop)"
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
  [ "$(grep -c "The legacy build cache of $(app wiki) stays" <<<"$stderr")" = 1 ]
  [ "$before" = "$(manifest "$(cache_of wiki)")" ]
}

@test "from 0.31.0 to 0.33.7 it goes too: who destroys an app does so by hand" {
  holds_from 0.31.0 to 0.33.7
  make_app shop
  make_cache shop
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"freed"* ]]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
}

@test "before 0.31.0 a destroyed app's cache is left to Dokku" {
  holds_from 0.30.0 to 0.30.11
  make_app shop
  make_cache shop
  run --separate-stderr dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$stderr" == *"stays: it is active"* ]]
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

@test "a renamed app leaves no ghost, and its property follows" {
  holds_from 0.34.0
  make_app shop
  make_cache shop
  dokku cache:set "$(app shop)" auto-purge false
  run dokku apps:rename "$(app shop)" "$(app store)"
  [ "$status" -eq 0 ]
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
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
