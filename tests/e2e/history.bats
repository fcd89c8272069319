#!/usr/bin/env bats
# shellcheck disable=SC2154 # `run --separate-stderr` sets stderr
# dokku cache:history

load helper
teardown() {
  rm -rf "$DOKKU_LIB_ROOT/plugins/enabled/zz-hiding"
  clean_up
}

python() { /usr/bin/python3 -c "import json, sys; past = json.loads(sys.argv[1])
$1" "$output"; }

# bats test_tags=quick
@test "what was purged is told, of one app and of all, and a failure until the end" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 20
  make_ghost oldblog 7
  dokku cache:purge-legacy "$(app shop)" "$(app oldblog)"
  run dokku cache:history "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"$(app shop)  manual "*"  20 files in "* ]]
  [[ "$output" != *"$(app oldblog)"* ]]
  [[ "$output" == *"$(date --utc +%Y-%m): "*" freed by 1 purge"* ]]
  run dokku --app "$(app shop)" cache:history --quiet
  [ "${#lines[@]}" -eq 1 ]
  run dokku cache:history --format json
  python "
by_app = {purge['app']: purge for purge in past['purges']}
assert by_app['$(app oldblog)']['files'] == 7 and by_app['$(app oldblog)']['by'] == 'manual', past
assert past['months'][-1]['purges'] >= 2, past
"
}

@test "an app that is gone is still told of, and a new one of its name has no part in it" {
  holds_from 0.31.0
  make_app shop
  make_cache shop 20
  dokku --force apps:destroy "$(app shop)"
  run dokku cache:history "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *" destroy "*"20 files"* ]]
  make_app shop
  run dokku cache:history "$(app shop)"
  [ "$status" -eq 0 ]
  [[ "$output" == *"Nothing was purged yet"* ]]
  run dokku cache:history
  grep -qE "$(app shop) +destroy " <<<"$output"
}

@test "who may not see an app is told nothing of it" {
  holds_from 0.31.0
  for name in shop wiki; do
    make_app "$name"
    make_cache "$name"
  done
  dokku cache:purge-legacy "$(app shop)" "$(app wiki)"
  mkdir "$DOKKU_LIB_ROOT/plugins/enabled/zz-hiding"
  # shellcheck disable=SC2016 # a script's own variables
  printf '#!/bin/sh\nshift 2\nfor app; do [ "$app" = %s ] || echo "$app"; done\n' "$(app wiki)" \
    >"$DOKKU_LIB_ROOT/plugins/enabled/zz-hiding/user-auth-app"
  chmod +x "$DOKKU_LIB_ROOT/plugins/enabled/zz-hiding/user-auth-app"
  run dokku cache:history
  [[ "$output" == *"$(app shop)"* && "$output" != *"$(app wiki)"* ]]
  run dokku cache:history "$(app wiki)"
  [ "$status" -eq 20 ]
}

@test "what it does not know it refuses" {
  run dokku cache:history "$(app nobody)"
  [ "$status" -eq 20 ]
  run dokku cache:history --format xml
  [ "$status" -eq 1 ]
  run dokku cache:history one two
  [ "$status" -eq 1 ]
}
