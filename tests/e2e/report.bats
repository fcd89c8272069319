#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:report

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "the report of an app shows state, size and files as Dokku does, and the same as json, yaml and values" {
  holds_from 0.33.8
  make_app shop
  make_cache shop 30
  make_ghost oldblog
  bytes="$(du -s -B1 "$(cache_of shop)" | cut -f1)"
  run dokku cache:report "$(app shop)"
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "=====> $(app shop) cache information" ]
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
  /usr/bin/python3 -I - "$(dokku cache:report "$(app shop)" --format json)" "$(dokku cache:report "$(app shop)" --format yaml)" <<PYTHON
import json, sys, yaml
values = json.loads(sys.argv[1])
assert values == yaml.safe_load(sys.argv[2])
assert (values["app"], values["legacy-files"], values["legacy-state"]) == ("$(app shop)", 30, "orphaned"), values
assert values["volume-exists"] is False and values["last-purged-bytes"] is None, values
PYTHON
  [ "$(report shop app-state) $(report oldblog app-state)" = "present ghost" ]
  [ "$(report oldblog legacy-state) $(report oldblog legacy-files)" = "orphaned 20" ]
  run dokku --quiet cache:report
  [[ "$output" != *"=====>"* && "$output" == *"$(cache_of shop)"* && "$output" == *"$(cache_of oldblog)"* ]]
  for arguments in "--app $(app shop) cache:report --cache-legacy-path" "cache:report --app $(app shop) --cache-legacy-path"; do
    # shellcheck disable=SC2086 # words
    run dokku $arguments
    [ "$output" = "$(cache_of shop)" ]
  done
  run dokku cache:report --global
  [ "${lines[0]}" = "=====> --global cache information" ]
  [ "$(dokku cache:report --global --cache-computed-auto-purge)" = "true" ]
}

@test "on a terminal the progress bar is removed before anything else is printed" {
  make_app shop
  # So slow that there is a bar.
  other_plugin app-list "sleep 1.5"
  for flag in --cache-computed-max-size ""; do
    # shellcheck disable=SC2086 # none, or one flag
    run env TERM=xterm "$BATS_TEST_DIRNAME/../type" "" dokku cache:report "$(app shop)" $flag
    [ "$status" -eq 0 ]
    # The bar ends with its time.
    shown="$(sed -E $'s/\x1b\\[[0-9;?]*[a-zA-Z]//g' <<<"$output")"
    [[ "$shown" == *"Querying Dokku and Docker"*"0:00:0"* ]]
    [[ ! "$shown" =~ 0:00:0[0-9](off|=====) ]]
  done
}

@test "unknown apps exit with 20; impossible names, unknown flags and formats are refused" {
  make_app shop
  run --separate-stderr dokku cache:report "$(app unknown)"
  [ "$status" -eq 20 ]
  # bats removes the first blanks of standard error.
  [ "$(head -n 1 <<<"$stderr")" = "!     App $(app unknown) does not exist" ]
  run --separate-stderr dokku cache:report "$(printf 'a%.0s' {1..300})"
  [ "$status" -eq 20 ]
  for name in ../x A "a b" $'a\nb'; do
    run --separate-stderr dokku cache:report "$name"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"App name must begin with lowercase alphanumeric"* ]]
  done
  run --separate-stderr dokku cache:report --cache-wrong
  [ "$status" -eq 1 ]
  [[ "$stderr" == "!     Invalid flag passed, valid flags: --cache-app-state, --cache-auto-purge, "* ]]
  run --separate-stderr dokku cache:report "$(app shop)" --format json --cache-volume
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"--format flag cannot be specified when specifying an info flag"* ]]
  run dokku cache:report "$(app shop)" --format xml
  [ "$status" -eq 1 ]
}

@test "without Docker the report prints what it knows, and says so" {
  make_app shop
  make_cache shop 5
  DOCKER_HOST=unix:///nowhere run --separate-stderr dokku cache:report "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"Cache legacy files:            5"* ]]
  [[ "$output" == *"Cache volume exists:           unknown"* ]]
  # Before 0.31.0 the version alone decides.
  state=unknown
  is_from 0.31.0 || state=active
  [[ "$output" == *"Cache legacy state:            $state"* ]]
  [[ "$stderr" == *"Docker did not respond"* ]]
}

@test "a user sees and purges only the apps that user-auth-app allows" {
  make_app mine
  make_app theirs
  make_cache theirs
  hide_app theirs
  run dokku cache:report
  [[ "$output" == *"$(app mine)"* && "$output" != *"$(app theirs)"* ]]
  run dokku cache:report "$(app theirs)"
  [ "$status" -eq 20 ]
  # A server that people use keeps its caches.
  how=--force
  [[ "$DOKKU_UNDER_TEST" != "real" ]] || how=--dry-run
  run dokku cache:purge-legacy --all "$how"
  [[ "$output" != *"$(app theirs)"* ]]
  [ -d "$(cache_of theirs)" ]
}

@test "a root with a blank in its name works" {
  needs_stand_in "builds a server of its own"
  project="$(dirname "$(dirname "$BATS_TEST_DIRNAME")")"
  other="$SUITE_DIRECTORY/other"
  "$project/tests/dokku/up" "$other" --root "$other/with blank"
  rm -f "$other/made-user"
  "$other/bin/dokku" plugin:install "file://$PLUGIN_REPOSITORY"
  mkdir -p "$other/with blank/old/cache/cedar-14"
  chown dokku:dokku "$other/with blank/old"
  chown -R 32767 "$other/with blank/old/cache"
  run "$other/bin/dokku" cache:purge-legacy old
  left="$(ls "$other/with blank")"
  "$project/tests/dokku/down" "$other"
  [ "$status" -eq 0 ]
  [ -z "$left" ]
}
