#!/usr/bin/env bats
# Trigger cron-entries

load helper

entries() { env DOKKU_LOGS_DIR="$DOKKU_LOGS_DIR" bash "$DOKKU_LIB_ROOT/plugins/enabled/cache/cron-entries" "$@"; }

teardown() { clean_up; }

# What cron reads: written by Dokku, for the stand-in into a file of its own.
crontab_of_dokku() { if [[ "$DOKKU_UNDER_TEST" == "real" ]]; then crontab -u dokku -l; else cat "$DOKKU_LIB_ROOT/crontab"; fi; }

@test "Dokku's crontab has one daily run" {
  make_app shop
  dokku --force apps:destroy "$(app shop)"
  run crontab_of_dokku
  [ "$(grep -c '^[0-9]* [1-4] \* \* \*.* dokku cache:auto-purge --daily' <<<"$output")" = 1 ]
}

# bats test_tags=quick
@test "dokku cron:list --global shows one daily run" {
  holds_from 0.36.7
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
