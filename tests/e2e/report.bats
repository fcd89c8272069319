#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:report

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "a report of one app shows state, reason, size and files in Dokku's manner" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 30
  run dokku cache:report "$(app shop)"
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "=====> $(app shop) cache information" ]
  bytes="$(du -s -B1 "$(cache_of shop)" | cut -f1)"
  for line in \
    "       Cache legacy files:            30" \
    "       Cache legacy path:             $(cache_of shop)" \
    "       Cache legacy size bytes:       $bytes" \
    "       Cache legacy state:            orphaned" \
    "       Cache volume:                  cache-$(app shop)" \
    "       Cache volume exists:           false"; do
    [[ $'\n'"$output"$'\n' == *$'\n'"$line"$'\n'* ]] || { echo "missing: $line" && false; }
  done
  keys="$(printf '%s\n' "${lines[@]:1}" | grep '^       C' | cut -c8-38 | tr -d : | sed 's/ *$//; s/ /-/g')"
  [ "$keys" = "$(LC_ALL=C sort <<<"$keys")" ]
}

@test "a report without an app shows every app, ghosts included" {
  make_app shop
  make_ghost oldblog
  run dokku cache:report
  [ "$status" -eq 0 ]
  [[ "$output" == *"=====> $(app shop) cache information"* ]]
  [[ "$output" == *"=====> $(app oldblog) cache information"* ]]
}

@test "on a terminal nothing stands behind the bar, neither a value nor the report of an app without a cache" {
  make_app shop
  # So slow that there is a bar.
  mkdir "$DOKKU_LIB_ROOT/plugins/enabled/zz-other"
  printf '#!/bin/sh\nsleep 1.5\n' >"$DOKKU_LIB_ROOT/plugins/enabled/zz-other/app-list"
  chmod +x "$DOKKU_LIB_ROOT/plugins/enabled/zz-other/app-list"
  for asked in --cache-computed-max-size ""; do
    # shellcheck disable=SC2086 # none, or one flag
    run env TERM=xterm "$BATS_TEST_DIRNAME/../type" "" dokku cache:report "$(app shop)" $asked
    [ "$status" -eq 0 ]
    # The bar ends with its time, and is taken away before anything else is written.
    shown="$(sed -E $'s/\x1b\\[[0-9;?]*[a-zA-Z]//g' <<<"$output")"
    [[ "$shown" == *"Querying Dokku and Docker"*"0:00:0"* ]]
    [[ ! "$shown" =~ 0:00:0[0-9](off|=====) ]]
  done
}

# bats test_tags=quick
@test "it tells a ghost from an app" {
  holds_from 0.31.0
  make_app shop
  make_ghost oldblog
  [ "$(dokku cache:report "$(app shop)" --cache-app-state)" = present ]
  [ "$(dokku cache:report "$(app oldblog)" --cache-app-state)" = ghost ]
}

@test "an info flag gives its value alone" {
  holds_from 0.33.8
  make_ghost oldblog
  run dokku cache:report "$(app oldblog)" --cache-legacy-state
  [ "$output" = "orphaned" ]
  run dokku cache:report "$(app oldblog)" --cache-legacy-files
  [ "$output" = "20" ]
}

@test "json is typed and without prefix, and yaml says the same" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 5
  run dokku cache:report "$(app shop)" --format json
  json="$output"
  run dokku cache:report "$(app shop)" --format yaml
  yaml="$output"
  /usr/bin/python3 -I - "$json" "$yaml" "$(app shop)" <<'PYTHON'
import json, sys, yaml
values = json.loads(sys.argv[1])
assert values == yaml.safe_load(sys.argv[2])
assert values["app"] == sys.argv[3]
assert values["legacy-files"] == 5 and values["legacy-state"] == "orphaned", values
assert values["volume-exists"] is False and values["last-purged-bytes"] is None, values
PYTHON
}

@test "--quiet leaves the heading out" {
  make_app shop
  run dokku --quiet cache:report "$(app shop)"
  [[ "$output" != *"=====>"* ]]
  [[ "$output" == *"Cache legacy state:            absent"* ]]
}

@test "the app can be given by --app, before or behind the command" {
  make_app shop
  for arguments in "--app $(app shop) cache:report --cache-legacy-path" "cache:report --app $(app shop) --cache-legacy-path"; do
    # shellcheck disable=SC2086 # words
    run dokku $arguments
    [ "$output" = "$(cache_of shop)" ]
  done
}

