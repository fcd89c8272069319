#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache, cache:help, dokku help

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "the help lists every subcommand, and needs no Python" {
  plugin="$DOKKU_LIB_ROOT/plugins/enabled/cache"
  subcommands="$(cd "$plugin/subcommands" && find . -type f ! -name default -printf "cache:%f\n" | sort)"
  for command in cache cache:help; do
    run dokku "$command"
    [ "$status" -eq 0 ]
    [ "$(grep -o 'cache:[a-z-]*' <<<"$output" | sort -u | grep -v cache:help)" = "$subcommands" ]
  done
  run env PATH=/nowhere /bin/bash "$plugin/commands" cache:help
  [ "$status" -eq 0 ]
  [[ "$output" == *"cache:purge-legacy"* ]]
  [ "$(dokku help | grep -c ' cache[, ]')" = 1 ]
  [ "$(dokku help --all | grep -c ' cache:')" -ge 5 ]
}

@test "an unknown subcommand is refused, and help on it lists the commands" {
  run --separate-stderr dokku cache:nonsense
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"is not a dokku command"* ]]
  run --separate-stderr dokku cache:help nonsense
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"purge-legacy"* ]]
}

@test "cache:help COMMAND, --help and -h show the same, and do nothing" {
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  for command in auto-purge history list purge-legacy purge-volumes report set; do
    run dokku cache:help "$command"
    [ "$status" -eq 0 ]
    shown="$output"
    [[ "$shown" == "Usage: dokku cache:$command "*"Flags:"*"Examples:"* ]]
    [[ "$(dokku "cache:$command" "$(app shop)" --help)" == "$shown" ]]
  done
  [[ "$(dokku "cache:set" "$(app shop)" -h)" == "$shown" ]]
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
}
