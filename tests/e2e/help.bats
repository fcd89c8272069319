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

