#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache, cache:help, dokku help

load helper

# bats test_tags=quick
@test "cache and cache:help list every subcommand" {
  for command in cache cache:help; do
    run dokku "$command"
    [ "$status" -eq 0 ]
    for subcommand in auto-purge help purge-legacy report set; do
      [[ "$output" == *"    cache:$subcommand"* ]]
    done
  done
}

# bats test_tags=quick
@test "every subcommand that the help names has its door, and every door is named" {
  listed="$(dokku cache:help | grep -o 'cache:[a-z-]*' | sort -u | grep -v cache:help)"
  doors="$(cd "$DOKKU_LIB_ROOT/plugins/enabled/cache/subcommands" && find . -type f ! -name default -printf "%f\n" | sed 's/^/cache:/' | sort)"
  [ "$listed" = "$doors" ]
}

# bats test_tags=quick
@test "dokku help has one line for the plugin, and dokku help --all one a subcommand" {
  run bash -c "dokku help | grep -c ' cache[, ]'"
  [ "$output" = 1 ]
  run bash -c "dokku help --all | grep -c ' cache:'"
  [ "$output" -ge 5 ]
}

@test "an unknown subcommand is none of a Dokku's" {
  run --separate-stderr dokku cache:nonsense
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"is not a dokku command"* ]]
}


@test "cache:help COMMAND, and --help and -h behind a command, show usage, flags and examples, and do nothing" {
  make_app shop
  make_cache shop
  before="$(manifest "$DOKKU_ROOT/$(app shop)")"
  for command in auto-purge history list purge-legacy purge-volumes report set; do
    run dokku cache:help "$command"
    [ "$status" -eq 0 ]
    shown="$output"
    [[ "$shown" == "Usage: dokku cache:$command "*"Flags:"*"Examples:"* ]]
    for flag in --help -h; do
      run dokku "cache:$command" "$(app shop)" "$flag"
      [ "$status" -eq 0 ]
      [ "$output" = "$shown" ]
    done
  done
  [ "$before" = "$(manifest "$DOKKU_ROOT/$(app shop)")" ]
  clean_up
}

@test "the list of commands needs no Python" {
  run env PATH=/nowhere /bin/bash "$DOKKU_LIB_ROOT/plugins/enabled/cache/commands" cache:help
  [ "$status" -eq 0 ]
  [[ "$output" == *"cache:purge-legacy"* ]]
}

@test "help on what is no command says which there are" {
  run --separate-stderr dokku cache:help nonsense
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"purge-legacy"* ]]
}
