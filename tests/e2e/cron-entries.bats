#!/usr/bin/env bats
# Trigger cron-entries

load helper

entries() { env DOKKU_LOGS_DIR="$DOKKU_LOGS_DIR" bash "$DOKKU_LIB_ROOT/plugins/enabled/cache/cron-entries" "$@"; }

# bats test_tags=quick
@test "dokku cron:list --global shows one daily run" {
  run dokku cron:list --global
  [ "$(grep -c 'dokku cache:auto-purge' <<<"$output")" = 1 ]
}

# bats test_tags=quick
@test "the line is the same each time, has a time of day, and no log file, so that Dokku can mail what it prints" {
  run entries docker-local
  [ "${#lines[@]}" = 1 ]
  [[ "$output" =~ ^[0-5]?[0-9]\ [1-4]\ \*\ \*\ \*\;dokku\ cache:auto-purge\ --daily$ ]]
  [ "$output" = "$(entries docker-local)" ]
}

@test "other schedulers get nothing, not even a blank line" {
  run entries k3s
  [ "$status" -eq 0 ]
  [ "$(entries k3s | wc -c)" = 0 ]
}