@test "--global shows what holds for the server" {
  run dokku cache:report --global
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "=====> --global cache information" ]
  run dokku cache:report --global --cache-computed-auto-purge
  [ "$output" = "true" ]
}

# bats takes the first blanks of standard error away.
@test "an unknown app is Dokku's error, with exit code 20" {
  run --separate-stderr dokku cache:report "$(app nobody)"
  [ "$status" -eq 20 ]
  [ "$(head -n 1 <<<"$stderr")" = "!     App $(app nobody) does not exist" ]
  run --separate-stderr dokku cache:report "$(printf 'a%.0s' {1..300})"
  [ "$status" -eq 20 ]
}

@test "names that no app can have are refused, and unknown flags listed" {
  for name in ../x A "a b" $'a\nb' a/b; do
    run --separate-stderr dokku cache:report "$name"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"App name must begin with lowercase alphanumeric"* ]]
  done
  for flag in -x --wrong --cache-wrong; do
    run --separate-stderr dokku cache:report "$flag"
    [ "$status" -eq 1 ]
    [[ "$stderr" == "!     Invalid flag passed, valid flags: --cache-app-state, --cache-auto-purge, "* ]]
  done
}

@test "--format does not go with an info flag, nor is there any other format" {
  make_app shop
  run --separate-stderr dokku cache:report "$(app shop)" --format json --cache-volume
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"--format flag cannot be specified when specifying an info flag"* ]]
  run dokku cache:report "$(app shop)" --format xml
  [ "$status" -eq 1 ]
}

@test "with Docker down the report prints what it knows, and says so" {
  make_app shop
  make_cache shop 5
  DOCKER_HOST=unix:///nowhere run --separate-stderr dokku cache:report "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"Cache legacy files:            5"* ]]
  [[ "$output" == *"Cache volume exists:           unknown"* ]]
  # Before 0.31.0 the version alone says enough.
  state=unknown
  is_from 0.31.0 || state=active
  [[ "$output" == *"Cache legacy state:            $state"* ]]
  [[ "$stderr" == *"Docker did not respond"* ]]
}

@test "a user sees only the apps that user-auth-app lets through" {
  make_app mine
  make_app theirs
  make_cache theirs
  plugin="$DOKKU_LIB_ROOT/plugins/enabled/zz-auth"
  mkdir "$plugin"
  # shellcheck disable=SC2016 # a script's own variables
  printf '#!/usr/bin/env bash\nshift 2\nfor app in "$@"; do [[ "$app" != *theirs ]] && echo "$app"; done; true\n' >"$plugin/user-auth-app"
  chmod +x "$plugin/user-auth-app"
  run dokku cache:report
  listed="$output"
  run dokku cache:report "$(app theirs)"
  code="$status"
  # Where people have their own apps, theirs stay.
  how=--force
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || how=--dry-run
  run dokku cache:purge-legacy --all "$how"
  rm -r "$plugin"
  [[ "$output" != *"$(app theirs)"* ]]
  [[ "$listed" == *"$(app mine)"* && "$listed" != *"$(app theirs)"* ]]
  [ "$code" -eq 20 ]
  [ -d "$(cache_of theirs)" ]
}

@test "a root with a blank in its name works" {
  needs_stand_in "builds a server of its own"
  project="$(dirname "$(dirname "$BATS_TEST_DIRNAME")")"
  "$project/tests/dokku/up" "$SUITE_DIRECTORY/other" --root "$SUITE_DIRECTORY/other/with blank"
  rm -f "$SUITE_DIRECTORY/other/made-user"
  "$SUITE_DIRECTORY/other/bin/dokku" plugin:install "file://$PLUGIN_REPOSITORY"
  mkdir -p "$SUITE_DIRECTORY/other/with blank/old/cache/cedar-14"
  chown dokku:dokku "$SUITE_DIRECTORY/other/with blank/old"
  chown -R 32767 "$SUITE_DIRECTORY/other/with blank/old/cache"
  run "$SUITE_DIRECTORY/other/bin/dokku" cache:purge-legacy old
  gone=yes
  [[ ! -e "$SUITE_DIRECTORY/other/with blank/old" ]] || gone=no
  "$project/tests/dokku/down" "$SUITE_DIRECTORY/other"
  [ "$status" -eq 0 ]
  [ "$gone" = yes ]
}
