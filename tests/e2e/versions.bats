#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# What Dokku's version decides: run on stand-ins for several versions, and true of any real one

load helper
teardown() {
  remove_volumes
  clean_up
}

# by_version ACTIVE RECREATED ORPHANED: the one of them for this version.
by_version() {
  if is_from 0.33.8; then echo "$3"; elif is_from 0.31.0; then echo "$2"; else echo "$1"; fi
}

state() { dokku cache:report "$(app "$1")" --cache-legacy-state; }

@test "the installation has recorded the version that it found" {
  [[ "$(cat "$DOKKU_LIB_ROOT/data/cache/dokku-version")" =~ (^|[^0-9.])"$(installed_version)"($|[^0-9.]) ]]
}

@test "a cache is active before 0.31.0, recreated up to 0.33.7, and orphaned since: report, list and metrics agree" {
  make_app shop
  make_cache shop
  wanted="$(by_version active recreated orphaned)"
  [ "$(state shop)" = "$wanted" ]
  run dokku cache:list --format json --kind legacy
  /usr/bin/python3 -I - "$output" "$(cache_of shop)" "$wanted" <<'PYTHON'
import json, sys
listed, location, wanted = json.loads(sys.argv[1]), *sys.argv[2:]
cache = {cache["location"]: cache for cache in listed["caches"]}[location]
assert (cache["state"], cache["is-purgeable"]) == (wanted, wanted != "active"), cache
PYTHON
  run dokku cache:list --format prometheus
  grep -qF "location=\"$(cache_of shop)\",state=\"$wanted\"" <<<"$output"
}

@test "by hand it is removed unless Dokku still builds in it, and said where it comes back" {
  make_app shop
  make_cache shop 30
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  run dokku cache:purge-legacy "$(app shop)"
  if is_from 0.31.0; then
    [ "$status" -eq 0 ]
    is_gone shop
    [ "$(grep -c "recreates the empty directory" <<<"$output")" = "$(by_version - 1 0)" ]
  else
    [ "$status" -eq 1 ]
    [[ "$output" == *"is active: Dokku $(installed_version) still builds in this directory"* ]]
    [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
  fi
}

is_in_state() { [[ "$(state "$1")" == "$2" ]]; }

@test "by itself only an orphaned one goes: by the policy, and after a deploy" {
  make_app shop
  make_cache shop
  run dokku cache:auto-purge "$(app shop)"
  [ "$status" -eq 0 ]
  [ "$(state shop)" = "$(by_version active recreated absent)" ]
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

@test "a destroyed app takes its cache along, unless Dokku still builds in it" {
  make_app shop
  make_cache shop
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  if is_from 0.31.0; then
    [[ "$output" == *"Removed in "* ]] || { echo "$output" && false; }
    [ ! -e "$DOKKU_ROOT/$(app shop)" ]
  else
    [[ "$output" == *"is active"* ]]
    [ -e "$(cache_of shop)" ]
  fi
}

@test "the volume of a destroyed app goes with it since 0.31.0, by Dokku itself" {
  make_app shop
  make_herokuish_volume shop 1
  run dokku --force apps:destroy "$(app shop)"
  [ "$status" -eq 0 ]
  if is_from 0.31.0; then run ! has_volume "cache-$(app shop)"; else has_volume "cache-$(app shop)"; fi
}

@test "a renamed app leaves no ghost since 0.34.0; before, Dokku needs the app's image for that, and nothing is lost without it" {
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

@test "options and storage are uses, in files of the app before 0.38.0, and in Dokku's properties since" {
  make_app shop
  make_cache shop
  make_app wiki
  dokku docker-options:add "$(app wiki)" run "-v $(cache_of shop)/x:/x"
  [ "$(state shop)" = "$(by_version active in-use in-use)" ]
  options="$DOKKU_ROOT/$(app wiki)/DOCKER_OPTIONS_RUN"
  if is_from 0.38.0; then [ ! -e "$options" ]; else grep -q "$(cache_of shop)" "$options"; fi
  dokku --force apps:destroy "$(app wiki)" >/dev/null
  [ "$(state shop)" = "$(by_version active recreated orphaned)" ]
  make_app wiki
  dokku storage:mount "$(app wiki)" "$(cache_of shop):/data"
  [ "$(state shop)" = "$(by_version active in-use in-use)" ]
  # Since 0.38.0 what was mounted once stays registered, until somebody destroys that entry.
  dokku storage:unmount "$(app wiki)" "$(cache_of shop):/data"
  if is_from 0.38.0; then [ "$(state shop)" = in-use ]; else [ "$(state shop)" = "$(by_version active recreated orphaned)" ]; fi
}

@test "nothing is removed while this version's deploy lock is held, by whatever command" {
  make_app shop
  make_cache shop
  make_herokuish_volume shop 1
  mkdir -p "$(dirname "$(deploy_lock shop)")"
  flock "$(deploy_lock shop)" sleep 300 3>&- &
  holder="$!"
  wait_for test -e "$(deploy_lock shop)"
  sleep 0.2
  run dokku cache:purge-legacy "$(app shop)"
  legacy="$status $output"
  run dokku cache:purge-volumes "$(app shop)"
  pkill -P "$holder"
  rm -f "$(deploy_lock shop)"
  [[ "$status $output" == 1*"is being deployed"* ]]
  [[ "$legacy" == 1*"$(by_version "is active" "is being deployed" "is being deployed")"* ]]
  [ -d "$(cache_of shop)/buildcache" ]
  has_volume "cache-$(app shop)"
}
