#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# What depends on Dokku's version: run on stand-ins for several versions, and on any real one

load helper
teardown() { clean_up; }

# by_version ACTIVE RECREATED ORPHANED: the one of them for this version.
by_version() {
  if is_from 0.33.8; then echo "$3"; elif is_from 0.31.0; then echo "$2"; else echo "$1"; fi
}

@test "a cache is active before 0.31.0, recreated up to 0.33.7, then orphaned; report, list and metrics agree" {
  [[ "$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")" =~ (^|[^0-9.])"$(installed_version)"($|[^0-9.]) ]]
  make_app shop
  make_cache shop 30
  wanted="$(by_version active recreated orphaned)"
  [ "$(report shop legacy-state)" = "$wanted" ]
  run dokku cache:list --format json --kind legacy
  # shellcheck disable=SC2016 # for jq
  jq --exit-status --arg location "$(cache_of shop)" --arg state "$wanted" \
    '.caches[] | select(.location == $location) | .state == $state and ."is-purgeable" == ($state != "active")' <<<"$output"
  run dokku cache:list --format prometheus
  grep -qF "location=\"$(cache_of shop)\",state=\"$wanted\"" <<<"$output"
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  run dokku cache:purge-legacy "$(app shop)"
  if is_from 0.31.0; then
    [ "$status" -eq 0 ]
    is_removed shop
    [ "$(grep -c "recreates the empty directory" <<<"$output")" = "$(by_version - 1 0)" ]
  else
    [ "$status" -eq 1 ]
    [[ "$output" == *"is active: Dokku $(installed_version) still builds in this directory"* ]]
    [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
  fi
}

is_in_state() { [[ "$(report "$1" legacy-state)" == "$2" ]]; }

@test "only an orphaned cache is removed automatically, by auto-purge and after a deploy" {
  make_app shop
  make_cache shop
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  is_in_state shop "$(by_version active recreated absent)"
  [ -e "$(cache_of shop)" ] || make_cache shop
  run deploy shop
  [ "$status" -eq 0 ] || { echo "$output" && false; }
  wait_for grep -q "$(app shop): .*$(by_version "kept, active" "kept, recreated" "removed .* in 20 files")" "$DOKKU_LOGS_DIR/cache.log"
  wait_for is_in_state shop "$(by_version active recreated absent)"
}

@test "a deployment task recreates the directory up to 0.33.7, and never since" {
  source="$BATS_TEST_TMPDIR/source"
  mkdir "$source"
  echo '{"scripts": {"dokku": {"predeploy": "true"}}}' >"$source/app.json"
  make_app shop
  # It would be run by bash, which the image has not.
  dokku config:set --no-restart "$(app shop)" DOKKU_APP_SHELL=/bin/sh >/dev/null
  run deploy_source shop "$source"
  [ "$status" -eq 0 ] || { echo "$output" && false; }
  if is_from 0.33.8; then
    [ ! -e "$(cache_of shop)" ]
  else
    [ "$(stat --format %U "$(cache_of shop)")" = dokku ]
    [ -z "$(ls -A "$(cache_of shop)")" ]
  fi
}

@test "a destroyed app's directory is removed unless Dokku builds in it, and its volume since 0.31.0" {
  make_app shop
  make_cache shop
  make_herokuish_volume shop 1
  # Before 0.31.0 Dokku empties the directory itself, with the app's image. Nothing listens on that port.
  is_from 0.31.0 || dokku config:set --no-restart "$(app shop)" DOKKU_IMAGE=localhost:1/nothing >/dev/null
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  if is_from 0.31.0; then
    [[ "$output" == *"Removed in "* ]] || { echo "$output" && false; }
    [ ! -e "$DOKKU_ROOT/$(app shop)" ]
    run ! has_volume "cache-$(app shop)"
  else
    [[ "$output" == *"is active"* ]]
    [ -e "$(cache_of shop)" ]
    has_volume "cache-$(app shop)"
  fi
}

@test "destroying an app with an empty directory prints no warning, and leaves nothing" {
  make_app shop
  mkdir "$(cache_of shop)"
  chown 32767:32767 "$(cache_of shop)"
  run --separate-stderr dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$stderr" != *cache* ]] || { echo "$stderr" && false; }
  [ ! -e "$DOKKU_ROOT/$(app shop)" ]
}

@test "a renamed app leaves no ghost since 0.34.0; before, the rename fails without an image, and nothing is lost" {
  make_app shop
  make_cache shop
  before="$(manifest "$(cache_of shop)")"
  run dokku apps:rename "$(app shop)" "$(app store)"
  if is_from 0.34.0; then
    [ "$status" -eq 0 ]
    [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  else
    [ "$status" -ne 0 ]
    [ "$before" = "$(manifest "$(cache_of shop)")" ]
  fi
}

@test "options and storage are uses, in files of the app before 0.38.0 and in properties since then" {
  make_app shop
  make_cache shop
  make_app wiki
  dokku docker-options:add "$(app wiki)" run "-v $(cache_of shop)/x:/x"
  [ "$(report shop legacy-state)" = "$(by_version active in-use in-use)" ]
  options="$DOKKU_ROOT/$(app wiki)/DOCKER_OPTIONS_RUN"
  if is_from 0.38.0; then [ ! -e "$options" ]; else grep -q "$(cache_of shop)" "$options"; fi
  dokku --force apps:destroy "$(app wiki)" >/dev/null
  [ "$(report shop legacy-state)" = "$(by_version active recreated orphaned)" ]
  make_app wiki
  dokku storage:mount "$(app wiki)" "$(cache_of shop):/data"
  [ "$(report shop legacy-state)" = "$(by_version active in-use in-use)" ]
  # Since 0.38.0 a path that was mounted once stays registered.
  dokku storage:unmount "$(app wiki)" "$(cache_of shop):/data"
  if is_from 0.38.0; then [ "$(report shop legacy-state)" = in-use ]; else [ "$(report shop legacy-state)" = "$(by_version active recreated orphaned)" ]; fi
}

@test "nothing is removed while this version's deploy lock is held" {
  make_app shop
  make_cache shop
  make_herokuish_volume shop 1
  hold_deploy_lock shop
  run dokku cache:purge-legacy "$(app shop)"
  [[ "$status $output" == 1*"$(by_version "is active" "is being deployed" "is being deployed")"* ]]
  run dokku cache:purge-volumes "$(app shop)"
  [[ "$status $output" == 1*"is being deployed"* ]]
  [ -d "$(cache_of shop)/buildcache" ]
  has_volume "cache-$(app shop)"
}
