#!/usr/bin/env bats
# dokku cache:history

load helper
teardown() { clean_up; }

# bats test_tags=quick
@test "the history of one app and of all apps lists each purge" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 20
  make_ghost oldblog 7
  dokku cache:purge-legacy "$(app shop)" "$(app oldblog)"
  run dokku cache:history "$(app shop)"
  [ "$status" -eq 0 ]
  grep -qE "$(app shop) +manual .* 20 files$" <<<"$output"
  [[ "$output" != *"$(app oldblog)"* ]]
  [[ "$output" == *"$(date --utc +%Y-%m): "*" freed by 1 purge"* ]]
  run dokku --app "$(app shop)" cache:history --quiet
  [ "${#lines[@]}" -eq 2 ]
  run dokku cache:history --format json
  jq --exit-status --arg app "$(app oldblog)" '.months[-1].purges >= 2 and
    (.purges[] | select(.app == $app) | .files == 7 and .by == "manual")' <<<"$output"
  # A user who may not see every app sees nothing of destroyed apps.
  make_app wiki
  hide_app wiki
  run dokku cache:history
  [[ "$output" == *"$(app shop)"* && "$output" != *"$(app oldblog)"* ]]
  for name in oldblog wiki; do
    run dokku cache:history "$(app "$name")"
    [ "$status" -eq 20 ]
  done
}

@test "a destroyed app keeps its history, and a new app of that name has none" {
  holds_from 0.31.0
  for left in cache nothing; do
    make_app shop
    [ -z "$(report shop last-purged-at)" ]
    make_cache shop
    dokku cache:purge-legacy "$(app shop)"
    [ "$(report shop last-purged-by)" = manual ]
    [ "$left" = nothing ] || make_cache shop
    dokku --force apps:destroy "$(app shop)"
    run dokku cache:history "$(app shop)"
    [[ "$status" -eq 0 && "$output" == *" manual "* ]]
  done
  make_app shop
  run dokku cache:history "$(app shop)"
  [[ "$status" -eq 0 && "$output" == *"Nothing was purged yet"* ]]
  run dokku cache:history
  grep -qE "$(app shop) +destroy " <<<"$output"
  dokku --force apps:destroy "$(app shop)"
  make_ghost shop
  dokku cache:purge-legacy "$(app shop)"
  make_app shop
  [ -z "$(report shop last-purged-at)" ]
}

@test "wrong usage is refused" {
  run dokku cache:history "$(app unknown)"
  [ "$status" -eq 20 ]
  run dokku cache:history --format xml
  [ "$status" -eq 1 ]
  run dokku cache:history one two
  [ "$status" -eq 1 ]
}
